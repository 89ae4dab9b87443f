# tour-verbs.bash - the verbs of a tour that begin a scene, start its programs, and say what must
# happen. tour.bash explains them; those that talk to a program and end it are in processes.bash.
# shellcheck shell=bash disable=SC2154 # the tour's other files set its variables

declare -A is_server=() # the servers of this scene
port=                   # of the last one

# ---- scenes ----

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
  local who running=("${!recording[@]}")
  scene_has_ended=true
  for who in "${running[@]}"; do
    ask_to_end "$who"
  done
  for who in "${running[@]}"; do
    wait_for_end "$who"
  done
  for who in "${!is_server[@]}"; do
    if [[ ${status_of[$who]} != 0 ]]; then
      fail "expected $who to exit with status 0 after SIGTERM; it exited with ${status_of[$who]}"
    fi
  done
  is_server=()
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

pause() {
  if $tour_asks && ((tour_rows > 0)); then
    put_blank
    prompt '[Enter] go on   [q] leave' 0
  fi
}

# ---- programs ----

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
  local who=$1 shown given=()
  shift
  command_line server "$@"
  names_port "$@" || given=(--port 0)
  start_in_column "$who" "$shown" "$tour_programs/server" "${given[@]}" "$@"
  is_server[$who]=yes
  wait_for_next_line "$who" '^listening on ' || fail "$who did not start; it printed: $(said "$who")"
  port=
  if [[ $line =~ :([0-9]+)$ ]]; then
    port=${BASH_REMATCH[1]}
  fi
}

client() {
  local who=$1 shown given=()
  shift
  command_line client "$@"
  if [[ -n ${port:-} ]] && ! names_port "$@"; then
    given=(--port "$port")
  fi
  start_in_column "$who" "$shown" "$tour_programs/client" "${given[@]}" "$@"
}

count() {
  local who=$1 shown
  shift
  command_line client "$@"
  # shellcheck disable=SC2016 # the words are the new shell's
  start_in_column "$who" "$shown | wc -l" "$BASH" -c 'exec "$0" "$@" > >(wc -l)' \
    "$tour_programs/client" --port "$port" "$@"
}

program() {
  local who=$1 shown
  shift
  command_line "$@"
  start_in_column "$who" "$shown" "$tour_programs/$1" "${@:2}"
}

# ---- what must happen ----

let_pass() {
  local end whole fraction
  [[ $1 =~ ^([0-9]*)\.?([0-9]*)$ ]] || fail "$1: not a number of seconds"
  whole=${BASH_REMATCH[1]:-0} fraction=${BASH_REMATCH[2]}000000
  read_clock
  end=$((now + 10#$whole * 1000000 + 10#${fraction:0:6}))
  while ((now < end)); do
    meanwhile
    read_clock
  done
}

# find_next_line NAME PATTERN: is there such a line after the last one that was expected? Sets `line`,
# and `found` to its number.
find_next_line() {
  for ((found = expected[$1] + 1; found <= printed[$1]; found++)); do
    line=${printed_line["$1,$found"]}
    if [[ $line =~ $2 ]]; then
      return
    fi
  done
  return 1
}

wait_for_next_line() {
  wait_for_output "$1" find_next_line "$1" "$2" && expected[$1]=$found
}

expect() {
  must_exist "$1"
  wait_for_next_line "$1" "$2" || fail "expected $1 to print /$2/; it printed: $(said "$1")"
}

expect_not() {
  local i
  must_exist "$1"
  catch_up
  for ((i = 1; i <= printed[$1]; i++)); do
    if [[ ${printed_line["$1,$i"]} =~ $2 ]]; then
      fail "expected $1 not to print /$2/; it printed: ${printed_line["$1,$i"]}"
    fi
  done
}
