#!/usr/bin/env bats
# Lesson 4: the time over TCP, for many clients at the same time; counter and cost.

load helpers
load lib/clients

TIME='[A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] [0-9]{4}'

# One exchange as a client should have it.
server_still_serves() {
  peer 'send:Hello\n' line shutdown eof
  assert_is_time_line "${lines[0]}"
}

# assert_is_time_line TEXT: one line in the format of ctime, ended by \r\n (shown escaped).
assert_is_time_line() {
  [[ $1 =~ ^$TIME\\r\\n$ ]] || fail_because "the answer is not the time as ctime writes it" \
    'Sat Nov 21 05:26:38 2026\r\n' "$1"
}

# has_threads NAME COUNT; has_at_most NAME COUNT
has_threads() {
  local threads=("/proc/${pid_of[$1]}/task/"*)
  ((${#threads[@]} == $2))
}

has_at_most() {
  local threads=("/proc/${pid_of[$1]}/task/"*)
  ((${#threads[@]} <= $2))
}

# assert_alone NAME: all that served a client is gone, or soon will be: threads, processes, zombies.
assert_alone() {
  local expected=1
  [[ $BUILD != */tsan ]] || expected=2 # ThreadSanitizer may have one of its own
  assert_no_children "$1"
  wait_until has_at_most "$1" "$expected" ||
    fail_because "$1 has threads, though no client" "$expected" "$(grep ^Threads: "/proc/${pid_of[$1]}/status")"
}

# ---- the server: each model serves the same ----

# bats test_tags=id:listens,basic
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:answers,basic,needs:listens,points:5
@test "server: answers each message with the time, until the client leaves" {
  start_server
  peer 'send:Hello\n' line 'send:Hello again\n' line shutdown eof
  assert_is_time_line "${lines[0]}"
  assert_is_time_line "${lines[1]}"
}

# bats test_tags=id:fork,needs:answers,points:5,exercise:2
@test "server: --model fork: answers each message with the time, until the client leaves" {
  start_server --model fork
  peer 'send:Hello\n' line 'send:Hello again\n' line shutdown eof
  assert_is_time_line "${lines[0]}"
  assert_is_time_line "${lines[1]}"
}

# bats test_tags=id:threads,needs:answers,mistake:one-after-the-other,points:5,exercise:1
@test "server: a slow client delays nobody" {
  start_server
  start_waiting slow
  swarm --line --connections 9 --timeout 5
  assert_output --partial '9 right, 0 wrong, 0 missing'
  has_again slow
}

# bats test_tags=id:processes,needs:fork,points:5,exercise:2
@test "server: --model fork: a slow client delays nobody" {
  start_server --model fork
  start_waiting slow
  swarm --line --connections 9 --timeout 5
  assert_output --partial '9 right, 0 wrong, 0 missing'
  has_again slow
}

# bats test_tags=id:reaps,needs:processes,mistake:zombies,points:3,exercise:3
@test "server: --model fork: no child stays a zombie" {
  start_server --model fork
  swarm --line --reconnect --connections 4 --messages 5
  assert_alone server
}

# bats test_tags=needs:threads,exercise:1
@test "server: a client has a thread, as long as it is there" {
  start_server
  server_still_serves
  assert_alone server
  local alone
  alone=$(grep -c . <(ls "/proc/${pid_of[server]}/task"))
  start_waiting client
  has_threads server $((alone + 1)) ||
    fail_because "the client has no thread of its own" $((alone + 1)) "$(grep ^Threads: "/proc/${pid_of[server]}/status")"
  has_again client
  assert_alone server
}

# bats test_tags=needs:reaps,exercise:2
@test "server: --model fork: a client has a process, as long as it is there" {
  start_server --model fork
  start_waiting client
  assert_same "$(children_of server | wc -l)" 1
  has_again client
  assert_alone server
}

# bats test_tags=needs:threads,mistake:shared-connfd,points:3,exercise:1
@test "server: a hundred clients that come in one moment each get their own answers" {
  start_server
  freeze server
  start swarm "$SWARM" --port "$port" --line --connections 100 --messages 3 --timeout 8
  wait_until has_tcp_sockets 01 200 # both ends of each
  thaw server
  wait_for_end swarm
  [[ $(<swarm.out) == *'300 right, 0 wrong, 0 missing'* ]] ||
    fail_because "not every client got its answers" "300 right" "$(<swarm.out)"
}

# bats test_tags=needs:reaps,exercise:2
@test "server: --model fork: a hundred clients that come in one moment each get their own answers" {
  start_server --model fork
  swarm --line --connections 100 --messages 3
  assert_output --partial '300 right, 0 wrong, 0 missing'
  assert_alone server
}

# bats test_tags=needs:threads,mistake:shared-buffer,points:3
@test "server: each client has a buffer of its own" {
  start_server
  start_peer first 'send:abc' say:sent wait 'send:def\n' line
  wait_for_line first.out '^sent$'
  wait_until has_received_all
  peer 'send:x\n' line
  tell first on
  wait_for_end first
  assert_same "$status" 0
  wait_for_line server.out '\babcdef\b'
  wait_for_line server.out '[^[:alnum:]]x\b[^[:alnum:]]*$'
}

# The server has a client, and has taken all that it sent.
has_received_all() {
  awk -v end=":$(printf '%04X' "$port")" '
    index($2, end) == 9 && $4 == "01" && $10 != 0 && $5 ~ /:00000000$/ { found = 1 }
    END { exit !found }' /proc/net/tcp
}

@test "server: what a client sends is logged with escapes, and with the client's address" {
  start_server
  peer name 'send:a\x1b[2J\0\xffb\n' line
  wait_for_line server.out "${lines[0]}.*a$ESCAPED_ESC\\[2J$ESCAPED_NUL${ESCAPED_FF}b"
}

# What a submission may say otherwise: here it is always the lesson's own server that speaks.
@test "log: who said what, and why a client is gone" {
  start_server --timeout 1 --max-line 5
  peer name 'send:Hello\r\n' line shutdown eof
  local name=${lines[0]}
  wait_for_line server.out "^\\[$name\\] left$"
  assert_same "$(sed -n '2,4p' server.out)" "[$name] connected"$'\n'"[$name] received: Hello"$'\n'"[$name] left"
  peer 'send:Hello!\n' 'expect:error: message longer than 5 bytes\r\n' eof
  wait_for_line server.out '\] dropped: message longer than 5 bytes$'
  peer 'expect:error: nothing received for 1 s\r\n' eof
  wait_for_line server.out '\] timed out$'
  peer send:Hel shutdown eof
  wait_for_line server.out '\] left in the middle of a message$'
}

@test "server: --quiet: clients are served, and not logged" {
  start_server --quiet
  server_still_serves
  assert_same "$(cat server.out)" "listening on 127.0.0.1:$port"
}

@test "log: no thread's line is torn by another's" {
  start_server
  swarm --line --connections 50 --messages 20
  wait_for_line server.out ' left$' 50
  assert_same "$(sed 1d server.out | grep -cvE '^\[127\.0\.0\.1:[0-9]+\] (connected|received: Hello [0-9]+|left)$')" 0
  assert_count server.out ' received: Hello [0-9]+$' 1000
}

@test "server: the time is the local time, now" {
  export TZ=TST-7:30
  start_server
  peer 'send:Hello\n' line
  local seconds
  seconds=$(LC_ALL=C date -d "${output%\\r\\n}" +%s)
  ((seconds >= EPOCHSECONDS - 20 && seconds <= EPOCHSECONDS + 1)) ||
    fail_because "the answer is not the local time" "$(LC_ALL=C date '+%a %b %e %T %Y')" "$output"
}

# bats test_tags=mistake:lost-rest,points:3
@test "server: messages are lines: two in one segment, one in two, a byte at a time, with a carriage return" {
  start_server
  peer 'send:one\ntwo\n' line line send:Hel silence:0.1 'send:lo\n' line 'each:ab\r\n' line \
    'send:\n' line silence:0.1 shutdown eof
  assert_same "$(grep -cE "^$TIME\\\\r\\\\n\$" <<<"$output")" 5
  wait_for_line server.out '\btwo\b'
  wait_for_line server.out '\bHello\b'
  wait_for_line server.out '\bab$'
}

@test "server: the rest of a line without an end is no message" {
  start_server
  peer send:Hello shutdown eof
  assert_printed ''
  server_still_serves
}

# ---- the server: limits ----

# bats test_tags=needs:threads,mistake:limit-ignored,points:3
@test "server: --max-clients: the newcomer is told, and closed; whoever is there stays" {
  start_server --max-clients 2
  start_waiting first
  start_waiting second
  peer 'send:Hello\n' 'expect:error: ' eof
  assert_regex "$output" '^[^\\]*\\r\\n$'
  has_again first
  wait_until serves_again || fail_because "the place of a client that has left stays taken" "the time" "$output"
  has_again second
}

# bats test_tags=needs:reaps,mistake:limit-ignored,exercise:3
@test "server: --model fork --max-clients: the newcomer is told, and closed; whoever is there stays" {
  start_server --model fork --max-clients 2
  start_waiting first
  start_waiting second
  peer 'send:Hello\n' 'expect:error: ' eof
  assert_regex "$output" '^[^\\]*\\r\\n$'
  has_again first
  wait_until serves_again || fail_because "the place of a client that has left stays taken" "the time" "$output"
  has_again second
}

# bats test_tags=needs:threads,mistake:unread-close
@test "server: --max-clients: a newcomer that has sent something already is told, too, and not reset" {
  start_server --max-clients 1
  start_waiting first
  refused_after_sending 'Hello\n'
  has_again first
}

# The place of a client that has just left may be taken for a moment.
serves_again() {
  run_bounded "$PEER" --port "$port" 'send:Hello\n' line shutdown eof
  [[ $output =~ ^$TIME ]]
}

# bats test_tags=mistake:never-counts-down,points:3
@test "server: who comes one after the other does not reach the limit" {
  start_server --max-clients 3
  local round
  for round in 1 2 3 4 5 6; do
    wait_until serves_again || fail_because "a client is refused, though the others have left" "the time" "$output"
  done
}

# bats test_tags=needs:threads
@test "server: --timeout: a silent client is told so, and the others are not disturbed" {
  start_server --timeout 1
  peer 'expect:error: ' eof
  assert_regex "$output" '^[^\\]*\\r\\n$'
  start_peer half send:Hel 'expect:error: ' eof
  server_still_serves
  wait_for_end half
  assert_same "$status" 0
}

# bats test_tags=needs:reaps
@test "server: --model fork --timeout: a silent client is told so, and its process ends" {
  start_server --model fork --timeout 1
  peer 'expect:error: ' eof
  assert_alone server
}

@test "server: --timeout: it begins anew with each message" {
  # The silences together are longer than the time-out; each leaves a busy machine 2 seconds.
  start_server --timeout 3
  peer 'send:a\n' line silence:0.8 'send:b\n' line silence:0.8 'send:c\n' line silence:0.8 'send:d\n' line \
    silence:0.8 'send:e\n' line
}

@test "server: a line of 1 MiB is too long: the client is told so, and dropped" {
  start_server
  peer repeat:1048576:x 'send:\n' 'expect:error: ' eof
  assert_regex "$output" '^[^\\]+\\r\\n$'
  server_still_serves
}

@test "server: a client that was dropped, and stays, does not keep its place for long" {
  start_server --max-clients 1 --max-line 10 --timeout 60
  start_peer silent repeat:100:x 'expect:error: ' say:dropped hold
  wait_for_line silent.out '^dropped$'
  wait_until serves_again || fail_because "the place of a client that was dropped stays taken" "the time" "$output"
}

@test "server: --max-line does not count the end of the line" {
  start_server --max-line 10
  peer repeat:10:x 'send:\n' line repeat:10:x 'send:\r\n' line
  refute_output --partial error
  peer repeat:11:x 'send:\n' 'expect:error: ' eof
  peer repeat:100:x 'expect:error: ' eof
}

# bats test_tags=needs:threads
@test "server: a client that never reads is dropped, and the others are served" {
  start_server --timeout 1
  server_still_serves
  local memory
  memory=$(resident_memory server)
  start_peer rude 'fill:x\n'
  server_still_serves
  wait_for_end rude
  (($(resident_memory server) - memory < 4096)) ||
    fail_because "the server keeps what its client does not read, without a limit" "$memory KiB" "$(resident_memory server) KiB"
}

@test "log: a client that never reads has not left: it was dropped" {
  start_server --timeout 1
  start_peer client 'fill:x\n' hold
  wait_for_line server.out '\] dropped: it does not read$'
  assert_count server.out '\] left' 0
}

# ---- the server: clients come and go ----

# bats test_tags=needs:threads,mistake:one-ends-all,points:3
@test "server: a client's RST, whenever it comes, concerns this client alone" {
  start_server
  start_waiting other
  peer rst
  peer send:Hel rst
  peer 'send:Hello\n' rst
  peer 'send:Hello\n' line rst
  start_peer rude 'send:Hello\n' line say:here wait rst
  wait_for_line rude.out '^here$'
  tell rude now
  wait_for_end rude
  server_still_serves
  has_again other
}

# bats test_tags=needs:reaps
@test "server: --model fork: a client's RST, whenever it comes, concerns this client alone" {
  start_server --model fork
  start_waiting other
  peer rst
  peer send:Hel rst
  peer 'send:Hello\n' rst
  peer 'send:Hello\n' line rst
  server_still_serves
  has_again other
  assert_alone server
}

# bats test_tags=needs:threads
@test "server: survives a client that is gone when the answers are sent (SIGPIPE)" {
  start_server
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

# bats test_tags=needs:threads,mistake:not-detached,points:3,exercise:1
@test "server: threads that have ended leave nothing behind" {
  export MALLOC_ARENA_MAX=1 # glibc gives threads that run at once an arena each: 64 MiB, and it keeps them
  start_server
  swarm --line --reconnect --connections 4 --messages 20
  assert_alone server
  local before after descriptors
  before=$(address_space server) descriptors=$(open_descriptors server)
  swarm --line --reconnect --connections 4 --messages 100
  assert_alone server
  after=$(address_space server)
  # The stack of a thread is 2 MiB of address space at least.
  ((after - before < 400)) || fail_because "threads that have ended still have their stacks: detach them, or join them" \
    "about $before MiB of address space" "$after MiB, after 400 clients"
  assert_descriptors server "$descriptors"
}

# bats test_tags=needs:reaps,mistake:dies-on-eintr,points:3
@test "server: --model fork: the end of a child does not end the accept" {
  not_under emfile # there the server does say something
  start_server --model fork
  local round
  for round in 1 2 3; do
    server_still_serves
    assert_alone server # the signal has come, and the server is in accept again
  done
  assert_same "$(cat server.err)" ''
}

# inherit_child: the server will have a child that it did not start: that of the shell which becomes it.
inherit_child() {
  printf '#!/usr/bin/env bash\nsleep 60 &\nexec %q "$@"\n' "$SERVER" >inherits
  chmod +x inherits
  SERVER=$PWD/inherits
}

# bats test_tags=needs:reaps,mistake:unknown-child,points:2,exercise:3
@test "server: --model fork: the end of a child that it did not start itself confuses nothing" {
  inherit_child
  start_server --model fork --max-clients 1
  local inherited
  inherited=$(children_of server)
  [[ -n $inherited ]] || fail "the server has inherited no child"
  kill "$inherited"
  assert_alone server
  start_waiting first
  peer 'send:Hello\n' 'expect:error: ' eof
  has_again first
  wait_until serves_again || fail_because "the place of a client that has left stays taken" "the time" "$output"
}

# bats test_tags=needs:reaps,mistake:parent-keeps-client,points:3,exercise:2
@test "server: --model fork: the parent closes the client's socket" {
  start_server --model fork
  server_still_serves
  assert_alone server
  local before
  before=$(open_descriptors server)
  start_waiting one
  start_waiting two
  assert_descriptors server "$before"
  has_again one
  has_again two
}

# bats test_tags=needs:processes,mistake:child-keeps-listener,points:3,exercise:2
@test "server: --model fork: the child closes the listener" {
  wanted_port=$(free_port) start_server --model fork
  start_waiting client
  # Nobody can tell the child of a parent that is killed. It may serve its client to the end.
  stop server KILL
  wanted_port=$port start_server_as server2
  server_still_serves
  has_again client
}

# bats test_tags=needs:threads,mistake:emfile-spin,points:3
@test "server: out of descriptors, it neither dies nor spins, and serves whom it has" {
  start_server
  start_waiting there
  no_more_descriptors server
  peer close # a server that waits in accept has set one descriptor aside for the next client
  start_peer client 'send:Hello\n' say:connected line say:answered
  wait_for_line client.out '^connected$'
  assert_idle server
  assert_count client.out answered 0
  has_again there
  more_descriptors server
  wait_for_end client
  assert_same "$status" 0
}

# bats test_tags=needs:processes
@test "server: --model fork: no process to be had: the client is told, the others are served" {
  [[ $(id -u) != 0 ]] || skip "root may have as many processes as it likes"
  start_server --model fork
  start_waiting there
  prlimit --pid "${pid_of[server]}" --nproc=1:
  peer 'send:Hello\n' 'expect:error: ' eof
  has_again there
}

# bats test_tags=needs:threads
@test "server: no memory for a thread: the client is told, the others are served" {
  start_server
  start_waiting there
  no_more_memory server
  peer 'send:Hello\n' 'expect:error: ' eof
  more_memory server
  has_again there
  server_still_serves
}

@test "log: no memory for what a client sends: that is said on stderr, and the others are served" {
  export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=100000 # glibc keeps nothing for later
  start_server --max-line 1048576
  peer 'send:Hello\n' line shutdown eof
  assert_alone server # and the next thread gets the stack of this one
  no_more_memory server
  peer eof
  assert_printed ''
  wait_for_line server.err '^server: \[127\.0\.0\.1:[0-9]+\] dropped: .* memory$'
  more_memory server
  server_still_serves
}

# bats test_tags=needs:threads
@test "server: 500 silent clients cost no CPU" {
  start_server
  silent_clients 500
  wait_until has_accepted 500
  server_still_serves
  assert_idle server
}

# bats test_tags=needs:processes
@test "server: --model fork: 200 silent clients cost no CPU" {
  start_server --model fork
  silent_clients 200
  wait_until has_accepted 200
  server_still_serves
  assert_idle server
}

# bats test_tags=needs:threads
@test "server: 2000 clients at once, each answered" {
  more_files 8192
  start_server --max-clients 4096
  RUN_LIMIT=90 swarm --line --connections 2000 --stay
  assert_output --partial '2000 right, 0 wrong, 0 missing'
  assert_alone server
}

# ---- the server: the end ----

@test "server: SIGINT and SIGTERM stop it cleanly, and the port is free at once" {
  wanted_port=$(free_port) start_server
  server_still_serves
  stop server INT
  assert_same "$status" 0
  wanted_port=$port start_server_as server2
  start_peer client 'send:Hello\n' line say:answered eof
  wait_for_line client.out '^answered$'
  stop server2 TERM
  assert_same "$status" 0
  wait_for_end client
  wanted_port=$port start_server_as server3
  server_still_serves
}

# bats test_tags=needs:processes,mistake:children-left-behind,points:3,exercise:4
@test "server: --model fork: SIGTERM ends the children too, and the port is free at once" {
  wanted_port=$(free_port) start_server --model fork
  start_peer client 'send:Hello\n' line say:answered eof say:end
  wait_for_line client.out '^answered$'
  stop server TERM
  assert_same "$status" 0
  wait_for_line client.out '^end$'
  wanted_port=$port start_server_as server2 --model fork
  server_still_serves
  stop server2 INT
  assert_same "$status" 0
}

# bats test_tags=needs:processes,exercise:4
@test "server: --model fork: SIGTERM ends also a child whose client sends without a pause" {
  start_server --model fork
  start_talker client
  stop server TERM
  assert_same "$status" 0
  wait_for_end client
}

# bats test_tags=needs:processes,mistake:unknown-child,exercise:4
@test "server: --model fork: SIGTERM ends it also while a child that it did not start lives on" {
  inherit_child
  start_server --model fork
  start_peer client 'send:Hello\n' line say:answered eof say:end
  wait_for_line client.out '^answered$'
  stop server TERM
  assert_same "$status" 0
  wait_for_line client.out '^end$'
}

@test "server: a signal that does not ask it to stop ends nothing" {
  start_server
  start_waiting client
  freeze server
  thaw server
  has_again client
  server_still_serves
}

@test "server: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  assert_same "$(head -n 1 server.out)" "listening on [::1]:$port"
  server_still_serves
}

# ---- the client ----

# bats test_tags=basic,points:5
@test "client: connects, sends Hello, and prints the time" {
  start_server
  run_client
  assert_success
  assert_same "${lines[0]}" connected
  assert_same "${lines[1]}" 'sent: Hello'
  assert_regex "${lines[2]}" "^The time is $TIME\$"
  assert_same "${#lines[@]}" 3
}

# bats test_tags=points:3,exercise:5
@test "client: --count: asks so often, on one connection, and then closes" {
  start_peer_server accept 'expect:Hello\n' 'send:one\r\n' 'expect:Hello\n' 'send:two\r\n' \
    'expect:Hello\n' 'send:three\r\n' eof
  run_client --count 3 --every 0
  assert_success
  assert_same "$(grep -v '^sent' <<<"$output")" $'connected\nThe time is one\nThe time is two\nThe time is three'
}

# bats test_tags=exercise:5
@test "client: --every: waits between two questions" {
  start_peer_server accept 'expect:Hello\n' 'send:one\r\n' silence:0.2 'expect:Hello\n' 'send:two\r\n' eof
  run_client --count 2 --every 0.4
  assert_success
}

@test "client: --delay: connected, it waits before it sends" {
  start_peer_server accept silence:0.2 'expect:Hello\n' 'send:now\r\n' eof
  run_client --delay 0.4
  assert_success
  assert_line 'sleeping 0.4 s'
  assert_line 'The time is now'
}

@test "client: puts an answer together that comes a byte at a time" {
  start_peer_server accept 'expect:Hello\n' 'each:now\r\n' eof
  run_client
  assert_success
  assert_line 'The time is now'
}

@test "client: what the server sends is printed with escapes" {
  start_peer_server accept 'expect:Hello\n' 'send:a\x1b[2J\0\xff\r\n' eof
  run_client
  assert_success
  assert_line 'The time is a\x1b[2J\x00\xff'
}

@test "client: an answer that says error is a failure" {
  start_server --max-clients 1
  start_peer first 'send:Hello\n' line say:answered hold
  wait_for_line first.out '^answered$'
  run_client
  assert_fails 1
  assert_regex "$stderr" 'error: too many clients$'
  refute_output --partial 'The time'
}

@test "client: a server that closes, or resets, without an answer is a failure" {
  start_peer_server accept 'expect:Hello\n' close accept 'expect:Hello\n' rst accept 'expect:Hello\n' send:half close
  local round
  for round in 1 2 3; do
    run_client
    assert_fails 1
    refute_output --partial 'The time'
  done
}

# bats test_tags=exercise:5
@test "client: a server that has left before the next question is a failure (SIGPIPE)" {
  start_peer_server accept 'expect:Hello\n' 'send:one\r\n' rst
  run_client --count 3 --every 0.2
  assert_fails 1
  assert_line 'The time is one'
}

@test "client: nobody listens on the port: Connection refused" {
  start_server
  stop server
  run_client
  assert_fails 1
  assert_regex "$stderr" 'Connection refused$'
}

@test "client: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  run_client
  assert_success
}

# ---- counter and cost ----

counter() {
  run_bounded "$BUILD/04-tcp-threads/show_race" "$@"
  assert_success
}

@test "counter: without a lock, updates are lost" {
  counter
  assert_output --regexp '^lock none: expected 800000, found [0-9]+, lost [1-9][0-9]*$'
}

@test "counter: with a mutex, and with an atomic, none is lost; nor with one thread" {
  counter --lock mutex --threads 8 --count 50000
  assert_printed 'lock mutex: expected 400000, found 400000, lost 0'
  counter --lock atomic --threads 8 --count 50000
  assert_printed 'lock atomic: expected 400000, found 400000, lost 0'
  counter --threads 1
  assert_printed 'lock none: expected 200000, found 200000, lost 0'
}

@test "cost: what threads and processes cost, and a process costs more memory" {
  local model kib=()
  for model in thread fork; do
    run_bounded "$BUILD/04-tcp-threads/measure_cost" --model "$model" --count 50
    assert_success
    [[ -r /proc/self/smaps_rollup ]] || skip "this machine has no smaps_rollup"
    assert_output --regexp "^50 of model $model: [0-9]+ us each to start, [0-9.]+ KiB each, [0-9]+ KiB together\$"
    output=${output% KiB together}
    kib+=("${output##* }")
  done
  # A sanitizer's memory is not what is measured here.
  [[ $BUILD == */build ]] || return 0
  ((kib[0] < kib[1])) || fail_because "a process costs less than a thread" "more than ${kib[0]} KiB" "${kib[1]} KiB"
}
