#!/usr/bin/env bats
# make help: every verb, every lesson, and how far one is.

load ../helpers

setup() {
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
  unset BUILD
  # A copy, so that nothing else that runs can change it.
  cp -R "$ROOT/Makefile" "$ROOT/scripts" "$BATS_TEST_TMPDIR/"
  mkdir -p "$BATS_TEST_TMPDIR/lessons/01-one" "$BATS_TEST_TMPDIR/lessons/02-two"
  cd "$BATS_TEST_TMPDIR" || return
  printf '# Lesson 1: the first\n' >lessons/01-one/README.md
}

@test "every verb of the Makefile is listed, with what it does" {
  local verb
  run scripts/help
  assert_success
  while IFS= read -r verb; do
    assert_line --regexp "^  make ${verb/\%/N} +[^ ]"
  done < <(sed -n 's/^\([a-z-]*%\{0,1\}\):.*##.*/\1/p' Makefile)
  assert_line --regexp '^  make lesson-N +the guided tour of lesson N$'
}

@test "every lesson is listed, by the title of its README or by its name" {
  run scripts/help
  assert_line '   1  the first'
  assert_line '   2  two'
}

@test "a tour that was done, and how many predictions were right" {
  mkdir -p state/twelve-sockets
  cat >state/twelve-sockets/01-one.tour <<'TOUR'
question 1 predicted 2 happened 2
question 2 predicted nothing happened 1
question 3 predicted 1 happened 3
finished 2026-01-01
TOUR
  printf 'finished 2026-01-01\n' >state/twelve-sockets/02-two.tour
  run scripts/help
  assert_line '   1  the first, tour done, predictions right: 1 of 2'
  assert_line '   2  two, tour done'
}

@test "piped: no escapes, also with colours on the terminal" {
  TERM=xterm run scripts/help
  refute_output --partial $'\e'
  TERM=xterm run timeout 10 script -qec scripts/help /dev/null
  assert_output --partial $'\e'
  NO_COLOR=1 TERM=xterm run timeout 10 script -qec scripts/help /dev/null
  refute_output --partial $'\e'
}

@test "a narrow terminal: no row is wider" {
  local row
  NO_COLOR=1 run timeout 10 script -qec 'stty cols 40; scripts/help' /dev/null
  assert_success
  for row in "${lines[@]}"; do
    row=${row%$'\r'}
    ((${#row} < 40)) || fail "too wide: $row"
  done
}
