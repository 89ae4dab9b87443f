#!/usr/bin/env bats
# peer and swarm: a test that stands on a wrong tool proves nothing.

load ../helpers

# Two peers, a server and a client: each script must come true.
scripts_meet() {
  local udp=()
  if [[ $1 == --udp ]]; then
    udp=(--udp)
    shift
  fi
  local server_script=() word
  while word=$1 && shift && [[ $word != with ]]; do
    server_script+=("$word")
  done
  start_peer_server "${udp[@]}" accept "${server_script[@]}"
  peer "${udp[@]}" "$@"
  wait_for_end peer
  assert_equal "$(cat peer.err)" ''
  assert_equal "$status" 0
}

@test "peer: what one sends, the other one gets, byte for byte" {
  scripts_meet 'expect:a\0\xff\x1b\\\r\n\t\7' 'send:b' close with 'send:a\0\xff\x1b\\\r\n\t\7' expect:b eof
  assert_printed ''
}

@test "peer: what it receives is printed with escapes" {
  scripts_meet 'send:a\0\xff\n' shutdown eof with eof
  assert_printed 'a\x00\xff\n'
}

@test "peer: line reads one line, recv one part, eof the rest" {
  scripts_meet 'send:one\ntwothree' close with line recv:3 eof
  assert_equal "${lines[0]}" 'one\n'
  assert_equal "${lines[1]}" two
  assert_equal "${lines[2]}" three
}

@test "peer: each sends a byte at a time" {
  # A receiver that is late gets several at once: once in ten times it is in time.
  local script=() round
  for round in {1..10}; do
    script+=(accept recv:100 eof close)
  done
  start_peer_server "${script[@]}"
  for round in {1..10}; do
    peer each:abc shutdown eof
  done
  wait_for_end peer
  has_lines peer.out '^a$' 1
  assert_equal "$(grep -v '^listening' peer.out | tr -d '\n')" "$(printf 'abc%.0s' {1..10})"
}

@test "peer: repeat and expect-repeat" {
  scripts_meet expect-repeat:3:ab expect-repeat:100000:x eof with repeat:3:ab repeat:100000:x
}

@test "peer: with --udp, each send and each expect is one datagram" {
  scripts_meet --udp expect:one expect: expect:three 'send:a\0b' with \
    send:one send: send:three 'expect:a\0b' silence:0.05
}

@test "peer: expect fails at the byte that differs, and shows where" {
  start_peer_server accept 'send:He\nxlo' hold
  run_bounded "$PEER" --port "$port" 'expect:He\nllo'
  assert_equal "$status" 1
  assert_regex "${stderr_lines[0]}" 'after 3 of 6 bytes other bytes came$'
  assert_equal "${stderr_lines[1]}" '  expected: He\nllo'
  assert_equal "${stderr_lines[2]}" '  received: He\nxlo'
  assert_equal "${stderr_lines[3]}" '                ^'
}

@test "peer: expect fails if the stream ends before, or nothing more comes" {
  start_peer_server accept send:Hel close accept send:Hel hold
  run_bounded "$PEER" --port "$port" expect:Hello
  assert_equal "$status" 1
  assert_regex "${stderr_lines[0]}" 'after 3 of 5 bytes the stream ended$'
  run_bounded "$PEER" --port "$port" --timeout 0.2 expect:Hello
  assert_equal "$status" 1
  assert_regex "${stderr_lines[0]}" 'after 3 of 5 bytes nothing more came in time$'
}

@test "peer: expect fails on a datagram that is longer, or shorter, or empty" {
  local sent
  for sent in Hello! Hell ''; do
    start "peer-${#sent}" "$PEER" --udp --listen --port 0 accept recv:10 "send:$sent"
    wait_for_line "peer-${#sent}.out" '^listening on '
    port=$(sed -n '1s/.*://p' "peer-${#sent}.out")
    run_bounded "$PEER" --udp --port "$port" send:x expect:Hello
    assert_equal "$status" 1
    assert_regex "${stderr_lines[0]}" '^peer: at expect:Hello: '
  done
}

@test "peer: silence fails when something comes, or the end" {
  start_peer_server accept send:x hold
  run_bounded "$PEER" --port "$port" silence:5
  assert_equal "$status" 1
  assert_regex "$stderr" 'something came'
  stop peer
  start peer2 "$PEER" --listen --port 0 accept close
  wait_for_line peer2.out '^listening on '
  port=$(sed -n '1s/.*://p' peer2.out)
  run_bounded "$PEER" --port "$port" silence:5
  assert_equal "$status" 1
  assert_regex "$stderr" 'the stream ended'
}

