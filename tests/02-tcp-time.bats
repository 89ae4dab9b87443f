#!/usr/bin/env bats
# Lesson 2: the time over TCP, for one client at a time; and lookup.

load helpers

TIME='[A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] [0-9]{4}'

# The server takes what one recv returns for the whole message; lesson 3 is about that. What it
# leaves unread makes its close an RST, in which the answer is lost.
start_server() {
  not_under short-recv
  start_server_as server "$@"
}

# One exchange as a client should have it.
server_still_serves() {
  peer send:Hello eof
  assert_is_time_line "$output"
}

# assert_is_time_line TEXT: one line in the format of ctime, ended by \r\n (shown escaped).
assert_is_time_line() {
  [[ $1 =~ ^$TIME\\r\\n$ ]] || fail_because "the answer is not the time as ctime writes it" \
    'Sat Nov 21 05:26:38 2026\r\n' "$1"
}

# assert_is_now TEXT ZONE: the time is that of this moment, in that time zone.
assert_is_now() {
  local seconds
  seconds=$(TZ=$2 LC_ALL=C date -d "$1" +%s)
  ((seconds >= EPOCHSECONDS - 20 && seconds <= EPOCHSECONDS + 1)) ||
    fail_because "the answer is not the local time" "$(TZ=$2 LC_ALL=C date '+%a %b %e %T %Y')" "$1"
}

# ---- the server ----

# bats test_tags=id:listens,basic,exercise:1
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:accepts,needs:listens,exercise:2
@test "server: accepts a client, and logs its address" {
  start_server
  start_peer client name say:connected hold
  wait_for_line client.out '^connected$'
  wait_for_line server.out "^client $(head -n 1 client.out) connected\$"
}

# bats test_tags=needs:accepts,exercise:3
@test "server: logs what it received" {
  start_server
  start_peer client send:Hello hold
  wait_for_line server.out '^received: Hello$'
}

# bats test_tags=id:answers,basic,needs:listens,points:5,exercise:1,exercise:2,exercise:3,exercise:4
@test "server: answers Hello with the time as ctime writes it, and closes" {
  start_server
  peer send:Hello eof
  assert_is_time_line "$output"
}

# bats test_tags=mistake:no-htons,points:3,exercise:1
@test "server: the port it names is the port it has (htons)" {
  local wanted
  wanted=$(free_port)
  wanted_port=$wanted start_server
  assert_same "$(cat server.out)" "listening on 127.0.0.1:$wanted"
  server_still_serves
}

@test "server: the time is the local time, now" {
  export TZ=TST-7:30
  start_server
  peer send:Hello eof
  assert_is_now "${output%\\r\\n}" TST-7:30
}

@test "server: what a client sends is logged with escapes, NUL and 0xFF too" {
  start_server
  peer 'send:a\x1b[2J\0\xff\r\nb' eof
  wait_for_line server.out "^received: a$ESCAPED_ESC\\[2J$ESCAPED_NUL$ESCAPED_FF\\\\r\\\\nb\$"
}

@test "server: answers whatever is sent, also one byte" {
  start_server
  peer send:x eof
  assert_is_time_line "$output"
  wait_for_line server.out '^received: x$'
}

# bats test_tags=mistake:leaked-descriptor,exercise:4
@test "server: closes after each answer, and serves the next client" {
  start_server
  local round
  for round in 1 2 3; do
    server_still_serves
  done
  assert_count server.out '^client 127.0.0.1:[0-9]+ connected$' 3
}

@test "server: one client at a time: the second is connected, and waits for the first" {
  start_server
  start_peer first say:connected wait send:Hello eof
  wait_for_line server.out '^client .* connected$'
  start_peer second send:Hello say:connected eof say:answered
  wait_for_line second.out '^connected$'
  start_peer third send:Hello silence:0.1
  wait_for_status third 0
  assert_count server.out '^client .* connected$' 1
  assert_count second.out answered 0
  tell first on
  wait_for_status second 0
  assert_count first.out "^$TIME" 1
  assert_count second.out "^$TIME" 1
}

@test "server: those who wait in the backlog are all served, in turn" {
  start_server
  swarm --until-eof --send Hello --connections 50 --messages 2
  assert_output --partial "100 right, 0 wrong, 0 missing"
}

# bats test_tags=mistake:backlog-ignored,exercise:1
@test "server: --backlog 1: two clients wait, connected; the next is not" {
  start_server --backlog 1
  start_peer first say:connected hold
  wait_for_line server.out '^client .* connected$'
  start_peer second say:connected hold
  wait_for_line second.out '^connected$'
  start_peer third say:connected hold
  wait_for_line third.out '^connected$'
  start_peer fourth say:connected hold
  wait_until has_tcp_sockets 02 1 ||
    fail_because "the fourth client is connected" "a socket in SYN_SENT" "none"
  run_bounded "$PEER" --port "$port" --timeout 0.2
  assert_failure
  assert_count fourth.out connected 0
}

