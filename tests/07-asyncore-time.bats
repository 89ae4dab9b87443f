#!/usr/bin/env bats
# Lesson 7: the time again, with asyncore and three pollers; and cost.

load helpers
load lib/messages

# ---- the server: messages and answers ----

# bats test_tags=id:listens,basic
@test "server: says where it listens" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:answer,basic,needs:listens,points:5,exercise:1,exercise:2
@test "server: a message is printed with its length, and answered with the time" {
  start_server
  join ann 'send:Hello\n' lines
  is_answered ann
  prints_message ann Hello
}

# bats test_tags=id:poll,needs:answer,points:5,exercise:3
@test "server: --poller poll: two clients are served beside each other, again and again" {
  two_clients poll
}

# bats test_tags=needs:listens,points:3,exercise:1
@test "server: --poller select: two clients are served beside each other, again and again" {
  two_clients select
}

# bats test_tags=needs:answer,points:3,exercise:2
@test "server: --poller epoll: two clients are served beside each other, again and again" {
  two_clients epoll
}

two_clients() {
  start_server --poller "$1"
  join ann wait 'send:a1\n' line wait 'send:a2\n' lines
  join bob wait 'send:b1\n' line wait 'send:b2\n' lines
  tell bob on
  is_answered bob
  tell ann on
  is_answered ann
  tell ann on
  is_answered ann 2
  tell bob on
  is_answered bob 2
  prints_message ann a2
  prints_message bob b2
}

# bats test_tags=needs:answer,points:3
@test "server: a message that comes in two segments is one" {
  start_server
  join ann send:Hel wait 'send:lo\n' lines
  join bob 'send:between\n' lines
  is_answered bob
  tell ann on
  is_answered ann
  prints_message ann Hello
  assert_count ann.out "$TIME" 1
}

# bats test_tags=needs:answer,points:3
@test "server: the halves of two clients' messages are not mixed" {
  start_server
  join ann send:An wait 'send:na\n' lines
  join bob send:Bo wait 'send:bby\n' lines
  all_is_well
  tell ann on
  is_answered ann
  tell bob on
  is_answered bob
  prints_message ann Anna
  prints_message bob Bobby
}

# bats test_tags=id:two-messages,needs:answer,points:3
@test "server: three messages in one segment are three, also an empty one" {
  start_server
  join ann 'send:one\n\nthree\n' lines
  is_answered ann 3
  prints_message ann one
  prints_message ann ''
  prints_message ann three
}

@test "server: a message that comes a byte at a time; \\r before the newline is no part of it" {
  start_server
  join ann 'each:one by one\r\n' lines
  is_answered ann
  prints_message ann 'one by one'
}

@test "server: NUL and 0xFF count, and what is printed is escaped" {
  start_server
  join ann 'send:\x1b[2J\0\xff\n' lines
  is_answered ann
  wait_for_line server.out "6 bytes: $ESCAPED_ESC\\[2J$ESCAPED_NUL$ESCAPED_FF\$"
}

# bats test_tags=needs:two-messages,points:2
@test "server: a message that is too long is refused in words, and its client goes on" {
  start_server --max-line 10
  join ann repeat:10:a 'send:\n' line repeat:1048576:b 'send:\n' line 'send:short\n' lines
  prints_message ann aaaaaaaaaa
  prints_message ann short
  is_answered ann 2
  assert_count ann.out "longer than 10 bytes.*$CR" 1
}

@test "server: --max-line does not count the end of the line" {
  end_is_not_counted
}

@test "server: a message without an end is too long as soon as it is" {
  start_server
  join ann repeat:1048576:x line wait 'send:\nback\n' lines
  wait_for_line ann.out "longer than 4096 bytes.*$CR"
  all_is_well
  tell ann on
  is_answered ann
  prints_message ann back
}

# bats test_tags=needs:two-messages,points:3
@test "server: a client that half-closes at once gets all its answers, and then the end" {
  start_server
  join ann 'send:one\ntwo\nthree\nhalf' shutdown lines say:ended
  wait_for_line ann.out '^ended$'
  assert_count ann.out "^$TIME$CR" 3
  assert_count server.out half 0
}

# ---- the server: clients who leave ----

# bats test_tags=needs:answer,mistake:use-after-close,points:5
@test "server: a leaver is reported once, its descriptor is closed, and others come" {
  start_server
  all_is_well # client1 stays
  local before
  before=$(open_descriptors server)
  join ann wait shutdown lines say:ended
  tell ann leave
  wait_for_line ann.out '^ended$'
  wait_for_line server.out "^\\[${address[ann]}\\] left\$"
  assert_descriptors server "$before"
  all_is_well
  assert_count server.out "^\\[${address[ann]}\\] left" 1
}

