#!/usr/bin/env bats
# Lesson 8: an HTTP/1.1 server and a client on async_chat; smtp_send and pop3_list.

load helpers

TIME='[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}'
END='\r\n\r\n' # of a head, for peer
CLOSE='Connection: close\r\n\r\n'

# talk ACTION...: what comes back, up to the end of the connection, is in `output`, one line,
# with escapes.
talk() {
  RUN_LIMIT=24 peer "$@" eof
}

# ask TARGET [FIELDS]: one GET on a connection of its own.
ask() {
  talk "send:GET $1 HTTP/1.1\\r\\nHost: a\\r\\n${2:-}$CLOSE"
}

# assert_statuses STATUS...: so many answers have come, with these statuses.
assert_statuses() {
  local found
  found=$(grep -oE 'HTTP/1\.1 [0-9]{3} [A-Z]' <<<"$output" | cut -d ' ' -f 2 | tr '\n' ' ')
  [[ ${found% } == "$*" ]] || fail_because "the answers do not have the right statuses" "$*" "$found in: ${output:0:400}"
}

assert_answer_has() {
  [[ $output == *"$1"* ]] || fail_because "something is missing in the answer" "$1" "${output:0:400}"
}

assert_answer_lacks() {
  [[ $output != *"$1"* ]] || fail_because "something is in the answer that should not be there" "no $1" "${output:0:400}"
}

# refused STATUS ACTION...: it gets one answer, with that status, and then the end.
refused() {
  local code=$1
  shift
  talk "$@"
  assert_statuses "$code"
  assert_answer_has 'Connection: close\r\n'
}

# serve_files [OPTION]...: a server with a root.
serve_files() {
  mkdir -p root/sub
  printf '<p>Hello' >root/index.html
  printf 'a picture' >root/sub/dot.png
  printf 'secret' >outside
  : >root/empty
  start_server --root root "$@"
}

# large_file NAME MEBIBYTES: beneath the root.
large_file() {
  head -c "$(($2 * 1048576))" /dev/zero | tr '\0' x >"root/$1"
}

# all_is_well: a new client is answered.
all_is_well() {
  ask /time
  assert_statuses 200
}

# ---- the server: requests and answers ----

# bats test_tags=id:listens,basic
@test "server: says where it listens" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:time,basic,needs:listens,points:5
@test "server: GET /time is answered with the time, its length, its type and a date" {
  start_server
  ask /time
  assert_statuses 200
  assert_regex "$output" '^HTTP/1\.1 200 OK\\r\\n'
  assert_regex "$output" "\\\\r\\\\n\\\\r\\\\n$TIME\\\\n\$"
  assert_answer_has '\r\nContent-Length: 25\r\n'
  assert_answer_has '\r\nContent-Type: text/plain'
  assert_regex "$output" '\\r\\nDate: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\\r\\n'
}

# bats test_tags=id:split,needs:time,points:5,exercise:1,mistake:split-terminator
@test "server: the end of a head is found also if it comes in two segments" {
  start_server
  local head='GET /time HTTP/1.1\r\nHost: a\r\nConnection: close'
  talk "send:$head\\r" silence:0.1 'send:\n\r\n'
  assert_statuses 200
  talk "send:$head\\r\\n" silence:0.1 'send:\r\n'
  assert_statuses 200
  talk "send:$head\\r\\n\\r" silence:0.1 'send:\n'
  assert_statuses 200
}

# bats test_tags=needs:split,points:3,exercise:1
@test "server: a request that comes a byte at a time" {
  start_server
  talk "each:GET /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE"
  assert_statuses 200
}

# bats test_tags=id:keep-alive,needs:time,points:5,mistake:no-content-length
@test "server: a connection stays for the next request, and every answer says where it ends" {
  start_server
  start_peer client "send:GET /time HTTP/1.1\\r\\nHost: a$END" line line line line line line line \
    wait "send:BREW /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE" eof
  wait_for_line client.out "^$TIME"
  assert_count client.out '^Content-Length: 25\\r\\n' 1
  tell client on
  wait_for_status client 0
  assert_count client.out 'HTTP/1\.1 501 Not Implemented\\r\\n.*Content-Length: ' 1
}

# bats test_tags=id:pipeline,needs:keep-alive,points:5
@test "server: requests that come in one segment are answered in their order" {
  start_server
  local request="GET /time HTTP/1.1\\r\\nHost: a$END"
  talk "send:$request${request/GET/BREW}$request${request/Host: a/Host: a\\r\\nConnection: close}"
  assert_statuses 200 501 200 200
}

# bats test_tags=id:echo,needs:time,points:5,exercise:2
@test "server: POST /echo sends the body back" {
  start_server
  talk 'send:POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nConnection: close\r\n\r\n' 'send:Hello' 'send: there!'
  assert_statuses 200
  assert_regex "$output" 'Content-Length: 11\\r\\n.*\\r\\n\\r\\nHello there$'
}

# bats test_tags=needs:echo,points:3,exercise:2
@test "server: a body is bytes: NUL, 0xFF, and an empty line" {
  start_server
  talk 'send:POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nConnection: close\r\n\r\n' 'each:a\0\xff\r\n\r\nbc'
  assert_statuses 200
  assert_regex "$output" '\\r\\n\\r\\na\\x00\\xff\\r\\n\\r\\nbc$'
  talk 'send:POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
  assert_statuses 200
  assert_answer_has 'Content-Length: 0\r\n'
}

# bats test_tags=id:body,needs:echo,points:5,exercise:2,mistake:body-as-request
@test "server: a body is no request, whatever stands in it, and whoever does not want it" {
  start_server
  local body="GET /nothing HTTP/1.1\\r\\nHost: a$END" # 34 bytes
  talk "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 34$END$body" \
    "send:POST /time HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 34$END$body" \
    "send:GET /time HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 34$END$body" \
    "send:GET /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE"
  assert_statuses 200 405 200 200
}

# bats test_tags=needs:keep-alive,points:3,mistake:head-with-body
@test "server: HEAD is answered as GET, without the body" {
  serve_files
  talk "send:HEAD /time HTTP/1.1\\r\\nHost: a${END}HEAD /echo HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE"
  assert_statuses 200 405
  assert_answer_has 'Content-Length: 25\r\n'
  assert_regex "$output" '200 OK(\\r\\n[A-Z][^\\]*)*\\r\\n\\r\\nHTTP/1.1 405 Method Not Allowed(\\r\\n[A-Z][^\\]*)*\\r\\n\\r\\n$'
}

# bats test_tags=needs:keep-alive,points:3
@test "server: HTTP/1.0: one request, unless it asks for keep-alive; Host is not needed" {
  start_server
  talk "send:GET /time HTTP/1.0${END}GET /time HTTP/1.0$END"
  assert_statuses 200
  talk "send:GET /time HTTP/1.0\\r\\nConnection: Keep-Alive${END}GET /time HTTP/1.0$END"
  assert_statuses 200 200
  assert_answer_has 'Connection: keep-alive\r\n'
}

