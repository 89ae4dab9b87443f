#!/usr/bin/env bats
# What is printed when a scenario fails: facts, mistakes, where to read, how to repeat it; and that
# a scenario waits for those it needs. The scenarios that fail here are written on the spot.

load ../helpers

# house: a small copy of the tests, with lesson 1's programs, in which scenarios may fail.
house() {
  house=$BATS_TEST_TMPDIR/house
  mkdir -p "$house/tests" "$house/scripts" "$house/lessons/01-udp-echo" "$house/build"
  cp -r "$ROOT/tests/lib" "$ROOT/tests/helpers.bash" "$house/tests"
  cp -r "$ROOT/scripts/lib" "$house/scripts"
  cp "$ROOT/lessons/01-udp-echo/README.md" "$house/lessons/01-udp-echo"
  cp -r "$BUILD/01-udp-echo" "$BUILD/tools" "$house/build"
  # bats would take a line that begins with @test, here too, for the beginning of a test.
  { echo 'load helpers' && sed 's/^@@test/@test/; s/^# tags: /# bats test_tags=/'; } \
    >"$house/tests/01-udp-echo.bats"
}

# fails_in_house [VARIABLE=VALUE]...: runs the scenarios there; at least one must fail.
fails_in_house() {
  run env -u BUILD "$@" timeout 60 bats --formatter tap "$house/tests/01-udp-echo.bats"
  assert_failure
}

# program NAME: a program of the house, from stdin.
program() {
  cat >"$house/build/01-udp-echo/$1"
  chmod +x "$house/build/01-udp-echo/$1"
}

@test "a mark stands under the first character that differs" {
  house <<'TESTS'
@@test "client: a" {
  assert_same 'abXd\n' 'abcd\n'
}
TESTS
  fails_in_house
  assert_line '#   expected: abcd\n'
  assert_line '#   received: abXd\n'
  assert_line '#               ^'
}

@test "what a program prints is shown with escapes, and its UTF-8 as it is" {
  house <<'TESTS'
@@test "client: a" {
  assert_same "$(printf 'caf\303\251\t\033[31mred\r')" $'caf\u00e9\tred'
}
@@test "client: b" {
  assert_equal "$(printf '\033c\302\233' && sed -n 2p /dev/null)" none
}
@@test "server: c" {
  start server bash -c 'printf "listening on \033]0;title\a\n\177\b \303\251\n"; sleep 60'
  wait_for_line server.out listening
  run_bounded printf '\033[2J'
  false
}
TESTS
  fails_in_house LC_ALL=C.UTF-8
  assert_line '#   received: café'$'\t''\x1b[31mred\r'
  assert_line '#                  ^'
  assert_line '# actual   : \x1bc\xc2\x9b'
  assert_line '#   | listening on \x1b]0;title\x07'
  assert_line '#   | \x7f\x08 é'
  assert_line --partial 'stdout: \x1b[2J'
  refute_output --regexp $'[\e\r\a\b\x7f]'
}

@test "it tells what was done, what was said, where to read, and how to repeat it" {
  house <<'TESTS'
@@test "server: (answers) in a hurry" {
  start_server
  peer --udp send:Hello 'expect:echo:Jello'
}
TESTS
  fails_in_house CHAOS=
  assert_line '# 1. started server: build/01-udp-echo/server --port 0'
  assert_line --regexp '^# 2\. ran build/tools/peer .* --udp send:Hello expect:echo:Jello$'
  assert_line --regexp '^#   \| datagram from 127.0.0.1:[0-9]+, 5 bytes$'
  assert_line '# -- read: lessons/01-udp-echo/README.md'
  assert_line "# -- repeat it: bats -f 'server: \\(answers\\) in a hurry' tests/01-udp-echo.bats"
}

@test "a mistake is explained as the lesson's README does it" {
  house <<'TESTS'
# tags: mistake:stale-bytes,points:3
@@test "client: a" {
  false
}
TESTS
  fails_in_house
  assert_line --regexp '^# stale-bytes: The buffer still holds what came before\.'
}

@test "a server that says nothing: for what its partner has waited" {
  mkdir silent
  printf '#!/bin/sh\nexec "%s" --listen --host 127.0.0.1 --port 0 --timeout 60 hold\n' "$PEER" >silent/server
  chmod +x silent/server
  run env -u CHAOS SUBMISSION=silent timeout 60 bats --formatter tap -f 'GET /time is answered' \
    "$ROOT/tests/08-asynchat-http.bats"
  assert_failure
  assert_line --regexp '^# what came back is not what should come: at eof: nothing more happened within [0-9]+ s$'
}

@test "a program that does not end: what it said" {
  house <<'TESTS'
@@test "client: a" {
  RUN_LIMIT=3 run_bounded "$PEER" --listen --port 0 accept
}
TESTS
  fails_in_house
  assert_line '# peer did not end within 3 s. It said: peer: at accept: stopped by a signal'
}

