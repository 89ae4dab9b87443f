#!/usr/bin/env bats
# Lesson 9: one handler over four kinds of sockets, alone, with threads and with processes.

load helpers
load lib/clients

TIME='\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] [0-9]{4}\]'

# assert_answer TEXT LINE: "[TIME] LINE", as peer prints it, with its end.
assert_answer() {
  [[ ${1:0:26} =~ ^$TIME$ && ${1:26} == " $2" ]] ||
    fail_because "the answer is not the time and the line" "[Sat Nov 21 05:26:38 2026] $2" "$1"
}

server_still_serves() {
  peer 'send:Hello\n' line shutdown eof
  assert_answer "${lines[0]}" 'Hello\n'
}

# start_unix_server NAME [OPTION]...: at the path NAME.sock; sets path.
start_unix_server() {
  local name=$1
  path=$PWD/$name.sock
  start "$name" "$SERVER" --host "$path" "${@:2}"
  wait_until is_listening "$name" ||
    fail_because "$name did not start" "listening on $path" "$(cat "$name.out" "$name.err")"
  assert_same "$(head -n 1 "$name.out")" "listening on $path"
}

# talk [OPTION]...: two lines, each with its answer.
talk() {
  printf 'one\ntwo\n' >input
  run_bounded "$CLIENT" "$@" <input
  assert_succeeds
  assert_answer "${lines[1]}" one
  assert_answer "${lines[2]}" two
}

# ---- the server: the handler ----

# bats test_tags=id:listens,basic
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:answers,basic,needs:listens,points:5,exercise:1,mistake:not-flushed,mistake:base-forgotten
@test "server: answers each line with the time and the line, until the client leaves" {
  start_server
  peer 'send:Hello\n' line 'send:Hello again\r\n' line shutdown eof
  assert_answer "${lines[0]}" 'Hello\n'
  assert_answer "${lines[1]}" 'Hello again\r\n'
  assert_same "${lines[2]}" '' # and then the end
}

# bats test_tags=needs:answers,points:3,exercise:2
@test "server: setup is called before handle: connected, received" {
  start_server
  peer name 'send:Hello\n' line shutdown eof
  wait_for_line server.out 'received: '
  assert_same "$(sed -n 2,3p server.out)" "[${lines[0]}] connected
[${lines[0]}] received: Hello"
}

# bats test_tags=id:logs,needs:answers,points:3,exercise:3
@test "server: setup, handle and finish: connected, received, left" {
  start_server
  peer name 'send:Hello\n' line shutdown eof
  wait_for_line server.out ' left$'
  assert_same "$(sed 1d server.out)" "[${lines[0]}] connected
[${lines[0]}] received: Hello
[${lines[0]}] left"
}

# bats test_tags=needs:logs,mistake:finish-skipped,points:3,exercise:3
@test "server: finish is called, also when handle fails" {
  start_server --max-line 5
  peer 'send:Hello!\n' 'expect:error: ' eof
  wait_for_line server.out '\] left$' 1
  wait_for_line server.out '\] failed: '
  peer send:half rst
  wait_for_line server.out '\] left$' 2
}

# bats test_tags=needs:answers,points:3
@test "server: lines: two in one segment, one in two, a byte at a time" {
  start_server
  peer 'send:one\ntwo\n' line line send:Hel silence:0.1 'send:lo\n' line 'each:ab\n' line shutdown eof
  assert_answer "${lines[0]}" 'one\n'
  assert_answer "${lines[1]}" 'two\n'
  assert_answer "${lines[2]}" 'Hello\n'
  assert_answer "${lines[3]}" 'ab\n'
}

# bats test_tags=needs:answers,mistake:no-nodelay,points:2
@test "server: no part of a long answer waits until another is acknowledged" {
  start_server
  swarm --line --connections 1 --messages 100 --send "$(printf '%0600d' 7)\\n"
  assert_nothing_waited
}

@test "server: the rest of a line without an end is no line" {
  start_server
  peer send:Hello shutdown eof
  assert_printed ''
  server_still_serves
}

