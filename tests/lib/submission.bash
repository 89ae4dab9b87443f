# submission.bash - which programs a scenario tests: the lesson's own, or those of a SUBMISSION, with
# CHAOS or without.
# shellcheck shell=bash

choose_programs() {
  SERVER=$BUILD/$LESSON/server
  CLIENT=$BUILD/$LESSON/client
  PEER=$BUILD/tools/peer
  SWARM=$BUILD/tools/swarm
  local submitted=$BATS_FILE_TMPDIR/submission
  case $BATS_TEST_DESCRIPTION in
    server:*) [[ ! -e $submitted/server ]] || SERVER=$submitted/server ;;
    client:*) [[ ! -e $submitted/client ]] || CLIENT=$submitted/client ;;
  esac
  if [[ -n ${CHAOS:-} ]]; then
    preload_chaos SERVER
    preload_chaos CLIENT
  fi
}

# preload_chaos VARIABLE: the program in VARIABLE becomes a script that becomes the program, so
# that the process has the id that it was started with.
preload_chaos() {
  local library=$BUILD/tools/chaos.so script=$PWD/chaos/${!1##*/}
  # If it can't be read, the loader warns, and the program runs without it.
  [[ -r $library ]] || fail_because "CHAOS is a library" "$library" "there is none"
  mkdir -p chaos
  printf '#!/usr/bin/env bash\nLD_PRELOAD=%q exec %q "$@"\n' "$library" "${!1}" >"$script"
  chmod +x "$script"
  printf -v "$1" %s "$script"
}

# not_under MODE...: skips a scenario that can't hold under these modes of CHAOS.
not_under() {
  local mode
  for mode in "$@" all; do
    [[ ,${CHAOS:-}, != *",$mode,"* ]] || skip "not under CHAOS=$mode"
  done
}

# Compiles the submitted server.c and client.c as the Makefile compiles a lesson's, or takes
# the programs if they are there already built.
build_submission() {
  local from to=$BATS_FILE_TMPDIR/submission program found=
  from=$(cd "$SUBMISSION" && pwd)
  mkdir -p "$to"
  for program in server client; do
    if [[ -e $from/$program.c ]]; then
      make -s -C "$ROOT" FROM="$from" TO="$to" "$to/$program"
    elif [[ -x $from/$program ]]; then
      cp "$from/$program" "$to/"
    else
      continue
    fi
    found=yes
  done
  if [[ -z $found ]]; then
    echo "SUBMISSION=$SUBMISSION: there is no server.c, client.c, server or client" >&2
    return 1
  fi
}