@test "a port with its two bytes swapped is seen" {
  local wanted swapped
  swapped=$(free_port)
  wanted=$((swapped % 256 * 256 + swapped / 256))
  house <<TESTS
@@test "server: a" {
  port_of[server]=$wanted
  start server "\$PEER" --listen --udp --port $swapped accept hold
  wait_for_line server.out '^listening'
  false
}
TESTS
  fails_in_house
  assert_line "# server has the port $swapped, not $wanted: the bytes of the port are swapped"
  assert_line --regexp '^# no-htons: '
}

@test "where a program waits, and which sockets it has not closed" {
  house <<'TESTS'
@@test "server: a" {
  wanted_port=0
  start server "$PEER" --listen --port 0 accept wait
  wait_for_line server.out '^listening'
  port=$(sed -n '1s/.*://p' server.out)
  peer close
  wait_until has_tcp_sockets 08 1
  start_server_as server2
  wait_until is_in_state server2 S
  false
}
TESTS
  fails_in_house
  assert_line --regexp '^# server has open: .*1 socket\(s\) in CLOSE_WAIT'
  refute_line --partial 'server2 has open'
  if [[ -n $(tr -d 0 <"/proc/$$/wchan") ]]; then
    assert_line '# server2 now waits in recv or recvfrom'
  fi
}

@test "the signal that ended a server is named in words" {
  house <<'TESTS'
@@test "server: a" {
  start server bash -c 'echo listening on 127.0.0.1:1; kill -SEGV $$'
  wait_until has_ended server
}
TESTS
  fails_in_house
  assert_line '# server ended by itself, with exit status 139 (SIGSEGV: it used memory that is not its own)'
}

@test "zombies are counted" {
  house <<'TESTS'
has_zombie() {
  pgrep -P "${pid_of[server]}" -r Z
}
@@test "server: a" {
  start_server
  wait_until has_zombie
  false
}
TESTS
  program server <<'PROGRAM'
#!/usr/bin/env bash
echo listening on 127.0.0.1:1
sleep 0.2 & # a child that nobody waits for
exec sleep 60
PROGRAM
  fails_in_house
  assert_line '# server has 1 zombie(s): children that ended, and that it did not wait for'
}

@test "a scenario waits for the basic ones of its program, and for those it names" {
  house <<'TESTS'
# tags: id:one,basic
@@test "server: one" {
  false
}
@@test "server: two" {
  true
}
# tags: id:three,needs:two-b
@@test "server: three" {
  false
}
# tags: needs:three
@@test "client: four" {
  true
}
@@test "client: five" {
  true
}
TESTS
  fails_in_house RESULTS="$BATS_TEST_TMPDIR/results"
  assert_line --regexp '^not ok 1 server: one'
  assert_line 'ok 2 server: two # skip waits for: server: one'
  assert_line --regexp '^not ok 3 server: three'
  assert_line 'ok 4 client: four # skip waits for: server: three'
  assert_line 'ok 5 client: five'
  assert_equal "$(cut -f 1,4 "$BATS_TEST_TMPDIR/results" | tr '\t\n' '=,')" \
    'failed=server: one,waits=server: two,failed=server: three,waits=client: four,passed=client: five,'
}

@test "who waits for one that waits, waits for the one that failed" {
  house <<'TESTS'
# tags: id:one
@@test "server: one" {
  false
}
# tags: id:two,needs:one
@@test "server: two" {
  true
}
# tags: needs:two
@@test "server: three" {
  true
}
TESTS
  fails_in_house
  assert_line 'ok 3 server: three # skip waits for: server: one'
}

@test "RESULTS gets the points and the tags" {
  house <<'TESTS'
# tags: points:4,exercise:2
@@test "server: \"one\" \\r \$x" {
  true
}
@@test "client: two" {
  false
}
TESTS
  fails_in_house RESULTS="$BATS_TEST_TMPDIR/results"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/results")" \
    $'passed\t4\tpoints:4,exercise:2\tserver: "one" \\r $x\nfailed\t1\t\tclient: two'
}

@test "every mistake that a scenario names stands in its lesson's README" {
  local file lesson mistake
  for file in "$ROOT"/tests/[0-9]*.bats; do
    lesson=$(basename "$file" .bats)
    while IFS= read -r mistake; do
      grep -qF "| \`$mistake\` |" "$ROOT/lessons/$lesson/README.md" || fail "$lesson: $mistake"
    done < <(grep -oE 'mistake:[a-z0-9-]+' "$file" | sed 's/.*://')
  done
}

@test "every mistake has a mutant, and the list of mutants is up to date" {
  local lesson
  for lesson in "$ROOT"/lessons/[0-9]*/; do
    diff <(sed -n 's/^Mistake: //p' "$lesson"mutants/*.patch | sort -u) \
      <(sed -n '/^## Mistakes/,/^## A/s/^| `\([a-z0-9-]*\)`.*/\1/p' "${lesson}README.md" | sort -u)
  done
  (cd "$ROOT" && scripts/mutants --table) | diff <(grep '^|' "$ROOT/tests/MUTANTS.md") -
}