@test "server: what a client sends is logged with escapes, and sent back as it is" {
  start_server
  peer 'send:a\x1b[2J\0\xffb\n' line
  assert_answer "${lines[0]}" 'a\x1b[2J\x00\xffb\n'
  wait_for_line server.out 'received: a\\x1b\[2J\\x00\\xffb$'
}

# bats test_tags=needs:answers,mistake:end-counted
@test "server: --max-line does not count the end of the line" {
  start_server --max-line 10
  peer repeat:10:x 'send:\n' line repeat:10:x 'send:\r\n' line
  refute_output --partial error
  peer repeat:11:x 'send:\n' 'expect:error: ' eof
  peer repeat:100:x 'expect:error: ' eof
}

@test "server: a line of 1 MiB is too long: the client is told so, and dropped" {
  start_server
  peer repeat:1048576:x 'send:\n' 'expect:error: ' eof
  assert_regex "$output" '^[^\\]+\\n$'
  server_still_serves
}

# One at a time: whoever holds the server holds up all others.
@test "server: a client that was dropped does not keep the next one waiting, whether it sends on or is silent" {
  start_server --timeout 60 --max-line 10
  dropped_holds_nobody
}

# bats test_tags=id:timeout,needs:answers,exercise:2,points:3,mistake:options-too-late
@test "server: --timeout: a silent client is told so, and the next one is served" {
  start_server --timeout 1
  start_peer silent 'expect:error: ' eof
  start_peer half send:Hel 'expect:error: ' eof
  server_still_serves
  wait_for_end silent
  assert_same "$status" 0
  wait_for_end half
  assert_same "$status" 0
}

# bats test_tags=needs:timeout
@test "server: a client that never reads is dropped" {
  start_server --timeout 1
  start_peer rude 'fill:x\n'
  wait_for_end rude
  server_still_serves
}

# ---- the server: who serves ----

# bats test_tags=needs:answers
@test "server: alone, it serves one client at a time" {
  start_server --timeout 60
  start_waiting first
  start_peer second 'send:Hello\n' silence:0.3 say:waits line say:answered
  wait_for_line second.out '^waits$'
  has_again first
  wait_for_line second.out '^answered$'
}

# bats test_tags=id:threads,needs:answers,points:5,exercise:4,mistake:request-not-copied
@test "server: --mixin threading: a slow client delays nobody" {
  start_server --mixin threading --timeout 60
  start_waiting slow
  swarm --line --connections 9 --timeout 5
  assert_output --partial '9 right, 0 wrong, 0 missing'
  has_again slow
}

# bats test_tags=id:processes,needs:answers,points:5,mistake:mixin-too-early
@test "server: --mixin forking: a slow client delays nobody" {
  start_server --mixin forking --timeout 60
  start_waiting slow
  swarm --line --connections 9 --timeout 5
  assert_output --partial '9 right, 0 wrong, 0 missing'
  has_again slow
}

# bats test_tags=id:reaps,needs:processes,mistake:zombies,points:3
@test "server: --mixin forking: children are reaped, though no other client comes" {
  start_server --mixin forking
  swarm --line --reconnect --connections 4 --messages 5
  assert_no_children server
}

# bats test_tags=needs:processes,mistake:child-keeps-listener,points:3
@test "server: --mixin forking: the child closes the listener" {
  wanted_port=$(free_port) start_server --mixin forking --timeout 60
  start_waiting client
  stop server KILL
  wanted_port=$port start_server_as server2
  server_still_serves
  has_again client
}

# bats test_tags=needs:reaps,points:3
@test "server: --max-children: newcomers wait until a child has ended" {
  start_server --mixin forking --max-children 2 --timeout 60
  start_waiting first
  start_waiting second
  start_peer third 'send:Hello\n' silence:0.3 say:waits line say:answered
  wait_for_line third.out '^waits$'
  has_again first
  wait_for_line third.out '^answered$'
  has_again second
}

# bats test_tags=needs:threads,points:3
@test "server: --mixin threading: a hundred clients that come in one moment each get their own answers" {
  start_server --mixin threading
  swarm --line --connections 100 --messages 3
  assert_output --partial '300 right, 0 wrong, 0 missing'
}

