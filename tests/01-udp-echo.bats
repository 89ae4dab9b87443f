#!/usr/bin/env bats
# Lesson 1: a datagram is answered with "echo:" and its bytes.

load helpers

udp() {
  peer --udp "$@"
}

server_still_serves() {
  udp send:still 'expect:echo:still'
}

# ---- the server ----

# bats test_tags=id:listens,basic,exercise:1
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:answers,basic,needs:listens,points:5,exercise:1,exercise:2,mistake:length-not-set
@test "server: answers a datagram with echo: and its bytes" {
  start_server
  udp send:Hello expect:echo:Hello
}

# bats test_tags=mistake:no-htons,points:3,exercise:1
@test "server: the port it names is the port it has (htons)" {
  local wanted
  wanted=$(free_port)
  wanted_port=$wanted start_server
  assert_same "$(cat server.out)" "listening on 127.0.0.1:$wanted"
  udp send:Hello expect:echo:Hello
}

@test "server: logs who sent a datagram, and its size" {
  start_server
  udp name send:Hello expect:echo:Hello
  wait_for_line server.out "^datagram from $output, 5 bytes\$"
  assert_count server.out '^datagram' 1
}

@test "server: keeps the boundaries of datagrams" {
  start_server
  udp send:one send:two send:three expect:echo:one expect:echo:two expect:echo:three silence:0.05
}

@test "server: answers an empty datagram" {
  start_server
  udp send: expect:echo: send:more expect:echo:more
  wait_for_line server.out '^datagram from 127.0.0.1:[0-9]+, 0 bytes$'
}

# bats test_tags=mistake:strlen-on-datagram,points:3,exercise:2
@test "server: NUL and 0xFF survive, and what follows them (no strlen)" {
  start_server
  udp 'send:a\0b\xff\r\n\0' 'expect:echo:a\0b\xff\r\n\0'
  wait_for_line server.out ', 7 bytes$'
}

# bats test_tags=mistake:stale-bytes,points:3,exercise:2
@test "server: a short reply after a long one has no stale bytes" {
  start_server
  udp repeat:500:long send:ab recv:2005 expect:echo:ab
}

# bats test_tags=mistake:fixed-reply-address,points:3,exercise:2
@test "server: each client gets its own reply (not a fixed address)" {
  start_server
  start_peer first --udp name send:first expect:echo:first say:answered wait send:again expect:echo:again
  wait_for_line first.out '^answered$'
  udp send:second expect:echo:second silence:0.05
  tell first on
  wait_for_status first 0
}

# bats test_tags=mistake:fixed-reply-address
@test "server: many clients at once, each gets only its own replies" {
  start_server
  swarm --udp --connections 50 --messages 20 --send 'message {}' --expect 'echo:message {}'
  assert_output --partial "1000 right, 0 wrong, 0 missing"
}

@test "server: the largest datagram that UDP carries back is answered whole" {
  start_server
  udp repeat:65502:x recv:65535
  assert_same "${#output}" 65507
  wait_for_line server.out ', 65502 bytes$'
}

@test "server: survives a datagram whose reply is too large to send" {
  start_server
  udp repeat:65507:x silence:0.05
  wait_for_line server.out ', 65507 bytes$'
  server_still_serves
}

# bats test_tags=mistake:reads-past-buffer,points:3,exercise:3
@test "server: --bufsize: what fitted is answered, and the rest logged as truncated" {
  start_server --bufsize 4
  udp send:Hello expect:echo:Hell
  wait_for_line server.out '^datagram from 127.0.0.1:[0-9]+, 5 bytes.*truncated'
}

@test "server: --bufsize: a datagram that just fits is not truncated" {
  start_server --bufsize 5
  udp send:Hello expect:echo:Hello
  wait_for_line server.out '^datagram from 127.0.0.1:[0-9]+, 5 bytes$'
  assert_count server.out truncated 0
}

# bats test_tags=exercise:3
@test "server: --bufsize: the lost end of a datagram does not come with the next" {
  start_server --bufsize 4
  udp send:Hello send:abc expect:echo:Hell expect:echo:abc silence:0.05
}

# bats test_tags=mistake:dies-on-econnrefused,points:3
@test "server: survives a client that is gone before the reply comes (ECONNREFUSED)" {
  start_server
  local round
  for round in 1 2 3 4 5; do
    udp send:Hello close
  done
  wait_for_line server.out '^datagram' 5
  server_still_serves
}

@test "server: a silent client that never reads costs the others nothing" {
  start_server
  start_peer silent --udp --rcvbuf 1 repeat:60000:x repeat:60000:x repeat:60000:x repeat:60000:x hold
  wait_for_line server.out ', 60000 bytes$' 1
  server_still_serves
}

@test "server: uses no CPU while it waits" {
  start_server
  server_still_serves
  assert_idle server
}

