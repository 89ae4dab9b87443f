#!/usr/bin/env bats
# make demo-N, in a tmux of its own: the terminal is a pane of an outer tmux.

load ../helpers

setup() {
  export TMUX_TMPDIR=$BATS_TEST_TMPDIR SHELL=/bin/sh PS1='$ '
  unset TMUX BUILD
  house=$BATS_TEST_TMPDIR/house
  mkdir -p "$house/lessons/90-demo" "$house/build/90-demo"
  cp -R "$ROOT/Makefile" "$ROOT/scripts" "$ROOT/common" "$house/"
  cat >"$house/lessons/90-demo/lesson.sh" <<'LESSON'
# demo: client --delay 10
# demo: client
# demo: lookup localhost
LESSON
  cat >"$house/build/90-demo/server" <<'PROGRAM'
#!/usr/bin/env bash
echo $$ >server.id
echo 'listening on 127.0.0.1:4242'
while read -r _; do :; done
PROGRAM
  printf '#!/bin/sh\necho "this is the client: $*"\n' >"$house/build/90-demo/client"
  chmod +x "$house"/build/90-demo/*
  cd "$house" || return
}

teardown() {
  outer_tmux kill-server 2>/dev/null || true
  inner_tmux kill-server 2>/dev/null || true
}

outer_tmux() {
  tmux -L outer -f /dev/null "$@"
}

inner_tmux() {
  tmux -L default "$@"
}

# in_terminal COMMAND: runs it in a new terminal, outside of any tmux as far as it can see.
in_terminal() {
  outer_tmux new-session -d -x "${columns:-110}" -y "${rows:-30}" -s "${2:-terminal}" \
    "cd '$house'; unset TMUX; $1; echo \"left with \$?\"; exec cat"
}

# wait_for_text TEXT [SESSION]: until the terminal shows it.
wait_for_text() {
  WAIT_LIMIT=20 wait_until shows "$@" || fail "the terminal does not show: $1, but: $(outer_tmux capture-pane -p -t "${2:-terminal}")"
}

shows() {
  outer_tmux capture-pane -p -t "${2:-terminal}" | grep -qF -- "$1"
}

@test "the server runs; each client is typed, and starts on Enter" {
  in_terminal 'make demo-90'
  wait_for_text 'listening on 127.0.0.1:4242'
  wait_for_text 'make client-90 ARGS="--delay 10"'
  wait_for_text 'build/90-demo/lookup localhost'
  wait_for_text 'end the demo'
  run outer_tmux capture-pane -p -t terminal
  refute_output --partial 'this is the client'
  assert_output --partial ' server '
  assert_output --regexp ' client 1 .* client 2 .* lookup 3 ' # "next pane" is the next one
  outer_tmux send-keys -t terminal Enter
  wait_for_text 'this is the client: --delay 10'
  run inner_tmux show-environment -g
  refute_output --partial MAKE # the shells are no part of the make that has started tmux
}

@test "on a terminal of 80x24, what a client prints fits below its command" {
  columns=80 rows=24 in_terminal 'make demo-90'
  wait_for_text '90-demo/lookup loc'
  local height
  while read -r height; do
    ((height >= 8)) || fail "a pane has $height rows"
  done < <(inner_tmux list-panes -t twelve-sockets-90 -F '#{pane_height}')
  outer_tmux send-keys -t terminal Enter
  wait_for_text 'this is the client: --del'
}

@test "a second make demo-N attaches to the one that runs" {
  in_terminal 'scripts/demo 90'
  wait_for_text 'listening on'
  wait_for_text 'lookup localhost'
  in_terminal 'scripts/demo 90' second
  wait_for_text 'listening on' second
  run inner_tmux list-sessions -F '#{session_name}'
  assert_output twelve-sockets-90
}

@test "inside tmux, the client is switched to the demo" {
  outer_tmux new-session -d -x 100 -y 30 -s terminal "unset TMUX; tmux -L default -f /dev/null new-session -s mine"
  wait_for_text '[mine]'
  outer_tmux send-keys -t terminal "cd '$house' && scripts/demo 90" Enter
  wait_for_text 'listening on 127.0.0.1:4242'
  run inner_tmux list-clients -F '#{session_name}'
  assert_output twelve-sockets-90
}

@test "closing the session ends the server" {
  local id
  in_terminal 'scripts/demo 90'
  wait_for_text 'listening on'
  wait_for_text 'lookup localhost'
  id=$(cat server.id)
  assert kill -0 "$id"
  inner_tmux kill-session -t twelve-sockets-90
  wait_until test ! -e "/proc/$id"
}

@test "without a terminal: one line, exit 2" {
  run scripts/demo 90 </dev/null
  assert_failure 2
  assert_output 'demo-90 shows programs side by side, so it needs a terminal'
}

@test "without tmux: the command that installs it, exit 2" {
  local bin=$BATS_TEST_TMPDIR/bin command
  mkdir "$bin"
  for command in bash sh dirname basename cat sed stty env make; do
    ln -s "$(command -v "$command")" "$bin/"
  done
  run timeout 10 script -qec "PATH=$bin scripts/demo 90" /dev/null
  assert_failure 2
  assert_output --partial 'tmux is not installed; run: scripts/setup demo'
}

@test "an unknown lesson: the list of lessons, exit 2" {
  run scripts/demo 99
  assert_failure 2
  assert_line 'There is no lesson 99. The lessons are:'
}