@test "peer: the time-out ends every action that waits, and says which" {
  start_peer_server accept hold
  local action
  for action in eof line recv:1 wait expect:x hold; do
    run_bounded "$PEER" --port "$port" --timeout 0.1 "$action" < <(sleep 1)
    assert_fails_at "$action"
  done
  run_bounded "$PEER" --listen --timeout 0.1 accept
  assert_fails_at accept
  run_bounded "$PEER" --port "$port" --timeout 0.3 repeat:90000000:x
  assert_fails_at repeat
}

assert_fails_at() {
  assert_equal "$status" 1
  assert_regex "${stderr_lines[0]}" "^peer: at $1"
}

@test "peer: rst resets, close and shutdown end in order" {
  start_peer_server accept rst accept close accept shutdown eof
  run_bounded "$PEER" --port "$port" eof
  assert_equal "$status" 1
  assert_regex "$stderr" 'Connection reset by peer'
  peer eof
  peer eof
}

@test "peer: drip sends its text again and again, and ends when something comes, or the end" {
  scripts_meet expect:abcabcab send:x eof with drip:abc expect:x
  scripts_meet expect:abca shutdown eof with drip:abc eof
  start_peer_server accept wait
  run_bounded "$PEER" --port "$port" --timeout 0.2 drip:abc
  assert_equal "$status" 1
  assert_equal "$stderr" 'peer: at drip:abc: nothing came'
}

@test "peer: fill ends when the other side takes no more, and says how much it was" {
  start_peer_server --rcvbuf 4096 accept say:connected wait repeat:3:x eof
  start_peer client fill:abc hold
  wait_for_line client.out '^filled [0-9]+ bytes$'
  (($(grep -o '[0-9]*' client.out) > 4096))
}

@test "peer: wait goes on when a line comes on stdin" {
  start_peer_server accept expect:x
  start_peer client say:ready wait send:x
  wait_for_line client.out '^ready$'
  tell client go
  wait_for_end client
  assert_equal "$status" 0
  wait_for_end peer
  assert_equal "$status" 0
}

@test "peer: hold ends with SIGTERM, exit 0" {
  start_peer_server say:ready hold
  wait_for_line peer.out '^ready$'
  stop peer
  assert_equal "$status" 0
}

@test "peer: a connection that is refused, and an action without one, fail" {
  start_peer_server accept
  stop peer KILL
  run_bounded "$PEER" --port "$port"
  assert_fails 1
  assert_regex "$stderr" 'Connection refused'
  run_bounded "$PEER" --listen send:x
  assert_equal "$status" 1
  assert_regex "$stderr" 'there is no connection'
}

@test "peer: bad usage: one line on stderr, exit 2, and nothing is sent" {
  start_peer_server accept eof
  local bad
  for bad in nonsense send recv:x recv repeat:x:y 'send:\q' 'send:\x1' eof:x silence:-1; do
    run_bounded "$PEER" --port "$port" send:x "$bad"
    assert_fails 2
  done
  assert_count peer.out x 0
}

# ---- swarm ----

# run_swarm OPTION...: like swarm, but it may fail.
run_swarm() {
  run_bounded "$SWARM" --port "$port" --timeout 2 "$@"
}

@test "swarm: counts the right replies, and says how long they took" {
  SERVER=$BUILD/03-tcp-dialog/server start_server
  run_swarm --connections 7 --messages 3
  assert_success
  assert_output --regexp \
    '^replies: 21 right, 0 wrong, 0 missing; ms: p50 [0-9.]+ p90 [0-9.]+ p99 [0-9.]+ max [0-9.]+$'
}

@test "swarm: a wrong reply is a failure, and the first one is shown" {
  start_peer_server accept line 'send:HELLO 1\n' eof
  run_swarm --connections 1
  assert_equal "$status" 1
  assert_output --partial '0 right, 1 wrong, 0 missing'
  assert_line 'replies: 0 right, 1 wrong, 0 missing'
  assert_equal "${stderr_lines[1]}" '  expected: HELLO 0\n'
  assert_equal "${stderr_lines[2]}" '  received: HELLO 1\n'
}

@test "swarm: too much is wrong, too" {
  start_peer_server accept line 'send:HELLO 0\n!' eof
  run_swarm --connections 1
  assert_equal "$status" 1
  assert_printed 'replies: 0 right, 1 wrong, 0 missing'
}