@test "server: names of fields in capitals or not, spaces around values, a list in Connection" {
  start_server
  talk "send:GET /time HTTP/1.1\\r\\nhOST:a\\r\\nCONNECTION: \\t x ,Close\\t\\r\\n\\r\\n"
  assert_statuses 200
  talk "send:\\r\\nGET /time HTTP/1.1\\r\\nHost:\\r\\n$CLOSE"
  assert_statuses 200
}

# bats test_tags=needs:time,points:2,exercise:3
@test "server: a target may be a whole URL, and may have a query" {
  start_server
  ask 'http://anybody:99/time?x=/../y'
  assert_statuses 200
  ask http://anybody
  assert_statuses 404
  ask '/ti%6De'
  assert_statuses 200
}

# bats test_tags=needs:files,points:2,exercise:3
@test "server: the host of a URL ends where its path or its query begins" {
  serve_files
  printf '<p>The time' >root/time.html
  ask 'http://anybody?x=/time.html'
  assert_statuses 200
  assert_regex "$output" '<p>Hello$'
  ask 'http://anybody:99?/time.html?'
  assert_regex "$output" '<p>Hello$'
  ask 'http://[::1]:99/time.html?x=http://a/'
  assert_regex "$output" '<p>The time$'
}

# bats test_tags=needs:echo,points:3,exercise:2
@test "server: Expect: 100-continue: the client is told to go on, and not if the body is too large" {
  start_server --max-body 10
  start_peer client --timeout 60 \
    'send:POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n' \
    'expect:HTTP/1.1 100 Continue\r\n\r\n' send:Hello eof
  wait_for_status client 0
  assert_count client.out '200 OK.*Hello$' 1
  refused 413 'send:POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n'
}

# bats test_tags=needs:time,points:2
@test "server: 405 says what is allowed, 501 that the method is not known; the connection stays" {
  start_server
  talk "send:POST /time HTTP/1.1\\r\\nHost: a${END}GET /echo HTTP/1.1\\r\\nHost: a${END}BREW /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE"
  assert_statuses 405 405 501
  assert_answer_has 'Allow: GET, HEAD\r\n'
  assert_answer_has 'Allow: POST\r\n'
}

# ---- the server: what it refuses ----

# bats test_tags=id:refuses,needs:time,points:5,mistake:smuggling
@test "server: what could be understood in two ways is refused, and the connection ends" {
  start_server
  local rest='\r\n\r\nGET /time HTTP/1.1\r\nHost: a\r\n\r\n' get='GET /time HTTP/1.1\r\nHost: a\r\n' bad
  for bad in "$get"'Content-Length: 5\r\nContent-Length: 6' "$get"'Content-Length: 5\r\nContent-Length: 5' \
    "$get"'Content-Length: 5, 5' "$get"'Content-Length: -5' "$get"'Content-Length: +5' "$get"'Content-Length: 5a' \
    "$get"'Content-Length: 0x5' "$get"'Content-Length:' "$get"'Content-Length: 5\r\nTransfer-Encoding: chunked' \
    "$get"'Transfer-Encoding: chunked\r\nContent-Length: 5' 'GET /time HTTP/1.0\r\nTransfer-Encoding: chunked' \
    "$get"'Content-Length : 5' "$get"' Content-Length: 5' "$get"'X: y\r\n folded' "$get"'A\nContent-Length: 5' \
    "$get"'A: b\nContent-Length: 5' "$get"'A: b\rC: d' "$get"'A: \0' "$get"'A: \x7f' "$get"'A\0: b' "$get"'nothing' "$get"': empty' \
    "$get"'Host: b' 'GET /time HTTP/1.1\r\nX: y' 'GET /time HTTP/1.1'; do
    refused 400 "send:$bad$rest"
  done
}

# bats test_tags=needs:refuses,points:3
@test "server: a first line that is not one is refused" {
  start_server
  local line
  for line in 'GET /time' 'GET  /time HTTP/1.1' 'GET /time  HTTP/1.1' 'GET /time HTTP/1.1 ' ' GET /time HTTP/1.1' 'GET /time http/1.1' \
    'GET /time HTTP/1.10' 'GET /time HTTP/1' 'GET /time HTTP/x.1' 'G\0T /time HTTP/1.1' 'G(T /time HTTP/1.1' 'GET time HTTP/1.1' \
    'GET * HTTP/1.1' 'GET http:///time HTTP/1.1' 'GET /ti\xffme HTTP/1.1' 'GET /ti\tme HTTP/1.1' '\x16\x03\x01'; do
    refused 400 "send:$line\\r\\nHost: a$END"
  done
  refused 505 "send:GET /time HTTP/2.0\\r\\nHost: a$END"
  refused 505 'send:PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  refused 501 "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked$END"
}

# bats test_tags=needs:refuses,points:3
@test "server: a host that can be none is refused, in Host and in a URL; so is a fragment" {
  start_server
  local name target
  for name in '???' 'a b' 'a/b' 'a?b' 'a#b' 'ann@a' 'a, b' 'a:b' 'a:80:80' ':80' '[::1' '::1' '[]' '[::1]a' '[::1]:b' '[::1/]' 'a\xff' 'a\x7f'; do
    refused 400 "send:GET /time HTTP/1.1\\r\\nHost: $name$END"
  done
  for target in 'http://ann@a/time' 'http://:80/time' 'http://a:b/time' 'http://[::1/time' 'http://?x' 'http://a#/time' '/time#x' '/time?x#y'; do
    refused 400 "send:GET $target HTTP/1.1\\r\\nHost: a$END"
  done
  for name in 'a:' 'a.example.org:80' '127.0.0.1:8080' '[::1]' '[::1]:80' 'a_b-c~%41'; do
    talk "send:GET /time HTTP/1.1\\r\\nHost: $name\\r\\n$CLOSE"
    assert_statuses 200
  done
}

@test "server: lines that end with a newline alone are refused at once" {
  start_server
  refused 400 'send:GET /time HTTP/1.1\nHost: a\n\n'
  refused 400 'send:GET /time HTTP/1.1' silence:0.1 'send:\n'
  talk "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1$END\\r\\n"
  assert_statuses 200 400
}

# bats test_tags=id:too-long,needs:refuses,points:3,mistake:reset-loses-answer
@test "server: what is too long is refused, and the answer arrives although the client still sends" {
  start_server --max-body 1000
  refused 414 send:/ repeat:1048576:a
  refused 414 "send:GET /" repeat:9000:a "send: HTTP/1.1\\r\\nHost: a$END"
  refused 431 'send:GET /time HTTP/1.1\r\nA: ' repeat:1048576:a
  refused 431 'send:GET /time HTTP/1.1\r\n' 'repeat:1000:A: 123456789\r\n' 'send:\r\n'
  refused 413 "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 8388608$END" repeat:8388608:a
  refused 413 "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 99999999999999999999999999$END"
  refused 413 "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1001$END"
  all_is_well
}

# bats test_tags=id:files,needs:time,points:5,exercise:3,exercise:4
@test "server: --root: files, with their lengths and types" {
  serve_files
  ask /index.html
  assert_statuses 200
  assert_regex "$output" 'Content-Length: 8\\r\\n.*\\r\\n\\r\\n<p>Hello$'
  assert_answer_has 'Content-Type: text/html'
  ask /
  assert_regex "$output" '\\r\\n\\r\\n<p>Hello$'
  ask /sub//dot.png?v=1
  assert_answer_has 'Content-Type: image/png'
  assert_regex "$output" '\\r\\n\\r\\na picture$'
  ask /empty
  assert_statuses 200
  assert_answer_has 'Content-Length: 0\r\n'
  talk "send:HEAD /sub/dot.png HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE"
  assert_answer_has 'Content-Length: 9\r\n'
  assert_answer_lacks 'a picture'
}

