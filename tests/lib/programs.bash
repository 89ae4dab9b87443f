# programs.bash - starts servers, clients, peer and swarm, and ends what a scenario has started.
# scripts/lib/processes.bash holds what is common to all programs: tell, freeze, stop, wait_for_end.
# shellcheck shell=bash

RUN_LIMIT=15  # seconds: for a command in the foreground to end
LEAVE_LIMIT=4 # seconds: for a program to end after SIGTERM

started=()             # the names of the programs started
declare -gA port_of=() # the ports that servers were told to take
own_descriptors=(3)    # of bats

# ---- what processes.bash wants to know ----

announce() {
  case $2 in
    tell) record "told $1: $3" ;;
    end_input) record "ended the input of $1" ;;
    signal) record "sent SIG$3 to $1" ;;
    end) record "$1 ended with exit status $3" ;;
  esac
}

said() {
  tail -n 3 "$1.err"
}

has_ended() {
  [[ -n ${pid_of[$1]:-} ]] && ! is_running "$1"
}

meanwhile() {
  nap
}

# ---- programs in the background ----

# start NAME COMMAND...: its output goes to NAME.out and NAME.err. It ends with the scenario, whatever
# happens.
start() {
  local name=$1
  shift
  record "started $name: $*"
  started+=("$name")
  start_process "$name" setpriv --pdeathsig KILL "$@" >"$name.out" 2>"$name.err"
}

# start_server [OPTION]...: on a free port, ready when it returns; sets port. A second one in
# the same scenario is started with `start_server_as server2 ...`.
start_server() {
  start_server_as server "$@"
}

