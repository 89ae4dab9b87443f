# processes.bash - starts programs in the background, talks to them, waits for them and ends them,
# each by its name. The tours (tour.bash) and the scenarios (tests/helpers.bash) stand on it.
#
#   start_process NAME COMMAND...   in a process group of its own; it prints where this call prints
#   tell NAME TEXT                  gives it a line of input
#   end_input NAME                  ends its input
#   send_signal NAME SIGNAL
#   freeze NAME, thaw NAME          between the two it does nothing, but its kernel receives
#   stop NAME [SIGNAL]              sends the signal (TERM), and waits for the end
#   wait_for_end NAME               until it has ended by itself; sets status
#   wait_for_status NAME STATUS     the same, and that must be its exit status
#   wait_until COMMAND...           until it succeeds; 1 if WAIT_LIMIT seconds pass before
#
# Who sources this file defines what these stand on:
#
#   fail_because WHAT EXPECTED RECEIVED   does not go on
#   announce NAME DEED [TEXT]       is told what will be done to a program (tell TEXT, end_input,
#                                   signal SIGNAL), or that it has ended (end STATUS)
#   said NAME                       prints the last of what it said, for a message
#   has_ended NAME                  is there nothing more to come from it?
#   meanwhile                       is called between two looks at what is waited for; at least a nap
# shellcheck shell=bash

declare -gA pid_of=()    # process ids, by the name; also of what has ended
declare -gA input_of=()  # descriptors that write to a program's stdin, until that is ended
declare -gA status_of=() # exit statuses, once they were asked for
own_descriptors=()       # what else the shell has open, and no program must have
WAIT_LIMIT=10            # seconds: for what is waited for to come

# ---- starting, and talking to what was started ----

# open_pipe VARIABLE: sets it to a descriptor that is both ends of a new pipe.
open_pipe() {
  local both
  exec {both}<> <(:)
  printf -v "$1" %s "$both"
}

# close_own_descriptors [DESCRIPTOR]...: in a new process, these and what only its parent uses.
# If it held one end of another program's pipe, nobody would notice that the other end is closed.
close_own_descriptors() {
  local descriptor
  for descriptor in "$@" ${silence:+"$silence"} "${input_of[@]}" "${own_descriptors[@]}"; do
    exec {descriptor}>&-
  done
}

# Job control gives the process a group of its own: Ctrl-C does not reach it, and it can be ended
# with all that it has started. It has only the end for reading of its input; what is told to it at
# once, the pipe keeps.
start_process() {
  local name=$1 input
  shift
  open_pipe input
  set -m
  (
    close_own_descriptors "$input"
    exec "$@"
  ) <"/dev/fd/$input" &
  pid_of[$name]=$!
  set +m
  input_of[$name]=$input
  unset "status_of[$name]"
}

tell() {
  announce "$1" tell "$2"
  [[ -n ${input_of[$1]:-} ]] || fail_because "$1 takes no input any more" "$2" "the end"
  printf '%s\n' "$2" >&"${input_of[$1]}"
}

end_input() {
  announce "$1" end_input
  close_input "$1"
}

close_input() {
  local input=${input_of[$1]:-}
  if [[ -n $input ]]; then
    exec {input}>&-
    unset "input_of[$1]"
  fi
}

# ---- waiting ----

# nap [SECONDS]: 10 ms, or so long. It stands between two looks at what is waited for, and starts
# no process: it waits for a pipe in which nothing ever comes.
nap() {
  [[ -n ${silence:-} ]] || open_pipe silence
  read -rt "${1:-0.01}" -u "$silence" || true
}

wait_until() {
  local end=$((SECONDS + WAIT_LIMIT))
  until "$@"; do
    ((SECONDS < end)) || return 1
    meanwhile
  done
}

# wait_for_output NAME COMMAND...: as wait_until; but it is too late, too, when NAME has ended.
wait_for_output() {
  wait_until succeeds_or_has_ended "$@" || true
  "${@:2}"
}

succeeds_or_has_ended() {
  "${@:2}" || has_ended "$1"
}

# read_state NAME: sets `state` to the letter in /proc: S is sleeping, T stopped by a signal, Z a
# zombie: what has ended stays one until bash has noticed. Empty, if there is no such process.
read_state() {
  local stat=
  { read -r stat <"/proc/${pid_of[$1]:-0}/stat"; } 2>/dev/null || true
  stat=${stat##*) }
  state=${stat:0:1}
}

# is_in_state NAME LETTER
is_in_state() {
  local state
  read_state "$1"
  [[ $state == "$2" ]]
}

is_running() {
  local state
  read_state "$1"
  [[ $state == [!ZX] ]]
}

# take_status NAME: sets status to the exit status of a program that ends now or has ended.
take_status() {
  if [[ -z ${status_of[$1]:-} ]]; then
    status=0
    { wait "${pid_of[$1]}"; } 2>/dev/null || status=$? # bash tells on stderr what was killed
    status_of[$1]=$status
    close_input "$1"
  fi
  status=${status_of[$1]}
}

wait_for_end() {
  wait_until has_ended "$1" ||
    fail_because "$1 did not end within $WAIT_LIMIT s. It said: $(said "$1")" "the end" "it is still running"
  take_status "$1"
  announce "$1" end "$status"
}

wait_for_status() {
  wait_for_end "$1"
  ((status == $2)) || fail_because "$1 ended with another exit status. It said: $(said "$1")" \
    "exit status $2" "$status"
}

# ---- signals ----

send_signal() {
  announce "$1" signal "$2"
  kill -s "$2" "${pid_of[$1]}"
}

stop() {
  send_signal "$1" "${2:-TERM}"
  wait_for_end "$1"
}

# has_stopped NAME: all of its threads have. Each stops by itself, a moment after the signal.
has_stopped() {
  local stat line
  for stat in /proc/"${pid_of[$1]}"/task/*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    line=${line##*) }
    [[ ${line%% *} == [TZX] ]] || return 1
  done
}

freeze() {
  send_signal "$1" STOP
  wait_until has_stopped "$1" || fail_because "$1 does not stop" "state T" "$(said "$1")"
}

thaw() {
  send_signal "$1" CONT
}

# ask_to_end NAME: with SIGTERM; one that is frozen goes on, in order to end.
ask_to_end() {
  kill -s CONT "${pid_of[$1]}" 2>/dev/null || true
  kill -s TERM "${pid_of[$1]}" 2>/dev/null || true
}

# end_group NAME SIGNAL: the program, and all that it has started.
end_group() {
  kill -s CONT -- "-${pid_of[$1]}" 2>/dev/null || true
  kill -s "$2" -- "-${pid_of[$1]}" 2>/dev/null || true
}