@test "swarm: no reply, half a reply, and an early end are missing replies" {
  start_peer_server accept line accept line send:HELLO accept line close hold
  run_swarm --connections 1 --timeout 0.3
  assert_equal "$status" 1
  assert_printed 'replies: 0 right, 0 wrong, 1 missing'
  stop peer KILL
  start_peer_server_again accept line send:HELLO close
  run_swarm --connections 1 --messages 5
  assert_equal "$status" 1
  assert_printed 'replies: 0 right, 0 wrong, 5 missing'
}

start_peer_server_again() {
  start again "$PEER" --listen --port 0 "$@"
  wait_for_line again.out '^listening on '
  port=$(sed -n '1s/.*://p' again.out)
}

@test "swarm: --until-eof: an empty reply is a missing one" {
  start_peer_server accept recv:100 send:now close accept recv:100 close
  run_swarm --until-eof --connections 1 --messages 2 --send Hello
  assert_equal "$status" 1
  assert_output --partial '1 right, 0 wrong, 1 missing'
}

@test "swarm: --line: one line is a reply, whatever it says; the end is none" {
  start_peer_server accept 'expect:Hello 0\n' send:wha 'send:tever\r\n' 'expect:Hello 1\n' 'send:else\n' eof
  run_swarm --line --connections 1 --messages 2
  assert_same "$status" 0
  assert_output --partial '2 right, 0 wrong, 0 missing'
  wait_for_end peer
  start peer2 "$PEER" --listen --port "$port" accept 'expect:Hello 0\n' send:whatever close
  wait_for_line peer2.out '^listening on '
  run_swarm --line --connections 1
  assert_same "$status" 1
  assert_output --partial '0 right, 0 wrong, 1 missing'
}

@test "swarm: --reconnect: each message has a connection of its own" {
  start_peer_server accept 'expect:Hello 0\n' 'send:HELLO 0\n' eof close \
    accept 'expect:Hello 1\n' 'send:HELLO 1\n' eof close
  run_swarm --reconnect --connections 1 --messages 2
  assert_same "$status" 0
  assert_output --partial '2 right, 0 wrong, 0 missing'
}

@test "swarm: --stay: who is done stays connected until all are" {
  start_peer_server accept 'expect:Hello ' recv:2 'send:x\n' silence:0.2 eof
  run_swarm --line --stay --connections 2 --timeout 1
  assert_same "$status" 1 # the second one is not accepted
  assert_output --partial '1 right, 0 wrong, 1 missing'
  wait_for_end peer
  assert_same "$(cat peer.err)" ''
  assert_same "$status" 0
}

@test "swarm: nobody listens: all replies are missing" {
  start_peer_server accept
  stop peer KILL
  run_swarm --connections 3
  assert_equal "$status" 1
  assert_printed 'replies: 0 right, 0 wrong, 3 missing'
}

@test "swarm: --udp, and replies in pieces" {
  SERVER=$BUILD/01-udp-echo/server start_server
  run_swarm --udp --send '{}' --expect 'echo:{}' --connections 20 --messages 5
  assert_success
  run_swarm --udp --send '{}' --expect 'echo:{}!' --connections 1
  assert_equal "$status" 1
  assert_printed 'replies: 0 right, 1 wrong, 0 missing'
  start_peer_server accept line 'each:HELLO 0\n' eof
  run_swarm --connections 1
  assert_success
}

@test "swarm: a thousand connections at once" {
  start_peer_server hold
  run_swarm --connections 1000 --timeout 0.5
  assert_printed 'replies: 0 right, 0 wrong, 1000 missing'
}

# ---- lines of peer, and crowd ----

# start_server_of_data: two peers as an FTP server: one is its control connection, and tells the port of the
# other one, which sends abc to whoever comes.
start_server_of_data() {
  local n control=() data=()
  for n in {1..5}; do
    data+=(accept send:abc close)
  done
  start data "$PEER" --listen --port 0 "${data[@]}"
  wait_for_line data.out '^listening on '
  for n in {1..5}; do
    control+=(accept 'expect:EPSV\r\n' "send:229 Here (|||$(sed -n '1s/.*://p' data.out)|)\r\n" 'expect:RETR x\r\n' 'send:150 Here it comes\r\n')
  done
  start_peer_server "${control[@]}"
}