# bats test_tags=needs:threads
@test "server: --mixin threading: a thousand clients at once, each answered" {
  more_files 8192
  start_server --mixin threading --max-clients 2000 --timeout 60
  RUN_LIMIT=90 swarm --line --connections 1000 --stay
  assert_output --partial '1000 right, 0 wrong, 0 missing'
}

# bats test_tags=needs:reaps
@test "server: --mixin forking: a thousand clients, at most 40 at a time, each answered" {
  more_files 8192
  start_server --mixin forking --timeout 60
  RUN_LIMIT=90 swarm --line --connections 1000
  assert_output --partial '1000 right, 0 wrong, 0 missing'
  assert_no_children server
}

# bats test_tags=needs:threads
@test "server: an idle one uses no CPU, whoever serves" {
  local mixin
  for mixin in none threading forking; do
    start_server_as "server-$mixin" --mixin "$mixin"
    server_still_serves
    assert_idle "server-$mixin"
  done
}

# ---- the server: who is served ----

# bats test_tags=needs:threads,points:3,exercise:5,mistake:limit-ignored
@test "server: --max-clients: the newcomer is told, and closed; whoever is there stays" {
  start_server --mixin threading --max-clients 2 --timeout 60
  start_waiting first
  start_waiting second
  peer 'send:Hello\n' 'expect:error: ' eof
  has_again first
  wait_until serves_again || fail_because "the place of a client that has left stays taken" "the time" "$output"
  has_again second
}

# bats test_tags=needs:reaps,exercise:5
@test "server: --mixin forking --max-clients: the newcomer is told, and closed; whoever is there stays" {
  start_server --mixin forking --max-clients 2 --timeout 60
  start_waiting first
  start_waiting second
  peer 'send:Hello\n' 'expect:error: ' eof
  has_again first
  wait_until serves_again || fail_because "the place of a client that has left stays taken" "the time" "$output"
  has_again second
}

@test "server: --max-clients: a newcomer that has sent something already is told, too, and not reset" {
  start_server --mixin threading --max-clients 1 --timeout 60
  start_waiting first
  refused_after_sending 'Hello\n'
  has_again first
}

serves_again() {
  run_bounded "$PEER" --port "$port" 'send:Hello\n' line shutdown eof
  [[ $output =~ ^$TIME ]]
}

# bats test_tags=needs:answers,points:3,exercise:5
@test "server: --allow: who is not in the network is told, and closed" {
  start_server --allow 127.0.0.2/31
  peer 'send:Hello\n' 'expect:error: ' eof
  start_server_as server2 --allow 127.0.0.0/8
  server_still_serves
}

@test "server: --allow: what is no network is bad usage" {
  local bad
  for bad in '' x 127.0.0.1/33 127.0.0.1/ 127.0.0.1/x 127.0.0.1/-1 127.0.0/8 ::1/129; do
    run_bounded "$SERVER" --port 0 --allow "$bad"
    assert_fails 2
  done
  run_bounded "$SERVER" --type unix --allow 127.0.0.1
  assert_fails 2
}

@test "server: --allow: a network of IPv4 has its clients on a socket of IPv6, too" {
  need_ipv6
  start_server --host :: --allow 127.0.0.0/8
  server_still_serves
  start_server_as server2 --host :: --allow 127.0.0.2/32
  peer 'send:Hello\n' 'expect:error: ' eof
}

@test "server: --allow: IPv6" {
  need_ipv6
  host=::1
  start_server --host ::1 --allow fe00::/7
  peer 'send:Hello\n' 'expect:error: ' eof
  start_server_as server2 --host ::1 --allow ::1
  server_still_serves
}

# ---- the server: clients come and go ----

# bats test_tags=needs:threads,points:3
@test "server: a client's RST, whenever it comes, concerns this client alone" {
  local mixin
  for mixin in threading forking; do
    start_server_as "server-$mixin" --mixin "$mixin" --timeout 60
    start_waiting "other-$mixin"
    peer rst
    peer send:Hel rst
    peer 'send:Hello\n' rst
    peer 'send:Hello\n' line rst
    server_still_serves
    has_again "other-$mixin"
  done
}

