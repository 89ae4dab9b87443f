# tour-pages.bash - a tour on the terminal: rows of text, a page of them at a time, and keys.
# shellcheck shell=bash disable=SC2154 # the tour's other files set its variables

# A key can be waited for only if someone sees the question and can press it.
tour_asks=false
if [[ -t 0 && -t 1 && (${AUTO:-0} == 0) ]]; then
  tour_asks=true
fi

tour_rows=0        # rows printed since the reader last pressed a key
tour_blank=true    # is the last row a blank one?
tour_prompt=       # the prompt that is waiting for a key
tour_resized=false # has the size of the terminal changed since it was last read?

# Reads the size of the terminal. The last column stays free: some terminals start a new row as
# soon as it is written.
fit_page() {
  tour_resized=false
  read_size || true
  tour_height=$height tour_width=$((width - 1))
  lay_out
}

# Keys arrive one by one, and are not shown; Ctrl-C stays a signal.
set_keyboard() {
  if $tour_asks; then
    stty -icanon -echo min 1 time 0
  fi
}

# put TEXT [STYLE]: prints one row. Whatever is printed goes through here, so that nothing
# scrolls away unread.
put() {
  if $tour_asks && ((tour_rows >= tour_height - 1)); then
    turn_page
  fi
  printf '%s%s%s\n' "${2:-}" "$1" "${2:+$plain}" 2>/dev/null || exit 1 # nobody reads any more
  tour_rows=$((tour_rows + 1))
  tour_blank=false
  if [[ -z $1 ]]; then
    tour_blank=true
  fi
}

put_blank() {
  if ! $tour_blank; then
    put ''
  fi
}

# keep_together ROWS: turns the page if less than so many rows are free on it.
keep_together() {
  if $tour_asks && ((tour_rows > 0 && tour_rows + $1 > tour_height - 1)); then
    turn_page
  fi
}

turn_page() {
  prompt '[Enter] go on   [q] leave' 0
  if $scene_is_open; then
    put_header
  fi
}

# prompt TEXT CHOICES: waits for Enter or a number from 1 to CHOICES. Sets `key`; Enter is ''.
# It reads without a time-out: a key that came as the time was up would be lost.
prompt() {
  tour_prompt=$bold${1:0:tour_width}$plain
  printf '%s' "$tour_prompt"
  while true; do
    read -rs -n 1 key || leave # or the terminal is gone
    if [[ $key == [qQ] ]]; then
      leave
    elif [[ -z $key ]] || [[ $key == [1-9] && $key -le $2 ]]; then
      break
    fi
  done
  tour_prompt=
  printf '%s' "${erase:-$'\n'}"
  tour_rows=0
  if $tour_resized; then
    fit_page
  fi
}

# Someone stopped the tour with Ctrl-Z, and called it back: the shell has changed the terminal.
continue_tour() {
  set_keyboard 2>/dev/null || true # a terminal that closes also sends SIGCONT
  printf '%s' "$tour_prompt" 2>/dev/null || true
}

# Keys pressed while no question is open: q leaves, any other is dropped.
check_keys() {
  local pressed
  while $tour_asks && read -t 0; do
    if ! read -rs -n 1 pressed || [[ $pressed == [qQ] ]]; then
      leave
    fi
  done
}

leave() {
  printf '%sYou left the tour.\n' "${erase:-$'\n'}" 2>/dev/null || true
  exit 0
}