@test "server: a silent client keeps the others waiting, until it leaves" {
  start_server
  start_peer silent say:connected wait
  wait_for_line server.out '^client .* connected$'
  run_bounded "$PEER" --port "$port" --timeout 0.2 send:Hello eof
  assert_failure
  tell silent leave
  server_still_serves
}

@test "server: --timeout: a silent client is told so, and the next is served" {
  start_server --timeout 1
  start_peer silent eof
  wait_for_line server.out '^client .* connected$'
  server_still_serves
  wait_for_status silent 0
  assert_same "$(cat silent.out)" 'error: nothing received for 1 s\r\n'
}

@test "server: --timeout: whoever sends in time gets the time" {
  start_server --timeout 5
  server_still_serves
  assert_count server.out 'timed out' 0
}

@test "server: without --timeout, a silent client is waited for" {
  start_server
  peer silence:0.5 send:Hello eof
  assert_is_time_line "$output"
}

@test "server: a client that leaves without a word costs nothing" {
  start_server
  peer close
  wait_until has_said server 3 || # where it listens, who connected, and
    fail_because "the server does not print a line about a client that left" "a third line" \
      "$(cat server.out server.err)"
  server_still_serves
}

# bats test_tags=mistake:dies-on-rst,points:3
@test "server: survives a client's RST while it waits for a message" {
  start_server
  local i
  for i in 1 2 3; do
    start_peer "rude$i" wait rst
    wait_for_line server.out '^client .* connected$' "$i"
    tell "rude$i" now
    wait_for_end "rude$i"
  done
  server_still_serves
}

@test "server: survives the RST of a client that waits in the backlog" {
  start_server
  start_peer first wait close
  wait_for_line server.out '^client .* connected$'
  peer rst
  peer send:Hello rst
  tell first on
  server_still_serves
}

# bats test_tags=mistake:sigpipe,points:3
@test "server: survives a client that is gone when the answer is sent (SIGPIPE)" {
  start_server
  start_peer client wait send:Hello shutdown rst
  wait_for_line server.out '^client .* connected$'
  freeze server
  tell client now
  wait_for_end client
  thaw server
  wait_for_line server.out '^received: Hello$'
  server_still_serves
}

@test "server: survives clients that leave at any moment" {
  start_server
  local round
  for round in 1 2 3 4 5; do
    peer rst
    peer send:Hello rst
    peer send:Hello close
    peer send:Hello shutdown rst
  done
  server_still_serves
}

# bats test_tags=mistake:eintr-ends-wait,exercise:3
@test "server: a signal that does not ask it to stop does not end the wait" {
  start_server --timeout 10
  start_peer client wait send:Hello eof
  wait_for_line server.out '^client .* connected$'
  freeze server
  thaw server
  tell client now
  wait_for_end client
  assert_is_time_line "$(cat client.out)"
}

# bats test_tags=mistake:leaked-descriptor,points:3,exercise:4
@test "server: closes each client's descriptor" {
  start_server
  server_still_serves
  local before
  before=$(open_descriptors server)
  swarm --until-eof --send Hello --connections 20
  peer close
  peer rst
  server_still_serves
  assert_descriptors server "$before"
}

# bats test_tags=mistake:emfile-spin,points:3
@test "server: out of descriptors, it neither dies nor spins, and goes on when there are some" {
  start_server
  server_still_serves
  no_more_descriptors server
  peer close # a server that waits in accept has set one descriptor aside for the next client
  start_peer client send:Hello say:connected eof
  wait_for_line client.out '^connected$'
  assert_idle server
  assert_count client.out "$TIME" 0
  more_descriptors server
  wait_for_status client 0
  assert_count client.out "^$TIME" 1
}

@test "server: uses no CPU while it waits for a client, or for a message" {
  start_server
  assert_idle server
  start_peer silent hold
  wait_for_line server.out '^client .* connected$'
  assert_idle server
}

# bats test_tags=mistake:no-reuseaddr,points:3,exercise:1
@test "server: the port is free again at once, though in TIME_WAIT (SO_REUSEADDR)" {
  wanted_port=$(free_port) start_server
  server_still_serves
  wait_until has_tcp_sockets 06 1 # the server has closed first
  stop server
  wanted_port=$port start_server_as server2
  server_still_serves
}

# bats test_tags=exercise:1
@test "server: --no-reuse shows what SO_REUSEADDR is for" {
  start_server
  server_still_serves
  wait_until has_tcp_sockets 06 1
  stop server
  run_bounded "$SERVER" --port "$port" --no-reuse
  assert_fails 1
  assert_regex "$stderr" 'Address already in use'
}