# bats test_tags=needs:poll,points:5,mistake:hang-up-is-close,exercise:1
@test "server: every message that came before a reset is read, with each poller" {
  local poller
  for poller in select poll epoll; do
    start_server_as "server-$poller" --poller "$poller"
    join "rude-$poller" wait 'repeat:3000:last words\n' rst
    wait_for_line "server-$poller.out" '\] joined$'
    freeze "server-$poller"
    tell "rude-$poller" on
    wait_for_end "rude-$poller"
    thaw "server-$poller"
    wait_for_line "server-$poller.out" '\] left$'
    assert_count "server-$poller.out" '10 bytes: last words$' 3000
  done
}

# bats test_tags=needs:answer,points:3
@test "server: survives a client's RST, whenever it comes" {
  start_server
  peer rst
  peer send:Hel rst
  peer 'send:Hello\nWor' rst
  join rude wait rst
  wait_until has_accepted 1
  tell rude now
  wait_for_end rude
  wait_for_line server.out "^\\[${address[rude]}\\] left"
  all_is_well
}

@test "server: a client that is gone again before it was accepted keeps nobody waiting" {
  start_server
  freeze server
  peer rst
  peer close
  thaw server
  all_is_well
}

@test "server: many leave at once, and nobody is forgotten; no memory is kept" {
  not_under emfile # each struck accept costs it a second
  start_server --quiet
  swarm --line --stay --connections 40
  wait_for_line server.out '\] left$' 40
  local memory
  memory=$(resident_memory server)
  RUN_LIMIT=60 swarm --line --reconnect --connections 10 --messages 100
  WAIT_LIMIT=30 wait_for_line server.out '\] left$' 1040
  assert_count server.out '\] left' 1040
  (($(resident_memory server) - memory < 2048)) ||
    fail_because "the memory of the server has grown" "$memory KiB" "$(resident_memory server) KiB"
}

# ---- the server: clients who do not read ----

# bats test_tags=id:stalled,needs:two-messages,points:5,exercise:4,exercise:5
@test "server: a client that does not read its answers keeps nobody waiting, and costs no CPU" {
  start_server --quiet
  floods lazy lines
  stall lazy
  all_is_well
  assert_idle server
}

# bats test_tags=needs:stalled,mistake:never-writable,points:5,exercise:4
@test "server: a client that reads late gets every answer, whole and in order" {
  start_server --quiet
  floods slow shutdown lines say:ended
  stall slow
  tell slow on
  WAIT_LIMIT=60 wait_for_line slow.out '^ended$'
  assert_count slow.out "^$TIME$CR" 200000
}

# bats test_tags=needs:stalled,points:3,exercise:4
@test "server: a client that half-closes and reads late gets every answer" {
  start_server --quiet --max-queue 33554432
  join_small slow 'repeat:200000:\n' shutdown wait lines say:ended
  wait_until has_tcp_sockets 08 1 # CLOSE_WAIT: its end has come
  stall slow
  assert_idle server
  tell slow on
  WAIT_LIMIT=60 wait_for_line slow.out '^ended$'
  assert_count slow.out "^$TIME$CR" 200000
}

# bats test_tags=needs:stalled,mistake:endless-queue,points:5,exercise:5
@test "server: what waits for a client that does not read stays bounded (--max-queue)" {
  start_server --quiet --max-queue 10000
  local memory
  memory=$(resident_memory server)
  join_small lazy 'repeat:4000000:\n' hold
  stall lazy
  all_is_well
  (($(resident_memory server) - memory < 8192)) ||
    fail_because "the server keeps what a client does not read, without a limit" "$memory KiB" "$(resident_memory server) KiB"
}

# bats test_tags=needs:poll,needs:stalled,points:2,exercise:4
@test "server: a client that does not read, and resets: it is noticed, with each poller" {
  local poller
  for poller in select poll epoll; do
    start_server_as "server-$poller" --quiet --poller "$poller"
    floods "lazy-$poller" rst
    stall "lazy-$poller" "server-$poller"
    tell "lazy-$poller" leave
    wait_for_line "server-$poller.out" '\] left$'
    all_is_well
  done
}

# bats test_tags=needs:poll,mistake:always-writable,points:5,exercise:4
@test "server: uses no CPU while clients are silent, with each poller" {
  local poller
  for poller in select poll epoll; do
    start_server_as "server-$poller" --poller "$poller"
    join "ann-$poller" 'send:one\nhalf' line hold
    is_answered "ann-$poller"
    assert_idle "server-$poller"
  done
}

@test "server: an urgent byte does not make it spin" {
  command -v perl >/dev/null || skip "perl is not installed"
  start_server
  start urgent perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0) or die;
    connect(S, sockaddr_in(shift, inet_aton("127.0.0.1"))) or die;
    send(S, "!", MSG_OOB) or die; $| = 1; print "sent\n"; sleep 60' "$port"
  wait_for_line urgent.out '^sent$'
  wait_for_line server.out '\] joined$'
  assert_idle server
}