# bats test_tags=id:outside,needs:time,points:5,exercise:3,mistake:outside-root
@test "server: nothing outside the root, in no spelling" {
  serve_files
  local path
  for path in /../outside /sub/../../outside /.. /sub/.. /%2e%2e/outside /%2E./outside /.%2e/outside \
    /sub%2f..%2f..%2foutside /..%2foutside /%2e%2e%2foutside /../root/index.html /%00 /index.html%00.png \
    /% /%2 /%zz /%2g http://a/../outside; do
    refused 400 "send:GET $path HTTP/1.1\\r\\nHost: a$END"
    assert_answer_lacks secret
  done
  for path in //outside /./outside /...//outside /%252e%252e/outside "$PWD/outside" /..%5coutside; do
    ask "$path"
    assert_statuses 404
  done
}

# bats test_tags=needs:outside,needs:files,points:3,mistake:follows-links
@test "server: a symbolic link is not followed, and a pipe or a directory is no file" {
  serve_files
  ln -s ../outside root/link
  ln -s .. root/up
  ln -s /etc root/sub/etc
  mkfifo root/pipe
  local path
  for path in /link /up/outside /up/root/index.html /sub/etc/passwd; do
    talk "send:GET $path HTTP/1.1\\r\\nHost: a${END}GET /index.html HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE"
    assert_statuses 404 200
    assert_answer_lacks secret
  done
  for path in /pipe /sub /sub/ /index.html/ /nothing/at/all "/$(printf '%0300d' 1)"; do
    ask "$path"
    assert_statuses 404
  done
}

# ---- the server: clients who do not read, and clients who leave ----

# bats test_tags=id:large,needs:files,points:5,exercise:4,exercise:5,mistake:early-close
@test "server: a large file arrives whole, also at a client that reads late" {
  serve_files
  large_file large 8
  start_peer slow --rcvbuf 4096 --timeout 120 "send:GET /large HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE" wait eof
  stall slow
  tell slow on
  WAIT_LIMIT=120 wait_for_status slow 0
  assert_same "$(tr -d -c x <slow.out | wc -c)" "$((8 * 1048576))"
}

# bats test_tags=needs:large,points:5,exercise:4
@test "server: who does not read a file keeps nobody waiting, and costs neither CPU nor memory" {
  serve_files
  large_file large 32
  local memory
  all_is_well
  memory=$(resident_memory server)
  start_peer lazy --rcvbuf 4096 --timeout 60 "send:GET /large HTTP/1.1\\r\\nHost: a$END" hold
  stall lazy
  all_is_well
  assert_idle server
  (($(resident_memory server) - memory < 4096)) ||
    fail_because "the server keeps a file in memory" "$memory KiB" "$(resident_memory server) KiB"
}

# bats test_tags=id:bounded,needs:pipeline,points:5,exercise:6,mistake:endless-queue
@test "server: who asks again and again and does not read costs a bounded amount of memory" {
  start_server --quiet
  local memory
  all_is_well
  memory=$(resident_memory server)
  start_peer lazy --rcvbuf 4096 --timeout 60 "repeat:200000:GET /time HTTP/1.1\\r\\nHost: a$END" hold
  stall lazy
  all_is_well
  assert_idle server
  (($(resident_memory server) - memory < 4096)) ||
    fail_because "the server keeps what a client does not read, without a limit" "$memory KiB" "$(resident_memory server) KiB"
}

# bats test_tags=needs:pipeline,points:3,exercise:6
@test "server: who asks 20000 times and reads late gets every answer" {
  start_server --quiet
  start_peer slow --rcvbuf 4096 --timeout 120 "repeat:20000:GET /time HTTP/1.1\\r\\nHost: a$END" shutdown wait eof
  tell slow on
  WAIT_LIMIT=120 wait_for_status slow 0
  assert_same "$(grep -oE "$TIME" slow.out | wc -l)" 20000
}

# bats test_tags=needs:large,points:3,exercise:5
@test "server: a client that half-closes after its request gets the whole answer, and then the end" {
  serve_files
  large_file large 8
  talk "send:GET /time HTTP/1.1\\r\\nHost: a$END" shutdown
  assert_statuses 200
  talk "send:GET /large HTTP/1.1\\r\\nHost: a$END" shutdown
  assert_same "$(tr -d -c x <run.out | wc -c)" "$((8 * 1048576))"
  talk 'send:GET /time HT' shutdown
  assert_statuses
}

# bats test_tags=needs:files,points:2
@test "server: survives a client's RST, whenever it comes" {
  serve_files
  large_file large 8
  peer rst
  peer 'send:GET /ti' rst
  peer "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9${END}abc" rst
  peer "send:GET /large HTTP/1.1\\r\\nHost: a$END" recv:1 rst
  peer "repeat:100:GET /time HTTP/1.1\\r\\nHost: a$END" rst
  refused 400 "send:nonsense$END"
  peer "send:nonsense$END" recv:1 rst
  all_is_well
  is_running server
}

# bats test_tags=needs:large,points:2
@test "server: who is gone leaves no descriptor behind, neither its own nor the file's" {
  serve_files
  large_file large 8
  all_is_well
  local before
  before=$(open_descriptors server)
  start_peer lazy --rcvbuf 4096 "send:GET /large HTTP/1.1\\r\\nHost: a$END" wait rst
  stall lazy
  tell lazy leave
  wait_for_end lazy
  ask /index.html
  peer "send:GET /time HTTP/1.1\\r\\nHost: a$END" recv:1 close
  assert_descriptors server "$before"
}

# bats test_tags=needs:large,points:2
@test "server: a file that becomes shorter while it is sent: the connection ends" {
  serve_files
  large_file large 32
  start_peer slow --rcvbuf 4096 --timeout 60 "send:GET /large HTTP/1.1\\r\\nHost: a$END" wait eof
  stall slow
  : >root/large
  tell slow on
  WAIT_LIMIT=60 wait_for_end slow
  (($(tr -d -c x <slow.out | wc -c) < 32 * 1048576)) || fail "the whole file came"
  all_is_well
}

# ---- the server: silence ----

# bats test_tags=id:timeout,needs:time,points:3
@test "server: --timeout: half a request gets 408, silence gets the end" {
  start_server --timeout 1
  refused 408 'send:GET /time HTTP/1.1\r\nHo'
  refused 408 "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9$END"
  talk
  assert_statuses
  talk "send:GET /time HTTP/1.1\\r\\nHost: a$END"
  assert_statuses 200
}

# bats test_tags=needs:timeout,needs:files,points:2,exercise:4
@test "server: --timeout: who does not take its answer, and who never closes, is left behind" {
  serve_files --timeout 1
  large_file large 32
  all_is_well
  local before
  before=$(open_descriptors server)
  start_peer lazy --rcvbuf 4096 "send:GET /large HTTP/1.1\\r\\nHost: a$END" hold
  start_peer late "send:GET /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE" hold
  start_peer angry --timeout 60 "send:nonsense$END" fill:x hold
  wait_for_line server.out ' (GET|nonsense)[^:]*: ' 4
  assert_descriptors server "$before"
}

