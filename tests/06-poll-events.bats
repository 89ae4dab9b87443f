#!/usr/bin/env bats
# Lesson 6: events with poll; and events.

load helpers
load lib/messages
load lib/network

# ---- the server: messages and answers ----

# bats test_tags=id:listens,basic
@test "server: says where it listens" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:answer,basic,needs:listens,points:5
@test "server: a message is printed with its length, and answered with the time" {
  start_server
  join ann 'send:Hello\n' lines
  is_answered ann
  prints_message ann Hello
}

# bats test_tags=needs:answer,points:3
@test "server: prints the events in words" {
  start_server
  wait_for_line server.out '^listening'
  join ann 'send:Hello\n' lines
  is_answered ann
  wait_for_line server.out "^\\[${address[ann]}\\] POLLIN\$"
}

# bats test_tags=needs:answer,points:3
@test "server: two clients are served beside each other, again and again" {
  start_server
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

# bats test_tags=needs:answer,mistake:torn-message,points:3
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

# bats test_tags=needs:answer,mistake:shared-buffer,points:3
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

# bats test_tags=id:two-messages,needs:answer,mistake:torn-message,points:3
@test "server: three messages in one segment are three, also an empty one" {
  start_server
  join ann 'send:one\n\nthree\n' lines
  is_answered ann 3
  prints_message ann one
  prints_message ann ''
  prints_message ann three
}

# bats test_tags=needs:two-messages,mistake:no-nodelay,points:2
@test "server: of two answers, the second one does not wait until the first is acknowledged" {
  start_server --max-line 10
  local answer='error: message longer than 10 bytes\r\n' # the same each time, unlike the time
  swarm --connections 1 --messages 100 --send "$(printf '%020d\\n' 1 2)" --expect "$answer$answer"
  assert_nothing_waited
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
  join ann 'send:one\ntwo\nthree\n' shutdown lines say:ended
  is_answered ann 3
  wait_for_line ann.out '^ended$'
  wait_for_line server.out "^\\[${address[ann]}\\] left\$"
}

@test "server: half a message at the end is none; those before it are" {
  start_server
  join ann 'send:bye\nhalf' shutdown lines say:ended
  wait_for_line ann.out '^ended$'
  prints_message ann bye
  assert_count ann.out "$TIME" 1
  assert_count server.out 'half' 0
}

# ---- the server: the end of a connection ----

# bats test_tags=id:hang-up,needs:answer,mistake:hup-is-end,points:5,exercise:1
@test "server: a message that came before a reset is read: POLLIN|POLLERR|POLLHUP" {
  start_server
  join ann wait 'send:last words\n' rst
  join bob
  wait_for_line server.out '\] joined' 2
  freeze server
  tell ann on
  wait_for_end ann
  thaw server
  prints_message ann "last words"
  wait_for_line server.out "^\\[${address[ann]}\\] POLLIN\\|POLLERR\\|POLLHUP\$"
  wait_for_line server.out "^\\[${address[ann]}\\] left"
}

# bats test_tags=mistake:dies-on-rst,needs:answer,points:3
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

# bats test_tags=mistake:one-array-only,needs:answer,points:5,exercise:2
@test "server: whoever leaves, the others are heard under their own names" {
  start_server
  join ann wait 'send:this is ann\n' lines
  join bob wait shutdown lines say:ended
  join carl wait 'send:this is carl\n' lines
  join dan wait 'send:this is dan\n' lines
  tell bob leave
  wait_for_line bob.out '^ended$'
  wait_for_line server.out "^\\[${address[bob]}\\] left\$"
  tell dan on
  is_answered dan
  prints_message dan 'this is dan'
  tell carl on
  is_answered carl
  prints_message carl 'this is carl'
  tell ann on
  is_answered ann
  prints_message ann 'this is ann'
  assert_idle server
}

@test "server: all leave at once, and nobody is forgotten" {
  not_under emfile # each struck accept costs it a second
  start_server --quiet
  start swarm "$SWARM" --host "$host" --port "$port" --line --stay --connections 40 --timeout 60
  wait_for_end swarm
  assert_same "$status" 0
  WAIT_LIMIT=30 wait_for_line server.out '\] left$' 40
  assert_count server.out '\] left' 40
  all_is_well
}

# bats test_tags=needs:answer,mistake:leaked-descriptor,points:3,exercise:2
@test "server: a leaver's descriptor is closed, and no memory is kept" {
  not_under emfile
  start_server --quiet
  swarm --line --reconnect --connections 10 --messages 10
  wait_for_line server.out '\] left' 100
  local before memory
  before=$(open_descriptors server)
  memory=$(resident_memory server)
  RUN_LIMIT=60 swarm --line --reconnect --connections 10 --messages 100
  WAIT_LIMIT=30 wait_for_line server.out '\] left' 1100
  assert_descriptors server "$before"
  (($(resident_memory server) - memory < 2048)) ||
    fail_because "the memory of the server has grown" "$memory KiB" "$(resident_memory server) KiB"
}

# ---- the server: clients who do not read ----

# bats test_tags=id:stalled,needs:two-messages,mistake:blocking-socket,mistake:eagain-is-error,points:5,exercise:3,exercise:4
@test "server: a client that does not read its answers keeps nobody waiting" {
  start_server --quiet
  floods lazy shutdown lines say:ended
  stall lazy
  all_is_well
}

# bats test_tags=needs:stalled,mistake:eagain-is-error,mistake:lost-rest,points:5,exercise:4,exercise:5
@test "server: a client that reads late gets every answer, whole and in order" {
  start_server --quiet
  floods slow shutdown lines say:ended
  wait_for_line server.out "^\\[${address[slow]}\\] .*reading stops\$"
  tell slow on
  WAIT_LIMIT=60 wait_for_line slow.out '^ended$'
  assert_count slow.out "^$TIME$CR" 200000
  wait_for_line server.out "^\\[${address[slow]}\\] .*reading goes on\$"
}

# bats test_tags=needs:stalled,mistake:early-close,points:3,exercise:4,exercise:5
@test "server: a client that half-closes and reads late gets every answer" {
  start_server --quiet --max-queue 33554432
  join_small slow 'repeat:200000:\n' shutdown wait lines say:ended
  wait_until has_tcp_sockets 08 1 # CLOSE_WAIT: its end has come
  stall slow
  tell slow on
  WAIT_LIMIT=60 wait_for_line slow.out '^ended$'
  assert_count slow.out "^$TIME$CR" 200000
}

# bats test_tags=needs:stalled,mistake:endless-queue,points:5,exercise:4
@test "server: what waits for a client that does not read stays bounded (--max-queue)" {
  start_server --quiet --max-queue 10000
  local memory
  memory=$(resident_memory server)
  join_small lazy 'repeat:4000000:\n' hold
  stall lazy
  wait_for_line server.out "^\\[${address[lazy]}\\] .*reading stops\$"
  assert_idle server
  all_is_well
  (($(resident_memory server) - memory < 8192)) ||
    fail_because "the server keeps what a client does not read, without a limit" "$memory KiB" "$(resident_memory server) KiB"
}

# bats test_tags=mistake:always-pollout,points:3,exercise:5
@test "server: uses no CPU while clients are silent, or have sent half a message" {
  start_server
  assert_idle server
  join ann 'send:one\nhalf' line hold
  is_answered ann
  assert_idle server
}

# bats test_tags=needs:stalled,points:2,exercise:4
@test "server: uses no CPU while a client does not read what waits for it" {
  start_server --quiet
  floods lazy shutdown lines say:ended
  stall lazy
  assert_idle server
}

# bats test_tags=needs:stalled,exercise:4
@test "server: a client that does not read, and resets: it is noticed, and its messages are read" {
  start_server --quiet
  floods lazy rst
  wait_for_line server.out 'reading stops$'
  tell lazy leave
  wait_for_line server.out "^\\[${address[lazy]}\\] left"
  all_is_well
  assert_idle server
}

# ---- the server: many clients, and their limits ----

# bats test_tags=needs:answer,points:3
@test "server: more clients than FD_SETSIZE, all answered" {
  not_under emfile
  ulimit -n 1300 2>/dev/null || skip "ulimit -n can't be raised to 1300"
  start_server --quiet
  RUN_LIMIT=120 swarm --line --stay --connections 1200 --messages 2
}

@test "server: 500 silent clients: it uses no CPU" {
  not_under emfile
  (($(ulimit -n) > 600)) || ulimit -n 600 2>/dev/null || skip "ulimit -n is below 600"
  start_server --quiet
  start swarm "$SWARM" --host "$host" --port "$port" --until-eof --connections 500 --send half --timeout 60
  WAIT_LIMIT=60 wait_for_line server.out '\] joined$' 500
  assert_idle server
}

# bats test_tags=points:2,exercise:2
@test "server: --max-clients: the next is told so, and others come when one leaves" {
  start_server --max-clients 2
  join ann wait shutdown lines say:ended
  join bob wait 'send:hi\n' lines
  wait_for_line server.out '\] joined$' 2
  peer 'expect:error: too many clients\r\n' eof
  wait_for_line server.out '\] refused: too many clients$'
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

@test "log: no memory for what a client has sent: that is said on stderr, and the others are served" {
  start_server --max-line 65536
  join ann send:Hel wait 'send:lo\n' lines # it has its memory already
  halves_without_memory
  wait_for_line server.err "^server: \\[127.0.0.1:[0-9]+\\] dropped: .* memory\$"
  tell ann on
  is_answered ann
  more_memory server
  all_is_well
}

# bats test_tags=mistake:emfile-spin,needs:answer,points:3
@test "server: out of descriptors, it neither dies nor spins, and goes on when there are some" {
  start_server
  join ann wait 'send:hello\n' lines
  wait_for_line server.out '\] joined$'
  no_more_descriptors server
  start_peer late --timeout 60 say:connected 'send:hi\n' lines
  wait_for_line late.out '^connected$'
  assert_idle server
  tell ann on
  is_answered ann
  assert_count late.out "$TIME" 0
  more_descriptors server
  is_answered late
}

@test "server: out of descriptors, a newcomer gets the place of a leaver" {
  start_server
  join ann wait close
  wait_for_line server.out '\] joined$'
  no_more_descriptors server
  start_peer late --timeout 60 say:connected 'send:hi\n' lines
  wait_for_line late.out '^connected$'
  tell ann leave
  is_answered late
}

# ---- the server: a peer that is gone without a word ----

# bats test_tags=mistake:half-open-for-ever,points:3,exercise:1
@test "server: --keepalive: a peer that is gone without a word is noticed, and 0 never notices" {
  private_network
  start_server --keepalive 0
  join ann
  start_server_as server2 --keepalive 1
  join bob
  wait_for_line server.out '\] joined$'
  wait_for_line server2.out '\] joined$'
  cut_link
  stop ann KILL
  stop bob KILL
  WAIT_LIMIT=60 wait_for_line server2.out "^\\[${address[bob]}\\] left: "
  wait_for_line server2.out "^\\[${address[bob]}\\] .*POLLERR\\|POLLHUP\$"
  assert_count server.out '\] left' 0
}

@test "server: --keepalive: a peer that is there, and silent, stays" {
  private_network
  start_server --keepalive 1
  join ann wait 'send:still here\n' lines
  wait_until probed_often
  tell ann on
  is_answered ann
}

# probed_often: so many segments have come in the private network, with each probe and each
# answer to one, that the server has asked more often than it would have asked a peer that is gone.
probed_often() {
  local segments
  segments=$("${enter[@]}" awk '/^Tcp: [0-9]/ { print $11 }' /proc/net/snmp)
  ((segments >= 16))
}

# ---- the server: signals, addresses, options ----

@test "server: a signal that does not ask it to stop ends nothing" {
  start_server
  join ann wait 'send:hello\n' lines
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
  join bob 'send:two\n' lines
  is_answered bob
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

@test "log: --quiet prints neither events nor messages" {
  start_server --quiet
  join ann 'send:secret\n' lines
  is_answered ann
  stop ann
  wait_for_line server.out "^\\[${address[ann]}\\] left\$"
  assert_count server.out 'secret|POLL' 0
}

# ---- other clients ----

# bats test_tags=needs:answer
@test "server: nc is answered" {
  command -v nc >/dev/null || skip "nc is not installed"
  start_server
  start nc nc "$host" "$port"
  tell nc "hello from nc"
  wait_for_line nc.out "^$TIME"
  wait_for_line server.out '13 bytes: hello from nc$'
}

# bats test_tags=needs:answer
@test "server: telnet is answered" {
  command -v telnet >/dev/null || skip "telnet is not installed"
  start_server
  start telnet telnet "$host" "$port"
  tell telnet "hello from telnet"
  wait_for_line telnet.out "^$TIME"
  wait_for_line server.out '17 bytes: hello from telnet$'
}

# ---- the client ----

# start_at_keyboard [ARGUMENT]...: the client, with the descriptor `keyboard` to type on, and to end.
start_at_keyboard() {
  mkfifo keyboard
  start client bash -c 'exec "$0" "$@" <keyboard' "$CLIENT" --host "$host" --port "$port" "$@"
  exec {keyboard}>keyboard
}

# bats test_tags=id:to-all,basic,points:5,exercise:6
@test "client: sends a typed line to every server, and prints each answer with the server's name" {
  start_peer_server accept 'expect:Hello\n' 'send:from one\r\n' hold
  local one=$port
  start two "$PEER" --listen --host "$host" --port 0 accept 'expect:Hello\n' 'send:from two\r\n' hold
  wait_for_line two.out '^listening on '
  local two
  two=$(sed -n '1s/.*://p' two.out)
  start client "$CLIENT" "$host:$one" "localhost:$two"
  tell client Hello
  wait_for_line client.out "^\\[$host:$one\\] from one\$"
  wait_for_line client.out "^\\[localhost:$two\\] from two\$"
}

# bats test_tags=basic,points:5,exercise:6
@test "client: with our server: prints the time for each line, while the keyboard goes on" {
  start_server
  start_client client
  tell client one
  wait_for_line client.out "^\\[$host:$port\\] $TIME\$"
  tell client two
  wait_for_line client.out "^\\[$host:$port\\] $TIME\$" 2
  wait_for_line server.out '3 bytes: two$'
}

# bats test_tags=points:3
@test "client: says so when nothing has come for --timeout, again and again; 0 never does" {
  start_peer_server accept wait 'send:now\n' hold
  start_client client --timeout 0.1
  wait_for_line client.out '^nothing for 100 ms$' 3
  tell peer on
  wait_for_line client.out '\] now$'
  wait_for_line client.out '^nothing for 100 ms$' 4
  start_server
  run_client --timeout 0 <<<hello
  assert_success
  assert_count run.out nothing 0
}

# bats test_tags=needs:to-all,mistake:one-ends-all,points:3
@test "client: the end of one server does not end the others, and is an error at the end" {
  start_server
  local one=$port
  start_server_as server2
  start client "$CLIENT" "$host:$one" "$host:$port"
  tell client first
  wait_for_line client.out "\\] $TIME\$" 2
  stop server
  wait_for_line client.out "^\\[$host:$one\\] the server closed the connection\$"
  tell client second
  wait_for_line client.out "^\\[$host:$port\\] $TIME\$" 2
  stop server2
  wait_for_end client
  assert_same "$status" 1
}

# bats test_tags=points:2
@test "client: a server that can't be reached is said, the others go on, exit 1" {
  start_server
  local gone=$port
  stop server
  start_server_as server2
  run_bounded "$CLIENT" "$host:$gone" "$host:$port" <<<hello
  assert_fails 1
  assert_regex "$stderr" "^client: connect $host:$gone: Connection refused\$"
  assert_regex "$output" "\\[$host:$port\\] $TIME"
}

@test "client: nobody can be reached: it ends at once, exit 1" {
  start_server
  stop server
  start_client client
  wait_for_end client
  assert_same "$status" 1
}

# bats test_tags=id:pipe,points:5,exercise:6
@test "client: from a pipe: it sends everything, half-closes, and shows what still comes" {
  start_peer_server accept 'expect:one\ntwo\n' eof 'send:1\r\n2\r\n' close
  run_client < <(printf 'one\ntwo')
  assert_success
  assert_printed "[$host:$port] connected"$'\n'"[$host:$port] 1"$'\n'"[$host:$port] 2"
}

# bats test_tags=needs:pipe,points:3
@test "client: a pipe whose writer is gone is read to its end: POLLIN|POLLHUP" {
  start_peer_server --timeout 60 accept expect-repeat:6000:'a line of input\n' eof
  printf 'a line of input\n%.0s' {1..6000} >input
  run_client < <(cat input)
  assert_success
  wait_for_end peer
  assert_same "$status" 0
}

# bats test_tags=needs:pipe,mistake:pipe-end-spin,points:3
@test "client: when its input has ended, and when all is silent, it uses no CPU" {
  start_peer_server accept 'expect:one\n' say:typed eof say:ended hold
  start_at_keyboard
  echo one >&"$keyboard"
  wait_for_line peer.out '^typed$'
  assert_idle client
  exec {keyboard}>&-
  wait_for_line peer.out '^ended$'
  assert_idle client
}

# bats test_tags=exercise:6
@test "client: --repeat sends each input so many times; --late reads the answers at the end" {
  start_server --quiet
  start_at_keyboard --repeat 100000 --late
  echo x >&"$keyboard"
  echo y >&"$keyboard"
  wait_for_line server.out 'reading stops$'
  assert_count client.out "$TIME" 0
  exec {keyboard}>&-
  WAIT_LIMIT=60 wait_for_end client
  assert_same "$status" 0
  assert_count client.out "$TIME" 200000
}

@test "log: client: no memory for what its server does not take: it says so, and not that the server has left" {
  start_peer_server accept hold
  start_at_keyboard --repeat 100000 --late
  wait_for_line client.out '\] connected$'
  no_more_memory client
  printf '%01000d\n' 0 >&"$keyboard"
  wait_for_end client
  assert_same "$status" 1
  wait_for_line client.err "^client: $host:$port: .* memory\$"
  assert_count client.out 'closed the connection' 0
}

@test "client: more input than all buffers hold, while the server talks and does not read" {
  start_peer_server --timeout 60 accept repeat:1000000:'talk talk talk talk talk\r\n' say:talked expect-repeat:1000000:'word word word word word\n' eof
  printf 'word word word word word\n%.0s' {1..1000} >part
  for _ in {1..1000}; do cat part; done >input
  start client bash -c 'exec "$0" "$@" <input' "$CLIENT" --host "$host" --port "$port"
  WAIT_LIMIT=60 wait_for_end client
  assert_same "$status" 0
  WAIT_LIMIT=60 wait_for_end peer
  assert_same "$status" 0
  assert_count client.out '\] talk talk talk talk talk$' 1000000
}

# bats test_tags=mistake:endless-input,points:3,exercise:6
@test "client: what waits for a server that does not read stays bounded, whatever its input is" {
  start_peer_server --timeout 60 accept hold
  { yes 'word word word word word' || true; } | head -c 64000000 >input
  start client bash -c 'exec "$0" "$@" <input' "$CLIENT" --host "$host" --port "$port" --timeout 0
  wait_for_line client.out '\] connected$'
  wait_until is_at_rest client || fail "the client does not come to rest, though its server takes nothing"
  (($(resident_memory client) < 40000)) ||
    fail_because "the client keeps all that its server does not take" "less than 40000 KiB" "$(resident_memory client) KiB"
}

# is_at_rest NAME: it sleeps, and has used no CPU for a moment.
is_at_rest() {
  local before
  before=$(cpu_ticks "${pid_of[$1]}")
  nap 0.1
  is_in_state "$1" S && (($(cpu_ticks "${pid_of[$1]}") == before))
}

@test "client: an answer that comes a byte at a time; its bytes are printed with escapes" {
  start_peer_server accept 'each:one \x1b[2J\0\xff\r\n' eof
  run_client
  assert_success
  assert_regex "$output" '\] one \\x1b\[2J\\x00\\xff$'
}

@test "client: an answer that is too long is left out, and said; the next one is shown" {
  start_peer_server accept repeat:100000:x 'send:\nshort\n' eof
  run_client
  assert_success
  assert_regex "$stderr" 'longer than 65536 bytes'
  assert_regex "$output" '\] short$'
}

@test "client: a full server is a failure, and said" {
  start_server --max-clients 1
  join ann
  wait_for_line server.out '\] joined$'
  start_client client
  wait_for_end client
  assert_same "$status" 1
  wait_for_line client.out '\] error: too many clients$'
}

@test "client: a server that resets the connection is a failure" {
  start_peer_server accept 'expect:one\n' rst
  run_client <<<one
  ((status == 1))
}

@test "client: IPv6 works as IPv4 does, also as [ADDRESS]:PORT" {
  need_ipv6
  host=::1
  start_server --host ::1
  run_client <<<Hello
  assert_success
  run_bounded "$CLIENT" "[::1]:$port" <<<Again
  assert_success
  wait_for_line server.out '5 bytes: Again$'
}

@test "client: what is no HOST:PORT is bad usage, before anything is connected" {
  start_server
  local bad
  for bad in "$host" "$host:" ":$port" "::1:$port" "$host:0" "$host:70000" "$host:x" "$host:1x"; do
    run_bounded "$CLIENT" "$host:$port" "$bad"
    assert_fails 2
    assert_printed ''
  done
  assert_count server.out joined 0
}

# ---- events ----

@test "events: each event of poll, in a table" {
  run_bounded "$BUILD/06-poll-events/show_events"
  assert_success
  assert_line --regexp '^a new connection +POLLIN +nothing$'
  assert_line --regexp '^ +POLLIN\|POLLOUT +POLLOUT$'
  assert_line --regexp '^the peer sent 5 bytes +POLLIN +POLLIN$'
  assert_line --regexp '^we sent until nothing fitted +POLLIN\|POLLOUT +POLLIN$'
  assert_line --regexp '^the peer half-closed +POLLIN +POLLIN$'
  assert_line --regexp '^and we half-closed, too +POLLIN +POLLIN\|POLLHUP$'
  assert_line --regexp '^and we closed the descriptor +POLLIN +POLLNVAL$'
  assert_line --regexp '^5 bytes came, then a reset +POLLIN +POLLIN\|POLLERR\|POLLHUP$'
  assert_line --regexp '^ +nothing +POLLERR\|POLLHUP$'
  assert_line --regexp '^a pipe: it wrote, and closed +POLLIN +POLLIN\|POLLHUP$'
  assert_line --regexp '^and we read it all +POLLIN +POLLHUP$'
}

@test "events: POLLRDHUP, where there is one" {
  [[ $(uname) == Linux ]] || skip "POLLRDHUP is Linux's"
  run_bounded "$BUILD/06-poll-events/show_events"
  assert_line --regexp '^ +POLLIN\|POLLRDHUP +POLLIN\|POLLRDHUP$'
}
