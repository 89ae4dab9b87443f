#!/usr/bin/env bats
# Lesson 3: a dialog over TCP, in four framings; and stream.

load helpers

# One exchange as a client should have it.
server_still_serves() {
  peer 'send:Hello\n' 'expect:HELLO\n' shutdown eof
  assert_printed ''
}

# assert_is_counted_error TEXT: the last byte of a length, and an error that is so long.
assert_is_counted_error() {
  local error=error:${1#*error:} length
  printf -v length '%b_' "${1%%error:*}" # a byte; as a character behind ' it is a number
  printf -v length %d "'$length"
  ((length == ${#error})) || fail_because "it is not an error with its length" "${#error}, and $error" "$1"
}

# ---- the server: messages on a stream ----

# bats test_tags=id:listens,basic
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:answers,basic,needs:listens,points:5,exercise:1
@test "server: answers each message in upper case" {
  start_server
  peer 'send:Hello\n' 'expect:HELLO\n' 'send:World\n' 'expect:WORLD\n' shutdown eof
  assert_printed ''
}

@test "server: logs each message on a line of its own, and that the client left" {
  start_server
  peer 'send:Hello\nab\n' 'expect:HELLO\nAB\n' shutdown eof
  wait_for_line server.out '^client left'
  assert_same "$(grep -oE '\b(Hello|ab)\b|^client left' server.out)" $'Hello\nab\nclient left'
}

# What a submission may say otherwise: here it is always the lesson's own server that speaks.
@test "log: the client, each message with its size, and why a client is dropped" {
  start_server --timeout 1 --max-line 5 --frame nul
  peer name 'send:Hello\0\x1b\xff\n\0\0' 'expect:HELLO\0\x1b\xff\n\0\0' shutdown eof
  wait_for_line server.out '^client left'
  assert_same "$(sed -n '2,5p' server.out)" \
    "client ${lines[0]} connected"$'\nreceived 5 bytes: Hello\nreceived 3 bytes: \\x1b\\xff\\n\nreceived 0 bytes: '
  peer send:Hello! 'expect:error: message longer than 5 bytes\0' eof
  wait_for_line server.out '^client dropped: message longer than 5 bytes'
  peer 'expect:error: nothing received for 1 s\0' eof
  wait_for_line server.out '^client timed out'
}

# bats test_tags=id:length,needs:listens,mistake:host-byte-order,points:3,exercise:3,exercise:4
@test "server: --frame length: the length is in network byte order" {
  start_server --frame length
  peer 'send:\0\0\1\2' repeat:258:x 'expect:\0\0\1\2' expect-repeat:258:X
}

# bats test_tags=mistake:unterminated-buffer,needs:length
@test "server: what a client sends is logged with escapes, and its log has no stale bytes" {
  start_server --frame length
  peer 'send:\0\0\0\x09long line' recv:100 'send:\0\0\0\6\x1b[2J\0\xff' recv:100
  wait_for_line server.out "$ESCAPED_ESC\\[2J$ESCAPED_NUL${ESCAPED_FF}[\"']?\$"
}

# bats test_tags=mistake:one-recv-one-message,mistake:lost-rest,points:3,exercise:1
@test "server: --frame line: two messages in one segment are two messages" {
  start_server
  peer 'send:one\ntwo\n' 'expect:ONE\nTWO\n' silence:0.05
  # The replies are the same bytes if it takes them for one message: only its log tells.
  wait_for_line server.out '\btwo\b'
  assert_count server.out '\bone\b' 1
  assert_count server.out 'one.*two' 0
}

# bats test_tags=mistake:one-recv-one-message,points:3,exercise:1
@test "server: --frame line: one message in two segments is one message" {
  start_server
  peer send:Hel silence:0.1 'send:lo\nWo' 'expect:HELLO\n' silence:0.1 'send:rld\n' 'expect:WORLD\n'
  assert_count server.out '\bHello\b' 1
}

# bats test_tags=mistake:one-recv-one-message,exercise:1
@test "server: --frame line: a message comes a byte at a time" {
  start_server
  peer 'each:Hello\nWorld\n' 'expect:HELLO\nWORLD\n' silence:0.05
}

@test "server: --frame line: an empty message is a message" {
  start_server
  peer 'send:\n\na\n' 'expect:\n\nA\n' silence:0.05
}

@test "server: --frame line: NUL, 0xFF and \\r survive, only ASCII letters change" {
  start_server
  peer 'send:a\0b\xffc\xe9\r@[`{z\n' 'expect:A\0B\xffC\xe9\r@[`{Z\n'
}

@test "server: --frame nul: two in one segment, one in two, a byte at a time" {
  start_server --frame nul
  peer 'send:one\0two\0' 'expect:ONE\0TWO\0' send:Hel silence:0.1 'send:lo\0' 'expect:HELLO\0' \
    'each:a\nb\0' 'expect:A\nB\0' 'send:\0' 'expect:\0' silence:0.05
}

# bats test_tags=mistake:short-header,needs:length,points:3,exercise:4
@test "server: --frame length: two in one segment, one in two, a byte at a time" {
  start_server --frame length
  peer 'send:\0\0\0\3one\0\0\0\3two' 'expect:\0\0\0\3ONE\0\0\0\3TWO' \
    'send:\0\0' silence:0.1 'send:\0\5Hel' silence:0.1 'send:lo' 'expect:\0\0\0\5HELLO' \
    'each:\0\0\0\3a\nb' 'expect:\0\0\0\3A\nB' 'send:\0\0\0\0' 'expect:\0\0\0\0' silence:0.05
}

# bats test_tags=needs:length
@test "server: --frame length: a message holds any bytes" {
  start_server --frame length
  peer 'send:\0\0\0\6\0\n\xff\0\0a' 'expect:\0\0\0\6\0\n\xff\0\0A'
}

# bats test_tags=needs:listens
@test "server: --frame raw: answers whatever has come" {
  start_server --frame raw
  peer send:Hel expect:HEL 'send:lo\nWorld' 'expect:LO\nWORLD' silence:0.05
}

# bats test_tags=needs:listens
@test "server: --frame raw: two sends in one recv" {
  not_under short-recv
  start_server --frame raw
  start_peer client wait send:one send:two expect:ONETWO
  wait_until has_accepted 1
  freeze server
  tell client now
  # Both are in the kernel before the server goes on.
  wait_until has_received 6
  thaw server
  wait_for_status client 0
  wait_for_line server.out '\bonetwo\b'
}

# bats test_tags=needs:listens
@test "server: --frame raw: one send in two recvs" {
  not_under short-recv
  start_server --frame raw --max-line 4
  peer send:Hello expect:HELLO silence:0.05
  wait_for_line server.out '\bHell\b'
  wait_for_line server.out '\bo\b[^[:alnum:]]*$'
}

# has_received COUNT: so many bytes wait in the server's kernel.
has_received() {
  local queue
  queue=$(awk -v end=":$(printf '%04X' "$port")" '
    index($2, end) == 9 && $4 == "01" { split($5, q, ":"); print q[2] }' /proc/net/tcp)
  ((16#${queue:-0} >= $1))
}

# bats test_tags=mistake:partial-send,exercise:2
@test "server: a message of 64 KiB is answered whole" {
  start_server
  peer repeat:65536:a 'send:\n' expect-repeat:65536:A 'expect:\n' silence:0.05
}

# bats test_tags=mistake:partial-send,points:3,exercise:2,mistake:eintr-in-send
@test "server: a signal in the middle of a long send loses no byte (partial send)" {
  start_server --max-line 33554432
  start_peer client --rcvbuf 4096 --timeout 30 repeat:16777216:a 'send:\n' wait \
    expect-repeat:16777216:A 'expect:\n'
  # It has begun to send, and sleeps, because nobody reads: that is the middle.
  wait_until has_unread_reply
  # The first signal ends a call that has taken a part, a later one a call that has taken nothing.
  local signals
  for signals in 1 2 3 4 5; do
    wait_until is_in_state server S
    freeze server
    thaw server
  done
  tell client now
  wait_for_end client
  assert_same "$(cat client.err)" ''
  assert_same "$status" 0
}

# Bytes that the server sends wait for the client to read.
has_unread_reply() {
  awk -v end=":$(printf '%04X' "$port")" '
    index($2, end) == 9 && $4 == "01" && substr($5, 1, 8) != "00000000" { found = 1 }
    END { exit !found }' /proc/net/tcp
}

# ---- the server: clients come and go ----

# bats test_tags=mistake:one-client-only,points:3
@test "server: serves the next client when one has left" {
  start_server
  local round
  for round in 1 2 3; do
    server_still_serves
    wait_for_line server.out '^client left' "$round"
  done
}

@test "server: one client at a time: the second waits until the first has left" {
  start_server
  start_peer first 'send:one\n' 'expect:ONE\n' say:answered wait 'send:more\n' 'expect:MORE\n'
  wait_for_line first.out '^answered$'
  start_peer second 'send:two\n' say:sent 'expect:TWO\n' say:answered
  wait_for_line second.out '^sent$'
  assert_count second.out answered 0
  tell first on
  wait_for_status second 0
  wait_for_status first 0
}

@test "server: fifty clients come at once, and each gets its own replies" {
  start_server
  swarm --connections 50 --messages 20
  assert_output --partial "1000 right, 0 wrong, 0 missing"
}

@test "server: half-close: a client that ends its side still gets every reply" {
  start_server
  peer repeat:1000:'abc\n' shutdown expect-repeat:1000:'ABC\n' eof
  assert_printed ''
}

# bats test_tags=mistake:eof-spin,points:3
@test "server: at the end of the stream it closes, and does not spin" {
  start_server
  peer 'send:Hello\n' shutdown 'expect:HELLO\n' eof
  wait_for_line server.out '^client left'
  assert_idle server
}

# bats test_tags=needs:length
@test "server: a stream that ends in the middle of a message" {
  start_server --frame length
  peer 'send:\0\0' shutdown eof
  peer 'send:\0\0\0\5Hel' shutdown eof
  wait_for_line server.out '^client left' 2
  peer 'send:\0\0\0\5Hello' 'expect:\0\0\0\5HELLO'
}

# bats test_tags=mistake:eintr-as-end,points:3
@test "server: a signal that does not ask it to stop does not end the wait" {
  start_server
  start_peer client wait 'send:Hello\n' 'expect:HELLO\n'
  wait_until has_accepted 1
  freeze server
  thaw server
  tell client now
  wait_for_status client 0
}

@test "server: survives a client's RST, whenever it comes" {
  start_server
  peer rst
  peer send:Hel rst
  peer 'send:Hello\n' rst
  peer 'send:Hello\n' 'expect:HELLO\n' rst
  peer 'send:Hello\n' 'expect:HELLO\n' send:Wor rst
  start_peer rude wait rst
  wait_until has_accepted 1
  tell rude now
  wait_for_end rude
  server_still_serves
}

@test "server: survives a client that is gone when the reply is sent (SIGPIPE)" {
  start_server
  start_peer client wait 'send:one\ntwo\nthree\n' shutdown rst
  wait_until has_accepted 1
  freeze server
  tell client now
  wait_for_end client
  thaw server
  wait_for_line server.out '^client left'
  server_still_serves
}

@test "server: survives a client that leaves without reading its replies" {
  start_server
  local round
  for round in 1 2 3; do
    peer repeat:1000:'Hello\n' close
  done
  server_still_serves
}

@test "server: --timeout: a silent client is told so, in its framing, and the next is served" {
  start_server --timeout 1
  start_peer silent eof
  wait_until has_accepted 1
  server_still_serves
  wait_for_status silent 0
  assert_regex "$(cat silent.out)" '^error: .*\\n$'
}

# bats test_tags=needs:length
@test "server: --timeout: half a message is silence, too" {
  start_server --timeout 1 --frame length
  peer 'send:\0\0\0\5Hel' 'expect:\0\0\0' eof
  assert_is_counted_error "$output"
}

@test "server: --timeout: it begins anew with each message" {
  # The silences together are longer than the time-out; each leaves a busy machine 2 seconds.
  start_server --timeout 3
  peer 'send:a\n' 'expect:A\n' silence:0.8 'send:b\n' 'expect:B\n' silence:0.8 'send:c\n' \
    'expect:C\n' silence:0.8 'send:d\n' 'expect:D\n' silence:0.8 'send:e\n' 'expect:E\n'
}

@test "server: --timeout: a client that never reads is dropped, and the memory stays bounded" {
  start_server --timeout 1
  server_still_serves
  local memory
  memory=$(resident_memory server)
  peer 'fill:Hello, this is a line of text\n'
  (($(resident_memory server) - memory < 4096)) ||
    fail_because "the server keeps what its client does not read, without a limit" "$memory KiB" "$(resident_memory server) KiB"
  server_still_serves
}

@test "log: a client that never reads has not left: it was dropped" {
  start_server --timeout 1
  start_peer client 'fill:Hello, this is a line of text\n' hold
  wait_for_line server.out '^client dropped: it does not read$'
  assert_count server.out '^client left' 0
}

@test "server: a line of 1 MiB is too long: the client is told so, and dropped" {
  start_server
  peer repeat:1048576:x 'send:\n' 'expect:error: ' eof
  assert_regex "$output" '^[^\\]+\\n$'
  server_still_serves
}

@test "server: a line without an end is too long as soon as it is" {
  start_server --max-line 10
  peer repeat:11:x 'send:\n' 'expect:error: ' eof
  peer repeat:100:x 'expect:error: ' eof
  peer repeat:10:x 'send:\n' 'expect:XXXXXXXXXX\n'
}

@test "server: --max-line does not count the terminator" {
  start_server --max-line 3 --frame nul
  peer 'send:abc\0' 'expect:ABC\0' 'send:abcd\0' 'expect:error: ' eof
  assert_regex "$output" '^[^\\]+\\x00$'
}

# bats test_tags=mistake:endless-end
@test "server: a client that was dropped does not keep the next one waiting, whether it sends on or is silent" {
  start_server --timeout 60 --max-line 10
  dropped_holds_nobody
}

# bats test_tags=mistake:trusts-length,needs:length,points:3,exercise:5
@test "server: --frame length: a claim of 4 GiB is not trusted" {
  start_server --frame length
  local claim
  for claim in '\xff\xff\xff\xff' '\x80\0\0\0' '\x7f\xff\xff\xff' '\0\1\0\1'; do
    peer "send:$claim" 'expect:\0\0\0' shutdown eof
    assert_is_counted_error "$output"
  done
  peer 'send:\0\0\0\5Hello' 'expect:\0\0\0\5HELLO'
}

@test "log: no memory for a message: that is said on stderr, and the next client is served" {
  start_server --frame length --max-line 1000000000
  no_more_memory server
  peer 'send:\x10\0\0\0' eof # 256 MiB are announced
  assert_printed ''
  wait_for_line server.err '^server: client dropped: .* memory$'
  assert_count server.out 'left' 0
  peer 'send:\0\0\0\5Hello' 'expect:\0\0\0\5HELLO'
}

@test "log: client: no memory for a line of its input: it says so, and does not take it for the end" {
  start_server
  mkfifo keyboard
  start client bash -c 'exec "$0" "$@" <keyboard' "$CLIENT" --host "$host" --port "$port"
  exec {keyboard}>keyboard
  wait_for_line server.out 'connected$'
  no_more_memory client
  { head -c 10000000 /dev/zero 2>/dev/null || true; } >&"$keyboard"
  wait_for_end client
  assert_same "$status" 1
  wait_for_line client.err '^client: stdin: .* memory$'
}

@test "server: closes each client's descriptor, and keeps no memory" {
  start_server
  swarm --connections 5
  peer 'send:a\n' 'expect:A\n' shutdown eof
  local before memory
  before=$(open_descriptors server)
  memory=$(resident_memory server)
  swarm --connections 50
  peer rst
  peer repeat:100000:x shutdown eof
  server_still_serves
  assert_descriptors server "$before"
  (($(resident_memory server) - memory < 2048)) ||
    fail_because "the memory of the server has grown" "$memory KiB" "$(resident_memory server) KiB"
}

@test "server: out of descriptors, it neither dies nor spins, and goes on when there are some" {
  start_server
  server_still_serves
  no_more_descriptors server
  peer close # a server that waits in accept has set one descriptor aside for the next client
  start_peer client 'send:Hello\n' say:connected 'expect:HELLO\n' say:answered
  wait_for_line client.out '^connected$'
  assert_idle server
  assert_count client.out answered 0
  more_descriptors server
  wait_for_status client 0
}

@test "server: uses no CPU while it waits for a client, for a message, for the rest of one" {
  start_server
  assert_idle server
  start_peer client wait send:Hel say:half hold
  wait_until has_accepted 1
  assert_idle server
  tell client on
  wait_for_line client.out '^half$'
  assert_idle server
}

@test "server: SIGINT and SIGTERM stop it cleanly, and the port is free at once" {
  wanted_port=$(free_port) start_server
  server_still_serves
  stop server INT
  assert_same "$status" 0
  wanted_port=$port start_server_as server2
  start_peer client 'send:Hello\n' 'expect:HELLO\n' say:answered eof
  wait_for_line client.out '^answered$'
  stop server2 TERM
  assert_same "$status" 0
  wait_for_end client
  wanted_port=$port start_server_as server3
  server_still_serves
}

@test "server: SIGTERM stops it also while a client sends without a pause" {
  start_server
  start_talker client
  stop server TERM
  assert_same "$status" 0
  wait_for_end client
}

@test "server: SIGTERM stops it also while a client does not read" {
  start_server --timeout 60
  start_peer client 'fill:Hello, this is a line of text\n' hold
  wait_for_line client.out '^filled'
  stop server TERM
  assert_same "$status" 0
}

@test "server: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  assert_same "$(head -n 1 server.out)" "listening on [::1]:$port"
  peer 'send:Hello\n' 'expect:HELLO\n'
  wait_for_line server.out '\bHello\b'
}

# ---- the client ----

# bats test_tags=id:reply,basic,points:5,exercise:1
@test "client: prints a reply as soon as it is there" {
  start_server
  start_client client --interactive
  tell client one
  wait_for_line client.out '^ONE$'
  tell client two
  wait_for_line client.out '^TWO$'
}

# bats test_tags=basic,needs:reply,points:5,exercise:6
@test "client: sends each line, and prints each reply, escaped, and nothing else" {
  start_server
  run_client <<<$'one\ntwo words\n\tx'
  assert_succeeds
  assert_printed $'ONE\nTWO WORDS\n\\tX'
  wait_for_line server.out '^client left'
}

# bats test_tags=id:half-close,mistake:close-for-shutdown,points:3,exercise:6
@test "client: at the end of its input it half-closes, and prints the replies still to come" {
  start_peer_server accept 'expect:one\ntwo\n' eof 'send:ONE\nTWO\n' close
  run_client <<<$'one\ntwo'
  assert_succeeds
  assert_printed $'ONE\nTWO'
}

# bats test_tags=needs:half-close,mistake:stops-too-early,exercise:6
@test "client: it reads until the server ends the stream, also after the last reply that it waits for" {
  start_peer_server accept 'expect:one\n' eof 'send:ONE\nMORE\n' close
  run_client <<<one
  assert_succeeds
  assert_printed $'ONE\nMORE'
}

@test "client: each framing, with the same --frame on both sides" {
  not_under short-recv # it would cut the messages of --frame raw
  local frame
  for frame in line nul length; do
    start_server_as "server-$frame" --frame "$frame"
    run_client --frame "$frame" <<<$'one\n\ntwo'
    assert_succeeds
    assert_same "$output" $'ONE\n\nTWO'
  done
  start_server_as server-raw --frame raw
  run_client --frame raw --interactive <<<$'one\ntwo'
  assert_succeeds
  assert_printed $'ONE\nTWO'
}

# bats test_tags=mistake:host-byte-order,needs:half-close,exercise:3
@test "client: what it sends in each framing" {
  local frame
  for frame in 'line=one\n\n' 'nul=one\0\0' 'length=\0\0\0\3one\0\0\0\0' 'raw=one'; do
    start "peer-${frame%%=*}" "$PEER" --listen --port 0 accept "expect:${frame#*=}" eof
    wait_for_line "peer-${frame%%=*}.out" '^listening on '
    port=$(sed -n '1s/.*://p' "peer-${frame%%=*}.out")
    run_client --frame "${frame%%=*}" <<<$'one\n'
    wait_for_status "peer-${frame%%=*}" 0
  done
}

@test "client: a last line without a newline is a message" {
  start_server
  run_client < <(printf 'one\ntwo')
  assert_succeeds
  assert_printed $'ONE\nTWO'
}

@test "client: no input: no reply, and no error" {
  start_server
  run_client
  assert_succeeds
  assert_printed ''
  assert_same "$stderr" ''
}

@test "client: puts a reply together that comes a byte at a time" {
  start_peer_server accept 'expect:one\n' 'each:ONE' 'send:\n' eof
  run_client <<<one
  assert_succeeds
  assert_printed ONE
}

@test "client: what the server sends is printed with escapes" {
  start_peer_server accept 'expect:one\n' 'send:\x1b[2J\0\xff\r\n' eof
  run_client <<<one
  assert_succeeds
  assert_printed '\x1b[2J\x00\xff\r'
}

@test "client: --interactive waits for each reply before it sends the next line" {
  start_peer_server accept 'expect:one\n' silence:0.1 'send:ONE\n' 'expect:two\n' silence:0.1 'send:TWO\n' eof
  run_client --interactive <<<$'one\ntwo'
  assert_succeeds
  assert_printed $'ONE\nTWO'
}

@test "client: from a pipe it sends ahead without waiting for replies" {
  start_peer_server accept 'expect:one\ntwo\nthree\n' 'send:ONE\nTWO\nTHREE\n' eof
  run_client <<<$'one\ntwo\nthree'
  assert_succeeds
  assert_printed $'ONE\nTWO\nTHREE'
}

@test "client: many lines: every line gets its reply, in order" {
  start_server
  seq -f 'line %.0f' 3000 >input
  seq -f 'LINE %.0f' 3000 >expected
  run_client <input
  assert_succeeds
  cmp expected run.out
}

# bats test_tags=mistake:sends-before-reading,points:3
@test "client: more input than all buffers hold does not end in a deadlock" {
  not_under short-send # TCP delays the last part of each message by 40 ms (Nagle)
  start_server
  # 40 MB: a client that only sends fills its own buffers and the server's, both ways.
  head -c 60000 /dev/zero | tr '\0' a >line
  echo >>line
  local all
  printf -v all 'line %.0s' {1..660}
  # shellcheck disable=SC2086 # these are 660 names
  cat $all >input
  RUN_LIMIT=40 bounded "$CLIENT" --host "$host" --port "$port" <input >replies
  tr a A <input | cmp - replies
}

# bats test_tags=mistake:sends-before-reading,points:1
@test "client: a line that is longer than all buffers, with --frame raw, does not end in a deadlock" {
  not_under short-recv short-send # a reply for each byte
  start_server --frame raw
  head -c 40000000 /dev/zero | tr '\0' a >input
  RUN_LIMIT=40 bounded "$CLIENT" --host "$host" --port "$port" --frame raw <input >replies
  tr -d '\n' <replies >whole
  tr a A <input | cmp - whole
}

@test "client: a line of 4 MiB gets its reply whole" {
  start_server --max-line 4194304
  head -c 4194304 /dev/zero | tr '\0' a >input
  RUN_LIMIT=60 bounded "$CLIENT" --host "$host" --port "$port" <input >replies
  { tr a A <input && echo; } | cmp - replies
}

@test "client: the prompt is only on a terminal" {
  start_server
  run_client <<<one
  refute_output --partial '>'
  command -v script >/dev/null || skip "script(1) is not installed"
  run_bounded script -qec "$CLIENT --host $host --port $port" /dev/null < <(printf 'one\n\004')
  assert_succeeds
  assert_output --partial '> '
  assert_output --partial ONE
}

@test "client: a server that closes early is a failure" {
  start_peer_server accept 'expect:one\n' close
  run_client <<<one
  assert_fails 1
  assert_printed ''
}

@test "client: a server that closes early: the replies that came are printed" {
  start_peer_server accept 'expect:one\ntwo\n' 'send:ONE\n' close
  run_client <<<$'one\ntwo'
  assert_fails 1
  assert_printed ONE
}

@test "client: a server that closes in the middle of a reply is a failure" {
  start_peer_server accept 'expect:one\n' send:ON close
  run_client <<<one
  assert_fails 1
  assert_printed ''
}

@test "client: a server that resets the connection is a failure" {
  start_peer_server accept 'expect:one\n' rst
  run_client <<<one
  assert_fails 1
  assert_printed ''
}

@test "client: a server that has left when the next line comes is a failure (SIGPIPE)" {
  start_peer_server accept 'expect:one\n' 'send:ONE\n' rst
  start_client client --interactive
  tell client one
  wait_for_line client.out '^ONE$'
  wait_for_end peer
  tell client two
  wait_for_status client 1
  assert_same "$(wc -l <client.err)" 1
}

@test "client: an error of the server is a failure, and shown" {
  start_server --max-line 10
  run_client <<<$'short\nthis one is too long'
  assert_fails 1
  assert_printed SHORT
  assert_regex "$stderr" 'error: message longer than 10 bytes$'
}

@test "client: told that it was silent for too long, it says so" {
  start_server --timeout 0.2
  run_client < <(wait_for_line server.out '^client timed out' && printf 'late\nlater\n')
  assert_fails 1
  assert_regex "$stderr" 'error: nothing received for 0.2 s$'
}

@test "client: --hold SHUT_WR: it receives, and can't send" {
  not_under short-recv # what is asserted is one recv
  start_server
  run_client --hold SHUT_WR <<<Hello
  assert_succeeds
  assert_output --partial SHUT_WR
  assert_output --regexp 'recv .*HELLO'
  assert_output --regexp 'send .*-1.*Broken pipe'
}

@test "client: --hold SHUT_RD: it sends, and receives the end" {
  start_server
  run_client --interactive --hold SHUT_RD <<<Hello
  assert_succeeds
  assert_output --partial SHUT_RD
  assert_output --regexp 'recv .* 0'
  refute_output --regexp 'send .*-1'
}

@test "client: --hold SHUT_RDWR: it neither sends nor receives" {
  start_server
  run_client --interactive --hold SHUT_RDWR <<<Hello
  assert_succeeds
  assert_output --partial SHUT_RDWR
  assert_output --regexp 'recv .* 0'
  assert_output --regexp 'send .*-1.*Broken pipe'
}

@test "client: nobody listens on the port: Connection refused" {
  start_server
  stop server
  run_client <<<one
  assert_fails 1
  assert_regex "$stderr" 'Connection refused'
}

@test "client: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  run_client <<<Hello
  assert_succeeds
  assert_printed HELLO
}

# ---- stream ----

stream() {
  run_bounded "$BUILD/03-tcp-dialog/show_stream" "$@"
}

@test "stream end: recv returns 0 again and again, and never waits" {
  stream end
  assert_succeeds
  assert_line 'recv returned 5'
  assert_same "$(grep -c '^recv returned 0$' <<<"$output")" 3
  assert_line '100000 more calls: 100000 returned 0, and none waited'
}

@test "stream partial: send takes only a part, then none, and goes on when the peer reads" {
  stream partial
  assert_succeeds
  assert_line --regexp '^send of 8388608 bytes took [0-9]+'
  refute_line --regexp '^send of 8388608 bytes took 8388608'
  assert_line --regexp '^send took none: Resource temporarily unavailable$'
  assert_line --regexp '^send took [0-9]+:'
}

@test "stream: says what it can show" {
  stream
  assert_fails 2
  stream nonsense
  assert_fails 2
}