# bats test_tags=id:slow,needs:timeout,points:3,mistake:endless-head
@test "server: --timeout: a head that comes in drops gets 408, and empty lines in drops get the end" {
  start_server --timeout 1
  refused 408 'send:GET /time HTTP/1.1\r\nHost: a\r\n' 'drip:X: y\r\n'
  local before
  before=$(open_descriptors server)
  start_peer empty --timeout 120 say:connected 'drip:\r\n' eof
  wait_for_line empty.out '^connected$'
  wait_until has_accepted 1
  assert_descriptors server "$before"
}

# bats test_tags=needs:slow,points:3,exercise:2,mistake:endless-body
@test "server: --min-rate: a body that comes in drops gets 408" {
  start_server --timeout 1 --min-rate 1000
  refused 408 "send:POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 100000$END" drip:x
}

# bats test_tags=needs:slow,needs:body,points:3,exercise:2,mistake:body-in-one-timeout
@test "server: --min-rate: a body that comes fast enough may take longer than --timeout; so may requests, one after the other" {
  start_server --timeout 3 --min-rate 10
  local post="POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length" get="send:GET /time HTTP/1.1\\r\\nHost: a$END"
  start_peer slow --timeout 120 "send:$post: 5000\\r\\n$CLOSE" "each:$(printf '%05000d' 0)" eof
  talk "send:$post: 1000000\\r\\n$CLOSE" repeat:1000000:x
  assert_statuses 200
  talk "$get" recv:1000 silence:1 "$get" recv:1000 silence:1 "$get" recv:1000 silence:1 "$get" recv:1000 \
    silence:1 "send:GET /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE"
  assert_statuses 200 200 200 200 200
  WAIT_LIMIT=60 wait_for_status slow 0
  output=$(<slow.out) assert_statuses 200
}

# bats test_tags=needs:slow,needs:large,points:2,exercise:4,mistake:response-in-one-timeout
@test "server: --min-rate: who takes a file too slowly is left behind; who is fast enough may take longer than --timeout" {
  need curl curl
  serve_files
  truncate -s 256M root/large # without memory on the disk
  start_server_as strict --root root --timeout 1 --min-rate 1000000000
  run_bounded curl --silent --limit-rate 50M --output part "http://$host:$port/large"
  assert_same "$status" 18 # of curl: a part is missing
  start_server_as mild --root root --timeout 3
  RUN_LIMIT=60 run_bounded curl --silent --limit-rate 50M --output whole "http://$host:$port/large"
  assert_same "$status" 0
}

@test "log: who takes its response too slowly" {
  serve_files --timeout 1
  large_file large 32
  start_peer lazy --rcvbuf 4096 "send:GET /large HTTP/1.1\\r\\nHost: a$END" hold
  wait_for_line server.out '^\[127\.0\.0\.1:[0-9]+\] ended: it takes its response too slowly$'
}

# bats test_tags=needs:time,points:3
@test "log: no memory for a connection: that is said on stderr, and the others are served" {
  more_files 8192
  start_server
  no_more_memory server
  silent_clients 3000
  wait_for_line server.err '^server: a client is refused: .* memory$'
  more_memory server
  all_is_well
}

@test "server: an idle server uses no CPU, with each poller" {
  local poller
  for poller in select poll epoll; do
    start_server_as "server-$poller" --poller "$poller"
    start_peer "one-$poller" "send:GET /time HTTP/1.1\\r\\nHost: a$END" line hold
    start_peer "two-$poller" 'send:GET /ti' hold
    start_peer "three-$poller" "send:GET /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE" line hold
    wait_for_line "three-$poller.out" '^HTTP/1.1 200'
    assert_idle "server-$poller"
  done
}

# ---- the server: many clients, and their limits ----

# bats test_tags=needs:time,points:2
@test "server: many clients at once" {
  not_under emfile # each struck accept costs it a second
  start_server --quiet
  RUN_LIMIT=90 swarm --connections 200 --stay --until-eof --send "GET /time?{} HTTP/1.1\r\nHost: a\r\n$CLOSE"
}

# bats test_tags=needs:time,points:3
@test "server: --max-clients: one more gets 503, and its place when another leaves" {
  start_server --max-clients 1
  start_peer ann --timeout 60 wait shutdown eof say:ended
  wait_until has_accepted 1
  refused 503
  refused 503 "send:GET /time HTTP/1.1\\r\\nHost: a$END"
  tell ann leave
  wait_for_line ann.out '^ended$'
  wait_until is_served
}

# bats test_tags=needs:time,points:3,mistake:past-fd-setsize
@test "server: with select, a client whose descriptor has no place gets 503; the others are served" {
  not_under emfile eagain # the 503 is sent once: select can't wait for room
  ulimit -n 1300 2>/dev/null || skip "ulimit -n can't be raised to 1300"
  start_server --poller select --timeout 0
  start_peer ann --timeout 120 "send:GET /time HTTP/1.1\\r\\nHost: a$END" line wait "send:GET /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE" eof
  wait_for_line ann.out '200 OK'
  start swarm "$SWARM" --host "$host" --port "$port" --until-eof --connections 1023 --send 'GET /ti' --timeout 120
  WAIT_LIMIT=60 wait_for_line server.out ': 503 '
  WAIT_LIMIT=60 wait_until has_descriptors server 1024
  refused 503
  refused 503 "send:GET /time HTTP/1.1\\r\\nHost: a$END"
  tell ann on
  WAIT_LIMIT=60 wait_for_status ann 0
  assert_count ann.out ' 200 OK' 2
  is_running server
  refute_regex "$(<server.err)" 'open files'
}

is_served() {
  ask /time
  [[ $output == *' 200 OK'* ]]
}

# bats test_tags=needs:files,points:3
@test "server: out of descriptors, it neither dies nor spins" {
  serve_files
  start_peer ann --timeout 60 "send:GET /time HTTP/1.1\\r\\nHost: a$END" line wait "send:GET /index.html HTTP/1.1\\r\\nHost: a$END" hold
  wait_for_line ann.out '200 OK'
  no_more_descriptors server
  start_peer late --timeout 60 say:connected "send:GET /time HTTP/1.1\\r\\nHost: a\\r\\n$CLOSE" eof
  wait_for_line late.out '^connected$'
  assert_idle server
  tell ann on
  wait_for_line server.out 'index.html HTTP/1.1: 503 '
  more_descriptors server
  WAIT_LIMIT=30 wait_for_status late 0
  assert_count late.out ' 200 OK' 1
}

# bats test_tags=needs:time,points:2
@test "server: SIGINT and SIGTERM stop it cleanly, and the port is free at once" {
  wanted_port=$(free_port) start_server
  start_peer ann "send:GET /time HTTP/1.1\\r\\nHost: a${END}GET /ti" line hold
  wait_for_line ann.out '200 OK'
  stop server INT
  assert_same "$status" 0
  wanted_port=$port start_server_as server2
  all_is_well
  stop server2 TERM
  assert_same "$status" 0
}

