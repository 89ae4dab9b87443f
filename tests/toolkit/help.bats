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
    assert_line --regexp "^  make (.*, )?${verb/\%/N}(, .*[^ ])?  +[^ ]"
  done < <(sed -n 's/^\([a-z-]*%\{0,1\}\):.*##.*/\1/p' Makefile)
  assert_line --regexp '^  make lesson-N  +the guided tour of lesson N$'
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
  assert_line '   1  the first, tour: 1 of 2 right'
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

# goes_on_with VERB: the last line is about it.
goes_on_with() {
  run scripts/help
  assert_regex "${lines[-1]}" ": make $1\$"
}

@test "the last line says where to begin, or where to go on" {
  goes_on_with lesson-1
  mkdir -p state/twelve-sockets work
  touch state/twelve-sockets/01-one.tour
  goes_on_with lesson-2
  echo '/* EXERCISE 1: x */' >lessons/01-one/server.c
  goes_on_with start-1
  mkdir work/01-one
  goes_on_with check-1
  printf 'passed\t0\ta\nwaits\t0\tb\n' >work/01-one/.check
  goes_on_with check-1
  printf 'passed\t0\ta\n' >work/01-one/.check
  goes_on_with lesson-2
  touch state/twelve-sockets/02-two.tour
  run scripts/help
  assert_equal "${lines[-1]}" 'You are at lesson 2.'
}

@test "twelve lessons, all begun: it fits on 24 rows and 80 columns, with the prompt" {
  local number row
  rm -r lessons/*
  mkdir -p state/twelve-sockets
  for number in {01..12}; do
    mkdir -p "lessons/$number-a-lesson" "work/$number-a-lesson"
    echo "# Lesson $number: asyncore, the loop calls you" >"lessons/$number-a-lesson/README.md"
    printf 'question %s predicted 1 happened 1\n' {1..10} >"state/twelve-sockets/$number-a-lesson.tour"
    printf 'passed\t0\t%s\n' {1..30} >"work/$number-a-lesson/.check"
  done
  run scripts/help
  assert_success
  assert_line '  12  asyncore, the loop calls you, tour: 10 of 10 right, checks: 30 of 30'
  (($(wc -l <<<"$output") <= 23))
  for row in "${lines[@]}"; do
    ((${#row} < 80)) || fail "too wide: $row"
  done
  TERM=xterm NO_COLOR=1 run timeout 10 script -qec 'stty cols 80 rows 24; scripts/help' /dev/null
  (($(wc -l <<<"$output") <= 23))
}