start_server_as() {
  local name=$1
  shift
  port_of[$name]=${wanted_port:-0}
  start "$name" "$SERVER" --port "${port_of[$name]}" "$@"
  wait_until is_listening "$name" ||
    fail_because "$name did not start" "listening on ADDRESS:PORT" "$(cat "$name.out" "$name.err")"
  local line=
  read -r line <"$name.out" || true
  [[ $line =~ ^listening\ on\ .*:[0-9]+$ ]] ||
    fail_because "the first line that $name prints does not say where it listens" "listening on ADDRESS:PORT" \
      "$(cat "$name.out" "$name.err")"
  port=${line##*:}
}

is_listening() {
  local line
  { read -r line <"$1.out"; } 2>/dev/null || has_ended "$1"
}

# start_client NAME [ARGUMENT]... and start_peer NAME ARGUMENT...: to the server.
start_client() {
  local name=$1
  shift
  start "$name" "$CLIENT" --host "$host" --port "$port" "$@"
}

start_peer() {
  local name=$1
  shift
  start "$name" "$PEER" --host "$host" --port "$port" "$@"
}

# dropped_holds_nobody: a server with --max-line 10, which serves one client at a time, serves the next
# one soon when it has dropped a client that stays: one that is silent, and one that sends a byte now
# and then, so that no recv waits for long, and yet the stream never ends.
dropped_holds_nobody() {
  start_peer silent repeat:13:x 'expect:error: ' say:dropped hold
  wait_for_line silent.out '^dropped$'
  server_still_serves # a peer gives up after 10 seconds
  # shellcheck disable=SC2016 # bash expands it
  start sends bash -c 'exec {fd}<>"/dev/tcp/$0/$1"; printf xxxxxxxxxxxxx >&"$fd"
    while printf x >&"$fd"; do sleep 0.1; done' "$host" "$port"
  wait_until has_accepted 1
  server_still_serves
}

# refused_after_sending TEXT: a client that has sent TEXT before the server accepts it gets the
# refusal, and then the end, though the server has not read TEXT: no reset.
refused_after_sending() {
  freeze server
  start_peer refused "send:$1" say:sent 'expect:error: ' eof
  wait_for_line refused.out '^sent$'
  thaw server
  wait_for_end refused
  assert_same "$status" 0
}

# more_files COUNT: allows so many descriptors to what the scenario starts.
more_files() {
  ulimit -Sn "$1" 2>/dev/null || skip "this machine does not allow $1 descriptors"
}

# silent_clients COUNT: so many that connect and say nothing, until the scenario ends. They are in a
# program of their own: bash waits with select, and ends if it has too many descriptors.
silent_clients() {
  start silent "$SWARM" --host "$host" --port "$port" --connections "$1" --send '' --until-eof --timeout 60
}

# start_talker NAME: a client that sends one line after the other, and takes what comes, until the
# server closes. The server is busy with it when it returns.
start_talker() {
  start "$1" bash -c "yes Hello | timeout 30 nc $host $port >/dev/null"
  wait_for_line server.out Hello
}

# start_peer_server ARGUMENT...: a scripted server; sets port.
start_peer_server() {
  start peer "$PEER" --listen --host "$host" --port 0 "$@"
  wait_for_line peer.out '^listening on '
  port=$(sed -n '1s/.*://p' peer.out)
}

# free_port: prints a port on which nobody listens, for a server that can't choose one itself, or will
# need it twice. It is below those that the kernel gives to clients, so that none of them takes it. So
# is the port that its two bytes make in the wrong order: a server without htons binds that one. The
# two bytes differ, or such a server would pass.
free_port() {
  local candidate tries high low
  for ((tries = 0; tries < 100; tries++)); do
    high=$((40 + RANDOM % 78))
    low=$((40 + RANDOM % 78))
    candidate=$((high * 256 + low))
    if ((high != low)) && "$PEER" --listen --host "$host" --port "$candidate" say:free >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# After a scenario. A server must still be running then, unless the scenario itself ended it:
# whatever ended it otherwise is a defect, even if no assertion has seen it.
end_program() {
  local name=$1 pid=${pid_of[$1]} ticks status
  [[ -z ${status_of[$name]:-} ]] || return 0
  if [[ $name == server* ]] && has_ended "$name"; then
    take_status "$name"
    echo "$name ended by itself, with exit status $status$(name_signal "$status")"
    return 1
  fi
  ask_to_end "$name"
  ticks=$(cpu_ticks "$pid" 2>/dev/null || true)
  if ! WAIT_LIMIT=$LEAVE_LIMIT wait_until has_ended "$name"; then
    ticks=$(($(cpu_ticks "$pid") - ticks))
    echo "$name did not end within $LEAVE_LIMIT s after SIGTERM"
    ((ticks < LEAVE_LIMIT * 25)) || facts+=("$name used the CPU all the time: it is in a loop that does not end")
    end_group "$name" KILL
    take_status "$name"
    [[ $name != server* ]] # a client may be waiting for what never comes
    return
  fi
  end_group "$name" KILL # also a child that was left behind
  take_status "$name"
  # 143: a submission may leave SIGTERM alone; that it should not is one scenario's matter.
  if [[ $name == server* && $status != 0 && $status != 143 ]]; then
    echo "$name was asked to stop, and its exit status was $status$(name_signal "$status")"
    return 1
  fi
}

# ---- programs in the foreground ----

# bounded COMMAND...: ends it after RUN_LIMIT seconds. In the foreground, so that what ends the
# tests, such as Ctrl-C, ends it too.
bounded() {
  timeout --foreground -k 1 "$RUN_LIMIT" "$@"
}

# run_bounded COMMAND...: sets status, output and stderr, and lines and stderr_lines, as bats' run
# does with --separate-stderr, at a fraction of its time. Its stdin is that of the call.
run_bounded() {
  status=0
  (close_own_descriptors && bounded "$@") >run.out 2>run.err || status=$?
  output=$(<run.out)
  stderr=$(<run.err)
  mapfile -t lines <run.out
  mapfile -t stderr_lines <run.err
  local shown="$*"
  record "ran ${shown:0:400}"
  record "  exit status $status; stdout: ${output:0:300}; stderr: ${stderr_lines[0]:0:300}"
  if ((status == 124 || status == 137)); then
    fail_because "${1##*/} did not end within $RUN_LIMIT s. It said: $stderr" "the end" "it was killed"
  fi
}

run_client() {
  run_bounded "$CLIENT" --host "$host" --port "$port" "$@"
}

# run_partner PROGRAM ARGUMENT...: a partner of the server. It gives up before it would be killed, so
# that it can say what did not come.
run_partner() {
  run_bounded "$1" --host "$host" --port "$port" --timeout $((RUN_LIMIT * 2 / 3)) "${@:2}"
}

# peer ARGUMENT...: a script that must come true.
peer() {
  run_partner "$PEER" "$@"
  local script="$*"
  ((status == 0)) || fail "what came back is not what should come: ${stderr#peer: }
  the script: ${script:0:200}"
}

swarm() {
  run_partner "$SWARM" "$@"
  ((status == 0)) || fail "not all replies are right: $output"$'\n'"${stderr#swarm: }"
}