@test "server: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  all_is_well
}

@test "server: a root that is not there: one line on stderr, exit 1" {
  run_bounded "$SERVER" --port 0 --root nowhere
  assert_fails 1
  assert_regex "$stderr" 'nowhere: No such file or directory$'
}

# ---- the server: other people's clients ----

need() {
  command -v "$1" >/dev/null || skip "$1 is not installed (Debian's package $2)"
}

curls() {
  run_bounded curl --silent --show-error --max-time 10 "$@"
}

# bats test_tags=needs:files,points:3,exercise:2
@test "server: curl: GET, HEAD, POST, a body with 100-continue, a connection for two requests" {
  need curl curl
  serve_files
  head -c 1000000 /dev/urandom >body
  curls "http://$host:$port/time"
  assert_regex "$output" "^$TIME\$"
  curls --head "http://$host:$port/sub/dot.png"
  assert_regex "$output" 'Content-Length: 9'
  curls --data Hello "http://$host:$port/echo"
  assert_printed Hello
  curls --header 'Expect: 100-continue' --data-binary @body --output back "http://$host:$port/echo"
  assert_succeeds
  cmp body back
  curls --write-out '%{num_connects}\n' --output one --output two "http://$host:$port/" "http://$host:$port/index.html"
  assert_printed $'1\n0'
  curls --path-as-is --write-out '%{http_code}' --output three "http://$host:$port/../outside"
  assert_printed 400
  curls --http1.0 "http://$host:$port/index.html"
  assert_printed '<p>Hello'
}

# bats test_tags=needs:files,points:2
@test "server: wget gets a page with what belongs to it" {
  need wget wget
  serve_files
  printf '<img src="sub/dot.png">' >root/page.html
  run_bounded wget --quiet --page-requisites --no-host-directories "http://$host:$port/page.html"
  assert_succeeds
  cmp root/page.html page.html
  cmp root/sub/dot.png sub/dot.png
}

# bats test_tags=needs:slow,points:2
@test "server: slowhttptest: heads, bodies and readers in drops hold no connection" {
  need slowhttptest slowhttptest
  serve_files --timeout 2
  truncate -s 256M root/large
  local before mode
  before=$(open_descriptors server)
  for mode in -H -B; do
    RUN_LIMIT=60 run_bounded slowhttptest "$mode" -c 10 -r 10 -i 1 -l 40 -u "http://$host:$port/echo"
    assert_regex "$output" 'No open connections left'
  done
  assert_descriptors server "$before"
  start readers slowhttptest -X -c 10 -r 10 -n 1 -z 32 -l 120 -u "http://$host:$port/large"
  WAIT_LIMIT=60 wait_for_line server.out 'GET /large HTTP/1.1: 200 ' 10
  WAIT_LIMIT=60 assert_descriptors server "$before"
}

@test "server: wrk: no request fails" {
  need wrk wrk
  start_server --quiet
  run_bounded wrk --threads 1 --connections 20 --duration 1 "http://$host:$port/time"
  assert_succeeds
  assert_regex "$output" 'requests in'
  refute_regex "$output" 'Socket errors|Non-2xx'
}

# bats test_tags=needs:files,points:2
@test "server: chromium shows a page with an image" {
  need chromium chromium
  serve_files
  base64 -d >root/sub/dot.png <<<iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
  printf '<title>none</title><img src="/sub/dot.png" onload="document.title=`image ${this.width}`">' >root/page.html
  HOME=$PWD RUN_LIMIT=60 run_bounded chromium --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" \
    --dump-dom "http://$host:$port/page.html"
  ((status == 0)) || skip "chromium does not run here"
  assert_regex "$output" '<title>image 1</title>'
}

# ---- what the server says ----

@test "log: a line for each request: who, what, and the answer; --quiet: none" {
  start_server
  ask '/nothing?x'
  wait_for_line server.out "^\\[127\\.0\\.0\\.1:[0-9]+\\] GET /nothing\\?x HTTP/1\\.1: 404 Not Found, 10 bytes\$"
  talk "send:\\x1b[2J$END"
  wait_for_line server.out '\] \\x1b\[2J: 400 Bad Request, 12 bytes$'
  talk 'send:GET /time HTTP/1.1\nHost: a\n\n'
  wait_for_line server.out '\] GET /time HTTP/1\.1: 400 Bad Request, 12 bytes$'
  start_server_as server2 --quiet
  all_is_well
  assert_same "$(wc -l <server2.out)" 1
}

# ---- the client ----

# bats test_tags=id:client,basic,points:5
@test "client: prints the body that it gets" {
  start_server
  run_client
  assert_succeeds
  assert_regex "$output" "^$TIME\$"
  run_client "http://$host:$port/time"
  assert_succeeds
  assert_regex "$output" "^$TIME\$"
}

# answers ACTION...: a server reads one request, and does that; the client is run.
answers() {
  local name=peer$((++answered))
  start "$name" "$PEER" --listen --port 0 accept line line line line "$@"
  wait_for_line "$name.out" '^listening on '
  port=$(sed -n '1s/.*://p' "$name.out")
  run_client ${raw:+--raw}
}

# bats test_tags=needs:client,points:3
@test "client: several requests go out at once, and the answers are told apart" {
  start_peer_server accept line line line line line line line \
    'send:HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\none\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntwo\n' eof
  run_client /one /two
  assert_succeeds
  assert_printed $'one\ntwo'
  assert_count peer.out '^GET /(one|two) HTTP/1\.1\\r\\n' 2
  assert_count peer.out "^Host: 127\\.0\\.0\\.1:$port\\\\r" 2
  assert_count peer.out '^Connection: close' 1
}

# bats test_tags=needs:client,points:3,exercise:1
@test "client: a body with a length, in chunks, up to the end; and 100 Continue before it" {
  answers "send:HTTP/1.1 100 Continue${END}HTTP/1.1 200 OK\\r\\nContent-Length: 6${END}Hello\\n" eof
  assert_printed Hello
  answers "each:HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked${END}3;x=y\\r\\nHel\\r\\n03\\r\\nlo\\n\\r\\n0\\r\\nX: y\\r\\n\\r\\n" eof
  assert_succeeds
  assert_printed Hello
  answers "send:HTTP/1.0 200 OK${END}" 'each:Hello\n' close
  assert_succeeds
  assert_printed Hello
  answers "send:HTTP/1.1 204 No Content$END" eof
  assert_succeeds
  assert_printed ''
}

# bats test_tags=needs:client,points:2
@test "client: --head prints the head; what the server sends is printed with escapes, unless --raw" {
  start_server
  run_client --head /time
  assert_succeeds
  assert_regex "${lines[0]}" '^HTTP/1\.1 200 OK$'
  assert_regex "$output" 'Content-Length: 25'
  answers "send:HTTP/1.0 200 OK$END\\x1b[2J\\0\\xff\\n" close
  assert_printed '\x1b[2J\x00\xff'
  raw=yes answers "send:HTTP/1.0 200 OK$END\\xffraw" close
  assert_same "$(od -An -tx1 run.out)" ' ff 72 61 77'
}

