#!/usr/bin/env bats
# Every lesson on another processor, one whose threads need larger stacks than x86-64's: built for
# aarch64, and run by qemu.

load ../helpers

setup_file() {
  local need program wrapped
  for need in aarch64-linux-gnu-gcc qemu-aarch64; do
    type -P "$need" >/dev/null || skip "there is no $need"
  done
  cd "$BATS_FILE_TMPDIR" || return
  make -s -C "$ROOT" programs CC=aarch64-linux-gnu-gcc LDFLAGS=-static BUILD="$PWD/built" 2>messages
  # glibc warns of every static program that looks up a name.
  if grep -E '(warning|error): ' messages | grep -v 'Using .get[a-z]*. in statically linked applications'; then
    return 1
  fi
  for program in built/[0-9]*/{server,client}; do
    wrapped=wrapped/${program#built/}
    mkdir -p "${wrapped%/*}"
    printf '#!/bin/sh\nexec qemu-aarch64 "%s" "$@"\n' "$PWD/$program" >"$wrapped"
    chmod +x "$wrapped"
  done
}

# works LESSON FILTER...: the scenarios that bats selects by FILTER pass.
works() {
  local lesson=$1
  shift
  run env -u RESULTS -u CHAOS SUBMISSION="$BATS_FILE_TMPDIR/wrapped/$lesson" timeout 120 \
    bats --formatter tap "$@" "$ROOT/tests/$lesson.bats" 3>&-
  assert_success
  assert_line --regexp '^ok '
  refute_line --regexp '# skip'
}

@test "aarch64: a client of every lesson is answered by its server" {
  local directory
  for directory in "$ROOT"/lessons/*/; do
    works "$(basename "$directory")" --filter-tags basic
  done
}

@test "aarch64: lesson 9's server answers in threads" {
  works 09-socketserver-mixins -f 'mixin threading: a slow client delays nobody'
}
