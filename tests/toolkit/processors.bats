#!/usr/bin/env bats
# Lessons 1 to 9, which need libc alone, on other processors, built for them, and run by qemu: aarch64, whose
# threads need larger stacks than x86-64's, and ARM with 32 bits, where a long and a size_t are shorter.

load ../helpers

# build_for COMPILER QEMU: all programs, in ./built; and in ./wrapped scripts that become them.
build_for() {
  local need program wrapped
  for need in "$1" "$2"; do
    type -P "$need" >/dev/null || skip "there is no $need"
  done
  make -s -C "$ROOT" programs CC="$1" LDFLAGS=-static CRYPTO= FTP= BUILD="$PWD/built" 2>messages
  # glibc warns of every static program that looks up a name.
  if grep -E '(warning|error): ' messages | grep -v 'Using .get[a-z]*. in statically linked applications'; then
    return 1
  fi
  for program in built/[0-9]*/*; do
    [[ $program != *.* ]] || continue
    wrapped=wrapped/${program#built/}
    mkdir -p "${wrapped%/*}"
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$2" "$PWD/$program" >"$wrapped"
    chmod +x "$wrapped"
  done
}

# works LESSON FILTER...: the scenarios that bats selects by FILTER pass with these programs.
works() {
  local lesson=$1
  shift
  run env -u RESULTS -u CHAOS SUBMISSION="$PWD/wrapped/$lesson" timeout 120 \
    bats --formatter tap "$@" "$ROOT/tests/$lesson.bats" 3>&-
  assert_success
  assert_line --regexp '^ok '
  refute_line --regexp '# skip'
}

# A client of each program is answered; and threads have stacks that are large enough.
all_work() {
  local directory
  for directory in "$ROOT"/lessons/0*/; do
    works "$(basename "$directory")" --filter-tags basic
  done
  works 09-socketserver-mixins -f 'mixin threading: a slow client delays nobody'
}

@test "aarch64: a client of each lesson is answered by its server, also by threads" {
  build_for aarch64-linux-gnu-gcc qemu-aarch64
  all_work
}

@test "ARM with 32 bits: the same; and numbers that are too long for it are refused, not cut" {
  build_for arm-linux-gnueabihf-gcc qemu-arm
  all_work

  run_bounded wrapped/02-tcp-time/lookup --bytes 258
  assert_succeeds
  assert_line '258 after htonl, as the network sends it: 00 00 01 02'

  start_peer_server accept line line line 'send:HTTP/1.1 200 OK\r\nContent-Length: 4294967298\r\n\r\nab' close
  run_bounded wrapped/08-asynchat-http/client "http://$host:$port/"
  assert_fails 1
  assert_regex "$stderr" 'sends more than this computer can count'
}
