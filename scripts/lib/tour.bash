# tour.bash - the verbs in which lessons/NN-name/lesson.sh is written.
#
# scripts/lesson sources this file and then the lesson.sh. A tour starts the real programs,
# draws what each prints in its own column, with the seconds since the scene began, and fails
# if something that the lesson claims does not happen.
#
#   title TEXT                     begins a scene, after a key; what still runs of the scene
#                                  before is ended
#   say TEXT...                    a paragraph
#   columns NAME...                the columns of the scene; its clock starts at 0
#   server [ARGUMENT...]           starts the lesson's server in the column `server`, and
#                                  waits until it listens; $port is its port
#   server_as NAME [ARGUMENT...]   the same, in the column NAME
#   client NAME [ARGUMENT...]      starts the lesson's client on $port
#   count NAME [ARGUMENT...]       the same, but shows only how many lines it has printed
#   program NAME PROGRAM [ARG...]  starts another program of the lesson
#   type NAME TEXT                 gives a program a line of input
#   end NAME                       ends a program's input
#   stop NAME                      ends a program with SIGTERM
#   freeze NAME, thaw NAME         stops a program with SIGSTOP, and lets it go on
#   network                        what this scene starts from now on runs in a private
#                                  network; where the system allows none, says so, returns 1
#   cut NAME                       its link goes down, which the column NAME shows
#   let_pass SECONDS               shows what happens for so long
#   expect NAME PATTERN            waits, 10 s at most, for a line that matches the extended
#                                  regular expression, after the last line that was expected
#   expect_not NAME PATTERN        nothing that NAME has printed may match
#   wait_for NAME [STATUS]         waits until a program exits, and checks its exit status
#   ask QUESTION CHOICE... --answer K   asks for a prediction, before the steps
#   reveal TEXT...                 says whether it came true, and explains, after them
#   pause                          waits for a key
#
# shellcheck shell=bash

# ---- the terminal ----

# A key can be waited for only if someone sees the question and can press it.
tour_asks=false
if [[ -t 0 && -t 1 && (${AUTO:-0} == 0) ]]; then
  tour_asks=true
fi
tour_draws=false # columns, or plain lines?
if [[ -t 1 ]]; then
  tour_draws=true
fi

tour_rows=0        # rows printed since the reader last pressed a key
tour_blank=true    # is the last row a blank one?
tour_prompt=       # the prompt that is waiting for a key
tour_resized=false # has the size of the terminal changed since it was last read?

# Sets what switches each style on (nothing, without colours), and the characters of lines.
set_styles() {
  bold='' dim='' red='' green='' plain='' erase='' column_styles=('')
  if $tour_draws && [[ ${TERM:-dumb} != dumb ]]; then
    erase=$'\r\e[K'
    if [[ -z ${NO_COLOR:-} ]]; then
      bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
      column_styles=($'\e[36m' $'\e[33m' $'\e[35m' $'\e[32m' $'\e[34m')
    fi
  fi
  bar='|' rule='-' cross='+' underline='='
  if [[ ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} == *[Uu][Tt][Ff]* ]]; then
    bar='│' rule='─' cross='┼' underline='═'
  fi
}

# Reads the size of the terminal. The last column stays free: some terminals start a new row
# as soon as it is written.
read_size() {
  local size
  tour_height=24 tour_width=79
  tour_resized=false
  { size=$(stty size <&9 2>/dev/null) || true; } 9>&1 # in $(...), 1 is not the terminal
  if $tour_draws && [[ $size =~ ^([1-9][0-9]*)\ ([1-9][0-9]*)$ ]]; then
    tour_height=${BASH_REMATCH[1]} tour_width=$((BASH_REMATCH[2] - 1))
  fi
}

# Keys arrive one by one, and are not shown; Ctrl-C stays a signal.
set_keyboard() {
  if $tour_asks; then
    stty -icanon -echo min 1 time 0
  fi
}

