#!/usr/bin/env bats
# The verbs of the Makefile, when something goes wrong: what one reads then.

load ../helpers

# What helpers.bash does after each test, under a name of its own.
eval "end_scenario() $(declare -f teardown | tail -n +2)"

# What `make test` has set is not for the make of a scenario.
unset MAKEFLAGS MAKELEVEL MFLAGS
typed=(make -C "$ROOT" --no-print-directory BUILD="$BUILD")

# verb ARGUMENT...: make, as one types it in the checkout.
verb() {
  run_bounded "${typed[@]}" "$@"
}

teardown() {
  tmux -S socket kill-server 2>/dev/null || true
  end_scenario
}

@test "a verb without a number: an example of that verb, the list of lessons" {
  local name typo
  for name in lesson server client demo start check watch hint solution; do
    for typo in "$name" "$name-"; do
      verb "$typo"
      assert_equal "$status" 1
      assert_equal "$output" ''
      assert_equal "${stderr_lines[0]}" "Which lesson? For example: make $name-4. The lessons are:"
      assert_equal "${stderr_lines[1]}" '   1  UDP echo'
    done
  done
}

@test "an option that a lesson's program does not have: one line, which names --help" {
  verb server-2 ARGS=--bogus
  assert_fails 1
  assert_regex "$stderr" '^server: --bogus: .*\(see --help\)$'
  verb client-8 ARGS=--bogus
  assert_fails 1
  assert_regex "$stderr" '^client: --bogus: .*\(see --help\)$'
}

@test "make test: where nothing is missing, the first line is that of the tests" {
  local manager
  mkdir bin
  for manager in apt-get dnf pacman apk brew; do # nothing is installed here
    ln -s "$(type -P false)" "bin/$manager"
  done
  printf '@test "one" {\n  true\n}\n' >one.bats
  PATH=$PWD/bin:$PATH verb test ARGS="$PWD/one.bats"
  [[ $output != Missing:* ]] || skip "${lines[0]}"
  assert_succeeds
  assert_equal "${lines[0]}" 1..1
  assert_equal "${lines[-1]}" '1 passed, 0 failed'
}

@test "a verb that fails: its own words alone, and the exit status" {
  verb hint-99
  assert_equal "$status" 1
  assert_equal "${stderr_lines[0]}" 'There is no lesson 99. The lessons are:'
  [[ $stderr != *make:* ]] || fail "make has said something, too: $stderr"
  verb server-2 ARGS=--help
  assert_succeeds
  assert_regex "${lines[0]}" '^usage: server '
  assert_equal "$stderr" ''
}

@test "what a server says last comes before its verb ends, also where that takes a while" {
  mkdir bin
  printf '#!/bin/sh\nsleep 0.5\nexec %q "$@"\n' "$(type -P tee)" >bin/tee
  chmod +x bin/tee
  # shellcheck disable=SC2016 # bash expands it
  PATH=$PWD/bin:$PATH run_bounded bash -c '"$@" 2>&1; echo "the verb has ended"' bash "${typed[@]}" server-2 ARGS=--bogus
  assert_regex "${lines[0]}" '^server: --bogus: '
  assert_equal "${lines[1]}" 'the verb has ended'
}

@test "several verbs: the first that fails is the last" {
  verb server-98 server-99
  assert_equal "$status" 2
  assert_equal "${stderr_lines[0]}" 'There is no lesson 98. The lessons are:'
  [[ $stderr != *99* ]] || fail "the next one was tried: $stderr"
}

# ---- Ctrl-C, and the end of make ----

# at_terminal VERB ARGUMENT...: what comes after it there is `left with STATUS`.
at_terminal() {
  tmux -S socket -f /dev/null new-session -d -x 100 -y 30 -s "$1" \
    "trap : INT; env -u TMUX ${typed[*]@Q} ${*@Q}; echo \"left with \$?\"; exec cat"
}

screen() {
  tmux -S socket capture-pane -p -t "$1"
}

shows() {
  screen "$1" | grep -q "$2"
}