# ---- the server: many clients, and their limits ----

# bats test_tags=needs:poll,points:3
@test "server: more clients than FD_SETSIZE, with poll and with epoll" {
  not_under emfile
  ulimit -n 1300 2>/dev/null || skip "ulimit -n can't be raised to 1300"
  local poller
  for poller in poll epoll; do
    start_server_as "server-$poller" --quiet --poller "$poller"
    RUN_LIMIT=120 swarm --line --stay --connections 1200 --messages 2
  done
}

# bats test_tags=needs:answer,mistake:past-fd-setsize,points:3
@test "server: with select, a client whose descriptor has no place is told so; the others are served" {
  not_under emfile
  ulimit -n 1300 2>/dev/null || skip "ulimit -n can't be raised to 1300"
  start_server --quiet --poller select
  join ann wait 'send:hi\n' lines
  start swarm "$SWARM" --host "$host" --port "$port" --until-eof --connections 1023 --send half --timeout 60
  WAIT_LIMIT=60 wait_for_line server.out '\] (joined|refused: .*)$' 1024
  peer 'expect:error: too many clients\r\n' eof
  tell ann on
  is_answered ann
  is_running server
}

# bats test_tags=points:2
@test "server: --max-clients: the next is told so, and others come when one leaves" {
  start_server --max-clients 2
  join ann wait shutdown lines say:ended
  join bob wait 'send:hi\n' lines
  wait_for_line server.out '\] joined$' 2
  peer 'expect:error: too many clients\r\n' eof
  wait_for_line server.out '\] refused: '
  tell ann leave
  wait_for_line ann.out '^ended$'
  wait_for_line server.out "^\\[${address[ann]}\\] left\$"
  join carl 'send:hi\n' lines
  is_answered carl
  tell bob on
  is_answered bob
}

@test "server: --max-clients: a newcomer that has sent something already is told, too, and not reset" {
  start_server --max-clients 1
  join ann
  refused_after_sending 'Hello\n'
  is_running server
}

# bats test_tags=needs:poll,mistake:emfile-closes,points:3
@test "server: out of descriptors, it neither dies nor spins, with each poller" {
  local poller
  for poller in select poll epoll; do
    start_server_as "server-$poller" --poller "$poller"
    join "ann-$poller" 'send:first\n' line wait 'send:hello\n' lines
    is_answered "ann-$poller"
    no_more_descriptors "server-$poller"
    start_peer "late-$poller" --timeout 60 say:connected 'send:hi\n' lines
    wait_for_line "late-$poller.out" '^connected$'
    assert_idle "server-$poller"
    tell "ann-$poller" on
    is_answered "ann-$poller" 2
    assert_count "late-$poller.out" "$TIME" 0
    more_descriptors "server-$poller"
    is_answered "late-$poller"
  done
}

@test "server: out of descriptors, a newcomer gets the place of a leaver" {
  start_server
  join ann 'send:first\n' line wait close
  is_answered ann
  no_more_descriptors server
  start_peer late --timeout 60 say:connected 'send:hi\n' lines
  wait_for_line late.out '^connected$'
  tell ann leave
  is_answered late
}

@test "server: a signal that does not ask it to stop ends nothing" {
  start_server
  join ann wait 'send:hello\n' lines
  wait_for_line server.out '\] joined$'
  freeze server
  thaw server
  tell ann on
  is_answered ann
}

@test "server: SIGINT and SIGTERM stop it cleanly, and the port is free at once" {
  wanted_port=$(free_port) start_server
  join ann 'send:one\nhalf' lines
  is_answered ann
  stop server INT
  assert_same "$status" 0
  wait_for_end ann
  wanted_port=$port start_server_as server2
  all_is_well
  stop server2 TERM
  assert_same "$status" 0
}

@test "server: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  join ann 'send:Hello\n' lines
  is_answered ann
  prints_message ann Hello
}

# ---- other clients ----

@test "server: nc is answered" {
  command -v nc >/dev/null || skip "nc is not installed"
  start_server
  start nc nc "$host" "$port"
  tell nc hello
  wait_for_line nc.out "^$TIME"
  wait_for_line server.out '5 bytes: hello$'
}

@test "server: telnet is answered" {
  command -v telnet >/dev/null || skip "telnet is not installed"
  start_server
  start telnet telnet "$host" "$port"
  tell telnet hello
  wait_for_line telnet.out "^$TIME"
  wait_for_line server.out '5 bytes: hello$'
}

# ---- the client ----