# repeat CHARACTER COUNT: sets `repeated`.
repeat() {
  printf -v repeated '%*s' $(($2 > 0 ? $2 : 0)) ''
  repeated=${repeated// /$1}
}

# wrap TEXT WIDTH: sets the array `wrapped` to TEXT in rows of at most WIDTH characters,
# broken at spaces where there are any.
wrap() {
  local text=$1 width=$2 head
  wrapped=()
  while ((${#text} > width)); do
    head=${text:0:width+1}
    if [[ $head == *[!\ ]*\ * ]]; then
      head=${head% *}
    else
      head=${text:0:width}
    fi
    text=${text:${#head}}
    text=${text#"${text%%[! ]*}"}
    wrapped+=("${head%"${head##*[! ]}"}")
  done
  wrapped+=("$text")
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
    read_size
    lay_out
  fi
}

# Someone stopped the tour with Ctrl-Z, and called it back: the shell has changed the terminal.
continue_tour() {
  set_keyboard 2>/dev/null || true # a terminal that closes also sends SIGCONT
  printf '%s' "$tour_prompt" 2>/dev/null || true
}

# end_by_signal STATUS: a terminal that closes sends several signals; one is enough. While a
# process is being started, it has to wait: nobody would know that process's id.
end_by_signal() {
  signal_status=$1
  if ! $starting; then
    trap '' INT TERM HUP
    # Not `exit`: if the signal has come just when clean_up began, that would be the end of it.
    clean_up "$1"
  fi
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

# ---- drawing a scene ----

declare -A column_of=() # the index of a column, by its name
column_names=()
scene_is_open=false   # are rows of columns the last thing printed?
scene_has_ended=false # is what happens now not part of the lesson any more?
scene_start=0         # in microseconds

# Sets `now`, in microseconds.
read_clock() {
  now=${EPOCHREALTIME//[!0-9]/}
}

# Divides the terminal's width among the columns.
lay_out() {
  local count=${#column_names[@]} name
  time_width=7 time_name=seconds separator=" $bar "
  if ((tour_width < 72)); then
    time_width=6 time_name=sec separator="$bar "
  fi
  name_width=0
  for name in "${column_names[@]}"; do
    name_width=$((${#name} > name_width ? ${#name} : name_width))
  done
  column_width=$(((tour_width - time_width - count * ${#separator}) / count))
  in_columns=false
  if $tour_draws && ((column_width >= 12)); then
    in_columns=true
  fi
}

# put_cells TIME INDEX STYLE TEXT: prints one row with TEXT in one column.
put_cells() {
  local time=$1 index=$2 style=$3 text=$4 row i
  printf -v row '%*s' "$time_width" "$time"
  row=$dim$row$plain
  for ((i = 0; i < ${#column_names[@]}; i++)); do
    row+=$dim$separator$plain
    if ((i == index)); then
      row+=$style$text${style:+$plain}
      repeat ' ' $((column_width - ${#text}))
    else
      repeat ' ' "$column_width"
    fi
    row+=$repeated
  done
  put "${row%"${row##*[! ]}"}"
}

put_header() {
  local i row line name
  $in_columns || return 0
  printf -v row '%*s' "$time_width" "$time_name"
  row=$dim$row$plain
  repeat "$rule" "$time_width"
  line=$repeated
  for ((i = 0; i < ${#column_names[@]}; i++)); do
    name=${column_names[i]:0:column_width}
    column_style "$i"
    repeat ' ' $((column_width - ${#name}))
    row+=$dim$separator$plain$bold$style$name$plain$repeated
    repeat "$rule" "$column_width"
    line+=${separator//"$bar"/$cross}$repeated
  done
  line=${line// /$rule}
  put "$row"
  put "$line" "$dim"
}

column_style() {
  style=${column_styles[$1 % ${#column_styles[@]}]}
}

# show AT WHO KIND TEXT: draws what happened at the time AT (in microseconds) in WHO's column.
# KIND is `out` or `err` for what a program printed, `note` for what the tour did to it.
show() {
  local at=$1 who=$2 kind=$3 text=$4 index=${column_of[$2]} elapsed time style row
  if $scene_has_ended; then
    return
  fi
  if $tour_resized; then
    read_size
    lay_out
    scene_is_open=false
  fi
  elapsed=$((at > scene_start ? at - scene_start : 0))
  printf -v time '%3d.%03d' $((elapsed / 1000000)) $((elapsed / 1000 % 1000))
  time=${time:0:7} # after 1000 s, at the expense of the milliseconds
  text=${text//[[:cntrl:]]/?}
  if ((${#text} > 300)); then
    text="${text:0:300}... and $((${#text} - 300)) more characters"
  fi
  column_style "$index"
  case $kind in
    err) style=$red text="! $text" ;;
    note) style=$dim ;;
  esac

  if ! $scene_is_open; then
    keep_together 6
    put_blank
    put_header
    scene_is_open=true
  fi
  if ! $tour_draws; then
    printf -v time '%7s  %-*s  ' "$time" "$name_width" "$who"
    put "$time$text"
    return
  fi
  if ! $in_columns; then
    printf -v time '%7s  %-*s  ' "$time" "$name_width" "$who"
    wrap "$text" $((tour_width - ${#time} > 10 ? tour_width - ${#time} : 10))
    for row in "${wrapped[@]}"; do
      put "$time$row" "$style"
      printf -v time '%*s' "${#time}" ''
    done
    return
  fi
  if ((time_width == 6)); then
    time=${time# }
    time=${time:0:6}
  fi
  wrap "$text" "$column_width"
  local rows=("${wrapped[@]}")
  if ((${#rows[@]} < 8)); then
    keep_together "${#rows[@]}"
  fi
  for row in "${rows[@]}"; do
    put_cells "$time" "$index" "$style" "$row"
    time=
  done
}

# show_now WHO TEXT: draws what the tour has just done.
show_now() {
  read_clock
  show "$now" "$1" note "$2"
}

# ---- processes ----

# Each process has a pipe for its input, of which the tour holds the writing end. What it
# prints goes through a recorder (tests/tools/record.c), which adds the time and passes each
# line on, as an event, to the one pipe that the tour reads.
declare -A process_id=()       # while it runs
declare -A process_input=()    # the descriptor that writes to its stdin, until `end`
declare -A process_status=()   # its exit status, once it has ended
declare -A process_stopped=()  # set once the tour itself has asked it to end
declare -A process_lines=()    # how many lines it has printed,
declare -A process_line=()     # and line 3 of A is process_line[A,3]
declare -A process_expected=() # how many of them lie before the next line to be expected
declare -A server_ports=()
events=     # the pipe that the tour reads,
event_sink= # and its other end
starting=false
signal_status= # of the signal that is to end the tour
silence=       # a pipe in which nothing ever comes
queue=()       # events that are not drawn yet
field=$'\x1f'  # separates the fields of an event

# Sets `reader` and `writer` to the two ends of a new pipe. A pipe that has a name can be
# opened at each end separately; it needs the name no more afterwards.
open_pipe() {
  local both
  mkfifo "$tour_directory/pipe"
  exec {both}<>"$tour_directory/pipe" # or opening one end would wait for the other
  exec {reader}<"$tour_directory/pipe"
  exec {writer}>"$tour_directory/pipe"
  exec {both}>&-
  rm "$tour_directory/pipe"
}

# close_descriptors DESCRIPTOR...: a child must hold no end of another process's pipe, or its
# closing would go unnoticed.
close_descriptors() {
  local descriptor
  for descriptor in "$@"; do
    exec {descriptor}>&-
  done
}

# start WHO SHOWN COMMAND...: starts a process, shown as the command line SHOWN.
start() {
  local who=$1 shown=$2 reader writer
  shift 2
  if [[ -z ${column_of[$who]+set} ]]; then
    fail "there is no column $who; the columns are: ${column_names[*]}"
  elif [[ -n ${process_id[$who]+set} ]]; then
    fail "$who is still running"
  elif [[ ! -x $1 ]]; then
    fail "there is no program $1"
  fi
  catch_up
  show_now "$who" "\$ $shown"

  # With job control, a process gets a process group of its own: Ctrl-C reaches the tour
  # alone, which then ends the others, and all that they have started.
  open_pipe
  starting=true
  set -m
  (
    close_descriptors "$reader" "$writer" "$events" "$event_sink" "$silence" \
      "${process_input[@]}" ${network_end:+"$network_end"}
    exec "$tour_recorder" -- "$who" "${in_network[@]}" "$@"
  ) <&"$reader" >&"$event_sink" &
  process_id[$who]=$!
  set +m
  starting=false
  if [[ -n $signal_status ]]; then
    end_by_signal "$signal_status"
  fi
  close_descriptors "$reader"
  process_input[$who]=$writer
  process_lines[$who]=0
  process_expected[$who]=0
  unset "process_status[$who]" "process_stopped[$who]"
}

# Sleeps for 10 ms, without starting a process: nothing is ever written to `silence`.
nap() {
  read -r -t 0.01 -u "$silence" _ || true
}

# Puts what has happened into the queue, in the order of time. It looks first whether there is
# an event: a `read` whose time is up in the middle of a line would lose its end.
collect_events() {
  local event i
  while ((${#queue[@]} < 500)) && read -t 0 -u "$events"; do
    IFS= read -r -u "$events" event
    for ((i = ${#queue[@]}; i > 0; i--)); do
      if [[ ${queue[i - 1]%%"$field"*} > ${event%%"$field"*} ]]; then
        queue[i]=${queue[i - 1]}
      else
        break
      fi
    done
    queue[i]=$event
  done
}

# Waits a moment, and draws what has happened, except in the last 40 ms: the recorder of
# another process may not have come round yet to what happened before that.
handle_events() {
  local at who stream text event
  nap
  collect_events
  read_clock
  while ((${#queue[@]} > 0)); do
    event=${queue[0]}
    IFS=$field read -r at who stream text <<<"$event"
    if ((at > now - 40000 && ${#queue[@]} < 500)); then
      break
    fi
    queue=("${queue[@]:1}")
    if [[ $stream == end ]]; then
      note_end "$at" "$who"
    else
      process_lines[$who]=$((process_lines[$who] + 1))
      process_line["$who,${process_lines[$who]}"]=$text
      show "$at" "$who" "$stream" "$text"
    fi
  done
  check_keys
}

# Draws all that has happened up to now.
catch_up() {
  handle_events
  while ((${#queue[@]} > 0)); do
    handle_events
  done
}

# note_end AT WHO: the process has ended.
note_end() {
  local status=0 who=$2
  wait "${process_id[$who]}" 2>/dev/null || status=$?
  process_status[$who]=$status
  unset "process_id[$who]"
  close_input "$who"
  if ((status > 128)); then
    if [[ -z ${process_stopped[$who]+set} ]]; then
      show "$1" "$who" note "[killed by SIG$(kill -l "$status")]"
    fi
  elif ((status != 0)); then
    show "$1" "$who" note "[exit status $status]"
  fi
}

close_input() {
  if [[ -n ${process_input[$1]+set} ]]; then
    close_descriptors "${process_input[$1]}"
    unset "process_input[$1]"
  fi
}

# wait_for_ends MILLISECONDS: until every process has ended, and so has its recorder.
wait_for_ends() {
  local deadline event who
  read_clock
  deadline=$((now + $1 * 1000))
  while ((${#process_id[@]} > 0 && now < deadline)); do
    nap
    collect_events # a program that can't print does not end
    for event in "${queue[@]}"; do
      IFS=$field read -r _ who event _ <<<"$event"
      if [[ $event == end ]]; then
        unset "process_id[$who]"
      fi
    done
    queue=()
    read_clock
  done
}

# clean_up [STATUS]: ends every process, removes what the tour made, and exits. Runs however the
# tour ends.
clean_up() {
  local status=${1:-$?} id
  # Nothing may interrupt it: no second signal, and no command that fails.
  trap '' INT TERM HUP
  trap - EXIT CONT WINCH
  set +e
  if $tour_asks; then
    stty "$saved_keyboard" 2>/dev/null || true
  fi
  printf '%s' "$plain" 2>/dev/null || true
  for id in "${process_id[@]}"; do
    kill -CONT -- "-$id" 2>/dev/null || true # it may be frozen
    kill -TERM -- "-$id" 2>/dev/null || true
  done
  wait_for_ends 2000
  for id in "${process_id[@]}"; do
    kill -KILL -- "-$id" 2>/dev/null || true
  done
  wait_for_ends 1000
  rm -rf "$tour_directory"
  case $status in
    0 | 1 | 129 | 130 | 143) exit "$status" ;;
    *) exit 1 ;; # a mistake in the lesson.sh itself; bash has named its line
  esac
}

# ---- a private network ----

# It is a user namespace and a network namespace, which live as long as a process is in them. One
# waits there for the end of its input: that comes when the tour ends, however it ends.
in_network=() # the command that runs another one in it
network_end=  # closing this descriptor ends it

set_link() {
  "${in_network[@]}" ip link set lo "$1" 2>/dev/null
}

end_network() {
  close_descriptors ${network_end:+"$network_end"}
  in_network=() network_end=
}

# ---- what the tour demands ----

# fail TEXT: ends the tour, naming the line of the lesson.sh that is not true.
fail() {
  local line where=$tour_script i=0 frame
  while frame=$(caller "$i"); do
    read -r line _ frame <<<"$frame"
    if [[ $frame == "$tour_script" ]]; then
      where=$tour_script:$line
      break
    fi
    i=$((i + 1))
  done
  printf '\n%s%s: %s%s\n' "$red" "$where" "$*" "$plain" >&2
  exit 1
}

# Sets `printed` to what a process has printed, for a message: its last lines.
describe() {
  local who=$1 i count=${process_lines[$1]:-0} first
  if ((count == 0)); then
    printed='it printed nothing'
    return
  fi
  first=$((count > 10 ? count - 9 : 1))
  printed='it printed:'
  if ((first > 1)); then
    printed="the last lines it printed:"
  fi
  for ((i = first; i <= count; i++)); do
    printed+=$'\n  '${process_line["$who,$i"]}
  done
}

must_exist() {
  if [[ -z ${process_lines[$1]+set} ]]; then
    fail "there is no process $1"
  fi
}

must_run() {
  must_exist "$1"
  if [[ -z ${process_id[$1]+set} ]]; then
    describe "$1"
    fail "$1 has ended; $printed"
  fi
}

# find_line WHO PATTERN: waits for the line, which is then in `line`. Returns 1 if it does not
# come in time, or can't come any more.
find_line() {
  local who=$1 pattern=$2 deadline i
  read_clock
  deadline=$((now + 10000000))
  while true; do
    for ((i = process_expected[$who] + 1; i <= process_lines[$who]; i++)); do
      line=${process_line["$who,$i"]}
      if [[ $line =~ $pattern ]]; then
        process_expected[$who]=$i
        return
      fi
    done
    if [[ -n ${process_status[$who]+set} ]] || ((now > deadline)); then
      return 1
    fi
    handle_events
    read_clock
  done
}

# ---- the verbs ----

title() {
  local text=$*
  pause
  end_scene
  put_blank
  put "${text:0:tour_width}" "$bold"
  repeat "$underline" $((${#text} < tour_width ? ${#text} : tour_width))
  put "$repeated" "$dim"
  scene_is_open=false
}

# Ends what still runs, and draws no more of it. A server must end cleanly.
end_scene() {
  local who running=("${!process_id[@]}")
  scene_has_ended=true
  for who in "${running[@]}"; do
    process_stopped[$who]=yes
    kill -s CONT "${process_id[$who]}" 2>/dev/null || true
    kill -s TERM "${process_id[$who]}" 2>/dev/null || true
  done
  for who in "${running[@]}"; do
    await_end "$who" || fail "$who still runs 10 s after SIGTERM"
  done
  for who in "${!server_ports[@]}"; do
    if [[ ${process_status[$who]} != 0 ]]; then
      fail "expected $who to exit with status 0 after SIGTERM; it exited with ${process_status[$who]}"
    fi
  done
  server_ports=()
  end_network
  scene_has_ended=false
}

# put_paragraph STYLE TEXT...
put_paragraph() {
  local style=$1 row
  shift
  scene_is_open=false
  wrap "$*" $((tour_width < 78 ? tour_width : 78))
  keep_together $((${#wrapped[@]} + 1))
  local rows=("${wrapped[@]}")
  put_blank
  for row in "${rows[@]}"; do
    put "$row" "$style"
  done
}

say() {
  put_paragraph '' "$@"
}

columns() {
  local i
  column_names=("$@")
  column_of=()
  for ((i = 0; i < $#; i++)); do
    column_of[${column_names[i]}]=$i
  done
  for i in "${!process_id[@]}"; do
    if [[ -z ${column_of[$i]+set} ]]; then
      fail "$i is still running, and needs a column"
    fi
  done
  lay_out
  scene_is_open=false # or a new page begins with the header, too
  keep_together 8
  put_blank
  put_header
  scene_is_open=true
  read_clock
  scene_start=$now
}

# command_line PROGRAM ARGUMENT...: sets `shown` to what one would type.
command_line() {
  local word
  shown=$1
  for word in "${@:2}"; do
    if [[ -z $word || $word == *[!A-Za-z0-9_./:=,@%+-]* ]]; then
      word=${word@Q}
    fi
    shown+=" $word"
  done
}

# names_port ARGUMENT...: is there an option --port among them?
names_port() {
  local word
  for word in "$@"; do
    case $word in
      --port | --port=* | -p*) return 0 ;;
    esac
  done
  return 1
}

server() {
  server_as server "$@"
}

server_as() {
  local who=$1 line shown given=()
  shift
  command_line server "$@"
  names_port "$@" || given=(--port 0)
  start "$who" "$shown" "$tour_programs/server" "${given[@]}" "$@"
  if ! find_line "$who" '^listening on '; then
    describe "$who"
    fail "$who did not start; $printed"
  fi
  port=
  if [[ $line =~ :([0-9]+)$ ]]; then
    port=${BASH_REMATCH[1]}
  fi
  server_ports[$who]=$port
}

client() {
  local who=$1 shown given=()
  shift
  command_line client "$@"
  if [[ -n ${port:-} ]] && ! names_port "$@"; then
    given=(--port "$port")
  fi
  start "$who" "$shown" "$tour_programs/client" "${given[@]}" "$@"
}

count() {
  local who=$1 shown
  shift
  command_line client "$@"
  # shellcheck disable=SC2016 # the words are the new shell's
  start "$who" "$shown | wc -l" "$BASH" -c 'exec "$0" "$@" > >(wc -l)' \
    "$tour_programs/client" --port "$port" "$@"
}

program() {
  local who=$1 shown
  shift
  command_line "$@"
  start "$who" "$shown" "$tour_programs/$1" "${@:2}"
}

type() {
  catch_up
  must_run "$1"
  if [[ -z ${process_input[$1]+set} ]]; then
    fail "the input of $1 has ended"
  fi
  printf '%s\n' "$2" 1>&"${process_input[$1]}" 2>/dev/null || fail "$1 reads no input any more"
  show_now "$1" "> $2"
}

end() {
  catch_up
  must_run "$1"
  close_input "$1"
  show_now "$1" '[end of input]'
}

# send_signal NAME SIGNAL: says so in its column, and sends it.
send_signal() {
  catch_up
  must_run "$1"
  kill -s "$2" "${process_id[$1]}" 2>/dev/null || true
  show_now "$1" "[$2]"
}

stop() {
  process_stopped[$1]=yes
  send_signal "$1" SIGTERM
  await_end "$1" || fail "$1 still runs 10 s after SIGTERM"
}

freeze() {
  local state='' file
  send_signal "$1" SIGSTOP
  file=/proc/${process_id[$1]}/stat # nothing has been drawn since, so it is there
  # The signal takes effect a moment later; the letter after the name in brackets is the state.
  while [[ -r $file ]] && read -r state <"$file" && [[ ${state##*) } != [TZ]* ]]; do
    handle_events
  done
}

thaw() {
  send_signal "$1" SIGCONT
}

network() {
  local reader writer ready
  open_pipe
  exec {ready}< <(
    close_descriptors "$writer" "$events" "$event_sink" "$silence" "${process_input[@]}"
    exec unshare --map-root-user --net sh -c 'echo ready && read -r _' <&"$reader" 2>/dev/null
  )
  in_network=("$(command -v nsenter)" --target "$!" --user --net --preserve-credentials)
  network_end=$writer
  if ! read -r -u "$ready" || ! set_link up; then
    end_network
    say "This scene needs a private network (the commands unshare, nsenter and ip), and this system" \
      "allows none: it is left out."
  fi
  close_descriptors "$reader" "$ready"
  [[ -n $network_end ]]
}

cut() {
  catch_up
  show_now "$1" '[the link goes down]'
  set_link down || fail "the link does not go down"
}

let_pass() {
  local end whole fraction
  [[ $1 =~ ^([0-9]*)\.?([0-9]*)$ ]] || fail "$1: not a number of seconds"
  whole=${BASH_REMATCH[1]:-0} fraction=${BASH_REMATCH[2]}000000
  read_clock
  end=$((now + 10#$whole * 1000000 + 10#${fraction:0:6}))
  while ((now < end)); do
    handle_events
    read_clock
  done
}

expect() {
  local line
  must_exist "$1"
  if ! find_line "$1" "$2"; then
    describe "$1"
    fail "expected $1 to print /$2/; $printed"
  fi
}

expect_not() {
  local i
  must_exist "$1"
  catch_up
  for ((i = 1; i <= process_lines[$1]; i++)); do
    if [[ ${process_line["$1,$i"]} =~ $2 ]]; then
      fail "expected $1 not to print /$2/; it printed: ${process_line["$1,$i"]}"
    fi
  done
}

# await_end NAME: returns 1 if the process still runs after 10 s.
await_end() {
  local deadline
  read_clock
  deadline=$((now + 10000000))
  while [[ -z ${process_status[$1]+set} ]]; do
    if ((now > deadline)); then
      return 1
    fi
    handle_events
    read_clock
  done
}

wait_for() {
  must_exist "$1"
  if ! await_end "$1"; then
    describe "$1"
    fail "expected $1 to exit; it still runs; $printed"
  fi
  if [[ ${process_status[$1]} != "${2:-0}" ]]; then
    describe "$1"
    fail "expected $1 to exit with status ${2:-0}; it exited with ${process_status[$1]}; $printed"
  fi
}

pause() {
  if $tour_asks && ((tour_rows > 0)); then
    put_blank
    prompt '[Enter] go on   [q] leave' 0
  fi
}

questions=0 # asked so far
predicted=0 # and predicted
came_true=0 # and predicted rightly
answers=()  # one line each, for the state file
answer=     # of the open question: the number that is right,
prediction= # and the one the reader chose; empty: none
choices=()

ask() {
  local question=$1 row rows=() i
  shift
  choices=() answer='' prediction=''
  while (($# > 0)); do
    if [[ $1 == --answer ]]; then
      answer=${2:-}
      break
    fi
    choices+=("$1")
    shift
  done
  if [[ ! $answer =~ ^[1-9]$ ]] || ((answer > ${#choices[@]})); then
    fail "ask needs choices and --answer K, one of their numbers"
  fi
  questions=$((questions + 1))

  for ((i = 0; i < ${#choices[@]}; i++)); do
    wrap "${choices[i]}" $((tour_width < 78 ? tour_width - 5 : 73))
    rows+=("  $((i + 1))  ${wrapped[0]}")
    for row in "${wrapped[@]:1}"; do
      rows+=("     $row")
    done
  done
  keep_together $((${#rows[@]} + 5))
  put_paragraph "$bold" "$question"
  for row in "${rows[@]}"; do
    put "$row"
  done
  if $tour_asks; then
    put_blank
    prompt "[1-${#choices[@]}] your prediction   [Enter] just show me   [q] leave" "${#choices[@]}"
    prediction=$key
    if [[ -n $prediction ]]; then
      predicted=$((predicted + 1))
      put "You predict: $prediction"
    fi
  fi
}

reveal() {
  if [[ -z $answer ]]; then
    fail "reveal needs an ask before it"
  fi
  if [[ $prediction == "$answer" ]]; then
    came_true=$((came_true + 1))
    put_paragraph "$bold$green" "Your prediction came true, $answer: ${choices[answer - 1]}"
  elif [[ -n $prediction ]]; then
    put_paragraph "$bold" "You predicted $prediction. What happened is $answer: ${choices[answer - 1]}"
  else
    put_paragraph "$bold" "What happened is $answer: ${choices[answer - 1]}"
  fi
  answers+=("question $questions predicted ${prediction:-nothing} happened $answer")
  answer=
  put_paragraph '' "$@"
}

# ---- the whole tour ----

# Ends what still runs when the lesson.sh is through. A server must then exit with status 0.
end_quietly() {
  local who
  for who in "${!process_id[@]}"; do
    process_stopped[$who]=yes
    kill -CONT "${process_id[$who]}" 2>/dev/null || true
    kill -TERM "${process_id[$who]}" 2>/dev/null || true
    await_end "$who" || fail "$who still runs 10 s after SIGTERM"
    if [[ -n ${server_ports[$who]+set} && ${process_status[$who]} != 0 ]]; then
      fail "expected $who to exit with status 0 after SIGTERM; it exited with ${process_status[$who]}"
    fi
  done
}

# save_progress: keeps the answers of a tour that was walked at a terminal. Where
# that can't be done, the tour is as good without.
save_progress() {
  local directory=${XDG_STATE_HOME:-${HOME:-}/.local/state}/twelve-sockets file
  $tour_asks || return 0
  file=$directory/$tour_lesson.tour
  mkdir -p "$directory" 2>/dev/null || return 0
  {
    printf '%s\n' "${answers[@]}"
    printf 'finished %(%F)T\n' -1
  } 2>/dev/null >"$file.new" || return 0
  mv "$file.new" "$file" 2>/dev/null || return 0
}

# Says how the reader did, and where to go from here.
say_goodbye() {
  local number=$((10#${tour_lesson%%-*})) next
  if ((predicted > 0)); then
    put_paragraph "$bold" "Predictions that came true: $came_true of $predicted."
  fi
  say "Read on in lessons/$tour_lesson/README.md. It says which file to read first." \
    "To run the two programs yourself: make server-$number, and make client-$number in a second terminal."
  next=$(lesson_names | sed -n "/^$tour_lesson\$/{n;p;}")
  if [[ -n $next ]]; then
    say "The next lesson: make lesson-$(lesson_number "$next")"
  fi
}

# run_tour LESSON BUILD: walks through the lesson.sh of LESSON, with the programs in BUILD.
run_tour() {
  tour_lesson=$1 tour_programs=$2/$1 tour_recorder=$2/tools/record
  tour_script=lessons/$1/lesson.sh
  port=
  set_styles
  read_size
  column_names=(tour) # until the first `columns`
  lay_out

  tour_directory=$(mktemp -d "${TMPDIR:-/tmp}/tour.XXXXXX")
  if $tour_asks; then
    saved_keyboard=$(stty -g)
  fi
  trap clean_up EXIT
  trap 'end_by_signal 130' INT
  trap 'end_by_signal 143' TERM
  trap 'end_by_signal 129' HUP
  trap : PIPE # `type` then gets an error it can report; children get the default back
  trap 'tour_resized=true' WINCH
  trap continue_tour CONT
  set_keyboard
  open_pipe
  events=$reader event_sink=$writer
  mkfifo "$tour_directory/silence"
  exec {silence}<>"$tour_directory/silence"

  # shellcheck source=/dev/null
  . "$tour_script"

  end_quietly
  save_progress
  say_goodbye
}