# ends_silently VERB PATTERN: the verb has shown the pattern; then comes Ctrl-C.
ends_silently() {
  WAIT_LIMIT=20 wait_until shows "$1" "$2" || fail "the terminal does not show /$2/: $(screen "$1")"
  tmux -S socket send-keys -t "$1" C-c
  wait_until shows "$1" 'left with' || fail "it does not end: $(screen "$1")"
  shows "$1" '^[\^C]*left with 130$' || fail "another exit status, or not on a row of its own: $(screen "$1")"
  ! shows "$1" 'make.*\*\*\*' || fail "make has said something: $(screen "$1")"
}

@test "Ctrl-C of a server, a client and a tour: make says nothing" {
  at_terminal server-2 ARGS='--port 0'
  ends_silently server-2 '^listening on'
  at_terminal server-8 ARGS='--port 0'
  ends_silently server-8 '^listening on'
  SERVER=$BUILD/02-tcp-time/server
  start_server
  at_terminal client-2 ARGS="--port $port --delay 100"
  ends_silently client-2 '^sleeping'
  at_terminal lesson-2
  ends_silently lesson-2 'leave$'
}

@test "when make is ended, the server ends" {
  port=$(free_port) # else another program may have it when the server has ended
  start verb "${typed[@]}" server-2 ARGS="--port $port"
  wait_for_line verb.out '^listening on '
  stop verb TERM
  wait_until nobody_listens
}

nobody_listens() {
  ! "$BUILD/02-tcp-time/client" --port "$port" >/dev/null 2>&1
}

# ---- a port in use ----

# finds_port_taken LESSON ARGUMENT...: its server can't have the port.
finds_port_taken() {
  verb "server-$1" ARGS="--port $port ${*:2}"
  assert_equal "$status" 1
  assert_equal "${stderr_lines[0]}" "server: bind 127.0.0.1:$port: Address already in use"
  assert_equal "${stderr_lines[-1]}" "To take another port: make server-$1 ARGS=\"--port 0\""
}

@test "a port in use: which process has it, and how to take another one" {
  type -P ss >/dev/null || skip "this machine has no ss"
  wanted_port=$(free_port) SERVER=$BUILD/01-udp-echo/server start_server_as server_udp
  # A server that has the same port for TCP is in nobody's way.
  wanted_port=$port SERVER=$BUILD/02-tcp-time/server start_server_as server_tcp --host 0.0.0.0
  finds_port_taken 1
  assert_equal "${stderr_lines[1]}" "Port $port is taken by: server (process ${pid_of[server_udp]})."
  finds_port_taken 9 --type udp
  assert_equal "${stderr_lines[1]}" "Port $port is taken by: server (process ${pid_of[server_udp]})."
  finds_port_taken 2
  assert_equal "${stderr_lines[1]}" "Port $port is taken by: server (process ${pid_of[server_tcp]})."
}

@test "a port in use, and the system does not tell by whom: nothing is said about it" {
  mkdir bin
  ln -s "$(type -P false)" bin/ss
  SERVER=$BUILD/02-tcp-time/server
  start_server
  PATH=$PWD/bin:$PATH finds_port_taken 2
  assert_equal "${#stderr_lines[@]}" 2
}

@test "another failure of a server: its own line alone" {
  verb server-2 ARGS='--port 0 --host 192.0.2.1'
  assert_fails 1
  assert_regex "$stderr" '^server: bind 192.0.2.1:0: Cannot assign requested address$'
}

@test "without OpenSSL: the lessons that need it are named, and the others are built" {
  mkdir bin
  ln -s "$(type -P false)" bin/pkg-config
  PATH=$PWD/bin:$PATH verb -s programs
  assert_succeeds
  assert_equal "${#stderr_lines[@]}" 1
  assert_regex "$stderr" '^not built: 10-remote-shell.*; lessons 10 to 12 need OpenSSL; run: scripts/setup$'
  PATH=$PWD/bin:$PATH run_bounded make -C "$ROOT" -n BUILD="$PWD/built" V=1 programs
  assert_line --partial 'lessons/09-socketserver-mixins/server.c'
  refute_line --partial 'lessons/10-remote-shell/server.c'
  local name
  for name in lesson server client; do
    PATH=$PWD/bin:$PATH verb "$name-10"
    assert_fails 1
    assert_equal "$stderr" "libcrypto, OpenSSL's library, is not installed; run: scripts/setup"
  done
  PATH=$PWD/bin:$PATH verb server-9 ARGS=--help
  assert_succeeds
}