@test "server: a thousand datagrams leave no descriptor and no memory behind" {
  start_server
  swarm --udp --send '{}' --expect 'echo:{}'
  local before memory
  before=$(open_descriptors server)
  memory=$(resident_memory server)
  swarm --udp --connections 50 --messages 20 --send '{}' --expect 'echo:{}'
  assert_descriptors server "$before"
  (($(resident_memory server) - memory < 4096)) ||
    fail_because "the memory of the server has grown" "$memory KiB" "$(resident_memory server) KiB"
}

@test "server: SIGINT stops it cleanly, and the port is free at once" {
  wanted_port=$(free_port) start_server
  server_still_serves
  stop server INT
  assert_same "$status" 0
  wanted_port=$port start_server_as server2
  server_still_serves
}

@test "server: SIGTERM stops it cleanly, and the port is free at once" {
  wanted_port=$(free_port) start_server
  server_still_serves
  stop server TERM
  assert_same "$status" 0
  wanted_port=$port start_server_as server2
  server_still_serves
}

@test "server: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  assert_same "$(head -n 1 server.out)" "listening on [::1]:$port"
  udp name send:Hello expect:echo:Hello
  assert_count server.out "^datagram from \\[::1\\]:${output##*:}, 5 bytes\$" 1
}

# ---- the client ----

# bats test_tags=basic,points:5,exercise:4
@test "client: sends Hello and World, and prints each reply" {
  start_server
  run_client
  assert_succeeds
  assert_printed $'echo:Hello\necho:World'
  wait_for_line server.out ', 5 bytes$' 2
}

@test "client: each argument is one datagram" {
  start_server
  run_client one 'two words' ''
  assert_succeeds
  assert_printed $'echo:one\necho:two words\necho:'
  wait_for_line server.out ', 9 bytes$'
}

@test "client: waits for each reply before it sends the next message" {
  start_peer_server --udp accept expect:one silence:0.1 send:first expect:two send:second
  run_client one two
  assert_succeeds
  assert_printed $'first\nsecond'
}

# bats test_tags=mistake:reply-as-string
@test "client: what the server sends is printed with escapes" {
  start_peer_server --udp accept recv:9 'send:\x1b[2J\0\xff\nend'
  run_client one
  assert_succeeds
  assert_printed '\x1b[2J\x00\xff\nend'
}

# bats test_tags=mistake:no-timeout,points:3,exercise:5
@test "client: sends again when no reply comes, and prints the reply to the second try" {
  start_peer_server --udp accept expect:one expect:one send:late
  run_client --timeout 0.3 --retries 20 one
  assert_succeeds
  assert_printed late
}

# bats test_tags=exercise:5
@test "client: --timeout and --retries: gives up in time when no reply comes" {
  start_peer_server --udp accept expect:one expect:one expect:one say:three silence:0.3
  run_client --timeout 0.1 --retries 2 one
  assert_same "$status" 1
  assert_printed ""
  assert_regex "${stderr_lines[-1]}" 'no reply'
  wait_for_status peer 0
}

# bats test_tags=exercise:5
@test "client: --retries 0: a lost datagram is not sent again, and one line says so" {
  start_peer_server --udp accept expect:one silence:0.3
  run_client --timeout 0.1 --retries 0 one
  assert_fails 1
  assert_printed ""
  wait_for_status peer 0
}

# bats test_tags=exercise:4
@test "client: nobody listens on the port: Connection refused, without waiting" {
  start_server
  stop server
  run_client --timeout 10 one
  assert_fails 1
  assert_regex "$stderr" 'Connection refused'
}

# bats test_tags=mistake:any-sender,points:3,exercise:4
@test "client: a datagram from a stranger is not taken for the reply" {
  start_peer_server --udp accept expect:one say:asked wait send:right
  start_client client --timeout 5 one
  wait_for_line peer.out '^asked$'
  local address
  address=$(client_address)
  run_bounded "$PEER" --udp --port "${address##*:}" send:wrong
  tell peer on
  wait_for_status client 0
  assert_same "$(cat client.out)" right
}

# The address of the client's socket, as the kernel knows it.
client_address() {
  local inode hex
  inode=$(readlink /proc/"${pid_of[client]}"/fd/* | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
  hex=$(awk -v inode="$inode" '$10 == inode { print $2 }' /proc/net/udp)
  echo "127.0.0.1:$((16#${hex##*:}))"
}

# bats test_tags=exercise:6
@test "client: --broadcast prints every answer with its sender" {
  host=0.0.0.0
  start_server --host 0.0.0.0
  run_bounded "$CLIENT" --port "$port" --broadcast --timeout 1 Hello
  assert_succeeds
  assert_output --regexp "^127\.[0-9.]+:$port echo:Hello\$"
}

# bats test_tags=exercise:6
@test "client: --broadcast without an answer fails" {
  host=0.0.0.0
  start_peer_server --udp accept recv:100 say:asked hold
  run_bounded "$CLIENT" --port "$port" --broadcast --timeout 0.1 Hello
  assert_fails 1
  assert_printed ""
  wait_for_line peer.out '^asked$'
}

@test "client: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  run_client Hello
  assert_succeeds
  assert_printed echo:Hello
}
