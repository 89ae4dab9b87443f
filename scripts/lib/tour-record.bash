# tour-record.bash - the programs of a tour: a recorder (tests/tools/record.c) becomes each of them, and
# tells what it prints, and when. All recorders write their lines, the events, into one pipe.
# shellcheck shell=bash disable=SC2154 # the tour's other files set its variables

declare -A recording=()    # whose recorder has not told the end yet
declare -A printed=()      # how many lines a program has printed,
declare -A printed_line=() # and line 3 of A is printed_line[A,3]
declare -A expected=()     # the number of the last line of it that was expected
declare -A signal_sent=()  # the last one that the tour has sent to it
events=                    # the pipe that the tour reads
queue=()                   # events that are not drawn yet
field=$'\x1f'              # separates the fields of an event
starting=false             # is a program being started, whose id is not known yet?
signal_status=             # of the signal that is to end the tour

open_events() {
  open_pipe events
  own_descriptors=("$events")
}

# start_in_column WHO SHOWN COMMAND...: starts a program, shown as the command line SHOWN.
start_in_column() {
  local who=$1 shown=$2
  shift 2
  if [[ -z ${column_of[$who]+set} ]]; then
    fail "there is no column $who; the columns are: ${column_names[*]}"
  elif [[ -n ${recording[$who]:-} ]]; then
    fail "$who is still running"
  elif [[ ! -x $1 ]]; then
    fail "there is no program $1"
  fi
  catch_up
  show_now "$who" "\$ $shown"
  starting=true
  start_process "$who" "$tour_recorder" -- "$who" "${in_network[@]}" "$@" >&"$events"
  recording[$who]=yes
  starting=false
  if [[ -n $signal_status ]]; then
    end_by_signal "$signal_status"
  fi
  printed[$who]=0 expected[$who]=0 signal_sent[$who]=
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

# Draws what is in the queue, except what happened in the last 40 ms: the recorder of another
# program may not have come round yet to what happened before that.
draw_events() {
  local at who stream text
  read_clock
  while ((${#queue[@]} > 0)); do
    IFS=$field read -r at who stream text <<<"${queue[0]}"
    if ((at > now - 40000 && ${#queue[@]} < 500)); then
      break
    fi
    queue=("${queue[@]:1}")
    if [[ $stream == end ]]; then
      draw_end "$at" "$who"
    else
      printed[$who]=$((printed[$who] + 1))
      printed_line["$who,${printed[$who]}"]=$text
      show "$at" "$who" "$stream" "$text"
    fi
  done
}

# draw_end AT WHO: the program has ended.
draw_end() {
  local status
  take_status "$2"
  unset "recording[$2]"
  if ((status > 128)); then
    if [[ ${signal_sent[$2]} != "$(kill -l "$status")" ]]; then
      show "$1" "$2" note "[killed by SIG$(kill -l "$status")]"
    fi
  elif ((status != 0)); then
    show "$1" "$2" note "[exit status $status]"
  fi
}

# Draws all that has happened up to now.
catch_up() {
  meanwhile
  while ((${#queue[@]} > 0)); do
    meanwhile
  done
}

# wait_for_recorders SECONDS: until every recorder has ended. Nothing is drawn any more, but the pipe
# must be read: a program that can't print does not end.
wait_for_recorders() {
  local end=$((SECONDS + $1)) who event
  while ((${#recording[@]} > 0 && SECONDS < end)); do
    nap
    collect_events
    for event in "${queue[@]}"; do
      IFS=$field read -r _ who event _ <<<"$event"
      if [[ $event == end ]]; then
        unset "recording[$who]"
      fi
    done
    queue=()
  done
}

# ---- what processes.bash wants to know ----

meanwhile() {
  nap
  collect_events
  draw_events
  check_keys
}

has_ended() {
  must_exist "$1"
  [[ -z ${recording[$1]:-} ]]
}

announce() {
  [[ $2 != end ]] || return 0 # it was drawn already
  catch_up
  must_run "$1"
  case $2 in
    tell) show_now "$1" "> $3" ;;
    end_input) show_now "$1" '[end of input]' ;;
    signal)
      signal_sent[$1]=$3
      show_now "$1" "[SIG$3]"
      ;;
  esac
}

# The last lines that a program has printed.
said() {
  local i count=${printed[$1]:-0}
  if ((count == 0)); then
    echo nothing
  fi
  for ((i = count > 10 ? count - 9 : 1; i <= count; i++)); do
    printf '\n  %s' "${printed_line["$1,$i"]}"
  done
}

fail_because() {
  fail "$1"$'\n'"  expected: $2"$'\n'"  received: $3"
}

must_exist() {
  if [[ -z ${printed[$1]+set} ]]; then
    fail "there is no process $1"
  fi
}

must_run() {
  if has_ended "$1"; then
    fail "$1 has ended; it printed: $(said "$1")"
  fi
}