# bats test_tags=needs:client,points:2
@test "client: another status than 2xx is a failure, and said; the rest is fetched" {
  start_server
  run_client /nothing /time
  assert_fails 1
  assert_regex "$stderr" 'the server answered: HTTP/1\.1 404 Not Found$'
  assert_regex "${lines[-1]}" "^$TIME\$"
}

# bats test_tags=needs:client,points:3
@test "client: an answer that ends too early, or is none, is a failure, and said" {
  answers "send:HTTP/1.1 200 OK\\r\\nContent-Length: 10${END}Hello\\n" close
  assert_fails 1
  answers "send:HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked${END}9\\r\\nHello\\n" close
  assert_fails 1
  answers close
  assert_fails 1
  answers "send:HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked${END}x\\r\\nHello\\n" eof
  assert_fails 1
  answers "send:SSH-2.0-x\\r\\n\\r\\n" eof
  assert_fails 1
  answers "send:HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\nContent-Length: 2${END}H" eof
  assert_fails 1
  answers 'send:HTTP/1.1 200 OK\r\n' repeat:100000:a eof
  assert_fails 1
}

@test "client: a server that answers only one request of two is a failure, and said" {
  start_peer_server accept line line line line line line line \
    "send:HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\nConnection: close${END}one\\n" close
  run_client /one /two
  assert_fails 1
  assert_printed one
}

@test "client: --timeout: a silent server is a failure; meanwhile it uses no CPU" {
  start_peer_server accept line hold
  start_client client --timeout 1
  wait_for_line peer.out '^GET /time'
  assert_idle client
  wait_for_status client 1
  assert_regex "$(<client.err)" 'nothing came'
}

@test "client: a URL that is none: one line on stderr, exit 2" {
  local url
  for url in time ftp://a/ http:// http:///time http://:80/ http://a:b/ http://a:0/ http://a:99999/ 'http://[::1/' \
    'http://a/ b' $'/a\nb'; do
    run_bounded "$CLIENT" "$url"
    assert_fails 2
  done
  run_bounded "$CLIENT" http://a/ http://b/
  assert_fails 2
}

@test "client: IPv6 works as IPv4 does" {
  need_ipv6
  host=::1
  start_server --host ::1
  run_bounded "$CLIENT" "http://[::1]:$port/time"
  assert_succeeds
  assert_regex "$output" "^$TIME\$"
}

@test "client: nginx is a server, too" {
  need nginx nginx-light
  start_nginx
  run_bounded "$CLIENT" "http://127.0.0.1:$nginx_port/one" /two
  assert_succeeds
  assert_printed $'Sat Nov 21 12:40:53 2026\nSat Nov 21 12:40:53 2026'
}

# start_nginx: with one worker, which answers everything with a text; sets nginx_port.
start_nginx() {
  nginx_port=$(free_port)
  mkdir nginx
  cat >nginx/conf <<END
daemon off; worker_processes 1; pid $PWD/nginx/pid; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path nginx; proxy_temp_path nginx; fastcgi_temp_path nginx; uwsgi_temp_path nginx; scgi_temp_path nginx;
  server { listen 127.0.0.1:$nginx_port; return 200 "Sat Nov 21 12:40:53 2026\n"; }
}
END
  start nginx nginx -p "$PWD" -c "$PWD/nginx/conf"
  port=$nginx_port wait_until has_tcp_sockets 0A 1 || skip "nginx does not start here: $(head -n 1 nginx.err)"
}

# ---- smtp_send: a server that follows a script ----

# How the server of a script begins and ends a session with smtp_send.
BEGINS=('send:220 hello\r\n' line 'send:250 ok\r\n' 'expect:MAIL FROM:<ann@example.org>\r\n' 'send:250 ok\r\n'
  'expect:RCPT TO:<bob@example.org>\r\n' 'send:250 ok\r\n' 'expect:DATA\r\n' 'send:354 go on\r\n')
ENDS=('send:250 taken\r\n' 'expect:QUIT\r\n' 'send:221 bye\r\n' eof)

# smtp_send [ARGUMENT]...: from ann to bob; the message is on stdin.
smtp_send() {
  run_bounded "$BUILD/08-asynchat-http/mail/smtp_send" --host "$host" --port "$port" \
    --from ann@example.org --to bob@example.org "$@"
}

# sends TEXT BYTES: the message TEXT is these bytes on the wire; both as printf reads them.
sends() {
  printf '%b' "$1" >message
  start_peer_server accept "${BEGINS[@]}" "expect:$2" "${ENDS[@]}"
  smtp_send <message
  assert_succeeds
  wait_for_end peer
  assert_same "$status" 0
  assert_regex "$(<peer.out)" 'EHLO .+\\r\\n'
}

@test "smtp_send: each line of the message ends with CR LF, and a dot alone ends the message" {
  sends 'Subject: Hi\n\nHello\n' 'Subject: Hi\r\n\r\nHello\r\n.\r\n'
}

@test "smtp_send: a line that begins with a dot gets one more" {
  sends '.\n..\n.a\na.\n\n.' '..\r\n...\r\n..a\r\na.\r\n\r\n..\r\n.\r\n'
}

@test "smtp_send: CR LF stays; a CR or an LF alone never reaches the server" {
  sends 'one\r\ntwo\rthree\n\r\n.\r.\n' 'one\r\ntwo\r\nthree\r\n\r\n..\r\n..\r\n.\r\n'
}

@test "smtp_send: an empty message is one" {
  sends '' '.\r\n'
}

@test "smtp_send: a message that is longer than any buffer" {
  local i text='' bytes=''
  for i in {1..3000}; do
    text+=".line $i\\n"
    bytes+="..line $i\\r\\n"
  done
  sends "$text" "$bytes.\\r\\n"
}

@test "smtp_send: a reply of several lines, and one that comes a byte at a time" {
  BEGINS[0]='each:220-hello\r\n220-this is\r\n220 a server\r\n'
  BEGINS[2]='send:250-first\r\n250-SIZE 100\r\n250\r\n'
  sends 'Hello\n' 'Hello\r\n.\r\n'
}

@test "smtp_send: a server that does not know EHLO is told HELO" {
  BEGINS=("${BEGINS[@]:0:2}" 'send:500 what?\r\n' line 'send:250 ok\r\n' "${BEGINS[@]:3}")
  sends 'Hello\n' 'Hello\r\n.\r\n'
  wait_for_line peer.out '^HELO .'
}

# is_refused STEP REASON: the server refuses at that place of the script.
is_refused() {
  start_peer_server accept "${BEGINS[@]:0:$1}" 'send:550-no\r\n550 not \x1bhere\r\n' 'expect:QUIT\r\n' 'send:221 bye\r\n' eof
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" "$2: 550 not \\\\x1bhere\$"
  wait_for_end peer
  assert_same "$status" 0
}

@test "smtp_send: a refused sender is a failure, and the server is told QUIT" {
  is_refused 4 'MAIL FROM:<ann@example.org>'
}

@test "smtp_send: a refused receiver is a failure, and the server is told QUIT" {
  is_refused 6 'RCPT TO:<bob@example.org>'
}

@test "smtp_send: a server that refuses the message itself" {
  start_peer_server accept "${BEGINS[@]}" 'expect:Hello\r\n.\r\n' 'send:554 no\r\n' 'expect:QUIT\r\n' 'send:221 bye\r\n' eof
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'the message: 554 no$'
}

