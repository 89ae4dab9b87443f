#!/usr/bin/env bats
# Lesson 10: a remote shell: who may run commands, what becomes of them, and what crosses the wire.

load helpers
load lib/clients

# start_shell [OPTION]...: a server whose token is in ./token.
start_shell() {
  start_server --token "$PWD/token" "$@"
}

# remote ARGUMENT...: the client, to its end.
remote() {
  run_client --token "$PWD/token" "$@"
}

# start_remote NAME ARGUMENT...: the client, in the background.
start_remote() {
  start_client "$1" --token "$PWD/token" "${@:2}"
}

still_serves() {
  remote -- 'echo still here'
  assert_succeeds
  assert_printed 'still here'
}

# ---- processes that a command starts: each scenario knows its own by how long they sleep ----

# Sets `nap_time` to a number of seconds that no other scenario sleeps for.
choose_nap() {
  nap_time=9$BASHPID
}

napping() {
  pgrep -f "^sleep $nap_time\$" >napping.out
}

has_napping() {
  (($(pgrep -c -f "^sleep $nap_time\$") >= $1))
}

none_napping() {
  ! napping
}

# all_gone WHY: none of the processes that the command has started is left, or soon will be.
all_gone() {
  wait_until none_napping && return
  local left
  left=$(ps -o pid=,stat=,args= -p "$(paste -sd , napping.out)")
  pkill -KILL -f "^sleep $nap_time\$" || true # no process outlives a scenario
  fail_because "the command is still there, though $1" "no process" "$left"
}

# ---- frames, as peer and bash write them ----