@test "server: SIGINT stops it cleanly" {
  start_server
  server_still_serves
  stop server INT
  assert_same "$status" 0
}

@test "server: SIGTERM stops it cleanly, also while a client keeps it waiting" {
  wanted_port=$(free_port) start_server
  start_peer silent eof
  wait_for_line server.out '^client .* connected$'
  stop server TERM
  assert_same "$status" 0
  wait_for_end silent
  assert_same "$(cat silent.out)" ''
  wanted_port=$port start_server_as server2
  server_still_serves
}

@test "server: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  assert_same "$(head -n 1 server.out)" "listening on [::1]:$port"
  peer name send:Hello eof
  assert_is_time_line "${lines[1]}"
  assert_count server.out "^client \\[::1\\]:${lines[0]##*:} connected\$" 1
}

@test "server: --host takes a name" {
  start_server --host localhost
  host=localhost run_client
  assert_succeeds
}

# What a submission may say otherwise: here it is always the lesson's own server that speaks.
@test "log: a client that was silent, and one that left without a word" {
  start_server --timeout 1
  peer eof
  wait_for_line server.out '^client timed out'
  peer close
  wait_for_line server.out '^client left without a word'
  peer 'send:\x1b\0\xff\r\n' eof
  wait_for_line server.out '^received: \\x1b\\x00\\xff$'
}

# ---- the client ----

# bats test_tags=basic,points:5,exercise:5,exercise:6
@test "client: connects, sends Hello, and prints the time" {
  start_server
  run_client
  assert_succeeds
  assert_same "${lines[0]}" "connecting to 127.0.0.1:$port"
  assert_same "${lines[1]}" "connected to 127.0.0.1:$port"
  assert_same "${lines[2]}" "sent: Hello"
  assert_regex "${lines[3]}" "^The time is $TIME\$"
  assert_same "${#lines[@]}" 4
}

@test "client: what it sends is Hello and a newline, and nothing else" {
  start_peer_server accept 'expect:Hello\n' silence:0.1 'send:now\r\n' close
  run_client
  assert_succeeds
  assert_line 'The time is now'
}

@test "client: --delay: connected, it waits before it sends" {
  start_peer_server accept silence:0.2 'expect:Hello\n' 'send:now\r\n' close
  run_client --delay 0.4
  assert_succeeds
  assert_line 'sleeping 0.4 s'
  assert_line 'The time is now'
}

# bats test_tags=mistake:one-recv-answer,points:3,exercise:5
@test "client: puts an answer together that comes a byte at a time" {
  start_peer_server accept 'expect:Hello\n' 'each:Sat Nov 21 05:26:38 2026\r\n' close
  run_client
  assert_succeeds
  assert_line 'The time is Sat Nov 21 05:26:38 2026'
}

@test "client: what the server sends is printed with escapes" {
  start_peer_server accept 'expect:Hello\n' 'send:a\x1b[2J\0\xff\r\n' close
  run_client
  assert_succeeds
  assert_line 'The time is a\x1b[2J\x00\xff'
}

@test "client: an answer that says error is a failure" {
  start_server --timeout 0.2
  run_client --delay 0.5
  assert_fails 1
  assert_regex "$stderr" 'error: nothing received for 0.2 s$'
  refute_output --partial 'The time'
}

@test "client: a server that closes without an answer is a failure" {
  start_peer_server accept 'expect:Hello\n' close
  run_client
  assert_fails 1
  refute_output --partial 'The time'
}

@test "client: a server that resets the connection is a failure" {
  start_peer_server accept 'expect:Hello\n' rst
  run_client
  assert_fails 1
  refute_output --partial 'The time'
}

@test "client: a server that has left before the client sends is a failure (SIGPIPE)" {
  start_peer_server accept rst
  run_client --delay 0.2
  assert_fails 1
  refute_output --partial 'The time'
}

@test "client: nobody listens on the port: Connection refused" {
  start_server
  stop server
  run_client
  assert_fails 1
  assert_regex "$stderr" 'Connection refused'
}

# run_client_with_hosts LINE...: with an /etc/hosts that has these lines, for the client alone.
run_client_with_hosts() {
  printf '%s\n' "$@" >hosts
  unshare --mount --map-root-user true 2>/dev/null ||
    skip "this machine lets nobody have an /etc/hosts of one's own (unshare)"
  # shellcheck disable=SC2016 # the inner shell expands these
  run_bounded unshare --mount --map-root-user sh -c \
    'mount --bind hosts /etc/hosts && exec "$@"' sh "$CLIENT" --host many.test --port "$port"
}

