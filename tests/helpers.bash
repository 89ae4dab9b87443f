# helpers.bash - what every scenario stands on: it starts programs, waits for what they say,
# ends them, and keeps a record that is printed when a scenario fails.
#
#   load helpers            at the top of tests/NN-name.bats; toolkit/*.bats: load ../helpers
#
# tests/lib/tags.bash says what the tags above a scenario mean; tests/lib/failure.bash prints what
# a reader of a failure needs.
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
# Where bats keeps its libraries differs from system to system.
BATS_LIB_PATH=${BATS_LIB_PATH:+$BATS_LIB_PATH:}/usr/lib/bats:/usr/share/bats:/usr/lib:/usr/share
BATS_LIB_PATH+=:/usr/local/lib:/opt/homebrew/lib:/home/linuxbrew/.linuxbrew/lib
for library in bats-support bats-assert; do
  if ! bats_load_library "$library" 2>/dev/null; then
    echo "$library is not installed; run: scripts/setup test" >&2
    exit 2
  fi
done

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$ROOT/tests/lib/tags.bash"
. "$ROOT/tests/lib/failure.bash"
# script(1) runs this shell. Where SHELL is not set it runs sh, and dash does not hand on the
# functions in the environment, without which a bats in a bats does not start.
SHELL=$(type -P bash)
export SHELL
BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
LESSON=$(basename "$BATS_TEST_FILENAME" .bats)

WAIT_LIMIT=10   # seconds: for a line or a state to come
RUN_LIMIT=15    # seconds: for a command in the foreground to end
LEAVE_LIMIT=300 # hundredths of a second: for a program to end after SIGTERM

# ---- before and after each file and each scenario ----

setup_file() {
  [[ -z ${SUBMISSION:-} ]] || build_submission
}

setup() {
  host=127.0.0.1
  started=() # the names of the programs started, and under each name:
  declare -gA pid_of=() port_of=() ended=()
  steps=() facts=() suspects=()
  result=skipped # what a scenario is that skips itself
  read_tags
  wait_for_needs
  exec </dev/null
  exec {nap}<> <(:) # nothing ever comes from here: `nap` waits for it
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
    print_record
  fi
  write_result "$result"
  return "$failed"
}

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

# ---- waiting ----

# nap [SECONDS]: 10 ms, or so long. It stands between two looks at what is waited for, and starts
# no process.
nap() {
  read -rt "${1:-0.01}" -u "$nap" || true
}

# wait_until COMMAND...: until it succeeds; 1 if WAIT_LIMIT seconds pass before.
wait_until() {
  local end=$((SECONDS + WAIT_LIMIT))
  until "$@"; do
    ((SECONDS < end)) || return 1
    nap
  done
}

# count_lines FILE PATTERN: how many lines match the extended regular expression.
count_lines() {
  grep -cE -e "$2" "$1" || true
}

has_lines() {
  (($(count_lines "$1" "$2") >= $3))
}

# Nothing more comes in FILE, if the program that writes it has ended.
has_lines_or_ended() {
  has_lines "$@" || { [[ -n ${pid_of[${1%.*}]:-} ]] && has_ended "${1%.*}"; }
}

# wait_for_line FILE PATTERN [COUNT]: until COUNT (1) lines of FILE match.
wait_for_line() {
  local file=$1 pattern=$2 count=${3:-1}
  record "waited for $count line(s) like /$pattern/ in $file"
  wait_until has_lines_or_ended "$file" "$pattern" "$count" || true
  has_lines "$file" "$pattern" "$count" ||
    fail_because "no such line came in $file within $WAIT_LIMIT s, or before its program ended" \
      "/$pattern/ $count time(s)" "$(tail -n 5 "$file")"
}

# ---- programs in the background ----

# start NAME COMMAND...: its output goes to NAME.out and NAME.err, its process group is its own,
# its id is in ${pid_of[NAME]}. Its stdin stays open; `tell` writes there. It ends with the
# scenario, whatever happens.
start() {
  local name=$1
  shift
  record "started $name: $*"
  local in
  mkfifo "$name.in"
  exec {in}<>"$name.in" # open already here, so that nothing is lost that is told at once
  setsid setpriv --pdeathsig KILL "$@" <&"$in" >"$name.out" 2>"$name.err" 3>&- {in}<&- {nap}<&- &
  exec {in}<&-
  pid_of[$name]=$!
  ended[$name]=
  started+=("$name")
}