# frame TYPE [TEXT]: with a text in ASCII.
frame() {
  local text=${2:-}
  printf '%s\\x%02x\\x%02x\\x%02x\\x%02x%s' "$1" $((${#text} >> 24 & 255)) $((${#text} >> 16 & 255)) \
    $((${#text} >> 8 & 255)) $((${#text} & 255)) "$text"
}

# exit_frame STATUS: two hexadecimal digits.
exit_frame() {
  printf '%s\\x%s' 'x\x00\x00\x00\x01' "$1"
}

# answer_to CHALLENGE: the client's frame, in escapes, when a server sends this frame. So whoever stands
# between the two can have each challenge answered.
answer_to() {
  local port
  start_peer_server accept "send:$1" recv:37 close
  "$BUILD/$LESSON/client" --token "$PWD/token" --port "$port" -- true >/dev/null 2>&1 || true
  wait_for_end peer
  tail -n 1 peer.out
}

# take COUNT: so many bytes from the connection `raw`, in hexadecimal digits.
take() {
  timeout 10 head -c "$1" <&"$raw" | od -An -v -tx1 | tr -d ' \n'
}

# put ESCAPES: sends bytes on the connection `raw`.
put() {
  # shellcheck disable=SC2059 # it has the escapes
  printf '%b' "$1" >&"$raw"
}

# open_raw: a connection on the descriptor `raw`, whose every byte the scenario sends itself; sets
# `challenge`, the frame that came.
open_raw() {
  record "opened a connection, and proved the token"
  exec {raw}<>"/dev/tcp/$host/$port"
  challenge=$(take 37 | sed 's/../\\x&/g')
}

# open_proved: the same; and it has proved the token.
open_proved() {
  open_raw
  proof=$(answer_to "$challenge")
  put "$proof"
  assert_same "$(take 5)" 6b00000000
}

# raw_is_closed REASON: the server says why, and closes; and it logs that.
raw_is_closed() {
  timeout 10 cat <&"$raw" >raw.out || fail "the server did not close the connection"
  exec {raw}<&-
  grep -aq "$1" raw.out || fail_because "the server does not say why it closes" "$1" "$(cat -v raw.out)"
  wait_for_line server.out "refused: .*$1"
}

# ---- the server: it runs commands ----

# bats test_tags=id:listens,basic
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_shell
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:challenges,needs:listens,points:3,exercise:2,exercise:1,mistake:same-challenge
@test "server: each connection gets another challenge, also after a restart" {
  start_shell
  peer recv:37 rst
  local first=$output
  peer recv:37 rst
  local second=$output
  stop server
  start_shell
  peer recv:37 rst
  readarray -t challenges < <(printf '%s\n' "$first" "$second" "$output" | grep '^h\\x00\\x00\\x00 ')
  assert_same "${#challenges[@]}" 3
  assert_same "$(printf '%s\n' "${challenges[@]}" | sort -u | wc -l)" 3
}

# bats test_tags=id:refuses,needs:challenges,points:3,exercise:1,exercise:3,exercise:2,mistake:empty-answer
@test "server: a wrong answer is not accepted, nor one of another length: there is another challenge" {
  start_shell
  peer recv:37 "send:$(frame a "$(printf '%032d' 0)")" recv:37 "send:$(frame a)" recv:37 rst
  readarray -t challenges < <(grep -E '^h' <<<"$output")
  ((${#challenges[@]} == 3)) || fail_because "a wrong answer was not followed by another challenge" \
    "3 frames h" "$output"
  assert_same "$(printf '%s\n' "${challenges[@]}" | sort -u | wc -l)" 3
}

# bats test_tags=id:accepts,needs:refuses,points:3,exercise:3,exercise:2
@test "server: the right answer to the challenge is accepted" {
  start_shell
  open_proved
}

# bats test_tags=id:runs,basic,needs:accepts,points:5,exercise:4,exercise:5
@test "server: runs a command for a client that knows the token" {
  start_shell
  remote -- echo hello world
  assert_succeeds
  assert_printed 'hello world'
}

# bats test_tags=needs:runs,points:3,mistake:stderr-lost,exercise:5
@test "server: stdout and stderr stay apart, and each keeps its order" {
  start_shell
  remote -- 'for n in 1 2 3 4 5 6 7 8 9; do echo "out $n"; echo "err $n" >&2; done'
  assert_succeeds
  assert_printed "$(printf 'out %d\n' {1..9})"
  assert_same "$stderr" "$(printf 'err %d\n' {1..9})"
}

# bats test_tags=needs:runs,points:3,exercise:5,mistake:no-exit-frame
@test "server: a command that prints nothing returns" {
  start_shell
  remote -- true
  assert_succeeds
  assert_printed ''
}

# bats test_tags=needs:runs,points:3,mistake:status-lost
@test "server: the exit status is the command's; 128 and more for a signal" {
  start_shell
  local wanted
  for wanted in 0 1 3 255; do
    remote -- "exit $wanted"
    assert_same "$status" "$wanted"
  done
  remote -- 'kill -TERM $$'
  assert_same "$status" 143
  remote -- nosuchcommand
  assert_same "$status" 127
  assert_regex "$stderr" 'nosuchcommand.*not found'
}

# bats test_tags=needs:runs,points:3,exercise:5
@test "server: any bytes survive, NUL and 0xff too; a megabyte comes whole" {
  not_under short-recv short-send # a megabyte, a byte at a time
  start_shell
  head -c 1000000 /dev/urandom >wanted
  remote -- "cat '$PWD/wanted'"
  assert_succeeds
  cmp run.out wanted
}

# bats test_tags=id:input,needs:runs,points:3,exercise:4
@test "server: the client's stdin is the command's, with its end; any bytes" {
  not_under short-recv short-send # a megabyte, a byte at a time
  start_shell
  head -c 1000000 /dev/urandom >wanted
  run_bounded "$CLIENT" --port "$port" --token "$PWD/token" -- cat <wanted
  assert_succeeds
  cmp run.out wanted
}

# bats test_tags=needs:input
@test "server: a command that does not read its input ends all the same, and the next one runs" {
  start_shell
  yes | run_bounded "$CLIENT" --port "$port" --token "$PWD/token" -- 'echo done'
  yes | run_bounded "$CLIENT" --port "$port" --token "$PWD/token" -- 'exec <&-; echo done; sleep 0.2'
  still_serves
}

# bats test_tags=needs:runs,points:3,mistake:cd-forgotten
@test "server: cd lasts for the session, and only for this one; variables do not" {
  start_shell
  mkdir -p 'a directory' $'with\nnewline'
  remote <<<"cd '$PWD/a directory'"$'\npwd\ncd nosuch\npwd\nx=1; cd / && cd tmp\npwd; echo "x=$x"\n'
  assert_printed "$PWD/a directory"$'\n'"$PWD/a directory"$'\n/tmp\nx='
  assert_regex "$stderr" "can't cd to nosuch"
  remote <<<"cd '$PWD/with"$'*\npwd\n'
  remote -- pwd
  refute_output --partial 'a directory'
}

# bats test_tags=needs:runs
@test "server: a directory that is gone: the command runs elsewhere, and is told so" {
  start_shell
  mkdir gone
  remote <<<"cd '$PWD/gone'"$'\nrmdir ../gone\necho on\n'
  assert_printed on
  assert_regex "$stderr" "can't enter the directory .*/gone"
}

# bats test_tags=needs:runs,points:3
@test "server: a hundred clients run a command each, at once: each gets its own output, whole" {
  start_shell
  local n
  # shellcheck disable=SC2016 # bash expands it
  run_bounded bash -c 'for n in {1..100}; do
      "$0" --port "$1" --token token -- "echo begin $n; seq $n 1000; echo end $n" >"out.$n" || echo "$n: $?" &
    done; wait' "$CLIENT" "$port"
  assert_printed ''
  for n in {1..100}; do
    cmp "out.$n" <(echo "begin $n" && seq "$n" 1000 && echo "end $n")
  done
}

# bats test_tags=needs:runs
@test "server: a command can't have a NUL byte: the client is told, and the session goes on" {
  start_shell
  open_proved
  put "c\x00\x00\x00\x08echo\x00 hi$(frame c 'echo hi')"
  timeout 10 head -c 36 <&"$raw" >raw.out
  grep -aq 'NUL byte' raw.out
  wait_for_line server.out 'runs: echo hi$'
}

# ---- the server: who may ----

# bats test_tags=needs:runs,points:3,exercise:2,mistake:same-challenge
@test "server: a recorded answer is worth nothing for another connection" {
  start_shell
  open_proved
  local recorded=$proof
  exec {raw}<&-
  open_raw
  put "$recorded"
  assert_same "$(take 1)" 68 # another challenge
}

# bats test_tags=needs:runs,points:5,exercise:2,exercise:3,mistake:no-proof
@test "server: nothing runs before the token is proved" {
  start_shell
  peer recv:37 "send:$(frame c "touch '$PWD/ran'")" eof
  assert_output --partial 'before the token was proved'
  peer recv:37 "send:$(frame a "$(printf '%032d' 0)")$(frame c "touch '$PWD/ran'")" eof
  peer recv:37 "send:$(frame a '')$(frame c "touch '$PWD/ran'")" eof
  still_serves
  [[ ! -e ran ]] || fail "a client that did not prove the token has run a command"
}

# bats test_tags=needs:refuses,points:3,exercise:2,mistake:tries-unlimited
@test "server: three wrong answers close the connection" {
  start_shell
  local wrong
  wrong=$(frame a "$(printf '%032d' 0)")
  peer recv:37 "send:$wrong" recv:37 "send:$wrong" recv:37 "send:$wrong" eof
  assert_output --partial '3 wrong answers'
  wait_for_line server.out 'refused: 3 wrong answers$'
}

# bats test_tags=needs:runs,points:3,exercise:2,mistake:no-penalty
@test "server: after three wrong answers, of whomever, the next client waits; who leaves meanwhile, leaves" {
  start_shell --penalty 1000
  local wrong
  wrong=$(frame a "$(printf '%032d' 0)")
  start_remote there
  wait_for_line server.out 'knows the token'
  peer recv:37 "send:$wrong" recv:37 "send:$wrong" recv:37 rst
  peer recv:37 "send:$wrong" rst
  wait_for_line server.out 'gave a wrong answer' 3
  wait_for_line server.out 'left$' 2
  peer 'send:impatient' silence:0.3 rst
  wait_for_line server.out 'left$' 3
  peer silence:0.1 close
  wait_for_line server.out 'left$' 4
  tell there 'echo still served'
  wait_for_line there.out 'still served'
}

# bats test_tags=needs:challenges,points:3,exercise:2
@test "server: --timeout: a client that does not answer the challenge is told, and dropped" {
  start_shell --timeout 0.5
  peer recv:37 'expect:r\x00\x00\x00\x22no answer to the challenge in time' eof
}

# ---- the server: the file of the token ----

# bats test_tags=needs:listens,points:3,mistake:token-readable
@test "server: makes the token with mode 0600, whatever the umask, and never the same" {
  umask 0
  start_shell
  assert_same "$(stat -c %a token)" 600
  assert_regex "$(<token)" '^[0-9a-f]{64}$'
  start_server_as server2 --token "$PWD/deep/down/token2"
  assert_same "$(stat -c %a deep/down/token2)" 600
  assert_same "$(stat -c %a deep/down)" 700
  [[ $(<token) != "$(<deep/down/token2)" ]]
}

# bats test_tags=needs:listens
@test "log: at no moment can others open the token, and nobody finds a part of it" {
  type -P strace >/dev/null || skip "there is no strace"
  [[ $(nm "$SERVER" 2>/dev/null) != *__asan* ]] || skip "a sanitizer's program can't be traced"
  umask 0
  start traced strace -f -o trace -e trace=openat,open,creat,link,rename,chmod,fchmod,fchmodat \
    "$SERVER" --port 0 --token "$PWD/token"
  wait_for_line traced.out '^listening'
  pkill -TERM -P "${pid_of[traced]}" # strace takes no signal while it traces
  wait_for_status traced 0
  grep -q "link(.*$PWD/token\") = 0" trace
  ! grep -E 'O_CREAT|chmod' trace | grep -v ', 0600)' || fail "the file is not made with mode 0600"
}

# bats test_tags=needs:runs
@test "server: takes the token that is there, also when two servers start at once" {
  start_shell
  cp token before
  stop server
  start_shell
  cmp token before
  start first "$SERVER" --port 0 --token "$PWD/shared"
  start second "$SERVER" --port 0 --token "$PWD/shared"
  wait_for_line first.out '^listening'
  wait_for_line second.out '^listening'
  port=$(sed -n '1s/.*://p' first.out) run_client --token shared -- true
  assert_succeeds
  port=$(sed -n '1s/.*://p' second.out) run_client --token shared -- true
  assert_succeeds
  assert_same "$(echo shared*)" shared
}

# refuses_token PROGRAM [ARGUMENT]...: it does not take ./token, and says so in a line.
refuses_token() {
  run_bounded "$1" --token "$PWD/token" --port 1 "${@:2}"
  assert_fails 1
  assert_regex "$stderr" "token $PWD/token: "
}

# bats test_tags=needs:listens,points:3,mistake:token-not-checked
@test "server: refuses a token that others may use" {
  local mode
  printf '%064d\n' 0 >token
  for mode in 644 640 604 660 602; do
    chmod "$mode" token
    refuses_token "$SERVER"
    assert_regex "$stderr" 'others may use it'
  done
}

# bats test_tags=needs:listens
@test "server: refuses a token that is no token, and does not wait for it" {
  local what
  for what in '' 1234 "$(printf '%063d' 0)g" "$(printf '%064d' 0 | tr 0 A)"; do
    printf '%s' "$what" >token
    chmod 600 token
    refuses_token "$SERVER"
  done
  rm token
  mkdir -m 700 token
  refuses_token "$SERVER"
  rmdir token
  mkfifo -m 600 token
  refuses_token "$SERVER"
  rm token
  : >file
  run_bounded "$SERVER" --port 0 --token "$PWD/file/token"
  assert_fails 1
}

# bats test_tags=needs:runs
@test "server: on one machine the two find each other's token: XDG_RUNTIME_DIR, XDG_STATE_HOME, HOME" {
  local where
  for where in XDG_RUNTIME_DIR XDG_STATE_HOME HOME; do
    unset XDG_RUNTIME_DIR XDG_STATE_HOME HOME
    export "$where=$PWD/$where"
    mkdir "$where"
    start_server_as "server-$where"
    run_client -- echo found
    assert_succeeds
    assert_printed found
  done
  assert_same "$(find ./*/ -name token | sort)" "./HOME/.local/state/twelve-sockets/token
./XDG_RUNTIME_DIR/twelve-sockets/token
./XDG_STATE_HOME/twelve-sockets/token"
}

# ---- the server: frames that are none ----

# bats test_tags=needs:runs,points:3,exercise:1,mistake:length-trusted
@test "server: a frame that announces too much is refused, before the proof and after" {
  start_shell
  peer recv:37 'send:a\xff\xff\xff\xff' eof
  assert_output --partial 'a frame of 4294967295 bytes; the limit is 65536'
  peer recv:37 'send:a\x00\x01\x00\x01' eof
  assert_output --partial 'a frame of 65537 bytes'
  open_proved
  put 'c\x00\x01\x00\x01'
  raw_is_closed 'a frame of 65537 bytes; the limit is 65536'
  still_serves
}

# bats test_tags=needs:runs,exercise:1
@test "server: a frame of exactly the limit is taken; also one that comes a byte at a time" {
  start_shell
  head -c 65536 /dev/zero | tr '\0' '#' >comment
  open_proved
  put 'c\x00\x01\x00\x00'
  cat comment >&"$raw"
  wait_for_line server.out 'exit status 0$'
  exec {raw}<&-
  open_proved
  local text i
  text=$(printf '%b' "$(frame c 'echo slow')" | od -An -v -tx1)
  for i in $text; do
    put "\\x$i"
  done
  wait_for_line server.out 'runs: echo slow$'
}

# bats test_tags=needs:runs,points:3
@test "server: a frame of an unknown type, half a frame: closed, with a reason in the log" {
  start_shell
  open_proved
  put "$(frame Q)"
  raw_is_closed 'unknown type 0x51'
  open_proved
  put 'c\x00\x00'
  exec {raw}<&-
  wait_for_line server.out 'refused: half a frame'
  peer recv:37 'send:a\x00\x00\x00\x20half' shutdown eof
  assert_output --partial 'half a frame'
  still_serves
}

# bats test_tags=needs:runs
@test "server: a second command, input that was not asked for, an unknown signal: closed, with a reason" {
  start_shell
  choose_nap
  open_proved
  put "$(frame c "sleep $nap_time")$(frame c 'echo second')"
  raw_is_closed 'a command while another one runs'
  open_proved
  put "$(frame c "sleep $nap_time")"
  assert_same "$(take 5)" 7700000000
  put "$(frame i one)$(frame i)"
  assert_same "$(take 5)" 7700000000
  put "$(frame i)"
  raw_is_closed 'input that was not asked for'
  open_proved
  put "$(frame c "sleep $nap_time")$(frame s KILL)"
  raw_is_closed 'an unknown signal'
  all_gone "its client was refused"
}

# bats test_tags=needs:runs
@test "server: a signal, or input, that comes after the end of the command is too late, and no mistake" {
  start_shell
  open_proved
  put "$(frame c true)"
  wait_for_line server.out 'exit status 0'
  put "$(frame s INT)$(frame i late)$(frame c 'echo on')"
  wait_for_line server.out 'runs: echo on$'
  wait_for_line server.out 'exit status 0' 2
}

# ---- the server: how a command ends ----

# bats test_tags=id:interrupt,needs:runs,points:3,mistake:only-the-shell-killed
@test "server: Ctrl-C reaches all processes of the command; the session goes on" {
  start_shell
  choose_nap
  open_proved
  put "$(frame c "sh -c 'sleep $nap_time; true' | cat & sleep $nap_time")"
  wait_until has_napping 2
  put "$(frame s INT)"
  wait_for_line server.out 'exit status 130$'
  all_gone "it was interrupted"
  put "$(frame c 'echo on')"
  wait_for_line server.out 'exit status 0$'
}

# Bytes for a client of the server wait in the kernel, and do not get more.
unread() {
  local before
  before=$(unsent)
  nap 0.1
  [[ -n $before && $(unsent) == "$before" ]]
}

# leaves_nothing HOW COMMAND: the command is gone when its client was killed.
leaves_nothing() {
  start_remote "client$1" -- "$2"
  wait_until has_napping 1 || fail "the command does not run"
  stop "client$1" KILL
  all_gone "its client was killed"
}

# bats test_tags=id:killed,needs:runs,points:5,exercise:6,mistake:child-left-behind
@test "server: a client that is killed leaves no process behind" {
  start_shell
  choose_nap
  leaves_nothing 1 "sleep $nap_time"
  leaves_nothing 2 "sleep $nap_time & sh -c 'sleep $nap_time; true'; sleep $nap_time"
  assert_no_children server
}

# bats test_tags=needs:killed,points:3,mistake:group-only
@test "server: nor one that ignores SIGHUP and SIGTERM, or has a process group or a session of its own" {
  start_shell
  choose_nap
  leaves_nothing 1 "trap '' HUP TERM INT; sleep $nap_time"
  leaves_nothing 2 "setsid sh -c 'sleep $nap_time; true' & wait"
  leaves_nothing 3 "setsid sh -c 'trap \"\" HUP; setsid sleep $nap_time & exec sleep $nap_time' & sleep $nap_time"
  leaves_nothing 4 "set -m; sleep $nap_time & wait"
  leaves_nothing 5 "sleep $nap_time & kill -STOP \$\$"
  assert_no_children server
}

# bats test_tags=needs:killed,points:3
@test "server: nor while its input or its output is stuck" {
  start_shell
  choose_nap
  # shellcheck disable=SC2016 # bash expands it
  start stuffed bash -c 'yes | exec "$0" "$@"' "$CLIENT" --port "$port" --token token -- "sleep $nap_time"
  wait_until has_napping 1
  end_group stuffed KILL
  all_gone "its client was killed"
  start_remote deaf -- "yes & sleep $nap_time"
  wait_until has_napping 1
  freeze deaf
  wait_until unread
  stop deaf KILL
  all_gone "its client was killed"
  assert_no_children server
}

# bats test_tags=needs:runs,points:3
@test "server: what a command leaves in the background ends with it" {
  start_shell
  choose_nap
  remote -- "sleep $nap_time & setsid sleep $nap_time & echo started"
  assert_succeeds
  assert_printed started
  all_gone "its shell has ended"
}

# bats test_tags=needs:runs,points:3,mistake:no-limit
@test "server: --max-seconds ends a command, and says so; the session goes on" {
  start_shell --max-seconds 2
  choose_nap
  remote <<<"sleep $nap_time"$'\necho on\n'
  assert_succeeds
  assert_printed on
  assert_same "$stderr" 'client: the server says: ended after 2 s'
  wait_for_line server.out 'exit status 129$' # SIGHUP
  start_remote client -- "trap '' HUP; sleep $nap_time; sleep $nap_time"
  wait_for_status client 137 # SIGKILL
  all_gone "its time is over"
}

# bats test_tags=needs:runs,exercise:4
@test "server: a command that kills its keeper is told to have ended, and concerns nobody else" {
  start_shell
  start_remote client -- 'kill -KILL $PPID; sleep 0.1'
  wait_for_status client 137
  still_serves
  assert_no_children server
}

# bats test_tags=needs:runs,mistake:stuck-keeper
@test "server: a command that stops its keeper ends with its time, and concerns nobody else" {
  start_shell --max-seconds 2
  choose_nap
  start_remote client -- "echo \$PPID; kill -STOP \$PPID; sleep $nap_time"
  wait_for_line client.err 'ended after 2 s'
  if ! wait_until has_ended client; then
    kill -KILL "$(<client.out)" # no process outlives a scenario
    all_gone "its keeper was stopped"
    fail "the session of a keeper that is stopped does not end"
  fi
  still_serves
  assert_no_children server
}

# bats test_tags=needs:killed,points:3
@test "server: asked to stop, it ends the commands that run; killed, they end, too" {
  start_shell
  choose_nap
  start_remote client -- "trap '' HUP TERM; sleep $nap_time; sleep $nap_time"
  wait_until has_napping 1
  stop server
  assert_same "$status" 0
  all_gone "the server has stopped"
  wait_for_status client 1
  start_shell
  start_remote client2 -- "trap '' HUP TERM; sleep $nap_time; sleep $nap_time"
  start_remote client3 -- "sleep $nap_time"
  wait_until has_napping 2
  stop server KILL
  all_gone "the server was killed"
}

# ---- the server: what a command gets from it ----

# bats test_tags=needs:runs,points:3,mistake:descriptor-inherited
@test "server: a command inherits no descriptor of the server" {
  exec {inherited}</dev/null # of the server itself
  start_shell
  start_remote other -- cat
  wait_for_line server.out 'runs: cat'
  remote -- 'ls /proc/self/fd; ls -l /proc/self/fd | grep -c socket'
  assert_printed $'0\n1\n2\n3\n0' # 3 is the directory that ls reads
}

# bats test_tags=needs:runs,points:3,mistake:signals-inherited
@test "server: a command has no blocked signal and no ignored one" {
  start ignoring bash -c 'trap "" HUP USR1 PIPE; exec "$0" "$@"' "$SERVER" --port 0 --token "$PWD/token"
  wait_for_line ignoring.out '^listening'
  port=$(sed -n '1s/.*://p' ignoring.out)
  remote -- 'grep -E "^Sig(Blk|Ign)" /proc/self/status'
  local name mask
  while read -r name mask; do
    # 32 and 33 are the C library's own. Nobody else can change them, and its posix_spawn ignores them.
    assert_same "$name $((16#$mask & ~16#180000000))" "$name 0"
  done <<<"$output"
}

# ---- the server: much output, slow readers ----

# peak_memory PID: in KiB, of physical memory.
peak_memory() {
  awk '/^VmHWM/ { print $2 }' "/proc/$1/status"
}

# bats test_tags=needs:runs,points:3,exercise:5
@test "server: a gigabyte of output needs no more memory than a line" {
  not_under short-recv short-send # a gigabyte, a byte at a time
  start_shell
  still_serves
  local before peak
  before=$(peak_memory "${pid_of[server]}")
  RUN_LIMIT=120 run_bounded bash -c '"$0" "$@" | wc -c' "$CLIENT" --port "$port" --token token -- 'head -c 1G /dev/zero'
  assert_printed 1073741824
  peak=$(peak_memory "${pid_of[server]}")
  ((peak < before + 8192)) || fail_because "the server's memory grows with the output" "$before KiB and a little" "$peak KiB"
}

# The command `yes $nap_time` sleeps: so it waits in write. And: there is none.
is_writing() {
  [[ $(ps -o stat= -p "$(pgrep -f "^yes $nap_time\$")") == S* ]]
}

is_there() {
  pgrep -f "^yes $nap_time\$" >/dev/null
}

has_no_yes() {
  ! is_there
}

# bats test_tags=needs:runs,points:3,exercise:5
@test "server: a client that does not read stops its command, and nobody else; and can still interrupt it" {
  start_shell
  choose_nap
  start_remote deaf -- "exec yes $nap_time"
  wait_for_line server.out 'runs: exec yes'
  freeze deaf
  wait_until is_writing || fail "the command does not wait in write"
  assert_idle server
  still_serves
  thaw deaf
  send_signal deaf INT
  wait_for_status deaf 130
}

# bats test_tags=needs:runs,points:3,mistake:blocking-write
@test "server: the signal of a client that reads nothing arrives all the same" {
  start_shell
  choose_nap
  open_proved
  put "$(frame c "yes & sleep $nap_time; wait")"
  wait_until has_napping 1
  # What a client sends tells the server's kernel how much room there is by now, which may be a little more
  # than it knew. So the signal comes in pieces: before the last one, there is no room any more.
  local piece
  for piece in 's\x00\x00\x00' '\x03' I N T; do
    wait_until unread
    put "$piece"
  done
  all_gone "it was interrupted"
  exec {raw}<&-
}

# bats test_tags=needs:runs,points:3,mistake:unlimited-queue
@test "server: a client that asks again and again, and never reads the answers, is dropped" {
  not_under short-recv short-send # a million bytes, one at a time
  start_shell
  printf 'c\0\0\0\1\0' >asks # a command that can't be: each is answered with more bytes than it has
  local n
  for n in {1..18}; do
    cat asks asks >twice
    mv twice asks
  done
  open_proved
  timeout 10 cat asks >&"$raw" || true # until it is dropped
  wait_for_line server.out 'failed: No buffer space'
  exec {raw}<&-
  still_serves
}

# ---- the server: clients come and go ----

# bats test_tags=needs:runs,mistake:old-deadline
@test "server: a command that has ended before its time, and whose output nobody takes, costs no CPU" {
  start_shell --max-seconds 4
  choose_nap
  start_remote deaf -- "yes & sleep $nap_time & until [ -e '$PWD/go' ]; do sleep 0.1; done"
  wait_until has_napping 1
  freeze deaf
  wait_until unread
  touch go
  all_gone "its shell has ended"
  nap 4.2 # this is what is tried: its time is over
  assert_idle server
}

# bats test_tags=needs:runs,points:3
@test "server: --max-clients: the newcomer is told, and closed; whoever is there stays" {
  start_shell --max-clients 1
  start_remote there
  wait_for_line server.out 'knows the token'
  peer "expect:$(frame r 'too many clients')" eof
  remote -- true
  assert_fails 1
  assert_regex "$stderr" 'too many clients'
  tell there 'echo still there'
  wait_for_line there.out 'still there'
}

# bats test_tags=needs:runs,points:3
@test "server: a client's RST, whenever it comes, concerns this client alone" {
  start_shell
  choose_nap
  start_remote there
  wait_for_line server.out 'knows the token'
  peer rst
  peer recv:37 rst
  peer recv:37 'send:a\x00\x00' rst
  open_proved
  put "$(frame c "yes & sleep $nap_time")"
  wait_until has_napping 1
  wait_until unread
  exec {raw}<&- # with bytes unread, that is a reset
  all_gone "its client has left"
  tell there 'echo still there'
  wait_for_line there.out 'still there'
}

# bats test_tags=needs:runs,points:3,exercise:4,exercise:6,mistake:leaked-descriptor,mistake:zombies
@test "server: closes what it has opened for a command, and reaps its keeper" {
  start_shell
  still_serves
  wait_until has_no_client
  local before
  before=$(open_descriptors server)
  remote <<<$'true\nfalse\necho x\ncat\nkill -KILL $$\n'
  remote -- 'exec <&- >&- 2>&-; sleep 0.1'
  assert_no_children server
  assert_descriptors server "$before"
}

# bats test_tags=needs:runs
@test "server: out of descriptors, it runs no command, says so, and goes on" {
  start_shell
  start_remote there
  wait_for_line server.out 'knows the token'
  no_more_descriptors server
  tell there 'echo one'
  wait_for_line there.err 'the server says: Too many open files'
  start_remote late -- echo late
  assert_idle server
  more_descriptors server
  wait_for_status late 0
  tell there 'echo two'
  wait_for_line there.out '^two$'
  assert_no_children server
}

# bats test_tags=needs:runs
@test "server: an idle one uses no CPU, nor one whose command sleeps" {
  start_shell
  choose_nap
  assert_idle server
  start_remote client -- "sleep $nap_time"
  wait_until has_napping 1
  assert_idle server
}

# bats test_tags=needs:runs
@test "log: who comes, proves, runs what, and leaves; a command with escapes" {
  start_shell
  remote -- $'echo \e[2J\n'
  wait_for_line server.out 'left$'
  assert_same "$(sed -E '1,2d; s/^\[[^]]*\] //' server.out)" 'connected
knows the token
runs: echo \x1b[2J\n
exit status 0
left'
}

# ---- the client ----

# bats test_tags=id:asks,basic,points:5,exercise:1
@test "client: runs a command on the server" {
  start_shell
  remote -- echo hello world
  assert_succeeds
  assert_printed 'hello world'
}

# A scripted server that takes any answer.
accepting() {
  start_peer_server accept "send:$(frame h "$(printf '%032d' 7)")" recv:37 "send:$(frame k)" "$@"
}

# bats test_tags=needs:asks,points:3,exercise:1,mistake:host-order,mistake:one-recv
@test "client: frames: many in one segment, and one in many; a byte at a time" {
  start_shell && stop server
  accepting recv:100 "send:$(frame w)$(frame o 'one ')$(frame e err)$(frame o 'two ')$(frame o three)$(exit_frame 00)" hold
  remote -- true
  assert_printed 'one two three'
  assert_same "$stderr" err
  stop peer
  accepting recv:100 "each:$(frame o one)$(frame e err)$(exit_frame 31)" hold
  remote -- true
  assert_printed one
  assert_same "$status" 49
}

# bats test_tags=needs:asks,points:3,exercise:1,mistake:one-recv
@test "client: an answer that is longer than one recv, or one frame" {
  not_under short-recv short-send # a megabyte, a byte at a time
  start_shell
  remote -- 'seq 100000; seq 100000 >&2'
  assert_succeeds
  assert_printed "$(seq 100000)"
  cmp run.err <(seq 100000)
}

# bats test_tags=needs:asks,points:3
@test "client: its exit status is the command's; of many, the last one's" {
  start_shell
  remote -- exit 7
  assert_same "$status" 7
  remote <<<$'false\nexit 3'
  assert_same "$status" 3
}

# bats test_tags=needs:asks,points:3
@test "client: each line of a file is a command; none of them gets the others as its input" {
  start_shell
  remote <<<$'echo one\ncat\nread x; echo "got $x"\n\necho two'
  assert_printed $'one\ngot \ntwo'
  remote < <(printf 'echo no end')
  assert_printed 'no end'
  remote <<<$'echo one\nexit\necho two'
  assert_printed one
}

# bats test_tags=needs:asks
@test "client: a command gets no input as long as the command lines come from a pipe that stays open" {
  start_shell
  start_remote client
  tell client 'cat; echo "cat has ended"'
  wait_for_line client.out 'cat has ended'
}

# bats test_tags=needs:asks,points:3,mistake:no-end-of-input
@test "client: sends input when the server wants it, a piece each time, and the end" {
  start_shell && stop server
  accepting recv:100 silence:0.2 "send:$(frame w)" "expect:$(frame i $'one\ntwo\n' | sed 's/$/\\n/' | tr -d '\n')" \
    silence:0.2 "send:$(frame w)" "expect:$(frame i)" "send:$(exit_frame 00)" hold
  run_bounded "$CLIENT" --port "$port" --token "$PWD/token" -- cat <<<$'one\ntwo'
  assert_succeeds
}

# bats test_tags=needs:asks,points:3
@test "client: SIGINT goes to the command, and not to the client, which waits for its end" {
  start_shell && stop server
  accepting recv:100 say:running "expect:$(frame s INT)" "send:$(frame o bye)$(exit_frame 35)" hold
  start_remote client -- true
  wait_for_line peer.out '^running$'
  send_signal client INT
  wait_for_status client 53
  assert_same "$(<client.out)" bye
}

# bats test_tags=needs:asks,points:3
@test "client: SIGINT works while output comes without a pause" {
  start_shell
  choose_nap
  # shellcheck disable=SC2016 # bash expands it
  start client bash -c 'exec "$0" "$@" >/dev/null' "$CLIENT" --port "$port" --token token -- "exec yes $nap_time"
  wait_until is_there || fail "the command does not run"
  send_signal client INT
  wait_for_status client 130
}

# bats test_tags=needs:asks
@test "client: SIGINT ends a client that waits for a line from a pipe" {
  start_shell
  start_remote client
  wait_for_line server.out 'knows the token'
  send_signal client INT
  wait_for_status client 130
}

# bats test_tags=needs:asks
@test "client: SIGINT works while nobody reads what it prints" {
  start_shell
  choose_nap
  # shellcheck disable=SC2016 # bash expands it
  start client bash -c 'exec "$0" "$@" > >(read -r; exec sleep 9999)' "$CLIENT" --port "$port" --token token -- "exec yes $nap_time"
  wait_until is_writing || fail "the command does not wait in write"
  send_signal client INT
  wait_until has_no_yes || fail_because "Ctrl-C does not reach the command" "no process yes" "$(pgrep -fa "^yes $nap_time\$")"
}

# bats test_tags=needs:asks,points:3
@test "client: with another token it is refused, says so in a line, and sends no command" {
  start_shell
  printf '%064d\n' 0 >other
  chmod 600 other
  run_client --token other -- touch ran
  assert_fails 1
  assert_regex "$stderr" 'another token than other'
  refute_regex "$(<server.out)" runs
}

# bats test_tags=needs:asks,points:3,mistake:token-not-checked
@test "client: refuses a token that others may use, or that is none" {
  printf '%064d\n' 0 >token
  chmod 644 token
  refuses_token "$CLIENT" -- true
  printf 'x' >token
  chmod 600 token
  refuses_token "$CLIENT" -- true
  rm token
  refuses_token "$CLIENT" -- true
}

# bats test_tags=needs:asks,points:3
@test "client: a server that leaves, sends too much, or something unknown: one line, exit 1" {
  start_shell && stop server
  local bytes # the frame r is an error of the command: the session goes on
  for bytes in '' "$(frame o half)o\x00\x00\x00\x07ha" 'o\xff\xff\xff\xff' "$(frame Q)" "$(frame r 'bad luck')"; do
    accepting recv:100 "send:$bytes" close
    remote -- true
    assert_same "$status" 1
    assert_regex "${stderr_lines[-1]}" '^client: '
    wait_for_end peer
  done
  for bytes in '' "$(frame r 'no room')" "$(frame h short)" 'h\xff\xff\xff\xff'; do
    start_peer_server accept "send:$bytes" close
    remote -- true
    assert_fails 1
    wait_for_end peer
  done
}

# bats test_tags=needs:asks
@test "client: notices while it waits for a line that the server has left" {
  start_shell
  start_remote client
  wait_for_line server.out 'knows the token'
  stop server
  wait_for_status client 1
  assert_same "$(wc -l <client.err)" 1
}

# bats test_tags=needs:asks
@test "client: --timeout: gives up on a server that says nothing" {
  start_shell && stop server
  start_peer_server accept hold
  remote --timeout 0.3 -- true
  assert_fails 1
  assert_regex "$stderr" 'no answer came in time'
}

# bats test_tags=needs:asks
@test "client: a gigabyte of output needs no more memory than a line" {
  not_under short-recv short-send # a gigabyte, a byte at a time
  start_shell
  # shellcheck disable=SC2016 # bash expands it
  start client bash -c 'exec "$0" "$@" >/dev/null' "$CLIENT" --port "$port" --token token -- \
    'echo small >&2; read x; head -c 1G /dev/zero; echo large >&2; read x'
  wait_for_line client.err small
  local before peak
  before=$(peak_memory "${pid_of[client]}")
  tell client on
  WAIT_LIMIT=120 wait_for_line client.err large
  peak=$(peak_memory "${pid_of[client]}")
  ((peak < before + 8192)) || fail_because "the client's memory grows with the output" "$before KiB and a little" "$peak KiB"
}

# bats test_tags=needs:asks,points:3
@test "client: on a terminal: a prompt, cat until Ctrl-D, Ctrl-C, the exit status" {
  start_shell
  choose_nap
  start terminal env --default-signal script -qec "'$CLIENT' --port $port --token token" /dev/null
  wait_for_line terminal.out '^> '
  tell terminal cat
  wait_for_line server.out 'runs: cat$'
  tell terminal 'for cat'
  wait_for_line terminal.out '^for cat' 2 # its echo, and what cat prints
  printf '\004' >&"${input_of[terminal]}"
  wait_for_line server.out 'exit status 0$'
  tell terminal "sleep $nap_time"
  wait_until has_napping 1 # the shell alone, before it has started that, may lose the signal
  printf '\003' >&"${input_of[terminal]}"
  wait_for_line terminal.out 'exit status 130'
  printf 'typed, and not sent\003' >&"${input_of[terminal]}"
  tell terminal 'echo all is well'
  wait_for_line terminal.out '^(> )?all is well' # the prompt may come after the line was typed
  wait_for_line terminal.out '^> $'              # before that, Ctrl-D is still for the command
  printf '\004' >&"${input_of[terminal]}"
  wait_for_end terminal
  assert_count server.out 'not sent' 0
}

# bats test_tags=needs:asks
@test "client: --trace says what each recv returns, and which frames end in it" {
  not_under short-recv # what is asserted is one recv
  start_shell && stop server
  accepting recv:100 "send:$(frame w)$(frame o one)$(exit_frame 00)" hold
  remote --trace -- true
  assert_same "$(tail -n 4 <<<"$stderr")" 'recv: 19 bytes
  frame w of 0 bytes
  frame o of 3 bytes
  frame x of 1 bytes'
}
