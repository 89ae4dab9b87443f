#!/usr/bin/env bats
# Lesson 5: a chat with select; and rooms.

load helpers

WELCOME="You're connected to the chat server"
CR='\\r\\n$' # how peer prints the end of a line, as a regular expression

# join NAME [ACTION]...: a member that is welcomed, and then does what it is told; without an action
# it prints what it is told. Its address is in ${address[NAME]} when it returns.
declare -gA address=()
join() {
  local name=$1
  shift
  (($# > 0)) || set -- lines
  start_peer "$name" --timeout 60 ${small:+--rcvbuf 4096} name "expect:$WELCOME\\r\\n" say:in "$@"
  wait_for_line "$name.out" '^in$'
  address[$name]=$(head -n 1 "$name.out")
}

# join_small NAME ACTION...: the same, with a small buffer in its kernel.
join_small() {
  small=yes join "$@"
}

# is_told NAME TEXT: a line of exactly this text, as bytes that peer has escaped, comes.
is_told() {
  wait_for_line "$1.out" "^$(escape_pattern "$2")$CR"
}

# never_told NAME TEXT: so far it was not told a line that holds TEXT.
never_told() {
  assert_count "$1.out" "$(escape_pattern "$2")" 0
}

# chat_works: two new members hear each other.
chat_works() {
  local n=$((++chats))
  join "ann$n"
  join "bob$n" 'send:all is well\n' lines
  is_told "ann$n" "[${address[bob$n]}] all is well"
}

# crowd ARGUMENT...: sets output; all lines must be right.
crowd() {
  run_partner "$BUILD/tools/crowd" "$@"
  ((status == 0)) || fail "not every line reached every member: $output"$'\n'"$stderr"
}

# ---- the server: who is told what ----

# bats test_tags=id:listens,basic
@test "server: says where it listens, and that the chat has started" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
  wait_for_line server.out "^ChatServer started on port $port\$"
}

# bats test_tags=id:welcome,needs:listens,points:3
@test "server: a newcomer is welcomed" {
  start_server
  peer "expect:$WELCOME\\r\\n" silence:0.05
}

# bats test_tags=id:joined,needs:welcome,points:3,exercise:1
@test "server: the others are told who joined, and the newcomer is not" {
  start_server
  join ann
  join bob
  is_told ann "Client joined ${address[bob]}"
  wait_for_line server.out "^Client joined ${address[bob]}\$"
  never_told bob "Client joined"
}

# bats test_tags=id:line,basic,needs:joined,points:5,exercise:2,exercise:3,mistake:sets-not-refilled
@test "server: a line is told to all others, with the address of its author" {
  start_server
  join ann
  join bob
  join carl 'send:Hello\n' lines
  is_told ann "[${address[carl]}] Hello"
  is_told bob "[${address[carl]}] Hello"
  wait_for_line server.out "^\\[${address[carl]}\\] Hello\$"
}

# bats test_tags=mistake:echo-to-author,points:3,exercise:1
@test "server: the author does not get its own line" {
  start_server
  join ann
  join bob 'send:one\n' lines
  is_told ann "[${address[bob]}] one"
  join carl 'send:two\n' lines
  is_told bob "[${address[carl]}] two" # whatever it was to be told before has come by now
  never_told bob one
}

# bats test_tags=points:3,exercise:2
@test "server: a leaver is told to the rest" {
  start_server
  join ann
  join bob wait shutdown eof
  join carl wait rst
  tell bob leave
  wait_for_end bob
  assert_same "$status" 0
  is_told ann "Client left ${address[bob]}"
  tell carl leave
  is_told ann "Client left ${address[carl]}"
  wait_for_line server.out '^Client left ' 2
  chat_works
}

# bats test_tags=mistake:sets-not-refilled,points:3,exercise:2
@test "server: everyone is heard again and again, in any order" {
  start_server
  join ann wait 'send:a1\n' wait 'send:a2\n' lines
  join bob wait 'send:b1\n' wait 'send:b2\n' lines
  join carl
  tell bob on
  is_told carl "[${address[bob]}] b1"
  tell ann on
  is_told carl "[${address[ann]}] a1"
  tell ann on
  is_told carl "[${address[ann]}] a2"
  tell bob on
  is_told carl "[${address[bob]}] b2"
}

# ---- the server: lines, however they arrive ----

# bats test_tags=mistake:torn-message,points:3,exercise:3
@test "server: a line that comes in two segments is one line" {
  start_server
  join ann
  join bob send:Hel wait 'send:lo\n' lines
  join carl 'send:between\n' lines
  is_told ann "[${address[carl]}] between"
  never_told ann Hel
  tell bob on
  is_told ann "[${address[bob]}] Hello"
}

# bats test_tags=mistake:shared-buffer,points:3,exercise:3
@test "server: the halves of two authors' lines are not mixed" {
  start_server
  join ann
  join bob send:Bo wait 'send:b\n' lines
  join carl send:Ca wait 'send:rl\n' lines
  join dan 'send:go\n' lines
  is_told ann "[${address[dan]}] go"
  tell bob on
  is_told ann "[${address[bob]}] Bob"
  tell carl on
  is_told ann "[${address[carl]}] Carl"
}

# bats test_tags=id:two-lines,needs:line,mistake:torn-message,mistake:one-line-only,points:3,exercise:3
@test "server: two lines in one segment are two lines" {
  start_server
  join ann
  join bob 'send:one\n\ntwo\n' lines
  is_told ann "[${address[bob]}] one"
  is_told ann "[${address[bob]}] "
  is_told ann "[${address[bob]}] two"
}

# bats test_tags=exercise:3
@test "server: a line that comes a byte at a time" {
  start_server
  join ann
  join bob 'each:one by one\r\n' lines
  is_told ann "[${address[bob]}] one by one"
}

# bats test_tags=exercise:3
@test "server: telnet's \\r is no part of a line; NUL, 0xFF and tab survive" {
  start_server
  join ann
  join bob 'send:a\0\xff\t\xe4\xbd\xa0\rb\r\n' lines
  is_told ann "[${address[bob]}] a\\x00\\xff\\t\\xe4\\xbd\\xa0\\rb"
}

@test "server: its own output is escaped" {
  start_server
  join ann
  join bob 'send:\x1b[2J\0\xff\n' lines
  is_told ann "[${address[bob]}] \\x1b[2J\\x00\\xff"
  wait_for_line server.out "$ESCAPED_ESC\\[2J$ESCAPED_NUL$ESCAPED_FF"
}

# bats test_tags=points:2,exercise:3
@test "server: a line that is too long is told to its author alone, and both go on" {
  start_server --max-line 10
  join ann
  join bob repeat:10:a 'send:\n' repeat:1048576:b 'send:\nshort\n' lines
  is_told ann "[${address[bob]}] aaaaaaaaaa"
  is_told ann "[${address[bob]}] short"
  never_told ann bb
  wait_for_line bob.out "^error: message longer than 10 bytes$CR"
  assert_count bob.out 'longer than' 1
  wait_for_line server.out 'longer than 10 bytes'
}

@test "server: --max-line does not count the end of the line" {
  start_server --max-line 10
  join ann
  join bob repeat:10:a 'send:\r\n' repeat:11:b 'send:\r\n' repeat:10:c 'send:\n' lines
  is_told ann "[${address[bob]}] aaaaaaaaaa"
  is_told ann "[${address[bob]}] cccccccccc"
  never_told ann bb
}

@test "server: a line without an end is too long as soon as it is" {
  start_server
  join ann
  join bob repeat:1048576:x wait 'send:\nback\n' lines
  join carl 'send:hi\n' lines
  is_told ann "[${address[carl]}] hi"
  tell bob on
  is_told ann "[${address[bob]}] back"
  wait_for_line bob.out 'longer than 4096 bytes'
}

@test "server: half a line of a leaver is no line; the lines before it are" {
  start_server
  join ann
  join bob 'send:bye\nhalf' close
  is_told ann "[${address[bob]}] bye"
  is_told ann "Client left ${address[bob]}"
  never_told ann half
}

# ---- the server: members who do not read ----

# bats test_tags=id:stalled,needs:line,mistake:blocking-send,points:5,exercise:4
@test "server: a reader that does not read keeps nobody waiting, and is dropped" {
  start_server
  join_small lazy wait lines
  talk 10
  chat_works
  wait_for_line server.out "^Client left ${address[lazy]}\$"
  tell lazy on
  wait_for_end lazy # the server has closed the connection: lazy sees its end, after what it was told
}

# talk MEGABYTES: a member says so much in lines of 1000 bytes, and wants to hear nothing.
talk() {
  local line
  printf -v line '%01000d\\n' 0
  start_peer talker --timeout 60 "expect:$WELCOME\\r\\n" "repeat:$(($1 * 1000)):$line" say:said hold
  WAIT_LIMIT=20 wait_for_line talker.out '^said$'
}

# bats test_tags=needs:stalled,mistake:endless-queue,points:3,exercise:4
@test "server: what waits for a reader that does not read stays bounded (--max-queue)" {
  start_server --max-queue 10000
  join_small lazy wait lines
  local memory
  memory=$(resident_memory server)
  talk 20
  wait_for_line server.out "^Client left ${address[lazy]}\$"
  (($(resident_memory server) - memory < 8192)) ||
    fail_because "the server keeps what a member does not read, without a limit" "$memory KiB" "$(resident_memory server) KiB"
}

@test "log: why a member is dropped, a newcomer refused, a line not passed on" {
  start_server --max-queue 10000 --max-line 2000 --max-clients 2
  join_small lazy wait lines
  peer "expect:$WELCOME\\r\\n" repeat:3000:x 'send:\n' 'expect:error: message longer than 2000 bytes\r\n'
  wait_for_line server.out '^client 127.0.0.1:[0-9]+: message longer than 2000 bytes, not passed on$'
  wait_for_line server.out '^Client left'
  talk 10
  wait_for_line server.out "^client ${address[lazy]} dropped: it does not read, and more than 10000 bytes wait for it\$"
  join ann
  peer 'expect:error: too many clients\r\n' eof
  wait_for_line server.out '^client 127.0.0.1:[0-9]+ refused: too many clients$'
}

@test "log: no memory for what a member has sent: that is said on stderr, and the others are served" {
  start_server --max-line 65536
  join ann
  join bob send:Hel wait 'send:lo\n' lines # he has his memory already
  halves_without_memory
  wait_for_line server.err "^server: client 127.0.0.1:[0-9]+ dropped: .* memory\$"
  local dropped
  dropped=$(sed -n 's/^server: client \(.*\) dropped: .*/\1/p' server.err | head -n 1)
  wait_for_line server.out "^Client left $dropped\$"
  is_told ann "Client left $dropped"
  tell bob on
  is_told ann "[${address[bob]}] Hello"
  more_memory server
  chat_works
}

@test "log: no memory for what a member does not read: that is said on stderr, and the others are served" {
  start_server --max-queue 33554432
  join ann
  join_small lazy wait lines
  no_more_memory server
  talk 10
  wait_for_line server.err "^server: client ${address[lazy]} dropped: .* memory\$"
  wait_for_line server.out "^Client left ${address[lazy]}\$"
  assert_count server.out 'does not read' 0
  is_told ann "Client left ${address[lazy]}"
  more_memory server
  chat_works
}

# bats test_tags=needs:stalled
@test "server: once a member is dropped, nothing is received from it any more" {
  not_under short-recv eintr # what is too much, and late's word, are to come in one round
  start_server --show-sets --max-line 20000 --max-queue 21600
  local turns=() n
  for n in {1..400}; do # in each turn the others are told 180 lines "[127.0.0.1:PORT] 000...": 21600 bytes
    turns+=(wait "repeat:180:$(printf '%0100d' 0)\\n" say:said)
  done
  join bob "${turns[@]}"
  join_small late wait 'send:late\n' say:said hold
  for n in {1..400}; do
    tell bob on
    wait_for_line server.out '\] 0{100}$' $((180 * n))
    wait_until is_watching
    ! something_waits_for_the_last || break
  done
  freeze server # one turn more is too much, whatever waits
  tell late on
  wait_for_line late.out '^said$'
  tell bob on
  wait_for_line bob.out '^said$' $((n + 1))
  thaw server
  wait_for_line server.out "^client ${address[late]} dropped: it does not read"
  wait_for_line server.out "^Client left ${address[late]}\$"
  assert_count server.out '\] late$' 0
}

# With --show-sets: the server waits in select.
is_watching() {
  [[ $(tail -n 1 server.out) == 'select: watching '* ]]
}

# With --show-sets: it waits also for room to send to the member with the highest descriptor.
something_waits_for_the_last() {
  tail -n 1 server.out | grep -qE ' ([0-9]+) \1 \(to write\)$'
}

# bats test_tags=needs:stalled,mistake:lost-rest,points:3,exercise:4
@test "server: a reader that pauses gets every byte, when it reads again" {
  start_server --max-queue 33554432
  join_small slow wait lines
  join bob repeat:100000:"$(printf '%099d' 0)\\n" 'send:the end\n' lines
  WAIT_LIMIT=30 wait_for_line server.out '\] the end$'
  tell slow on
  WAIT_LIMIT=60 is_told slow "[${address[bob]}] the end"
  assert_count slow.out '\] 0{99}\\r\\n$' 100000
}

# bats test_tags=mistake:always-writable,points:2,exercise:2
@test "server: uses no CPU while members are silent, or have sent half a line" {
  start_server
  assert_idle server
  join ann
  join bob send:half say:sent hold
  wait_for_line bob.out '^sent$'
  wait_for_line ann.out '^Client joined'
  assert_idle server
}

# bats test_tags=needs:stalled
@test "server: uses no CPU while a member does not read what waits for it" {
  start_server --max-queue 33554432
  join_small lazy wait lines
  join bob repeat:8000:"$(printf '%01000d' 0)\\n" 'send:the end\n' lines
  WAIT_LIMIT=30 wait_for_line server.out '\] the end$'
  assert_idle server
}

@test "server: 500 silent members: it uses no CPU" {
  not_under emfile # each struck accept costs it a second
  start_server
  start crowd "$BUILD/tools/crowd" --host "$host" --port "$port" --members 500 --hold
  WAIT_LIMIT=60 wait_for_line crowd.out '^500 joined, 0 refused$'
  wait_for_line server.out '^Client joined' 500
  assert_idle server
}

# ---- the server: many members, and their limits ----

# bats test_tags=needs:two-lines,points:3,exercise:1
@test "server: 900 members: every line reaches each of them once, whole, in order" {
  not_under emfile
  (($(ulimit -n) > 1000)) || ulimit -n 1024 2>/dev/null || skip "ulimit -n is below 1024"
  start_server --max-queue 1000000
  RUN_LIMIT=120 crowd --members 900 --lines 20
  assert_printed $'900 joined, 0 refused\nlines: 17980 right, 0 wrong, 0 missing'
}

# bats test_tags=needs:two-lines,mistake:no-nodelay,points:2
@test "server: when several members speak at once, no line waits until another is acknowledged" {
  start_server
  crowd --members 3 --lines 100 --all --timeout 12
  local slow=${output#*turns: }
  ((${slow%% *} < 50)) || fail_because "lines wait until those before them are acknowledged" \
    "fewer than 50 of 100 turns are slower than 30 ms" "$output"
}

# bats test_tags=mistake:past-fd-setsize,points:3,exercise:5
@test "server: as many members as FD_SETSIZE allows; the next is told that there are too many" {
  not_under emfile
  ulimit -n 1100 2>/dev/null || skip "ulimit -n can't be raised to 1100"
  start_server --max-queue 1000000
  local places
  places=$((1024 - $(open_descriptors server)))
  start crowd "$BUILD/tools/crowd" --host "$host" --port "$port" --members "$places" --lines 1 --timeout 60 --hold
  WAIT_LIMIT=60 wait_for_line crowd.out "^$places joined, 0 refused\$"
  wait_for_line crowd.out "^lines: $((places - 1)) right, 0 wrong, 0 missing\$"
  peer 'expect:error: too many clients\r\n' eof
  peer 'expect:error: too many clients\r\n' eof
  is_running server
  stop crowd
  wait_for_line server.out '^Client left' "$places"
  chat_works
}

# bats test_tags=points:2,exercise:5
@test "server: --max-clients: the next is told that there are too many, and others come when one leaves" {
  start_server --max-clients 2
  join ann
  join bob wait close
  peer 'expect:error: too many clients\r\n' eof
  never_told ann 'left'
  tell bob leave
  is_told ann "Client left ${address[bob]}"
  join carl 'send:hi\n' lines
  is_told ann "[${address[carl]}] hi"
}

@test "server: --max-clients: a newcomer that has sent something already is told, too, and not reset" {
  start_server --max-clients 1
  join ann wait 'send:hi\n' lines
  refused_after_sending 'Hello\n'
  is_running server
}

# bats test_tags=mistake:wrong-maxfd,points:3,exercise:2
@test "server: whoever leaves, those with a lower and a higher descriptor are heard" {
  start_server
  join ann
  join bob wait close
  join carl wait 'send:above\n' wait close
  tell bob leave
  is_told ann "Client left ${address[bob]}"
  tell carl on
  is_told ann "[${address[carl]}] above"
  join dan wait 'send:below\n' lines
  tell carl leave
  is_told ann "Client left ${address[carl]}"
  tell dan on
  is_told ann "[${address[dan]}] below"
}

# bats test_tags=needs:two-lines,mistake:leaked-descriptor,points:3
@test "server: a leaver's descriptor is closed, and no memory is kept" {
  start_server
  join ann
  RUN_LIMIT=60
  crowd --members 10 --lines 5
  wait_for_line server.out '^Client left' 10
  local before memory
  before=$(open_descriptors server)
  memory=$(resident_memory server)
  crowd --members 20 --lines 5
  crowd --members 20 --lines 5
  wait_for_line server.out '^Client left' 50
  assert_descriptors server "$before"
  (($(resident_memory server) - memory < 4096)) ||
    fail_because "the memory of the server has grown" "$memory KiB" "$(resident_memory server) KiB"
}

@test "server: all leave at once, and nobody is forgotten" {
  start_server
  start crowd "$BUILD/tools/crowd" --host "$host" --port "$port" --members 40 --hold
  WAIT_LIMIT=60 wait_for_line crowd.out '^40 joined'
  stop crowd KILL
  WAIT_LIMIT=30 wait_for_line server.out '^Client left' 40
  assert_count server.out '^Client left' 40
  chat_works
}

# bats test_tags=mistake:emfile-spin,points:3
@test "server: out of descriptors, it neither dies nor spins, and goes on when there are some" {
  start_server
  join ann
  join bob wait 'send:hello\n' lines
  no_more_descriptors server
  start_peer late --timeout 60 say:connected "expect:$WELCOME\\r\\n" say:in hold
  wait_for_line late.out '^connected$'
  assert_idle server
  tell bob on
  is_told ann "[${address[bob]}] hello" # who is in the room can still chat
  assert_count late.out '^in$' 0
  more_descriptors server
  wait_for_line late.out '^in$'
}

@test "server: out of descriptors, a newcomer gets the place of a leaver" {
  start_server
  join ann
  join bob wait close
  no_more_descriptors server
  start_peer late --timeout 60 say:connected "expect:$WELCOME\\r\\n" say:in hold
  wait_for_line late.out '^connected$'
  assert_count late.out '^in$' 0
  tell bob leave
  wait_for_line late.out '^in$'
}

# bats test_tags=mistake:dies-on-rst,points:3
@test "server: survives a client's RST, whenever it comes" {
  start_server
  join ann
  peer rst
  peer "expect:$WELCOME\\r\\n" rst
  peer send:Hel rst
  peer 'send:Hello\nWor' rst
  start_peer rude wait rst
  wait_until has_accepted 2
  tell rude now
  wait_for_end rude
  chat_works
}

@test "server: survives a member that is gone when it is told something (SIGPIPE)" {
  start_server
  join ann
  join bob wait rst
  join carl wait 'send:one\ntwo\nthree\n' lines
  wait_for_line ann.out '^Client joined' 2
  freeze server
  tell bob leave
  wait_for_end bob
  tell carl on
  thaw server
  is_told ann "[${address[carl]}] three"
  is_told ann "Client left ${address[bob]}"
}

@test "server: a client that is gone again before it was accepted keeps nobody waiting" {
  start_server
  join ann
  freeze server
  peer rst
  peer close
  thaw server
  chat_works
}

@test "server: a signal that does not ask it to stop ends nothing" {
  start_server
  join ann
  join bob wait 'send:hello\n' lines
  freeze server
  thaw server
  tell bob on
  is_told ann "[${address[bob]}] hello"
}

@test "server: SIGINT and SIGTERM stop it cleanly, and the port is free at once" {
  wanted_port=$(free_port) start_server
  join ann
  join bob send:half lines
  stop server INT
  assert_same "$status" 0
  wait_for_end ann
  wanted_port=$port start_server_as server2
  join carl
  stop server2 TERM
  assert_same "$status" 0
}

@test "server: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  join ann
  join bob 'send:Hello\n' lines
  is_told ann "[${address[bob]}] Hello"
}

# bats test_tags=needs:line
@test "log: --show-sets prints what select is asked, and what it says" {
  start_server --show-sets
  wait_for_line server.out '^select: watching [0-9]+$'
  join ann
  wait_for_line server.out '^select: ready [0-9]+$'
  wait_for_line server.out '^select: watching [0-9]+ [0-9]+$'
}

# bats test_tags=needs:line
@test "log: --quiet prints who joins and leaves, and not what members say" {
  start_server --quiet
  join ann
  join bob 'send:secret\n' close
  is_told ann "[${address[bob]}] secret"
  wait_for_line server.out "^Client left ${address[bob]}\$"
  assert_count server.out secret 0
}

# ---- other clients ----

# bats test_tags=needs:line
@test "server: nc in the chat" {
  command -v nc >/dev/null || skip "nc is not installed"
  start_server
  join ann
  join bob wait 'send:hi nc\n' lines
  start nc nc "$host" "$port"
  wait_for_line nc.out "^$WELCOME"
  tell nc "hello from nc"
  wait_for_line ann.out "\\] hello from nc$CR"
  tell bob on
  wait_for_line nc.out '\] hi nc'
}

# bats test_tags=needs:line
@test "server: telnet in the chat" {
  command -v telnet >/dev/null || skip "telnet is not installed"
  start_server
  join ann
  join bob wait 'send:hi telnet\n' lines
  start telnet telnet "$host" "$port"
  wait_for_line telnet.out "^$WELCOME"
  tell telnet "hello from telnet"
  wait_for_line ann.out "\\] hello from telnet$CR"
  tell bob on
  wait_for_line telnet.out '\] hi telnet'
}

# ---- descriptors that are in use already ----

# run_above_sets PROGRAM [ARGUMENT]...: no descriptor that has a bit in a set is free for it.
run_above_sets() {
  run_bounded bash -c 'for ((fd = 3; fd < 1100; fd++)); do eval "exec $fd</dev/null"; done; exec "$@"' bash "$@"
}

@test "server, client, rooms: no descriptor below FD_SETSIZE is free: that is said, in one line" {
  more_files 2048
  start_server
  local program
  for program in "$SERVER --port 0" "$CLIENT --port $port" "$BUILD/05-select-chat/watch_rooms $port"; do
    read -ra words <<<"$program"
    run_above_sets "${words[@]}"
    assert_fails 1
    assert_regex "$stderr" '^[a-z_]+: no descriptor below [0-9]+ is free$'
    assert_printed ''
  done
}

# ---- the client ----

# bats test_tags=basic,points:5,exercise:6
@test "client: prints what others say while its own keyboard is silent" {
  start_server
  start_client client
  wait_for_line client.out "^$WELCOME\$"
  join bob 'send:Hello\n' lines
  wait_for_line client.out "^Client joined ${address[bob]}\$"
  wait_for_line client.out "^\\[${address[bob]}\\] Hello\$"
}

# bats test_tags=basic,points:5,exercise:6
@test "client: sends what is typed while others are silent, and while they speak" {
  start_server
  join ann wait 'send:go on\n' lines
  start_client client
  wait_for_line client.out "^$WELCOME\$"
  tell client "first line"
  wait_for_line server.out '\] first line$'
  tell ann on
  wait_for_line client.out '\] go on$'
  tell client "second line"
  wait_for_line ann.out "\\] second line$CR"
}

# bats test_tags=mistake:stdio-hides-lines,points:3,exercise:6
@test "client: several lines that are typed at once are all sent at once" {
  start_peer_server accept 'expect:one\ntwo\nthree\n' say:all hold
  start_client client
  freeze client
  tell client $'one\ntwo\nthree' # bash writes line by line; the client is to find all of them
  thaw client
  wait_for_line peer.out '^all$'
}

# bats test_tags=points:3,exercise:6
@test "client: from a pipe: it sends everything, half-closes, and shows what still comes" {
  start_peer_server accept 'expect:one\ntwo\n' eof 'send:[x] one\r\n[x] two\r\n' close
  run_client <<<$'one\ntwo'
  assert_success
  assert_printed $'[x] one\n[x] two'
}

@test "client: from a pipe, with our server: it is heard, and leaves" {
  start_server
  join ann
  run_client < <(printf 'one\ntwo')
  assert_success
  assert_printed "$WELCOME"
  wait_for_line ann.out "\\] one$CR"
  wait_for_line ann.out "\\] two$CR"
  wait_for_line ann.out '^Client left'
}

@test "client: --repeat sends each input so many times, however much that is" {
  start_peer_server accept expect-repeat:100000:'word\n' eof
  run_client --repeat 100000 <<<word
  assert_success
  wait_for_end peer
  assert_same "$status" 0
}

@test "client: too much waits for a server that does not read: it says so, and not that the server has left" {
  start_peer_server accept hold
  printf '%01000d\n' 0 >input
  run_client --repeat 200000 <input
  assert_fails 1
  assert_regex "$stderr" '^client: more than [0-9]+ bytes wait'
}

@test "client: no input: it leaves at once, without an error" {
  start_server
  run_client
  assert_success
  assert_same "$stderr" ''
}

@test "client: puts a line together that comes a byte at a time" {
  start_peer_server accept 'each:[x] one\r' 'send:\n' eof
  run_client
  assert_success
  assert_printed '[x] one'
}

@test "client: what the server sends is printed with escapes" {
  start_peer_server accept 'send:\x1b[2J\0\xff\r\n' eof
  run_client
  assert_success
  assert_printed '\x1b[2J\x00\xff'
}

# bats test_tags=points:3,exercise:6
@test "client: more input than all buffers hold, while the server talks and does not read" {
  start_peer_server --timeout 60 accept repeat:1000000:'talk talk talk talk talk\r\n' say:talked expect-repeat:1000000:'word word word word word\n' eof
  printf 'word word word word word\n%.0s' {1..1000} >part
  for _ in {1..1000}; do cat part; done >input
  start client bash -c 'exec "$0" "$@" <input' "$CLIENT" --host "$host" --port "$port"
  WAIT_LIMIT=60 wait_for_end client
  assert_same "$status" 0
  WAIT_LIMIT=60 wait_for_end peer
  assert_same "$status" 0
  assert_count client.out '^talk talk talk talk talk$' 1000000
}

# bats test_tags=mistake:eof-spin,points:2
@test "client: when the keyboard has ended, and when all is silent, it uses no CPU" {
  start_peer_server accept 'expect:one\n' say:typed eof say:ended hold
  mkfifo keyboard
  start client bash -c 'exec "$0" "$@" <keyboard' "$CLIENT" --host "$host" --port "$port"
  exec {keyboard}>keyboard
  echo one >&"$keyboard"
  wait_for_line peer.out '^typed$'
  assert_idle client
  exec {keyboard}>&-
  wait_for_line peer.out '^ended$'
  assert_idle client
}

@test "client: the server's end is noticed at once, not with the next line" {
  start_server
  start_client client
  wait_for_line client.out "^$WELCOME\$"
  stop server
  wait_for_end client
  assert_same "$status" 1
  assert_same "$(cat client.err)" 'client: the server closed the connection'
}

@test "client: a full room is a failure, and said" {
  start_server --max-clients 1
  join ann
  run_client <<<hello
  assert_fails 1
  assert_regex "$stderr" 'error: too many clients$'
  assert_printed ''
}

@test "client: a server that resets the connection is a failure" {
  start_peer_server accept 'expect:one\n' rst
  run_client <<<one
  assert_fails 1
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
  assert_success
  assert_printed "$WELCOME"
  wait_for_line server.out '\] Hello$'
}

# ---- rooms ----

rooms() {
  start "$1" "$BUILD/05-select-chat/watch_rooms" --host "$host" "${@:2}"
}

@test "rooms: two servers at once, and a time-out of select, again and again" {
  start_server
  local first=$port
  start_server_as server2
  local second=$port
  rooms listener --timeout 0.1 "$first" "$second"
  wait_for_line listener.out "^$first: $WELCOME\$"
  wait_for_line listener.out "^$second: $WELCOME\$"
  wait_for_line listener.out '^nothing for 0.1 s$' 3
  port=$first join ann 'send:in the first\n' lines
  wait_for_line listener.out "^$first: .*\\] in the first\$"
  port=$second join bob 'send:in the second\n' lines
  wait_for_line listener.out "^$second: .*\\] in the second\$"
  stop server
  wait_for_line listener.out "^$first: the server closed the connection\$"
  assert_idle listener
  stop server2
  wait_for_end listener
  assert_same "$status" 0
}

@test "rooms: SIGTERM ends it; bad ports are bad usage" {
  start_server
  rooms listener "$port"
  wait_for_line listener.out "^$port: $WELCOME\$"
  stop listener
  assert_same "$status" 0
  run_bounded "$BUILD/05-select-chat/watch_rooms"
  assert_fails 2
  run_bounded "$BUILD/05-select-chat/watch_rooms" "$port" 70000
  assert_fails 2
}
