#!/usr/bin/env bats
# What holds for every program of every lesson: options, exit codes, one line for a failure.

load ../helpers

# programs NAME: the path of each program of that name, or of each program there is (any).
# Fails if there is none: a loop over none would pass.
programs() {
  local program found=()
  for program in "$BUILD"/??-*/* "$BUILD"/??-*/*/* "$BUILD"/tools/*; do
    if [[ -f $program && -x $program && ($1 == any || ${program##*/} == "$1") ]]; then
      found+=("$program")
    fi
  done
  ((${#found[@]} > 0)) || fail "there is no program called $1 under $BUILD"
  printf '%s\n' "${found[@]}"
}

# every NAME COMMAND ARGUMENT...: for each program of that name; its path comes first.
every() {
  local name=$1 program list
  shift
  list=$(programs "$name") || fail "$list"
  while read -r program; do
    "$1" "$program" "${@:2}" || fail "this was ${program#"$BUILD"/}"
  done <<<"$list"
}

# fails STATUS PROGRAM ARGUMENT...
fails() {
  local code=$1
  shift
  run_bounded "$@"
  assert_fails "$code"
  assert_printed ''
}

bad_usage() {
  fails 2 "$@"
}

shows_help() {
  run_bounded "$@"
  assert_success
  assert_equal "$stderr" ''
  assert_regex "${lines[0]}" '^usage: '
}

@test "--help and -h: what the program does, and each option, on stdout" {
  every any shows_help --help
  every any shows_help -h
  every server shows_help --port 99 --help
}

@test "an unknown option: one line on stderr that names --help, exit 2" {
  every any points_to_help --no-such-option
  every any points_to_help -Z
}

points_to_help() {
  bad_usage "$@"
  assert_regex "$stderr" "$2: .* \\(see --help\\)\$"
}

@test "a client that was started without stdin says so" {
  local lesson
  for lesson in 03-tcp-dialog 05-select-chat 06-poll-events 09-socketserver-mixins; do
    SERVER=$BUILD/$lesson/server
    start_server_as "server-$lesson"
    run_bounded bash -c 'exec "$0" "$@" <&-' "$BUILD/$lesson/client" --port "$port"
    assert_fails 1
    assert_regex "$stderr" '^client: .*Bad file descriptor$'
  done
}

@test "an option without its value: one line on stderr, exit 2" {
  every server bad_usage --port
  every server bad_usage --host
  every client bad_usage --port
  every client bad_usage -p
  every lookup bad_usage --service
}

@test "a bad port: one line on stderr, exit 2" {
  local bad
  for bad in 70000 65536 -1 x 1x '' 0x10 99999999999999999999 10.5; do
    every server bad_usage --port "$bad"
    every client bad_usage --port "$bad"
  done
  every client bad_usage --port 0
}

@test "a bad number of seconds: one line on stderr, exit 2" {
  local bad
  for bad in x '' -1 nan inf 1s 1e99 1e-7 0.0009; do
    bad_usage "$BUILD/01-udp-echo/client" --timeout "$bad"
    bad_usage "$BUILD/02-tcp-time/server" --timeout "$bad"
    bad_usage "$BUILD/02-tcp-time/client" --delay "$bad"
    bad_usage "$BUILD/03-tcp-dialog/server" --timeout "$bad"
    bad_usage "$BUILD/04-tcp-threads/server" --timeout "$bad"
    bad_usage "$BUILD/04-tcp-threads/client" --every "$bad"
    bad_usage "$BUILD/07-asyncore-time/client" --every "$bad"
    bad_usage "$BUILD/08-asynchat-http/server" --timeout "$bad"
    bad_usage "$BUILD/08-asynchat-http/client" --timeout "$bad"
    bad_usage "$BUILD/09-socketserver-mixins/server" --idle "$bad"
  done
}

@test "a number or a word that is not allowed: one line on stderr, exit 2" {
  bad_usage "$BUILD/01-udp-echo/server" --bufsize 0
  bad_usage "$BUILD/01-udp-echo/client" --retries -1
  bad_usage "$BUILD/02-tcp-time/server" --backlog x
  bad_usage "$BUILD/03-tcp-dialog/server" --frame tcp
  bad_usage "$BUILD/03-tcp-dialog/server" --frame ''
  bad_usage "$BUILD/03-tcp-dialog/server" --max-line 0
  bad_usage "$BUILD/03-tcp-dialog/client" --frame LINE
  bad_usage "$BUILD/03-tcp-dialog/client" --hold SHUT
  bad_usage "$BUILD/04-tcp-threads/server" --model process
  bad_usage "$BUILD/04-tcp-threads/server" --max-clients 0
  bad_usage "$BUILD/04-tcp-threads/server" --max-line 0
  bad_usage "$BUILD/04-tcp-threads/client" --count 0
  bad_usage "$BUILD/04-tcp-threads/show_race" --threads 0
  bad_usage "$BUILD/04-tcp-threads/measure_cost" --model process
  bad_usage "$BUILD/05-select-chat/server" --max-clients 1025
  bad_usage "$BUILD/05-select-chat/server" --max-line 0
  bad_usage "$BUILD/05-select-chat/client" --repeat 0
  bad_usage "$BUILD/07-asyncore-time/server" --poller kqueue
  bad_usage "$BUILD/07-asyncore-time/server" --max-queue 0
  bad_usage "$BUILD/07-asyncore-time/client" $'two\nlines'
  bad_usage "$BUILD/07-asyncore-time/measure_cost" --silent 0
  bad_usage "$BUILD/08-asynchat-http/server" --poller kqueue
  bad_usage "$BUILD/08-asynchat-http/server" --max-body -1
  bad_usage "$BUILD/08-asynchat-http/server" --max-clients 0
  bad_usage "$BUILD/08-asynchat-http/client" time
  bad_usage "$BUILD/09-socketserver-mixins/server" --type sctp
  bad_usage "$BUILD/09-socketserver-mixins/server" --mixin fork
  bad_usage "$BUILD/09-socketserver-mixins/client" --type TCP
}

@test "a value for an option that takes none: one line on stderr, exit 2" {
  every any bad_usage --help=yes
}

@test "an argument that is not expected: one line on stderr, exit 2" {
  every server bad_usage surprise
  bad_usage "$BUILD/02-tcp-time/client" surprise
  bad_usage "$BUILD/03-tcp-dialog/client" surprise
  bad_usage "$BUILD/04-tcp-threads/client" surprise
  bad_usage "$BUILD/04-tcp-threads/show_race" surprise
  bad_usage "$BUILD/04-tcp-threads/measure_cost" surprise
}

@test "a host that is not there: one line on stderr, exit 1" {
  every server fails_at_run_time --port 0 --host no..host
  every client fails_at_run_time --host no..host
}

fails_at_run_time() {
  fails 1 "$@"
}

@test "an address that is not this computer's: one line on stderr, exit 1" {
  every server fails_at_run_time --port 0 --host 192.0.2.1
}

@test "a port in use: one line on stderr that names it, exit 1" {
  local program list
  list=$(programs server)
  while read -r program; do
    SERVER=$program
    start_server_as "server-$(basename "$(dirname "$program")")"
    fails 1 "$program" --port "$port"
    assert_regex "$stderr" "127\.0\.0\.1:$port: Address already in use\$"
  done <<<"$list"
}

@test "nobody listens: one line on stderr, exit 1" {
  start_peer_server accept
  stop peer KILL
  # It has no input, so there is nothing that lesson 1's client could not send.
  fails 1 "$BUILD/01-udp-echo/client" --port "$port" one
  fails_to_connect "$BUILD/02-tcp-time/client"
  fails_to_connect "$BUILD/03-tcp-dialog/client"
  fails_to_connect "$BUILD/04-tcp-threads/client"
  fails_to_connect "$BUILD/05-select-chat/client"
  fails_to_connect "$BUILD/07-asyncore-time/client"
  fails_to_connect "$BUILD/08-asynchat-http/client"
  fails_to_connect "$BUILD/09-socketserver-mixins/client"
}

fails_to_connect() {
  run_bounded "$1" --port "$port"
  assert_fails 1
  assert_regex "$stderr" 'Connection refused$'
}

@test "a full disk under stdout: one line on stderr, exit 1" {
  [[ -c /dev/full ]] || skip "this machine has no /dev/full"
  every any full_stdout --help
  full_stdout "$BUILD/02-tcp-time/lookup" --hostname
  full_stdout "$BUILD/03-tcp-dialog/show_stream" end
  full_stdout "$BUILD/04-tcp-threads/show_race" --count 1
  full_stdout "$BUILD/04-tcp-threads/measure_cost" --count 1
  SERVER=$BUILD/01-udp-echo/server
  start_server
  full_stdout "$BUILD/01-udp-echo/client" --port "$port"
  SERVER=$BUILD/02-tcp-time/server start_server_as server2
  full_stdout "$BUILD/02-tcp-time/client" --port "$port"
  SERVER=$BUILD/03-tcp-dialog/server start_server_as server3
  echo one >input
  full_stdout "$BUILD/03-tcp-dialog/client" --port "$port" <input
  SERVER=$BUILD/05-select-chat/server start_server_as server5
  full_stdout "$BUILD/05-select-chat/client" --port "$port" <input
  full_stdout "$BUILD/07-asyncore-time/measure_cost" --count 10
  SERVER=$BUILD/07-asyncore-time/server start_server_as server7
  full_stdout "$BUILD/07-asyncore-time/client" --port "$port" --every 0
  SERVER=$BUILD/08-asynchat-http/server start_server_as server8
  full_stdout "$BUILD/08-asynchat-http/client" --port "$port"
  SERVER=$BUILD/09-socketserver-mixins/server start_server_as server9
  full_stdout "$BUILD/09-socketserver-mixins/client" --port "$port" <input
}

full_stdout() {
  local code=0
  bounded "$@" >/dev/full 2>full.err || code=$?
  assert_equal "$code" 1
  assert_equal "$(wc -l <full.err)" 1
}

@test "every program starts its messages with its own name" {
  every any names_itself --no-such-option
}

names_itself() {
  run_bounded "$@"
  assert_regex "$stderr" "^$(basename "$1"): "
}

@test "every program is built, and nothing is written beside the sources" {
  local source built
  for source in "$ROOT"/lessons/*/*.c "$ROOT"/lessons/*/*/*.c; do
    [[ ! -e ${source%.c}.h ]] || continue # a module
    built=$BUILD/${source#"$ROOT"/lessons/}
    [[ -x ${built%.c} ]] || fail "$built is not there"
    [[ ! -e ${source%.c} && ! -e ${source%.c}.o ]] || fail "something was built beside $source"
  done
}

# asks_time CLIENT SERVER: the client of one lesson gets its time from the server of another one.
asks_time() {
  local more=()
  [[ $1 != 07-* ]] || more=(Hello) # it would say World, too, and lesson 2's server has left by then
  SERVER=$BUILD/$2/server
  start_server_as "server-$2-$1"
  run_bounded "$BUILD/$1/client" --port "$port" "${more[@]}"
  assert_succeeds
  assert_regex "$output" '(The time is|received:) [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-3][0-9] ..:..:.. 20..'
}

# inherited_sockets PID: the descriptors of its sockets that a program which it starts would have, too.
inherited_sockets() {
  local fd
  while read -r fd; do
    # O_CLOEXEC
    (($(sed -n 's/^flags:[[:space:]]*/8#/p' "/proc/$1/fdinfo/$fd") & 8#2000000)) || echo "$fd"
  done < <(find "/proc/$1/fd" -lname 'socket:*' -printf '%f\n')
}

has_a_client() {
  (($(find "/proc/${pid_of[$1]}/fd" -lname 'socket:*' | wc -l) >= 2))
}

# The partner is a file, of the same directory or of the whole; or words: "any server", "a real server".
partners_that_are_missing() {
  local file partner
  while IFS=: read -r file partner; do
    [[ $partner != build/tools/* ]] || partner=tests/${partner#build/}.c
    [[ $partner =~ ^\ *(a|any|the)\  || -e ${file%/*}/$partner || -e $partner ]] || echo "$file: $partner"
  done < <(find common lessons tests -name '*.c' -print0 | xargs -0 grep -HoP '^ \* Its partner: *\K(a |any |the |[^ ,;]+)')
}

@test "the partner that a program names in its first lines is there" {
  cd "$ROOT"
  run -0 partners_that_are_missing
  assert_output ""
}

# Lessons 1 and 2 write socket(2) and accept(2) out, as simple as they can be.
@test "a program that a server starts inherits no socket of it" {
  local lesson tried=0
  for lesson in "$BUILD"/*-*/server; do
    lesson=$(basename "${lesson%/server}")
    ((10#${lesson%%-*} > 2)) || continue
    SERVER=$BUILD/$lesson/server start_server_as "server-$lesson"
    start_peer "peer-$lesson" hold
    wait_until has_a_client "server-$lesson" || fail "$lesson did not accept"
    assert_equal "$lesson: $(inherited_sockets "${pid_of["server-$lesson"]}")" "$lesson: "
    tried=$((tried + 1))
  done
  ((tried >= 7))
}

# traced PROGRAM CALLS FILE: makes a program of it that runs under strace, which notes those calls in FILE; prints its name.
traced() {
  local name=traced-${1//\//-}
  printf '#!/bin/sh\nexport ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" # that can not be done under strace\nexec strace -D -f -e trace=%s -o %s "%s" "$@"\n' "$2" "$3" "$BUILD/$1" >"$name"
  chmod +x "$name"
  echo "./$name"
}

# traced_server LESSON [CALLS]: the file LESSON.trace tells what files it asks for, or those calls.
traced_server() {
  SERVER=$(traced "$1/server" "${2:-file}" "$1.trace") start_server_as "server-$1"
}

@test "a server asks for the file of the time zone once, not at each answer" {
  local lesson
  type -P strace >/dev/null || skip "there is no strace"
  unset TZ
  for lesson in 04-tcp-threads 06-poll-events 07-asyncore-time 09-socketserver-mixins; do
    traced_server "$lesson"
    peer 'send:1\n' line 'send:2\n' line 'send:3\n' line shutdown eof
    assert_count "$lesson.trace" /etc/localtime 1
  done
}

@test "from lesson 5 on, each connection of a server sends small pieces at once (TCP_NODELAY)" {
  local lesson
  type -P strace >/dev/null || skip "there is no strace"
  for lesson in 05-select-chat 06-poll-events 07-asyncore-time 08-asynchat-http 09-socketserver-mixins; do
    traced_server "$lesson" setsockopt
    peer shutdown eof
    peer shutdown eof
    wait_for_line "$lesson.trace" 'TCP_NODELAY, \[1\], 4\) += 0' 2
  done
}

@test "what a client of lesson 5 or 6, or a mail program, sends in small pieces leaves at once (TCP_NODELAY)" {
  local lesson
  type -P strace >/dev/null || skip "there is no strace"
  for lesson in 05-select-chat 06-poll-events; do
    SERVER=$BUILD/$lesson/server start_server_as "server-$lesson"
    CLIENT=$(traced "$lesson/client" setsockopt "$lesson.trace") start_client "client-$lesson"
    wait_for_line "$lesson.trace" 'TCP_NODELAY, \[1\], 4\) += 0'
  done
  start_peer_server accept hold
  CLIENT=$(traced 08-asynchat-http/mail/smtp_send setsockopt mail.trace) start_client mail --from ann@a --to bob@b
  end_input mail # it reads the message before it connects
  wait_for_line mail.trace 'TCP_NODELAY, \[1\], 4\) += 0'
}

@test "the client of lesson 8 sends its requests in one piece" {
  type -P strace >/dev/null || skip "there is no strace"
  SERVER=$BUILD/08-asynchat-http/server start_server
  CLIENT=$(traced 08-asynchat-http/client sendto,sendmsg trace) run_client /time /time
  assert_success
  wait_for_line trace '\+\+\+ exited with 0'
  assert_count trace '^[0-9]+ +send' 1
}

@test "the client of each time lesson gets the time from the server of every other one" {
  local client server
  for client in 02-tcp-time 04-tcp-threads 07-asyncore-time; do
    for server in 02-tcp-time 04-tcp-threads 06-poll-events 07-asyncore-time; do
      asks_time "$client" "$server" || fail "this was the client of $client with the server of $server"
    done
  done
}

# options_of PROGRAM: what its --help says of each option, a line each: WORD LETTER, or WORD - without one.
options_of() {
  "$1" --help | sed -nE 's/^  -(.), --([a-z-]+).*/\2 \1/p; s/^      --([a-z-]+).*/\1 -/p'
}

# The same of the table in CONTRIBUTING.md.
options_in_table() {
  sed -n '/^## The options/,/^## Add/p' "$ROOT/CONTRIBUTING.md" | awk -F ' [|] ' '
    /^[|] `--/ {
      letter = $2 ~ /`-.`/ ? substr($2, index($2, "`-") + 2, 1) : "-"
      count = split($1, words, "`--")
      for (i = 2; i <= count; i++) { sub(/[^a-z-].*/, "", words[i]); print words[i], letter }
    }'
}

@test "one word and one letter for one thing in all lessons, as the table in CONTRIBUTING.md has it" {
  local program found
  options_in_table | sort >table
  (($(wc -l <table) > 30)) || fail "the table was not found"
  assert_equal "$(cut -d ' ' -f 1 table | uniq -d)" ''
  assert_equal "$(cut -d ' ' -f 2 table | grep -v -- - | sort | uniq -d)" ''
  while read -r program; do
    options_of "$program" | sort >own
    [[ -s own ]] || fail "$program --help names no option"
    found=$(comm -23 own table)
    [[ -z $found ]] || fail "not in the table of CONTRIBUTING.md: ${program#"$BUILD"/}: $found"
    cat own >>all
  done < <(find "$BUILD"/??-*/ -type f -perm -u+x)
  assert_equal "$(sort -u all | comm -13 - table)" '' # nothing in the table that no program has
}
