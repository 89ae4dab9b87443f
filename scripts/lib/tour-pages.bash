# tour-pages.bash - a tour on the terminal: rows of text, a page of them at a time, and keys.
# shellcheck shell=bash disable=SC2154 # the tour's other files set its variables

# A key can be waited for only if someone sees the question and can press it.
tour_asks=false
if [[ -t 0 && -t 1 && (${AUTO:-0} == 0) ]]; then
  tour_asks=true
fi

# What happens never waits for the reader: rows that come when the page is full are held, and
# shown as the reader turns the pages.
tour_held=() # rows, and among them page_break, which comes first
page_break=$'\f'
tour_rows=0        # rows on the last page, also those that are held
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
  put_or_hold "${2:-}$1${2:+$plain}"
  tour_rows=$((tour_rows + 1))
  tour_blank=false
  if [[ -z $1 ]]; then
    tour_blank=true
  fi
}

put_or_hold() {
  if ((${#tour_held[@]} > 0)); then
    tour_held+=("$1")
  else
    printf '%s\n' "$1" 2>/dev/null || exit 1 # nobody reads any more
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

# Begins a page: the reader may turn to it as soon as the one before is full.
turn_page() {
  if ((${#tour_held[@]} == 0)); then
    show_prompt '[Enter] go on   [q] leave'
  fi
  tour_held+=("$page_break")
  tour_rows=0
  if $scene_is_open; then
    put_header
  fi
}

# show_page: the reader has turned the page that was full; shows what is held for the next one.
show_page() {
  local row
  hide_prompt
  tour_held=("${tour_held[@]:1}")
  while ((${#tour_held[@]} > 0)); do
    row=${tour_held[0]}
    if [[ $row == "$page_break" ]]; then
      show_prompt '[Enter] go on   [q] leave'
      return
    fi
    printf '%s\n' "$row"
    tour_held=("${tour_held[@]:1}")
  done
}

# Waits until the reader has seen all that is held.
show_held() {
  while ((${#tour_held[@]} > 0)); do
    wait_for_key 0
    show_page
  done
}

# Shows all that is held, without a page: the tour ends here.
tell_held() {
  local row
  for row in "${tour_held[@]}"; do
    [[ $row == "$page_break" ]] || printf '\n%s' "$row"
  done
  tour_held=()
}

show_prompt() {
  tour_prompt=$bold${1:0:tour_width}$plain
  printf '%s' "$tour_prompt"
}

hide_prompt() {
  tour_prompt=
  printf '%s' "${erase:-$'\n'}"
}

# prompt TEXT CHOICES: waits for Enter or a number from 1 to CHOICES. Sets `key`; Enter is ''.
prompt() {
  show_held
  show_prompt "$1"
  wait_for_key "$2"
  hide_prompt
  tour_rows=0
  if $tour_resized; then
    fit_page
  fi
}

# wait_for_key CHOICES: sets `key`. It reads without a time-out: a key that came as the time was up
# would be lost. And it reads only what is there: a `read` that Ctrl-C ends sets the keyboard back to
# what it was before that read, after clean_up has set it to what it was before the tour.
wait_for_key() {
  while true; do
    until read -t 0; do
      nap 0.05
    done
    read -rs -n 1 key || leave # or the terminal is gone
    if [[ $key == [qQ] ]]; then
      leave
    elif [[ -z $key ]] || [[ $key == [1-9] && $key -le $1 ]]; then
      break
    fi
  done
}

# Someone stopped the tour with Ctrl-Z, and called it back: the shell has changed the terminal.
continue_tour() {
  set_keyboard 2>/dev/null || true # a terminal that closes also sends SIGCONT
  printf '%s' "$tour_prompt" 2>/dev/null || true
}

# Keys pressed while a scene runs: q leaves, and Enter turns the page if it is full; any other is
# dropped.
check_keys() {
  local pressed
  while $tour_asks && read -t 0; do
    if ! read -rs -n 1 pressed || [[ $pressed == [qQ] ]]; then
      leave
    elif [[ -z $pressed ]] && ((${#tour_held[@]} > 0)); then
      show_page
    fi
  done
}

leave() {
  printf '%sYou left the tour.\n' "${erase:-$'\n'}" 2>/dev/null || true
  exit 0
}