# tell NAME TEXT: writes a line to the program's stdin.
tell() {
  record "told $1: $2"
  printf '%s\n' "$2" 1<>"$1.in"
}

# A process that has ended stays a zombie (Z) until bash has noticed, which may take its time.
is_running() {
  local stat
  { read -r stat <"/proc/${pid_of[$1]}/stat"; } 2>/dev/null && [[ ${stat##*) } != Z* ]]
}

has_ended() {
  ! is_running "$1"
}

# wait_for_end NAME: until the program has ended by itself; sets status.
wait_for_end() {
  wait_until has_ended "$1" ||
    fail_because "$1 did not end within $WAIT_LIMIT s" "the end" "it is still running"
  status=0
  wait "${pid_of[$1]}" || status=$?
  ended[$1]=$status
  record "$1 ended with exit status $status"
}

# wait_for_status NAME STATUS: until it has ended by itself, with that exit status.
wait_for_status() {
  wait_for_end "$1"
  ((status == $2)) || fail_because "$1 ended with another exit status. It said: $(tail -n 3 "$1.err")" \
    "exit status $2" "$status"
}

# stop NAME [SIGNAL]: sends the signal (TERM), and waits for the end; sets status.
stop() {
  record "sent SIG${2:-TERM} to $1"
  kill -s "${2:-TERM}" "${pid_of[$1]}"
  wait_for_end "$1"
}

# After a scenario. A server must still be running then, unless the scenario itself ended it:
# whatever ended it otherwise is a defect, even if no assertion has seen it.
end_program() {
  local name=$1 pid=${pid_of[$1]} tries=0 ticks code=0
  [[ -z ${ended[$name]} ]] || return 0
  if [[ $name == server* ]] && has_ended "$name"; then
    wait "$pid" || code=$?
    echo "$name ended by itself, with exit status $code$(name_signal "$code")"
    return 1
  fi
  kill -TERM "$pid" 2>/dev/null || true
  ticks=$(cpu_ticks "$pid" 2>/dev/null || true)
  while is_running "$name" && ((++tries < LEAVE_LIMIT)); do
    nap
  done
  if ((tries == LEAVE_LIMIT)); then
    ticks=$(($(cpu_ticks "$pid") - ticks))
    echo "$name did not end within $((LEAVE_LIMIT / 100)) s after SIGTERM"
    ((ticks < LEAVE_LIMIT / 4)) || facts+=("$name used the CPU all the time: it is in a loop that does not end")
  fi
  kill -KILL -- "-$pid" 2>/dev/null || true # also a child that was left behind
  { wait "$pid"; } 2>/dev/null || code=$?
  if ((tries == LEAVE_LIMIT)); then
    [[ $name != server* ]] # a client may be waiting for what never comes
    return
  fi
  # 143: a submission may leave SIGTERM alone; that it should not is one scenario's matter.
  if [[ $name == server* && $code != 0 && $code != 143 ]]; then
    echo "$name was asked to stop, and its exit status was $code$(name_signal "$code")"
    return 1
  fi
}

# start_server [OPTION]...: on a free port, ready when it returns; sets port. A second one in
# the same scenario is started with `start_server_as server2 ...`.
start_server() {
  start_server_as server "$@"
}

start_server_as() {
  local name=$1
  shift
  port_of[$name]=${wanted_port:-0}
  start "$name" "$SERVER" --port "${port_of[$name]}" "$@"
  wait_until is_listening "$name" ||
    fail_because "$name did not start" "listening on ADDRESS:PORT" "$(cat "$name.out" "$name.err")"
  local line=
  read -r line <"$name.out" || true
  [[ $line =~ ^listening\ on\ .*:[0-9]+$ ]] ||
    fail_because "the first line that $name prints does not say where it listens" "listening on ADDRESS:PORT" \
      "$(cat "$name.out" "$name.err")"
  port=${line##*:}
}

is_listening() {
  local line
  { read -r line <"$1.out"; } 2>/dev/null || has_ended "$1"
}

# start_client NAME [ARGUMENT]... and start_peer NAME ARGUMENT...: to the server.
start_client() {
  local name=$1
  shift
  start "$name" "$CLIENT" --host "$host" --port "$port" "$@"
}

start_peer() {
  local name=$1
  shift
  start "$name" "$PEER" --host "$host" --port "$port" "$@"
}

# start_peer_server ARGUMENT...: a scripted server; sets port.
start_peer_server() {
  start peer "$PEER" --listen --host "$host" --port 0 "$@"
  wait_for_line peer.out '^listening on '
  port=$(sed -n '1s/.*://p' peer.out)
}

# free_port: prints a port on which nobody listens, for a server that can't choose one itself, or will
# need it twice. It is below those that the kernel gives to clients, so that none of them takes it.
free_port() {
  local candidate tries
  for ((tries = 0; tries < 100; tries++)); do
    candidate=$((10240 + RANDOM % 20000))
    if "$PEER" --listen --host "$host" --port "$candidate" say:free >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# ---- programs in the foreground ----

# bounded COMMAND...: ends it after RUN_LIMIT seconds. In the foreground, so that what ends the
# tests, such as Ctrl-C, ends it too.
bounded() {
  timeout --foreground -k 1 "$RUN_LIMIT" "$@"
}

# run_bounded COMMAND...: sets status, output and stderr, and lines and stderr_lines, as bats' run
# does with --separate-stderr, at a fraction of its time. Its stdin is that of the call.
run_bounded() {
  status=0
  bounded "$@" >run.out 2>run.err 3>&- {nap}<&- || status=$?
  output=$(<run.out)
  stderr=$(<run.err)
  mapfile -t lines <run.out
  mapfile -t stderr_lines <run.err
  local shown="$*"
  record "ran ${shown:0:400}"
  record "  exit status $status; stdout: ${output:0:300}; stderr: ${stderr_lines[0]:0:300}"
  if ((status == 124 || status == 137)); then
    fail_because "${1##*/} did not end within $RUN_LIMIT s" "the end" "it was killed"
  fi
}

run_client() {
  run_bounded "$CLIENT" --host "$host" --port "$port" "$@"
}

# peer ARGUMENT...: a script that must come true.
peer() {
  run_bounded "$PEER" --host "$host" --port "$port" "$@"
  local script="$*"
  ((status == 0)) || fail "what came back is not what should come: ${stderr#peer: }
  the script: ${script:0:200}"
}

swarm() {
  run_bounded "$SWARM" --host "$host" --port "$port" "$@"
  ((status == 0)) || fail "not all replies are right: $output"$'\n'"${stderr#swarm: }"
}

# ---- what a failure looks like: one line on stderr, and the exit status ----

assert_succeeds() {
  ((status == 0)) || fail_because "it failed. It said: $stderr" "exit status 0" "$status"
}

assert_fails() {
  ((status == $1)) || fail_because "the exit status is not the right one" "$1" "$status"
  ((${#stderr_lines[@]} == 1)) ||
    fail_because "there is not one line on stderr that says what failed" "one line" "$stderr"
}

# assert_count FILE PATTERN COUNT: exactly so many lines.
assert_count() {
  local count
  count=$(count_lines "$1" "$2")
  ((count == $3)) || fail_because "the number of lines like /$2/ in $1 is not the right one" "$3" "$count"
}

# assert_printed TEXT: what a client or a peer printed on stdout, whole, and nothing else.
assert_printed() {
  [[ $output == "$1" ]] || fail_because "something else was printed on stdout" "$1" "$output"
}

# ---- what a server may say in its own words ----

# Bytes that can't be printed, in the notations that C knows: \x1b, \033 or \e; \x00, \000 or \0.
ESCAPED_ESC='\\(x1[bB]|033|e)'
ESCAPED_NUL='\\(x00|0+)'
ESCAPED_FF='\\(x[fF][fF]|377)'

# has_said NAME COUNT: so many lines, on stdout or stderr.
has_said() {
  (($(cat "$1.out" "$1.err" | wc -l) >= $2))
}

# ---- what a process uses ----

# cpu_ticks PID: hundredths of a second, so far, in user and kernel mode.
cpu_ticks() {
  local fields
  fields=$(<"/proc/$1/stat")
  read -ra fields <<<"${fields##*) }"
  echo $((fields[11] + fields[12]))
}

# assert_idle NAME: it uses no CPU. A process that spins uses 30 ticks in this time, and even
# on a busy machine more than 5; one that waits uses none.
assert_idle() {
  local pid=${pid_of[$1]} before after
  before=$(cpu_ticks "$pid")
  sleep 0.3 # this is what is measured, not a wait
  after=$(cpu_ticks "$pid")
  record "$1 used $((after - before)) ticks of CPU in 0.3 s"
  ((after - before <= 4)) || fail_because "$1 uses the CPU although it has nothing to do" "0 ticks in 0.3 s" \
    "$((after - before)) ticks: it spins"
}

# open_descriptors NAME: how many.
open_descriptors() {
  local open=("/proc/${pid_of[$1]}/fd/"*)
  echo "${#open[@]}"
}

has_descriptors() {
  (($(open_descriptors "$1") == $2))
}

# assert_descriptors NAME COUNT: it has so many open, now or soon.
assert_descriptors() {
  wait_until has_descriptors "$1" "$2" ||
    fail_because "$1 does not close what it has opened" "$2 descriptors" \
      "$(open_descriptors "$1"): $(describe_descriptors "$1")"
}

# resident_memory NAME: in KiB.
resident_memory() {
  awk '/^VmRSS/ { print $2 }' "/proc/${pid_of[$1]}/status"
}

# The next descriptor that NAME opens will be the first one too many, until more_descriptors.
no_more_descriptors() {
  local next=0
  while [[ -e /proc/${pid_of[$1]}/fd/$next ]]; do
    next=$((next + 1))
  done
  record "set the limit of $1 to $next descriptors"
  prlimit --pid "${pid_of[$1]}" --nofile="$next:"
}

more_descriptors() {
  record "set the limit of $1 to 256 descriptors"
  prlimit --pid "${pid_of[$1]}" --nofile=256:
}

need_ipv6() {
  grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null || skip "this machine has no IPv6 loopback"
}

# ---- what the kernel knows of a connection ----

# tcp_sockets STATE: how many TCP sockets to or from `port` are in that state, as
# /proc/net/tcp numbers it: 02 is SYN_SENT, 06 TIME_WAIT.
tcp_sockets() {
  awk -v end=":$(printf '%04X' "$port")" -v state="$1" '
    (index($2, end) == 9 || index($3, end) == 9) && $4 == state { count++ }
    END { print count + 0 }' /proc/net/tcp
}

has_tcp_sockets() {
  (($(tcp_sockets "$1") >= $2))
}

# has_accepted COUNT: the server at `port` has so many connections (IPv4) that came from accept. One
# that waits in the backlog belongs to no program yet, so it has no inode.
has_accepted() {
  awk -v end=":$(printf '%04X' "$port")" -v wanted="$1" '
    index($2, end) == 9 && $4 != "0A" && $10 != 0 { count++ }
    END { exit count < wanted }' /proc/net/tcp
}

# is_in_state NAME LETTER: S is sleeping, T stopped by a signal.
is_in_state() {
  local stat
  stat=$(<"/proc/${pid_of[$1]}/stat")
  [[ ${stat##*) } == "$2"* ]]
}

# stall CLIENT [SERVER]: waits until both sleep, and bytes for the client wait in the server's
# kernel: from now on, nothing happens until the client reads.
stall() {
  wait_until is_stalled "$1" "${2:-server}" ||
    fail "$1 reads nothing, and yet nothing waits for it, or ${2:-server} does not come to rest"
}

is_stalled() {
  local before
  before=$(unsent)
  nap 0.1
  [[ -n $before && $(unsent) == "$before" ]] && is_in_state "$1" S && is_in_state "$2" S
}

# unsent: what waits in the kernel, for each connection of the server at `port` with something.
unsent() {
  awk -v end=":$(printf '%04X' "$port")" 'index($2, end) == 9 && $5 !~ /^00000000:/ { print $3, $5 }' /proc/net/tcp
}

# freeze NAME, thaw NAME: between the two, the program does nothing, but its kernel receives.
freeze() {
  record "stopped $1 for a while (SIGSTOP)"
  kill -STOP "${pid_of[$1]}"
  wait_until is_in_state "$1" T
}

thaw() {
  record "let $1 go on (SIGCONT)"
  kill -CONT "${pid_of[$1]}"
}