# bats test_tags=needs:threads
@test "server: survives a client that is gone when the answers are sent (SIGPIPE)" {
  start_server --mixin threading --timeout 60
  start_waiting other
  start_peer client 'send:x\n' line say:here wait 'send:one\ntwo\nthree\n' shutdown rst
  wait_for_line client.out '^here$'
  freeze server
  tell client now
  wait_for_end client
  thaw server
  has_again other
  server_still_serves
}

# bats test_tags=needs:threads,points:3,mistake:emfile-spin
@test "server: out of descriptors, it neither dies nor spins, and serves whom it has" {
  start_server --mixin threading --timeout 60
  start_waiting there
  no_more_descriptors server
  start_peer client 'send:Hello\n' say:connected line say:answered
  wait_for_line client.out '^connected$'
  assert_idle server
  assert_count client.out answered 0
  has_again there
  more_descriptors server
  wait_for_end client
  assert_same "$status" 0
}

# bats test_tags=needs:threads,mistake:leaked-descriptor,points:3
@test "server: a leaver's descriptor is closed, whoever serves" {
  local mixin before
  for mixin in none threading forking; do
    start_server_as "server-$mixin" --mixin "$mixin"
    server_still_serves
    assert_no_children "server-$mixin"
    before=$(open_descriptors "server-$mixin")
    swarm --line --reconnect --connections 2 --messages 5
    assert_descriptors "server-$mixin" "$before"
  done
}

# ---- the server: the four kinds of sockets ----

# bats test_tags=id:udp,needs:answers,points:3,exercise:3
@test "server: --type udp: the same handler, with every mixin" {
  not_under eagain # a datagram that finds no room is dropped, with its answer
  local mixin
  for mixin in none threading forking; do
    start_server_as "server-$mixin" --type udp --mixin "$mixin"
    peer --udp 'send:Hello\n' 'recv:100'
    assert_answer "$output" 'Hello\n'
    wait_for_line "server-$mixin.out" '^\[127\.0\.0\.1:[0-9]+\] left$'
  done
}

# bats test_tags=needs:udp
@test "server: --type udp: a datagram that is too long is answered with an error" {
  not_under eagain # a datagram that finds no room is dropped, with its answer
  start_server --type udp --max-line 5
  peer --udp 'send:Hello!\n' 'recv:100' 'send:Hello\n' 'recv:100'
  assert_regex "${lines[0]}" '^error: '
  assert_answer "${lines[1]}" 'Hello\n'
}

# bats test_tags=needs:answers,exercise:6,points:3,mistake:super-forgotten
@test "server: --type unix and unixgram: the same handler, with every mixin; the file goes" {
  not_under eagain # a datagram that finds no room is dropped, with its answer
  local mixin type path
  for type in unix unixgram; do
    for mixin in none threading forking; do
      start_unix_server "server-$type-$mixin" --type "$type" --mixin "$mixin"
      talk --type "$type" --host "$path"
      talk --type "$type" --host "$path" --once
      stop "server-$type-$mixin"
      assert_same "$status" 0
      [[ ! -e $path ]] || fail_because "the server leaves the file of its socket behind" "no $path" "$(ls -l "$path")"
    done
  done
}

@test "server: a path that is taken, or too long: one line on stderr, exit 1" {
  touch taken
  run_bounded "$SERVER" --type unix --host "$PWD/taken"
  assert_fails 1
  [[ -e taken ]] || fail "the file was removed"
  run_bounded "$SERVER" --type unixgram --host "/tmp/$(printf 'x%.0s' {1..200})"
  assert_fails 1
}

@test "server: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  assert_same "$(head -n 1 server.out)" "listening on [::1]:$port"
  server_still_serves
}

# ---- the server: the end ----

# bats test_tags=points:3,exercise:6,mistake:shutdown-from-the-loop
@test "server: SIGINT and SIGTERM stop it cleanly, and the port is free at once" {
  wanted_port=$(free_port) start_server
  server_still_serves
  stop server INT
  assert_same "$status" 0
  wanted_port=$port start_server_as server2
  server_still_serves
  stop server2 TERM
  assert_same "$status" 0
}