# bats test_tags=mistake:first-address-only,points:3,exercise:6
@test "client: tries every address of a name, in turn" {
  start_server --host 127.0.0.3
  run_client_with_hosts '127.0.0.2 many.test' '127.0.0.3 many.test' '127.0.0.4 many.test'
  assert_succeeds
  assert_line "connected to 127.0.0.3:$port"
  assert_line --regexp "^The time is $TIME\$"
}

# bats test_tags=mistake:first-address-only,exercise:6
@test "client: tries IPv4 after IPv6, and IPv6 after IPv4" {
  need_ipv6
  start_server --host 127.0.0.1
  run_client_with_hosts '::1 many.test' '127.0.0.1 many.test'
  assert_succeeds
  assert_line "connected to 127.0.0.1:$port"
  stop server
  start_server_as server2 --host ::1
  run_client_with_hosts '::1 many.test' '127.0.0.1 many.test'
  assert_succeeds
  assert_line "connected to [::1]:$port"
}

@test "client: no address of a name answers: one line on stderr" {
  start_server --host 127.0.0.1
  stop server
  run_client_with_hosts '127.0.0.1 many.test' '127.0.0.2 many.test'
  assert_fails 1
  assert_regex "$stderr" 'Connection refused'
}

@test "client: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  run_client
  assert_succeeds
  assert_same "${lines[1]}" "connected to [::1]:$port"
}

@test "client: while another one sleeps, it is connected, and waits for its time" {
  start_server
  start_client a --delay 60
  wait_for_line server.out '^client .* connected$'
  start_client b
  wait_for_line b.out '^sent: Hello$'
  assert_count a.out '^sleeping 60 s$' 1
  assert_count b.out '^The time is' 0
  stop a KILL
  wait_for_status b 0
  assert_count b.out '^The time is' 1
}

# ---- lookup ----

lookup() {
  run_bounded "$BUILD/02-tcp-time/lookup" "$@"
}

@test "lookup: an address, in both families: as text and as bytes" {
  lookup 127.0.0.1 ::1
  assert_succeeds
  assert_output --partial 'bytes 7f 00 00 01'
  assert_output --partial 'bytes 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01'
}

@test "lookup: a name leads to its addresses, and an address back to its name" {
  lookup localhost
  assert_succeeds
  assert_line --regexp '^localhost \(a name\)$'
  assert_line --regexp '^ +(127\.0\.0\.1|::1) '
  assert_line --regexp 'is the name of (127\.0\.0\.1|::1)$'
}

@test "lookup: a host that is not there: the EAI error in words, exit 1" {
  lookup no..host
  assert_fails 1
  assert_regex "$stderr" 'no\.\.host: .*\(EAI_[A-Z]+\)$'
}

@test "lookup: one unknown host does not hide the others" {
  lookup no..host 127.0.0.1
  assert_fails 1
  assert_output --partial 'bytes 7f 00 00 01'
}

@test "lookup: --service, both ways" {
  lookup --service http
  assert_succeeds
  assert_printed 'http/tcp is port 80'
  lookup --service 80
  assert_succeeds
  assert_printed 'http/tcp is port 80'
}

@test "lookup: --service: what is unknown, exit 1" {
  local service
  for service in no-such-service 65536 99999999999999999999 -1 ''; do
    lookup --service "$service"
    assert_fails 1
    assert_printed ''
  done
}

@test "lookup: --protocol" {
  lookup --protocol tcp
  assert_printed 'tcp is protocol number 6'
  lookup --protocol udp
  assert_printed 'udp is protocol number 17'
  lookup --protocol no-such-protocol
  assert_fails 1
}

@test "lookup: --hostname is the name of this host" {
  lookup --hostname
  assert_succeeds
  assert_output --partial "$(uname -n)"
}

@test "lookup: --bytes: a number as this machine and as the network order it" {
  lookup --bytes 258
  assert_succeeds
  assert_line --regexp 'network.*: 00 00 01 02$'
  lookup --bytes 4294967295
  assert_line --regexp 'network.*: ff ff ff ff$'
  lookup --bytes 4294967296
  assert_fails 2
}

@test "lookup: --options: each option before and after it is set" {
  lookup --options
  assert_succeeds
  assert_line --regexp '^SO_REUSEADDR was 0, .* is 1$'
  assert_line --regexp '^SO_KEEPALIVE was 0, .* is 1$'
  assert_line --regexp '^TCP_NODELAY +was 0, .* is 1$'
  assert_line --regexp '^SO_SNDBUF +was [0-9]+, .* is [0-9]+$'
  assert_line --regexp '^SO_RCVBUF +was [0-9]+, .* is [0-9]+$'
}