@test "smtp_send: a server that ends before it has taken the message is a failure" {
  start_peer_server accept "${BEGINS[@]}" 'expect:Hello\r\n.\r\n' close
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'the message: the server closed the connection$'
}

@test "smtp_send: a server that ends after it has taken the message is none" {
  start_peer_server accept "${BEGINS[@]}" 'expect:Hello\r\n.\r\n' 'send:250 taken\r\n' close
  smtp_send <<<'Hello'
  assert_succeeds
}

@test "smtp_send: what is no reply is a failure" {
  start_peer_server accept 'send:HTTP/1.1 400\r\n' eof
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'the greeting: this is no reply of SMTP$'
}

@test "smtp_send: a reply that does not end is a failure" {
  start_peer_server accept 'repeat:70000:2' eof
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'a line of more than 65536 bytes$'
}

@test "smtp_send: --timeout: a silent server is a failure" {
  start_peer_server accept hold
  smtp_send --timeout 0.1 <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'the greeting: nothing came for 0.1 s$'
}

@test "smtp_send: --verbose prints what is said" {
  start_peer_server accept "${BEGINS[@]}" 'expect:Hello\r\n.\r\n' "${ENDS[@]}"
  smtp_send --verbose <<<'Hello'
  assert_same "$status" 0
  assert_line_of "$stderr" '< 220 hello'
  assert_line_of "$stderr" '> MAIL FROM:<ann@example.org>'
  assert_line_of "$stderr" '< 250 taken'
}

assert_line_of() {
  grep -qxF -- "$2" <<<"$1" || fail "there is no line $2 in: $1"
}

@test "smtp_send: an address that would be two lines or two words is refused" {
  local bad
  for bad in $'a\r\nQUIT' 'a b' 'a>' ''; do
    run_bounded "$BUILD/08-asynchat-http/mail/smtp_send" --from "$bad" --to bob@example.org <<<'Hello'
    assert_fails 2
  done
  run_bounded "$BUILD/08-asynchat-http/mail/smtp_send" --to bob@example.org <<<'Hello'
  assert_fails 2
}

# ---- pop3_list: a server that follows a script ----

PASSWORD='secret word'
LOGS_IN=('send:+OK hello\r\n' 'expect:USER bob\r\n' 'send:+OK\r\n' 'expect:PASS '"$PASSWORD"'\r\n' 'send:+OK\r\n' 'expect:STAT\r\n')
LOGS_OUT=('expect:QUIT\r\n' 'send:+OK bye\r\n' eof)

# pop3_list [ARGUMENT]...: of bob.
pop3_list() {
  run_bounded "$BUILD/08-asynchat-http/mail/pop3_list" --host "$host" --port "$port" --user bob "$@" <<<"$PASSWORD"
}

@test "pop3_list: prints how many there are, and the Subject of each" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 2 320\r\n' \
    'expect:TOP 1 0\r\n' 'send:+OK\r\nFrom: ann\r\nSubject: Hello\r\nTo: bob\r\n\r\n.\r\n' \
    'expect:TOP 2 0\r\n' 'each:+OK\r\nsubject:Hello again\r\n\r\n.\r\n' "${LOGS_OUT[@]}"
  pop3_list
  assert_succeeds
  assert_same "$output" $'2 messages, 320 bytes\n1: Hello\n2: Hello again'
  wait_for_end peer
  assert_same "$status" 0
}

@test "pop3_list: a Subject of several lines, none, and one in the body; escapes" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 3 320\r\n' \
    'expect:TOP 1 0\r\n' 'send:+OK\r\nSubject: Hello\r\n \tagain\r\nTo: bob,\r\n carl\r\n\r\n.\r\n' \
    'expect:TOP 2 0\r\n' 'send:+OK\r\nFrom: ann\r\n\r\nSubject: no\r\n..\r\n.\r\n' \
    'expect:TOP 3 0\r\n' 'send:+OK\r\nSubject: \x1b[2J\r\n\r\n.\r\n' "${LOGS_OUT[@]}"
  pop3_list
  assert_succeeds
  assert_same "$output" $'3 messages, 320 bytes\n1: Hello again\n2: (no subject)\n3: \\x1b[2J'
}

@test "pop3_list: a server without TOP sends the whole message; a line that is only a dot, doubled, does not end it" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 2 320 more\r\n' 'expect:TOP 1 0\r\n' 'send:-ERR what?\r\n' \
    'expect:RETR 1\r\n' 'send:+OK\r\nSubject: one\r\n\r\n..\r\nSubject: no\r\n.\r\n' \
    'expect:RETR 2\r\n' 'send:+OK\r\n..Subject: no\r\nSubject: two\r\n\r\n\r\n.\r\n' "${LOGS_OUT[@]}"
  pop3_list
  assert_succeeds
  assert_same "$output" $'2 messages, 320 bytes\n1: one\n2: two'
}

@test "pop3_list: a wrong password is a failure, is said, and the server is told QUIT" {
  start_peer_server accept "${LOGS_IN[@]:0:4}" 'send:-ERR wrong\r\n' "${LOGS_OUT[@]}"
  pop3_list
  assert_fails 1
  assert_regex "$stderr" 'PASS: -ERR wrong$'
  wait_for_end peer
  assert_same "$status" 0
}

@test "pop3_list: QUIT is said once, also to a server that refuses it" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 0 0\r\n' 'expect:QUIT\r\n' 'send:-ERR no\r\n' eof
  pop3_list
  assert_succeeds
  assert_same "$output" '0 messages, 0 bytes'
  wait_for_end peer
  assert_same "$status" 0
  start_peer_server accept 'send:-ERR busy\r\n' 'expect:QUIT\r\n' 'send:-ERR no\r\n' eof
  pop3_list
  assert_fails 1
  assert_regex "$stderr" 'the greeting: -ERR busy$'
  wait_for_end peer
  assert_same "$status" 0
}

@test "pop3_list: a server that ends in the middle of a message is a failure" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 1 5\r\n' 'expect:TOP 1 0\r\n' 'send:+OK\r\nSubject: one\r\n' close
  pop3_list
  assert_same "$status" 1
  assert_regex "$stderr" 'TOP 1 0: the server closed the connection$'
}

@test "pop3_list: a server that speaks another protocol is a failure" {
  start_peer_server accept 'send:220 hello\r\n' eof
  pop3_list
  assert_fails 1
  assert_regex "$stderr" 'the greeting: this is no reply of POP3$'
}

@test "pop3_list: a mailbox of any size that a number of 64 bits can say" {
  local size
  for size in 1000000000 20000000000 9223372036854775807; do
    start_peer_server accept "${LOGS_IN[@]}" "send:+OK 0 $size\\r\\n" "${LOGS_OUT[@]}"
    pop3_list
    assert_succeeds
    assert_same "$output" "0 messages, $size bytes"
  done
}