# bats test_tags=id:client,basic,points:5,exercise:1,exercise:2,exercise:6,mistake:flag-not-cleared
@test "client: says Hello, and a second later World, once each, and prints both answers" {
  start_server
  local begun=${EPOCHREALTIME/[^0-9]/}
  run_client
  assert_succeeds
  ((${EPOCHREALTIME/[^0-9]/} - begun > 500000)) ||
    fail_because "World does not come a second after Hello" "1 s" "less than 0.5 s"
  assert_count run.out '^sent: Hello$' 1
  assert_count run.out '^sent: World$' 1
  assert_count run.out "^received: $TIME\$" 2
  assert_count server.out ' 5 bytes: ' 2
}

# bats test_tags=needs:client,points:3,exercise:3
@test "client: says the messages that it is given, with each poller" {
  start_server
  local poller
  for poller in select poll epoll; do
    run_client --poller "$poller" --every 0.01 "with $poller" '' 3
    assert_succeeds
    assert_count run.out "^received: $TIME\$" 3
    wait_for_line server.out " $((5 + ${#poller})) bytes: with $poller\$"
  done
  assert_count server.out ' 0 bytes: $' 3
}

# bats test_tags=needs:client,mistake:flag-not-cleared,points:3,exercise:6
@test "client: uses no CPU while it waits: for the next message, and for an answer" {
  start_peer_server accept 'expect:one\n' 'send:1\r\n' wait 'expect:two\n' say:two wait 'send:2\r\n' eof
  start_client client --every 2 one two
  wait_for_line client.out '^received: 1$'
  assert_idle client
  tell peer on
  wait_for_line peer.out '^two$'
  assert_idle client
  tell peer on
  wait_for_end client
  assert_same "$status" 0
}

# In two segments, the second would wait for an acknowledgement of the first, for which the kernel
# takes 40 ms once the two have talked: so the third message is looked at.
@test "client: a message and its newline leave in one segment" {
  not_under short-send
  start_peer_server accept 'expect:one\n' 'send:1\r\n' 'expect:two\n' 'send:2\r\n' recv:100 'send:3\r\n' eof
  run_client --every 0.2 one two three
  assert_succeeds
  wait_for_line peer.out '^three\\n$'
}

@test "client: an answer that comes a byte at a time; what the server sends is printed with escapes" {
  start_peer_server accept 'expect:one\n' 'each:\x1b[2J\0\xff' 'send:\r\n' eof
  run_client one
  assert_succeeds
  wait_for_line run.out '^received: \\x1b\[2J\\x00\\xff$'
}

@test "client: a message that the server's buffers do not hold" {
  local message
  printf -v message '%0100000d' 7
  start_peer_server --rcvbuf 4096 accept wait "expect-repeat:99999:0" 'expect:7\n' 'send:thanks\r\n' eof
  start_client client "$message"
  wait_for_line client.out '^connected to '
  tell peer on
  wait_for_end client
  assert_same "$status" 0
  wait_for_line client.out '^received: thanks$'
}

@test "client: a server that is full is a failure, and said" {
  start_server --max-clients 1
  join ann
  wait_for_line server.out '\] joined$'
  run_client
  assert_fails 1
  assert_regex "$stderr" 'error: too many clients$'
}

@test "client: a server that ends or resets the connection before it has answered is a failure" {
  start_peer_server accept 'expect:Hello\n' close
  run_client
  assert_fails 1
  assert_regex "$stderr" 'the server closed the connection$'
}

@test "client: every address of a name is tried" {
  getent ahosts localhost | grep -q '^::1 ' || skip "localhost has no IPv6 address here"
  start_server
  host=localhost run_client --every 0
  assert_succeeds
  assert_count run.out "^received: $TIME\$" 2
}

@test "client: nobody listens on the port: Connection refused, with each poller" {
  start_server
  stop server
  local poller
  for poller in select poll epoll; do
    run_client --poller "$poller"
    assert_fails 1
    assert_regex "$stderr" 'Connection refused$'
  done
}

# bats test_tags=exercise:6
@test "client: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  run_client --every 0
  assert_succeeds
  assert_count run.out "^received: $TIME\$" 2
}

# ---- cost ----

@test "cost: each poller; select says for which descriptor it can't wait" {
  ulimit -n 1300 2>/dev/null || skip "ulimit -n can't be raised to 1300"
  local poller
  for poller in select poll epoll; do
    run_bounded "$BUILD/07-asyncore-time/measure_cost" --poller "$poller" --silent 900 --count 1000
    assert_succeeds
    assert_regex "$output" "^$poller, 900 silent: [0-9.]+ us of CPU for each message\$"
  done
  run_bounded "$BUILD/07-asyncore-time/measure_cost" --poller select --silent 1100
  assert_fails 1
  assert_regex "$stderr" "can't wait for descriptor 1024\$"
}
