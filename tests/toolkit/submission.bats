#!/usr/bin/env bats
# Which programs a scenario tests: those of the SUBMISSION, made from its own files and common/.

load ../helpers

# scenario LESSON DIRECTORY [NAME]: runs scenarios of the lesson's server on the submission there.
scenario() {
  run env -u RESULTS -u CHAOS SUBMISSION="$2" timeout 60 bats --formatter tap \
    -f "^server: ${3:-}" "$ROOT/tests/$1.bats" 3>&-
}

# refuses LESSON DIRECTORY LINE: the one line that says why nothing is tested, and no word of make's.
refuses() {
  scenario "$1" "$2"
  assert_failure
  assert_line "# SUBMISSION=$2: $3"
  refute_output --partial 'make:'
}

# starter N FILE...: what a student has not begun, in ./starter; nothing but these files, if any.
starter() {
  local file
  WORK=$PWD/work "$ROOT/scripts/start" "$1" >/dev/null
  mv work/* starter
  shift
  (($# > 0)) || return 0
  for file in starter/*; do
    [[ " $* " == *" ${file#*/} "* ]] || rm "$file"
  done
}

@test "a server that lacks its lesson's other files does not get them from the reference" {
  starter 4 server.c
  refuses 04-tcp-threads starter "server.c does not compile. The compiler says:"
}

@test "a framework with exercises that is missing is not taken from the reference" {
  local n
  for n in 07:asyncore.c 08:asynchat.c 09:base_server.c 11:part.c; do
    starter "${n%:*}"
    rm "starter/${n#*:}"
    refuses "$(basename "$ROOT"/lessons/"${n%:*}"-*)" starter "there is no ${n#*:}, which holds exercises"
    rm -r starter
  done
}

@test "a submission may have spaces in its path" {
  mkdir 'my work'
  cp "$ROOT/lessons/02-tcp-time/"*.c 'my work'
  scenario 02-tcp-time "$PWD/my work" 'the port'
  assert_success
  sed -i '1i #error here' 'my work/server.c'
  scenario 02-tcp-time "$PWD/my work" 'the port'
  assert_failure
  assert_line --partial "# $PWD/my work/server.c:1:2: error: "
}

@test "the command that repeats a scenario can be copied, whatever the path of the submission" {
  mkdir 'my work'
  cp "$ROOT/lessons/02-tcp-time/"*.c 'my work'
  sed -i 's/listening on/lessening on/' 'my work/server.c'
  scenario 02-tcp-time "$PWD/my work" 'the port'
  assert_line --partial "-- repeat it: SUBMISSION=${PWD// /\\ }/my\\ work bats -f"
}

@test "what a submission does not have is not tested on the reference" {
  mkdir half
  cp "$ROOT/lessons/02-tcp-time/server.c" half
  run env -u RESULTS -u CHAOS SUBMISSION=half timeout 60 bats --formatter tap -f '^client: connects|^lookup: --bytes|^log: ' \
    "$ROOT/tests/02-tcp-time.bats" 3>&-
  assert_success
  ! grep '^ok ' <<<"$output" | grep -v '# skip ' || fail "something was tested: $output"
  assert_output --partial '# skip there is no client in SUBMISSION'
  assert_output --partial "# skip about the lesson's own programs"
}

@test "no directory, or nothing in it: one line" {
  refuses 02-tcp-time nowhere "there is no such directory"
  refuses 02-tcp-time '' "there is no such directory"
  mkdir empty
  refuses 02-tcp-time empty "there is no server.c, client.c, server or client"
}