@test "peer: ask and reply: an FTP reply of one line or several, whose code must be the right one" {
  start_peer_server accept 'expect:FEAT\r\n' 'send:211-There is\r\n 211 x\r\n211 End\r\n220 More\r\n' \
    'expect:NOOP\r\n' 'send:500 No\r\n' accept 'send:20\r\n' accept 'send:200 x\n' accept 'send:200-x\r\n'
  run "$PEER" --port "$port" ask:211:FEAT reply:220 ask:200:NOOP
  assert_failure 1
  assert_line --index 0 '211-There is'
  assert_line --index 2 '211 End'
  assert_line --index 3 '220 More'
  assert_line --regexp '^peer: at ask:200:NOOP: another reply came: 500 No$'
  local why
  for why in 'another reply came' 'does not end with' 'the stream ended'; do
    run "$PEER" --port "$port" reply:200
    assert_failure 1
    assert_line --regexp "^peer: at reply:200: .*$why"
  done
}

@test "peer: transfer, take, give and other: an FTP data connection" {
  start_server_of_data
  peer ask:229:EPSV data 'send:RETR x\r\n' reply:150 take:abc
  run "$PEER" --port "$port" ask:229:EPSV data 'send:RETR x\r\n' reply:150 take:abd
  assert_failure 1
  assert_line --regexp '^peer: at take:abd: after 2 of 3 bytes other bytes came$'
  run "$PEER" --port "$port" ask:229:EPSV data 'send:RETR x\r\n' reply:150 take:ab
  assert_failure 1
  run "$PEER" --port "$port" ask:229:EPSV data 'send:RETR x\r\n' reply:150 take:abcd
  assert_failure 1
  assert_line --regexp 'the stream ended$'
  run "$PEER" --port "$port" ask:229:EPSV data 'send:RETR x\r\n' reply:150 other expect:abc eof close other
  assert_success
}

@test "peer: lines prints each line as it comes, and what stands before the end" {
  start_peer_server accept 'send:one\n\x1btwo\nhal' wait send:f close
  start_peer reader lines
  wait_for_line reader.out '^one\\n$'
  wait_for_line reader.out '^\\x1btwo\\n$'
  tell peer on
  wait_for_end reader
  assert_same "$status" 0
  assert_same "$(tail -n 1 reader.out)" half
}

crowd() {
  run_bounded "$BUILD/tools/crowd" --port "$port" --timeout 1 "$@"
}

@test "crowd: counts who is welcomed and who is refused" {
  start_peer_server accept "send:You're connected\r\n" accept 'send:No\r\n' accept "send:You're connected\r\n"
  crowd --members 3
  assert_success
  assert_printed '2 joined, 1 refused'
}

@test "crowd: a line that comes twice, in another order, or in pieces of another is wrong" {
  local lines
  for lines in '[a] line 0\r\n[a] line 0\r\n' '[a] line 1\r\n[a] line 0\r\n' '[a] line 0[a] line 1\r\n\r\n'; do
    start "peer$((++n))" "$PEER" --listen --port 0 accept "send:You're connected\r\n" \
      accept "send:You're connected\r\nClient joined x\r\n" "send:$lines" hold
    wait_for_line "peer$n.out" '^listening on '
    port=$(sed -n '1s/.*://p' "peer$n.out")
    crowd --members 2 --lines 2
    ((status == 1)) || fail "it did not find a mistake in $lines"
  done
}

@test "crowd: what does not come is missing" {
  start_peer_server accept "send:You're connected\r\n" accept "send:You're connected\r\n[a] line 0\r\n" hold
  crowd --members 2 --lines 2
  assert_failure 1
  assert_line 'lines: 1 right, 0 wrong, 1 missing'
}

@test "crowd: with --all everybody speaks, and is told each line by each of the others" {
  SERVER=$BUILD/05-select-chat/server start_server
  crowd --members 3 --lines 5 --all
  assert_success
  assert_line --regexp '^turns: [0-9]+ slow, [0-9]+ lines a second$'
  assert_line 'lines: 30 right, 0 wrong, 0 missing'
}

@test "crowd: with --all what does not come is missing, and its turn is slow" {
  start_peer_server accept "send:You're connected\r\n" accept "send:You're connected\r\n[a] line 0\r\n" hold
  crowd --members 2 --lines 2 --all
  assert_failure 1
  assert_line --regexp '^turns: 1 slow'
  assert_line 'lines: 1 right, 0 wrong, 3 missing'
}

@test "crowd: what comes as it should is right" {
  start_peer_server accept "send:You're connected\r\n" accept "send:You're connected\r\n[a] line 0\r\n" 'send:[a] line 1\r\n' hold
  crowd --members 2 --lines 2
  assert_success
  assert_line 'lines: 2 right, 0 wrong, 0 missing'
}
