# submission.bash - which programs a scenario tests: the lesson's own, or those of a SUBMISSION, with
# CHAOS or without.
# shellcheck shell=bash

choose_programs() {
  SERVER=$BUILD/$LESSON/server
  CLIENT=$BUILD/$LESSON/client
  PEER=$BUILD/tools/peer
  SWARM=$BUILD/tools/swarm
  case ${SUBMISSION+$BATS_TEST_DESCRIPTION} in
    '') ;;
    server:*) SERVER=$(submitted_program server) || skip "there is no server in SUBMISSION" ;;
    client:*) CLIENT=$(submitted_program client) || skip "there is no client in SUBMISSION" ;;
    *) skip "about the lesson's own programs, not those of SUBMISSION" ;;
  esac
  if [[ -n ${CHAOS:-} ]]; then
    preload_chaos SERVER
    preload_chaos CLIENT
  fi
}

submitted_program() {
  local program=$BATS_FILE_TMPDIR/submission/$1
  [[ -e $program ]] && echo "$program"
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

# under_chaos MODE: the server and the client of this scenario are struck, also without CHAOS.
under_chaos() {
  if [[ -z ${CHAOS:-} ]]; then
    preload_chaos SERVER
    preload_chaos CLIENT
  fi
  export CHAOS=${CHAOS:+$CHAOS,}$1
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
  local to=$BATS_FILE_TMPDIR/submission program found=
  if [[ ! -d $SUBMISSION ]]; then
    refuse_submission "there is no such directory"
    return 1
  fi
  ln -s "$(cd "$SUBMISSION" && pwd)" "$BATS_FILE_TMPDIR/source" # make can't have a space in a name
  mkdir -p "$to"
  for program in server client; do
    if [[ -e $SUBMISSION/$program.c ]]; then
      need_frameworks && compile_submission "$to/$program" || return 1
    elif [[ -x $SUBMISSION/$program ]]; then
      cp "$SUBMISSION/$program" "$to/"
    else
      continue
    fi
    found=yes
  done
  if [[ -z $found ]]; then
    refuse_submission "there is no server.c, client.c, server or client"
    return 1
  fi
}

refuse_submission() {
  echo "SUBMISSION=$SUBMISSION: $1" >&2
}

# What is missing of the files of common/ that hold exercises is never taken from the reference.
need_frameworks() {
  local file
  [[ -r $ROOT/lessons/$LESSON/framework ]] || return 0
  while read -r file; do
    if [[ ! -r $SUBMISSION/$file ]]; then
      refuse_submission "there is no $file, which holds exercises"
      return 1
    fi
  done <"$ROOT/lessons/$LESSON/framework"
}

# compile_submission PROGRAM: says what the compiler says, of the files of the submission.
compile_submission() {
  local source=$BATS_FILE_TMPDIR/source messages status=0
  messages=$(make -s -C "$ROOT" FROM="$source" TO="${1%/*}" "$1" 2>&1) || status=$?
  messages=${messages//"$source"/"$SUBMISSION"}
  if ((status != 0)); then
    refuse_submission "${1##*/}.c does not compile. The compiler says:"
    grep -v '^make' <<<"$messages" >&2
    return 1
  fi
  [[ -z $messages ]] || echo "$messages" >&2
}