@test "pop3_list: a reply to STAT without numbers, or with one that is too large, is a failure" {
  local reply
  for reply in many '2' '2 ' '2 -1' '-1 2' '2 3x' '0 9223372036854775808' '9223372036854775808 0' \
    '0 99999999999999999999999999'; do
    start_peer_server accept "${LOGS_IN[@]}" "send:+OK $reply\\r\\n" eof
    pop3_list
    assert_fails 1
    assert_regex "$stderr" 'STAT: this is no reply of POP3$'
  done
}

@test "pop3_list: --timeout: a silent server is a failure" {
  start_peer_server accept "${LOGS_IN[@]:0:2}" hold
  pop3_list --timeout 0.1
  assert_fails 1
  assert_regex "$stderr" 'USER bob: nothing came for 0.1 s$'
}

@test "pop3_list: --verbose does not print the password" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 0 0\r\n' "${LOGS_OUT[@]}"
  pop3_list --verbose
  assert_same "$status" 0
  assert_line_of "$stderr" '> PASS'
  refute_regex "$stderr$output" 'secret'
}

@test "pop3_list: a terminal does not show the password that is typed" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 0 0\r\n' "${LOGS_OUT[@]}"
  start terminal script -qec "'$BUILD/08-asynchat-http/mail/pop3_list' --host $host --port $port --user bob" /dev/null
  wait_for_line terminal.out 'Password: '
  tell terminal "$PASSWORD"
  wait_for_line terminal.out '^0 messages, 0 bytes'
  refute_regex "$(<terminal.out)" 'secret'
}

# ask_in_terminal: pop3_list in a terminal waits for the password; sets asking, its process id. The shell
# that waits for it says then how it ended, and what the terminal is like. No signal is ignored, as some are
# where the tests run in the background.
ask_in_terminal() {
  printf '%s\n' 'ulimit -c 0; trap : INT' \
    "(echo \$BASHPID >asking; exec '$BUILD/08-asynchat-http/mail/pop3_list' --host $host --port $port --user bob)" \
    'echo "; status $?"' 'stty -a' "$@" >commands
  start terminal env --default-signal script -qec 'bash -m commands' /dev/null
  wait_for_line terminal.out 'Password: '
  asking=$(<asking)
  wait_until waits_without_echo || fail "the echo is not off while the password is asked for"
}

waits_without_echo() {
  stty -F "/proc/$asking/fd/0" -a | grep -q ' iexten -echo ' && grep -q '^State:.S' "/proc/$asking/status"
}

@test "pop3_list: a signal that ends or stops it has the echo come back first" {
  local signal
  port=1
  for signal in HUP INT QUIT TERM TSTP; do
    ask_in_terminal
    kill -s "$signal" "$asking"
    wait_for_line terminal.out "; status $((128 + $(kill -l "$signal")))"
    wait_for_line terminal.out ' iexten echo '
    wait_for_end terminal
  done
}

@test "pop3_list: stopped while it asks for the password, and continued, it asks again" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 0 0\r\n' "${LOGS_OUT[@]}"
  ask_in_terminal fg
  kill -s TSTP "$asking"
  wait_for_line terminal.out 'Password: ' 2
  wait_until waits_without_echo || fail "the echo is not off the second time"
  tell terminal "$PASSWORD"
  wait_for_line terminal.out '^0 messages, 0 bytes'
  refute_regex "$(<terminal.out)" 'secret'
}

@test "pop3_list: a password of 255 bytes is taken, with and without an end of its line" {
  local end
  PASSWORD=$(printf '%0255d' 7)
  LOGS_IN[3]="expect:PASS $PASSWORD\\r\\n"
  for end in '' '\n' '\r\n'; do
    start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 0 0\r\n' "${LOGS_OUT[@]}"
    run_bounded "$BUILD/08-asynchat-http/mail/pop3_list" --host "$host" --port "$port" --user bob \
      < <(printf '%b' "$PASSWORD$end")
    assert_succeeds
  done
}

@test "pop3_list: no password, or one that is too long" {
  port=1
  run_bounded "$BUILD/08-asynchat-http/mail/pop3_list" --port 1 --user bob </dev/null
  assert_fails 1
  assert_regex "$stderr" 'the password: '
  local end
  for end in '' '\n' '7\n'; do
    run_bounded "$BUILD/08-asynchat-http/mail/pop3_list" --port 1 --user bob < <(printf '%0256d%b' 7 "$end")
    assert_fails 1
    assert_regex "$stderr" 'the password: a line of at most 255 bytes is needed$'
  done
}

# As in lesson 7: in two segments, the second would wait for an acknowledgement of the first.
@test "pop3_list: a command and its end leave in one segment" {
  not_under short-send
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 0 0\r\n' recv:100 'send:+OK bye\r\n' eof
  pop3_list
  assert_succeeds
  wait_for_line peer.out '^QUIT\\r\\n$'
}

# ---- both, with real servers: aiosmtpd and dovecot ----

# start_mail_servers: sets smtp_port and pop3_port. Dovecot reads no mail of root's, so root's servers
# run as somebody else, who has to be let in.
start_mail_servers() {
  need aiosmtpd python3-aiosmtpd
  need dovecot dovecot-pop3d
  local id=$EUID group as=()
  group=$(id -g)
  mkdir mail
  if ((EUID == 0)); then
    id=65534 group=65534
    as=(setpriv "--reuid=$id" "--regid=$group" --clear-groups)
    chown "$id:$group" mail
    chmod 711 . .. ../..
  fi
  smtp_port=$(free_port)
  pop3_port=$(free_port)
  dovecot_conf "$PWD/mail" "$id" "$group" >mail/dovecot.conf
  start dovecot "${as[@]}" dovecot -F -c mail/dovecot.conf
  start aiosmtpd "${as[@]}" aiosmtpd -n -l "127.0.0.1:$smtp_port" -c aiosmtpd.handlers.Mailbox "$PWD/mail/box"
  port=$smtp_port wait_until has_tcp_sockets 0A 1 || fail "aiosmtpd does not listen: $(<aiosmtpd.err)"
  port=$pop3_port wait_until has_tcp_sockets 0A 1 || fail "dovecot does not listen: $(<mail/log)"
}

# dovecot_conf DIRECTORY USER GROUP: a server with one mailbox, whose password is PASSWORD.
dovecot_conf() {
  local name
  name=$(id -un "$2")
  cat <<CONF
protocols = pop3
listen = 127.0.0.1
base_dir = $1/run
state_dir = $1/run
log_path = $1/log
default_internal_user = $name
default_internal_group = $(id -gn "$2")
default_login_user = $name
first_valid_uid = 1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:$1/box
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = $pop3_port
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
passdb {
  driver = static
  args = password=$PASSWORD
}
userdb {
  driver = static
  args = uid=$2 gid=$3 home=$1
}
CONF
}

@test "smtp_send and pop3_list: what a real SMTP server takes, a real POP3 server lists" {
  PASSWORD=secret
  start_mail_servers
  port=$smtp_port
  smtp_send < <(printf 'Subject: First,\n folded\n\nHello\n.dot\n')
  assert_succeeds
  smtp_send < <(printf 'From: ann\n\nSubject: not this\n')
  assert_succeeds
  port=$pop3_port
  pop3_list
  assert_succeeds
  assert_regex "$output" $'^2 messages, [0-9]+ bytes\n1: First, folded\n2: \\(no subject\\)$'
  grep -rqx '\.dot' mail/box
}