# bats test_tags=needs:answers,exercise:6,points:3
@test "server: SIGTERM stops it though a client is served, whoever serves" {
  local mixin
  for mixin in none threading forking; do
    start_server_as "server-$mixin" --mixin "$mixin" --timeout 60
    start_peer "client-$mixin" 'send:Hello\n' line say:answered eof say:end
    wait_for_line "client-$mixin.out" '^answered$'
    stop "server-$mixin"
    assert_same "$status" 0
    wait_for_line "client-$mixin.out" '^end$'
  done
}

# bats test_tags=needs:answers,exercise:6
@test "server: --idle: it stops when nobody came for so long (handle_timeout)" {
  start_server --idle 0.2
  wait_for_end server
  assert_same "$status" 0
  assert_same "$(sed 1d server.out)" 'nobody came for 0.2 s'
}

@test "server: a signal that does not ask it to stop ends nothing" {
  start_server --mixin threading --timeout 60
  start_waiting client
  freeze server
  thaw server
  has_again client
  server_still_serves
}

# ---- the client ----

# bats test_tags=basic,points:5
@test "client: prints the answer to each line of its input" {
  start_server
  talk --port "$port"
  assert_same "${lines[0]}" connected
  assert_same "${#lines[@]}" 3
}

@test "client: one connection for all lines; with --once, one for each" {
  start_server
  talk --port "$port"
  wait_for_line server.out ' connected$' 1
  talk --port "$port" --once
  wait_for_line server.out ' connected$' 3
}

@test "client: all four types" {
  not_under eagain # a datagram that finds no room is dropped, with its answer
  start_server --type udp
  talk --port "$port" --type udp
  local path
  start_unix_server server2 --type unixgram
  talk --type unixgram --host "$path"
  assert_same "$(echo "$path".*)" "$path.*" # its own file is gone
}

@test "client: a last line without an end is sent, too" {
  start_peer_server accept 'expect:one\n' 'send:1\n' 'expect:two\n' 'send:2\n' eof
  printf 'one\ntwo' >input
  run_client <input
  assert_succeeds
  assert_printed $'connected\n1\n2'
}

@test "client: an input that can't be read is a failure, and no end of it" {
  start_server
  run_client </
  assert_fails 1
  assert_regex "$stderr" '^client: stdin: Is a directory$'
}

@test "client: puts an answer together that comes a byte at a time, and prints it with escapes" {
  start_peer_server accept 'expect:Hello\n' 'each:a\x1b[2J\0\xff\n' eof
  echo Hello >input
  run_client <input
  assert_succeeds
  assert_line 'a\x1b[2J\x00\xff'
}

@test "client: an answer that says error is a failure" {
  start_server --allow 127.0.0.2/32
  echo Hello >input
  run_client <input
  assert_fails 1
  assert_regex "$stderr" 'error: not allowed$'
}

@test "client: a server that closes, or resets, without an answer is a failure" {
  start_peer_server accept 'expect:Hello\n' close accept 'expect:Hello\n' rst accept 'expect:Hello\n' send:half close
  local round
  echo Hello >input
  for round in 1 2 3; do
    run_client <input
    assert_fails 1
  done
}

@test "client: --timeout: an answer that does not come is a failure" {
  start_peer_server accept 'expect:Hello\n' hold
  echo Hello >input
  run_client --timeout 0.2 <input
  assert_fails 1
  assert_regex "$stderr" 'no answer came in time$'
}

@test "client: nobody listens: one line on stderr, exit 1" {
  start_server
  stop server
  echo Hello >input
  run_client <input
  assert_fails 1
  run_client --type udp <input
  assert_fails 1
  run_bounded "$CLIENT" --type unix --host "$PWD/nobody" <input
  assert_fails 1
  run_bounded "$CLIENT" --type unixgram --host "$PWD/nobody" <input
  assert_fails 1
  assert_same "$(echo nobody*)" 'nobody*'
}
