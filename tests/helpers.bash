# helpers.bash - what every scenario stands on: it starts programs, waits for what they say,
# ends them, and keeps a record that is printed when a scenario fails.
#
#   load helpers            at the top of tests/NN-name.bats; toolkit/*.bats: load ../helpers
#
# It loads what all scenarios need. The words in which a scenario is written are
#
#   start_server [OPTION]..., start_client NAME ..., start_peer NAME ..., start NAME COMMAND...
#   run_client ..., peer ACTION..., swarm ..., run_bounded COMMAND...      tests/lib/programs.bash
#   tell, end_input, stop, freeze, thaw, wait_for_end, wait_for_status, wait_until
#                                                                   scripts/lib/processes.bash
#   wait_for_line FILE PATTERN [COUNT]                                    tests/lib/waiting.bash
#   assert_succeeds, assert_fails, assert_count, assert_printed        tests/lib/assertions.bash
#   assert_idle, assert_descriptors, stall, has_tcp_sockets ...         tests/lib/measuring.bash
#
# Which programs are tested: those of the lesson that the file is named after, under BUILD
# (default: build). With SUBMISSION=dir, the server and the client in that directory take
# their place, each only in the scenarios whose name starts with it ("server: ...",
# "client: ..."); the other side of the connection is the lesson's own program.
#
# With CHAOS=MODE, the server and the client run with tests/tools/chaos.c preloaded, which says
# at its top which modes there are; what tests them does not.
#
# A scenario never sleeps in order to wait: it waits for a line (wait_for_line) or a state
# (wait_until), with a time-out. Every command in the foreground is bounded by timeout(1).

# shellcheck disable=SC2034 # lines and stderr_lines are for bats-assert and for the scenarios
bats_require_minimum_version 1.5.0
# Where bats keeps its libraries differs from system to system. Their load.bash starts a process for each
# file of theirs, at each scenario: that is half of what a short one costs. So the files are taken themselves.
IFS=: read -ra places <<<"${BATS_LIB_PATH:-}"
places+=({/usr/lib,/usr/share,/usr/local/lib,/opt/homebrew/lib,/home/linuxbrew/.linuxbrew/lib}{/bats,})
for library in bats-support bats-assert; do
  for place in "${places[@]}"; do
    [[ ! -d $place/$library/src ]] || break
  done
  if [[ ! -d $place/$library/src ]]; then
    echo "$library is not installed; run: scripts/setup test" >&2
    exit 2
  fi
  for file in "$place/$library/src"/*.bash; do
    # shellcheck source=/dev/null
    . "$file"
  done
done
unset -v library place places file

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$ROOT/scripts/lib/processes.bash"
. "$ROOT/scripts/lib/escape.bash"
. "$ROOT/tests/lib/tags.bash"
. "$ROOT/tests/lib/failure.bash"
. "$ROOT/tests/lib/submission.bash"
. "$ROOT/tests/lib/programs.bash"
. "$ROOT/tests/lib/waiting.bash"
. "$ROOT/tests/lib/assertions.bash"
. "$ROOT/tests/lib/measuring.bash"
# script(1) runs this shell. Where SHELL is not set it runs sh, and dash does not hand on the
# functions in the environment, without which a bats in a bats does not start.
SHELL=$(type -P bash)
export SHELL
BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
LESSON=$(basename "$BATS_TEST_FILENAME" .bats)

# ---- before and after each file and each scenario ----

setup_file() {
  [[ ! -v SUBMISSION ]] || build_submission
}

setup() {
  host=127.0.0.1
  steps=() facts=() suspects=()
  result=skipped # what a scenario is that skips itself
  read_tags "$BATS_TEST_FILENAME" "$BATS_TEST_DESCRIPTION"
  wait_for_needs
  exec </dev/null
  cd "$BATS_TEST_TMPDIR" || return
  choose_programs
}

teardown() {
  local name failed=0
  if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
    failed=1
    examine_all
  fi
  for name in "${started[@]}"; do
    end_program "$name" || failed=1
  done
  if ((failed == 0)); then
    [[ -n ${BATS_TEST_SKIPPED:-} ]] || result=passed
  else
    result=failed
    note_failure "$BATS_TEST_DESCRIPTION"
    ((${#facts[@]} > 0)) || examine_all
    print_record | escape_lines
  fi
  write_result "$result"
  return "$failed"
}

need_ipv6() {
  grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null || skip "this machine has no IPv6 loopback"
}
