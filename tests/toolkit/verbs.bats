#!/usr/bin/env bats
# The verbs of the Makefile, when something goes wrong: what one reads then.

load ../helpers

# verb ARGUMENT...: make, as one types it in the checkout.
verb() {
  unset MAKEFLAGS MAKELEVEL MFLAGS
  run_bounded make -C "$ROOT" --no-print-directory BUILD="$BUILD" "$@"
}

@test "a verb without a number: an example of that verb, the list of lessons, exit 2" {
  local name
  for name in lesson server client demo start check watch hint solution; do
    for name in "$name" "$name-"; do
      verb "$name"
      assert_equal "$status" 2
      assert_equal "$output" ''
      assert_equal "${stderr_lines[0]}" "Which lesson? For example: make ${name%-}-4. The lessons are:"
      assert_equal "${stderr_lines[1]}" '   1  UDP echo'
    done
  done
}

@test "an option that a lesson's program does not have: the line names --help, exit 2" {
  verb server-2 ARGS=--bogus
  assert_equal "$status" 2
  assert_regex "${stderr_lines[0]}" '^server: --bogus: .*\(see --help\)$'
  verb client-8 ARGS=--bogus
  assert_equal "$status" 2
  assert_regex "${stderr_lines[0]}" '^client: --bogus: .*\(see --help\)$'
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
