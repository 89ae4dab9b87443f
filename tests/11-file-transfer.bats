#!/usr/bin/env bats
# Lesson 11: files that are put, got and listed, and go on where they stopped.

load helpers
load lib/network

# ---- words of these scenarios ----

# digest FILE: its SHA-256, as the programs write it.
digest() {
  sha256sum "$1" | cut -c 1-64
}

# digest_of TEXT: that of a text, with printf's escapes.
digest_of() {
  printf '%b' "$1" | sha256sum | cut -c 1-64
}

random_file() {
  head -c "$2" /dev/urandom >"$1"
}

# x_file NAME COUNT: so many times x.
x_file() {
  head -c "$2" /dev/zero | tr '\0' x >"$1"
}

assert_same_files() {
  cmp "$1" "$2" >/dev/null || fail_because "$2 is not the same file as $1" "$(stat -c '%s bytes' "$1"), $(digest "$1")" \
    "$(stat -c '%s bytes' "$2"), $(digest "$2"); $(cmp "$1" "$2" 2>&1)"
}

# put_hello [NAME]: a small file.
put_hello() {
  printf 'Hello\n' >hello.local
  peer "send:PUT ${1:-hello} 6 $(digest hello.local)\nHello\n" "expect:OK $(digest hello.local)\r\n"
}

server_still_serves() {
  put_hello still
  peer 'send:GET still 0\n' "expect:OK 6\r\nHello\nOK $(digest hello.local)\r\n"
}

# begin_upload NAME COUNT SIZE [ACTION]...: a client that has sent COUNT of SIZE bytes, all x, of a
# large file; then the actions.
begin_upload() {
  local name=$1 count=$2 size=$3
  shift 3
  start_peer "$name" "send:PUT $name $size -\n" 'expect:OK 0 -\r\n' 'send:FROM 0\n' "repeat:$count:x" \
    say:sent "$@"
  wait_for_line "$name.out" '^sent$'
}

# offered NAME SIZE: how many bytes the server has of an upload, as it says to the next one.
offered() {
  peer "send:PUT $1 $2 -\n" line
  [[ ${lines[0]} =~ ^OK\ ([0-9]+)\ ([0-9a-f]{64}|-)\\r\\n$ ]] ||
    fail_because "the answer to a PUT is not the right one" "OK OFFSET DIGEST" "${lines[0]}"
  offset=${BASH_REMATCH[1]} offered_digest=${BASH_REMATCH[2]}
}

has_offer() {
  offered "$1" "$2"
  ((offset == $3))
}

# put_kept NAME SIZE: puts a file of x, in such a way that the server can keep its digest: its last
# byte is older than its name, by the clock of the file system.
put_kept() {
  x_file "$1" "$2"
  begin_upload "$1" "$2" "$2" wait "send:$(digest "$1")\n" "expect:OK $(digest "$1")\r\n"
  wait_until has_size "files/.transfer/parts/$1" "$2"
  wait_until is_of_the_past "files/.transfer/parts/$1"
  tell "$1" on
  wait_for_status "$1" 0
}

is_of_the_past() {
  touch now
  [[ now -nt $1 ]]
}

# start_small_disk: a server whose root is a file system of 1,024,000 bytes, in a mount
# namespace of its own.
start_small_disk() {
  unshare --map-root-user --mount true 2>/dev/null || skip "this system allows no private mounts"
  mkdir -p small
  printf '#!/usr/bin/env bash\nmount -t tmpfs -o size=1000k none small && exec %q "$@"\n' "$SERVER" >on_small_disk
  chmod +x on_small_disk
  printf '#!/usr/bin/env bash\nexec unshare --map-root-user --mount %q/on_small_disk "$@"\n' "$PWD" >small_server
  chmod +x small_server
  SERVER=$PWD/small_server
  start_server --root small
  small=/proc/${pid_of[server]}/root/$PWD/small
}

# ---- the server: files ----

# bats test_tags=id:listens,basic
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_server
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:puts,basic,needs:listens,points:5
@test "server: PUT: the size comes first, then the bytes; the file is there, and GET sends it back" {
  start_server
  put_hello
  assert_same_files hello.local files/hello
  peer 'send:GET hello 0\n' "expect:OK 6\r\nHello\nOK $(digest hello.local)\r\n"
}

# bats test_tags=needs:puts,points:3
@test "server: GET from an offset: the bytes from there, and the digest of the whole file" {
  start_server
  put_hello
  peer 'send:GET hello 2\n' "expect:OK 6\r\nllo\nOK $(digest hello.local)\r\n" \
    'send:GET hello 6\n' "expect:OK 6\r\nOK $(digest hello.local)\r\n" \
    'send:GET hello 7\n' "expect:OK 6\r\nOK $(digest hello.local)\r\n"
  x_file files/large 100000
  peer 'send:GET large 99999\n' "expect:OK 100000\r\nxOK $(digest files/large)\r\n"
}

# bats test_tags=needs:puts,points:2
@test "server: GET with the word unverified: no digest" {
  start_server
  put_hello
  x_file files/large 100000
  peer 'send:GET hello 0 unverified\n' 'expect:OK 6\r\nHello\nOK -\r\n' \
    'send:GET large 0 unverified\n' 'expect:OK 100000\r\n' expect-repeat:100000:x 'expect:OK -\r\n'
}

# bats test_tags=needs:puts
@test "server: an empty file is a file" {
  start_server
  peer "send:PUT empty 0 $(digest_of '')\n" "expect:OK $(digest_of '')\r\n" \
    'send:GET empty 0\n' "expect:OK 0\r\nOK $(digest_of '')\r\n" \
    'send:PUT empty2 0 -\n'"$(digest_of '')"'\n' "expect:OK $(digest_of '')\r\n"
  assert_files files empty empty2
}

# bats test_tags=needs:puts,points:3
@test "server: LIST: the names and sizes of the regular files, and then a dot" {
  start_server
  peer 'send:LIST\n' 'expect:OK\r\n.\r\n'
  put_hello
  begin_upload unfinished 70000 100000 wait
  mkdir files/directory
  mkfifo files/pipe
  ln -s hello files/link
  peer 'send:LIST\n' 'expect:OK\r\nhello 6\r\n.\r\n'
  tell unfinished end
}

# bats test_tags=needs:puts,points:3
@test "server: requests: several on a connection, in one segment, a byte at a time, with either end of a line" {
  start_server
  local hello
  hello=$(digest_of 'Hello\n')
  peer "send:PUT a 6 $hello\r\nHello\nPUT b 6 $hello\nHello\nGET a 0\r\nLIST\n" "expect:OK $hello\r\n" \
    "expect:OK $hello\r\n" "expect:OK 6\r\nHello\nOK $hello\r\n" 'expect:OK\r\n' line line 'expect:.\r\n' \
    "each:PUT c 6 $hello\r\nHello\nGET c 0\r\n" "expect:OK $hello\r\nOK 6\r\nHello\nOK $hello\r\n" shutdown eof
  assert_files files a b c
}

# bats test_tags=needs:puts,points:3
@test "server: PUT with - for the digest: it follows behind the bytes" {
  start_server
  local hello
  hello=$(digest_of 'Hello\n')
  peer "send:PUT hello 6 -\nHello\n$hello\n" "expect:OK $hello\r\n"
  assert_files files hello
}

# bats test_tags=id:wrong,needs:puts,points:5,mistake:digest-ignored
@test "server: a file whose digest differs is refused; what had the name stays" {
  start_server
  put_hello
  peer "send:PUT hello 6 $(digest_of 'hello\n')\nHellO\n" 'expect:ERR ' line 'send:GET hello 0\n' \
    "expect:OK 6\r\nHello\nOK $(digest hello.local)\r\n"
  assert_files files hello
}

# bats test_tags=needs:puts,points:3,mistake:newline-changed
@test "server: all bytes are taken as they are" {
  start_server
  local text='\0\xff\r\n\n\r\x1a\x04 %%'
  peer "send:PUT any 11 $(digest_of "$text")\n$text" "expect:OK $(digest_of "$text")\r\n" \
    'send:GET any 0\n' "expect:OK 11\r\n${text}OK $(digest_of "$text")\r\n"
}

# ---- the server: names ----

# bats test_tags=id:names,needs:puts,points:5,exercise:1,mistake:path-escapes
@test "server: nothing outside the root can be named" {
  start_server
  echo secret >outside
  local name
  for name in ../outside .. . "$PWD/outside" "$PWD/files/inside" a/b .transfer/parts %2e%2e/outside ..%2Foutside %2e. %00 a%00b '' \
    a% a%2 a%zz "$(printf 'x%.0s' {1..256})"; do
    peer "send:GET $name 0\n" 'expect:ERR ' line 'send:LIST\n' 'expect:OK\r\n'
    peer "send:PUT $name 6 $(digest_of 'Hello\n')\nHello\n" 'expect:ERR ' line eof
  done
  assert_files files
  assert_same "$(<outside)" secret
  server_still_serves
}

# bats test_tags=needs:names,points:2
@test "server: any name that a file can have works, whatever its bytes: they are encoded" {
  start_server
  local name word
  local -A words=(['a b']=a%20b [$'two\nlines']=two%0Alines ['100%']=100%25 [$'\xff\x01']=%FF%01 ['-']=- ['...']=...
    ['..a']=..a ["$(printf 'x%.0s' {1..255})"]="$(printf 'x%.0s' {1..255})")
  for name in "${!words[@]}"; do
    word=${words[$name]}
    put_hello "$word"
    assert_same_files hello.local "files/$name"
    peer "send:GET $word 0\n" 'expect:OK 6\r\n' line line 'send:LIST\n' 'expect:OK\r\n' "expect:$word 6\r\n.\r\n"
    rm "files/$name"
  done
}

# bats test_tags=needs:names,points:3,exercise:1,mistake:follows-links
@test "server: symbolic links, directories, pipes and devices are refused in words, and hold up nobody" {
  start_server
  echo secret >outside
  ln -s ../outside files/link
  ln -s nowhere files/dangling
  mkfifo files/pipe
  mkdir files/directory
  ln -s /dev/zero files/device
  local name
  for name in link dangling pipe directory device .transfer; do
    peer "send:GET $name 0\n" 'expect:ERR ' line \
      "send:PUT $name 6 $(digest_of 'Hello\n')\nHello\n" 'expect:ERR ' line \
      "send:PUT $name 100000 -\n" 'expect:ERR ' line 'send:LIST\n' 'expect:OK\r\n.\r\n'
  done
  assert_same "$(<outside)" secret
  assert_files files dangling device directory link pipe
  assert_no_file files/nowhere
}

# ---- the server: large files ----

# bats test_tags=id:large,needs:names,points:5,exercise:2,mistake:hasher-not-told
@test "server: PUT of a large file: it asks, and offers what it has: nothing, yet" {
  start_server
  x_file large 100000
  peer "send:PUT large 100000 $(digest large)\n" 'expect:OK 0 -\r\n' silence:0.1 'send:FROM 0\n' repeat:100000:x \
    "expect:OK $(digest large)\r\n" 'send:LIST\n' 'expect:OK\r\nlarge 100000\r\n.\r\n'
  assert_same_files large files/large
  peer "send:PUT large2 100000 -\n" 'expect:OK 0 -\r\n' 'send:FROM 0\n' repeat:100000:x "send:$(digest large)\n" \
    "expect:OK $(digest large)\r\n"
}

# bats test_tags=needs:large,points:3,exercise:2,mistake:reads-too-far
@test "server: what stands behind the bytes of a file does not belong to it" {
  not_under short-recv # then it never has more than it wants
  start_server
  x_file large 100000
  peer "send:PUT large 100000 $(digest large)\n" 'expect:OK 0 -\r\n' "send:FROM 0\n" \
    repeat:99990:x "send:xxxxxxxxxxLIST\n" "expect:OK $(digest large)\r\nOK\r\nlarge 100000\r\n.\r\n"
}

# bats test_tags=needs:large,points:2,exercise:2
@test "server: a file of many pieces arrives whole" {
  not_under short-recv # one byte in each call
  start_server
  random_file large 10000000
  run_client put large
  assert_succeeds
  assert_same_files large files/large
}

# bats test_tags=needs:large,points:3,mistake:digest-ignored
@test "server: a large file whose digest differs is refused, and not offered" {
  start_server
  x_file large 100000
  peer "send:PUT large 100000 -\n" 'expect:OK 0 -\r\n' "send:FROM 0\n" repeat:100000:y \
    "send:$(digest large)\n" 'expect:ERR ' line
  assert_files files
  offered large 100000
  assert_same "$offset" 0
}

# bats test_tags=needs:large
@test "server: a large file may have the longest name, too" {
  local name
  start_server
  name=$(printf '%%FF%.0s' {1..255})
  peer "send:PUT $name 100000 -\n" 'expect:OK 0 -\r\n' 'send:FROM 0\n' repeat:100000:x \
    "send:$(digest_of "$(printf 'x%.0s' {1..100000})")\n" 'expect:OK '
}

# ---- the server: uploads that are interrupted ----

# bats test_tags=id:resumes,needs:large,points:5,exercise:2
@test "server: an upload that breaks off stays: the next one is offered its bytes, with their digest" {
  start_server
  begin_upload large 70000 100000 close
  x_file part 70000
  x_file large 100000
  wait_until has_offer large 100000 70000 || fail_because "the offer" 70000 "$offset"
  assert_same "$offered_digest" "$(digest part)"
  peer "send:PUT large 100000 $(digest large)\n" "expect:OK 70000 $(digest part)\r\n" 'send:FROM 70000\n' \
    repeat:30000:x "expect:OK $(digest large)\r\n"
  assert_same_files large files/large
}

# bats test_tags=needs:large
@test "server: an upload of which no byte has come leaves nothing" {
  start_server
  peer 'send:PUT large 100000 -\n' 'expect:OK 0 -\r\n' rst
  wait_until has_no_client
  assert_files files/.transfer/parts
}

# bats test_tags=needs:resumes,points:3
@test "server: a client whose file is another one begins again, from 0" {
  start_server
  begin_upload large 70000 100000 close
  wait_until has_offer large 100000 70000
  head -c 100000 /dev/zero | tr '\0' y >large
  peer "send:PUT large 100000 -\n" 'expect:OK 70000 ' line 'send:FROM 0\n' repeat:100000:y \
    "send:$(digest large)\n" "expect:OK $(digest large)\r\n"
  assert_same_files large files/large
}

# bats test_tags=needs:resumes,points:2
@test "server: more bytes than the file has are not offered, and no other offset is taken" {
  start_server
  begin_upload large 70000 100000 close
  wait_until has_offer large 100000 70000
  x_file large 69000
  peer "send:PUT large 69000 -\n" 'expect:OK 0 -\r\n' 'send:FROM 0\n' repeat:69000:x \
    "send:$(digest large)\n" "expect:OK $(digest large)\r\n"
  begin_upload other 70000 100000 close
  wait_until has_offer other 100000 70000
  peer "send:PUT other 100000 -\n" 'expect:OK 70000 ' line 'send:FROM 70001\n' 'expect:ERR ' line eof
  peer "send:PUT other 100000 -\n" 'expect:OK 70000 ' line 'send:LIST\n' 'expect:ERR ' line eof
  peer "send:PUT small 6 -\nHello\nLIST\n" 'expect:ERR ' line eof
  assert_files files large
}

# bats test_tags=needs:large,points:5,mistake:visible-too-early
@test "server: the name is never that of half a file: readers have the old one, until the new one is whole" {
  start_server
  put_hello large
  begin_upload large 99999 100000 wait send:x line say:done
  peer 'send:GET large 0\n' "expect:OK 6\r\nHello\nOK $(digest hello.local)\r\n" 'send:LIST\n' \
    'expect:OK\r\nlarge 6\r\n.\r\n'
  assert_same_files hello.local files/large
  stop large KILL
  stop server KILL
  assert_same_files hello.local files/large
}

# bats test_tags=needs:large
@test "server: who has begun to read a file gets it to its end, though it is replaced meanwhile" {
  start_server
  x_file files/large 10000000
  start_peer reader --timeout 30 --rcvbuf 4096 'send:GET large 0\n' 'expect:OK 10000000\r\n' say:begun wait \
    expect-repeat:10000000:x "expect:OK $(digest files/large)\r\n"
  wait_for_line reader.out '^begun$'
  stall reader
  random_file large 100000
  run_client put large
  assert_succeeds
  assert_same_files large files/large
  tell reader on
  wait_for_status reader 0
}

# bats test_tags=needs:large,points:3
@test "server: a file that is there already need not be sent again" {
  start_server
  put_kept large 100000
  peer "send:PUT large 100000 -\n" "expect:OK 100000 $(digest large)\r\n" \
    "send:FROM 100000\n$(digest large)\n" "expect:OK $(digest large)\r\n" \
    "send:PUT large 100000 -\n" "expect:OK 100000 $(digest large)\r\n" \
    'send:FROM 0\n' repeat:100000:y "send:$(digest_of "$(tr x y <large)")\n" 'expect:OK ' line
}

# bats test_tags=needs:large,points:3,mistake:not-locked
@test "server: two clients can't upload the same file at the same time; nor is it locked when one is gone" {
  start_server
  begin_upload large 70000 100000 wait repeat:30000:x "send:$(digest_of "$(printf 'x%.0s' {1..100000})")\n" 'expect:OK ' say:done
  peer "send:PUT large 100000 -\n" 'expect:ERR ' line
  put_hello other
  tell large on
  wait_for_line large.out '^done$'
  begin_upload again 70000 100000 wait
  stop again KILL
  wait_until has_offer again 100000 70000 || fail_because "the offer" 70000 "$offset"
}

# bats test_tags=needs:resumes,points:5,exercise:3
@test "server: killed at any byte of an upload, it goes on there" {
  not_under short-recv # one byte in each call
  local round at
  random_file large 300000
  for ((round = 0; round < 25; round++)); do
    at=$((10000 + (RANDOM * 32768 + RANDOM) % 289999))
    start victim "$SERVER" --port 0
    wait_until is_listening victim
    port=$(sed -n '1s/.*://p' victim.out)
    # The kernel ends it in the call that writes the next byte.
    prlimit --pid "${pid_of[victim]}" --fsize="$at:" --core=0
    run_client put large
    ((status == 1)) || fail_because "the server was killed at byte $at, and the client ended with" 1 "$status"
    stop victim KILL 2>/dev/null || true
    start_server_as "server$round"
    run_client put large
    assert_succeeds
    assert_output --partial "$at of them were there already"
    assert_same_files large files/large
    rm files/large
    stop "server$round"
  done
}

# bats test_tags=needs:resumes,points:5,exercise:2
@test "server: when a client is gone at any byte of an upload, the next one goes on there" {
  local round at end
  start_server
  x_file large 100000
  for ((round = 0; round < 25; round++)); do
    at=$((1 + RANDOM % 99999)) end=close
    ((round % 2 == 0)) || end="wait"
    begin_upload large "$at" 100000 "$end"
    [[ $end == close ]] || stop large KILL
    wait_until has_offer large 100000 "$at" || fail_because "the offer" "$at" "$offset"
    run_client put large
    assert_succeeds
    assert_same_files large files/large
    rm files/large
  done
}

# bats test_tags=needs:resumes,points:3
@test "server: a cable that is pulled half-way: it notices, and the next upload goes on there" {
  private_network
  start_server --timeout 1
  local before
  before=$(open_descriptors server)
  begin_upload large 70000 100000 wait
  cut_link
  stop large KILL
  assert_descriptors server "$before"
  mend_link
  x_file large 100000
  run_client put large
  assert_succeeds
  assert_output --partial '70000 of them were there already'
  assert_same_files large files/large
}

# bats test_tags=needs:resumes,points:3,mistake:no-room-no-answer
@test "server: a full disk: the client is told so in words, and what came stays" {
  start_small_disk
  random_file large 3000000
  run_client put large
  assert_fails 1
  assert_regex "$stderr" 'No space left on device'
  assert_files "$small"
  # Also one that reads the answer only when it has sent everything.
  peer 'send:PUT other 20000000 -\n' 'expect:OK 0 -\r\n' 'send:FROM 0\n' repeat:20000000:x 'expect:ERR ' line eof
  head -c 900000 large >shorter
  cp shorter large
  run_client put large
  assert_succeeds
  assert_regex "$output" '[0-9]+ of them were there already|: 900000 bytes'
  cmp "$small/large" large
  run_client list
  assert_succeeds
}

# bats test_tags=needs:resumes,points:3,exercise:3,mistake:short-write
@test "server: a full disk: what fits only in part is not whole, though it is but one byte" {
  start_small_disk
  random_file large 1024001
  run_client put large
  assert_fails 1
  assert_regex "$stderr" 'No space left on device'
  assert_files "$small"
}

# bats test_tags=needs:puts,points:3,exercise:3,mistake:short-write
@test "server: a file arrives whole, though write takes only a part of the bytes, or none for a signal" {
  under_chaos short-write,eintr
  random_file large 1000000
  start_server
  run_client put large
  assert_succeeds
  assert_same_files large files/large
}

# bats test_tags=needs:resumes
@test "server: a full disk: small files are refused, each with its reason, and the connection can be used" {
  start_small_disk
  random_file fill 1000000
  run_client put fill
  assert_succeeds
  random_file small1 60000
  cp small1 small2
  printf 'Hello\n' >hello
  run_client put small1 small2 fill hello
  assert_same "$status" 1
  assert_same "$(grep -c 'No space left' run.err)" 2
  run_client list
  assert_succeeds
}

# ---- the server: the disk ----

# bats test_tags=needs:large,points:3,exercise:4,mistake:not-synced
@test "server: the bytes are on the disk before the name is there, and the name before the answer" {
  strace -f -o /dev/null true 2>/dev/null || skip "strace is not here, or not allowed"
  random_file large 100000
  random_file small 100
  start_server
  start tracer strace -f -y -p "${pid_of[server]}" -e trace=fsync,fdatasync,rename,renameat,renameat2,sendto,sendmsg,write -s 16 -o trace
  wait_for_line tracer.err attached
  run_client put large small
  assert_succeeds
  stop tracer INT
  sed -E 's/^[0-9]+ +//; s/^(fdata)?sync/sync/; s/^fsync/sync/; s/^rename(at2?)?\(/rename(/' trace |
    awk -F'(' '/^sync\(.*\/files>/ { print "sync-directory"; next } /^(sync|rename)\(/ { print $1 }
      /"OK [0-9a-f]/ && !/OK 0 -/ { print "answer" }' >calls
  assert_same "$(paste -sd ' ' calls)" \
    'sync rename sync-directory answer sync rename sync-directory answer'
  start_server_as server2 --no-sync
  start tracer2 strace -f -p "${pid_of[server2]}" -e trace=fsync,fdatasync -o trace2
  wait_for_line tracer2.err attached
  run_client put large small
  assert_succeeds
  stop tracer2 INT
  assert_count trace2 sync 0
}

# has_read NAME: how many bytes it has read so far, from files and sockets.
has_read() {
  awk '/^rchar/ { print $2 }' "/proc/${pid_of[$1]}/io"
}

# bats test_tags=needs:large,points:3,mistake:digest-not-kept
@test "server: a digest is kept: a file is not read again for it" {
  start_server
  put_kept large 10000000
  local before
  before=$(has_read server)
  peer 'send:GET large 9999000\n' 'expect:OK 10000000\r\n'
  peer "send:PUT large 10000000 -\n" "expect:OK 10000000 $(digest large)\r\n"
  (($(has_read server) - before < 1000000)) || fail_because "the server has read the file again" "few bytes" \
    "$(($(has_read server) - before)) bytes"
}

# bats test_tags=needs:large,points:3,mistake:old-digest
@test "server: a digest is kept no longer than the file stays the same, whatever its size and time are" {
  start_server
  put_kept large 100000
  touch -r files/large stamp
  printf y | dd of=files/large conv=notrunc bs=1 seek=50000 2>dd.err
  touch -r stamp files/large
  peer 'send:GET large 99999\n' 'expect:OK 100000\r\n' recv:1 "expect:OK $(digest files/large)\r\n"
  random_file other 100000
  touch -r stamp other
  mv other files/large
  peer 'send:GET large 99999\n' 'expect:OK 100000\r\n' recv:1 "expect:OK $(digest files/large)\r\n"
}

# bats test_tags=needs:large,points:3,mistake:edited-too-early
@test "server: no digest is kept of a file that somebody edits as soon as it has its name" {
  strace -f -o /dev/null true 2>/dev/null || skip "strace is not here, or not allowed"
  start_server
  # It takes a second to bring the new name to the disk.
  start tracer strace -f -p "${pid_of[server]}" -e trace=fsync -e inject=fsync:delay_exit=1000000:when=2 -o trace
  wait_for_line tracer.err attached
  x_file large 100000
  begin_upload large 100000 100000 "send:$(digest large)\n" "expect:OK $(digest large)\r\n"
  wait_until test -e files/large
  printf y | dd of=files/large conv=notrunc bs=1 seek=50000 2>dd.err
  wait_for_status large 0
  stop tracer INT # LeakSanitizer can't look at a process that is traced
  peer 'send:GET large 99999\n' 'expect:OK 100000\r\n' recv:1 "expect:OK $(digest files/large)\r\n"
}

# bats test_tags=needs:large,points:3,mistake:change-unseen
@test "server: a file that is written to while it is sent is not sent to its end as if nothing had been" {
  local word
  start_server
  for word in '' ' unverified'; do
    x_file files/large 10000000
    start_peer reader --timeout 30 --rcvbuf 4096 "send:GET large 0$word\n" 'expect:OK 10000000\r\n' say:begun wait \
      expect-repeat:10000000:x shutdown eof
    wait_for_line reader.out '^begun$'
    stall reader
    printf x | dd of=files/large conv=notrunc bs=1 seek=9999999 2>dd.err
    tell reader on
    wait_for_end reader
    assert_same "$status" 0
    assert_count reader.out '^OK' 0
  done
}

# bats test_tags=needs:large
@test "server: a file that becomes shorter while it is sent: the connection ends, since the promise can't be kept" {
  local word
  start_server
  for word in '' ' unverified'; do
    x_file files/large 10000000
    start_peer reader --timeout 30 --rcvbuf 4096 "send:GET large 0$word\n" 'expect:OK 10000000\r\n' say:begun wait \
      expect-repeat:9999000:x eof
    wait_for_line reader.out '^begun$'
    stall reader
    truncate -s 9999000 files/large
    tell reader on
    wait_for_end reader
    assert_same "$status" 0
    assert_same "$(<reader.out)" begun
  done
  server_still_serves
}

# bats test_tags=needs:large,points:3,mistake:whole-in-memory
@test "server: it never has a whole file in memory" {
  [[ $BUILD != *san ]] || skip "a sanitizer needs all the memory there is"
  start_server
  head -c 200000000 /dev/zero >large
  run_client put large
  assert_succeeds
  rm large
  run_client get large
  assert_succeeds
  local peak
  peak=$(awk '/^VmHWM/ { print $2 }' "/proc/${pid_of[server]}/status")
  ((peak < 16384)) || fail_because "the server has used too much memory" "less than 16384 KiB" "$peak KiB"
}

# ---- the server: clients come and go ----

# bats test_tags=needs:puts,points:3
@test "server: a client that waits, or does not read, delays nobody" {
  start_server --timeout 60
  random_file files/large 30000000
  start_peer slow --timeout 30 --rcvbuf 4096 'send:GET large 0\n' 'expect:OK ' hold
  begin_upload waits 70000 100000 wait
  start_peer half 'send:PUT hal' say:sent wait
  wait_for_line half.out '^sent$'
  server_still_serves
}

# bats test_tags=needs:puts,points:2,mistake:no-nodelay
@test "server: no answer waits until the one before it is acknowledged" {
  start_server
  put_hello
  swarm --connections 1 --messages 100 --send 'GET hello 0\nGET hello 6\n' \
    --expect "OK 6\r\nHello\nOK $(digest hello.local)\r\nOK 6\r\nOK $(digest hello.local)\r\n"
  assert_nothing_waited
}

# bats test_tags=needs:puts
@test "server: a request that can't be understood is refused; the next one is answered" {
  start_server
  put_hello
  local line
  for line in HELO get 'LIST all' GET 'GET hello' 'GET hello x' 'GET hello -1' 'GET hello 1 2' 'GET hello 0 unverified x' \
    'GET  hello 0' 'GET hello 99999999999999999999' '\0\xff' ' LIST'; do
    peer "send:$line\n" 'expect:ERR ' line 'send:GET hello 6\n' 'expect:OK 6\r\n'
  done
  for line in PUT 'PUT a' 'PUT a x -' 'PUT a -1 -' 'PUT a 6' 'PUT a 6 abc' "PUT a 6 $(printf 'G%.0s' {1..64})" 'PUT a 6 - -' \
    'PUT a 99999999999999999999 -' 'PUT a 999999999999999999 -x'; do
    peer "send:$line\n" 'expect:ERR ' line eof
  done
  assert_files files hello
}

# bats test_tags=needs:large
@test "server: empty lines between requests only tell that the client is still there" {
  start_server
  peer 'send:\n\r\n\nLIST\n' 'expect:OK\r\n.\r\n' 'send:PUT large 100000 -\n' 'expect:OK 0 -\r\n' \
    'send:\r\n\nFROM 0\n' repeat:100000:x "send:\n$(digest_of "$(printf 'x%.0s' {1..100000})")\n" 'expect:OK ' line
}

@test "server: a line of 1 MiB is too long: the client is told so, and dropped" {
  start_server
  peer repeat:1048576:x 'send:\n' 'expect:ERR ' line eof
  server_still_serves
}

# bats test_tags=needs:large,points:3
@test "server: --timeout: a silent client is dropped, wherever it stopped; nobody else notices" {
  start_server --timeout 1
  random_file files/large 30000000
  start_peer silent eof say:end
  start_peer half send:LIS eof say:end
  start_peer body "send:PUT a 6 -\nHel" 'expect:ERR nothing has come for too long\r\n' eof say:end
  start_peer rude --rcvbuf 4096 'send:GET large 0\n' wait
  begin_upload large2 70000 100000 eof say:end
  local name
  for name in silent half body large2; do
    wait_for_line "$name.out" '^end$'
  done
  wait_for_line server.out ' left$' 5
  wait_until has_offer large2 100000 70000 || fail_because "the offer" 70000 "$offset"
  server_still_serves
}

# bats test_tags=needs:puts,points:3
@test "server: a client's RST, whenever it comes, concerns this client alone" {
  start_server
  random_file files/large 3000000
  peer rst
  peer send:LIS rst
  peer 'send:LIST\n' rst
  peer 'send:PUT a 6 -\nHel' rst
  peer 'send:GET large 0\n' rst
  peer 'send:GET large 0 unverified\n' 'expect:OK ' rst
  peer 'send:PUT large3 100000 -\n' 'expect:OK 0 -\r\n' rst
  peer 'send:PUT large3 100000 -\n' line 'send:FROM 0\n' repeat:5000:x rst
  server_still_serves
}

# bats test_tags=needs:puts,points:2,mistake:descriptor-leaked
@test "server: what a request has opened is closed, however it ends" {
  start_server
  random_file files/large 20000000 # more than the buffers of the kernel take
  ln -s large files/link
  server_still_serves
  local before
  wait_until has_no_client
  before=$(open_descriptors server)
  peer --rcvbuf 4096 'send:GET large 0\n' 'expect:OK 20000000\r\n' rst
  peer 'send:GET link 0\nGET nowhere 0\nLIST\n' 'expect:ERR ' line 'expect:ERR ' line 'expect:OK' rst
  peer "send:PUT large 200000 -\n" 'expect:OK 0 -\r\n' rst
  peer "send:PUT large 200000 -\n" line 'send:FROM 0\n' repeat:70000:x rst
  peer "send:PUT small 6 $(digest_of x)\nHello\n" 'expect:ERR ' line rst
  run_client get large
  assert_succeeds
  assert_descriptors server "$before"
}

# bats test_tags=needs:puts,points:2
@test "server: --max-clients: the newcomer is told, and closed; whoever is there stays" {
  start_server --max-clients 1
  start_peer first 'send:LIST\n' 'expect:OK\r\n.\r\n' say:here wait 'send:LIST\n' 'expect:OK\r\n.\r\n' say:again
  wait_for_line first.out '^here$'
  peer 'expect:ERR ' line eof
  run_client list
  assert_fails 1
  tell first on
  wait_for_line first.out '^again$'
  wait_for_end first
  wait_until lists || fail "the place of a client that has left stays taken"
}

lists() {
  run_client list
  ((status == 0))
}

# bats test_tags=needs:puts
@test "server: out of descriptors, it says so and neither dies nor spins" {
  start_server
  put_hello
  start_peer there 'send:LIST\n' 'expect:OK\r\n' line line say:here wait 'send:GET hello 0\n' 'expect:ERR ' line \
    wait 'send:GET hello 0\n' 'expect:OK 6\r\n' say:again
  wait_for_line there.out '^here$'
  no_more_descriptors server
  start_peer client 'send:LIST\n' say:connected 'expect:OK\r\n' say:answered
  wait_for_line client.out '^connected$'
  assert_idle server
  tell there on
  wait_for_line there.out '^ERR |.*files' 1
  more_descriptors server
  tell there on
  wait_for_line there.out '^again$'
  wait_for_line client.out '^answered$'
}

# bats test_tags=needs:large,points:2
@test "server: many at once, each with files of its own" {
  start_server
  local n
  for n in {1..8}; do
    mkdir "c$n"
    random_file "c$n/large$n" 500000
    random_file "c$n/small$n" 1000
    start_client "client$n" put "c$n/large$n" "c$n/small$n"
  done
  for n in {1..8}; do
    wait_for_end "client$n"
    assert_same "$status" 0
    assert_same_files "c$n/large$n" "files/large$n"
    assert_same_files "c$n/small$n" "files/small$n"
  done
}

@test "server: an idle one uses no CPU" {
  start_server --timeout 60
  start_peer there 'send:LIST\n' 'expect:OK\r\n.\r\n' say:here wait
  wait_for_line there.out '^here$'
  assert_idle server
}

# bats test_tags=needs:large,points:3
@test "server: SIGINT and SIGTERM stop it cleanly, though a file is on its way; the port is free at once" {
  wanted_port=$(free_port) start_server
  begin_upload large 70000 100000 eof say:end
  stop server INT
  assert_same "$status" 0
  wait_for_line large.out '^end$'
  wanted_port=$port start_server_as server2
  offered large 100000
  assert_same "$offset" 70000
  stop server2 TERM
  assert_same "$status" 0
}

# bats test_tags=points:1
@test "server: --root: the directory with the files; one that is not there is a failure" {
  mkdir elsewhere
  start_server --root elsewhere
  put_hello
  assert_same_files hello.local elsewhere/hello
  assert_no_file files
  run_bounded "$SERVER" --port 0 --root nowhere
  assert_fails 1
  run_bounded "$SERVER" --port 0 --root hello.local
  assert_fails 1
  assert_no_file nowhere
}

@test "log: server: who came, what was put and got, what was refused, and who was cut off" {
  start_server
  put_hello 'a%0Ab'
  peer 'send:GET a%0Ab 0\n' line line line 'send:GET x 0\n' line
  begin_upload large 70000 100000 rst
  wait_for_line server.out '\] connected$' 3
  wait_for_line server.out '\] put a\\nb$'
  wait_for_line server.out '\] get a\\nb$'
  wait_for_line server.out '\] refused: No such file or directory$'
  wait_for_line server.out '\] interrupted: put large$'
  wait_for_line server.out '\] failed: ' 1
  wait_for_line server.out '\] left$' 3
  x_file files/huge 20000000
  peer 'send:GET huge 0\n' 'expect:OK 20000000\r\n' rst
  wait_for_line server.out '\] interrupted: get huge$'
  wait_for_line server.out '\] failed: ' 2
  peer 'send:PUT large 100000 -\n' 'expect:OK 70000 ' line "send:FROM 1\n" 'expect:ERR ' line
  wait_for_line server.out '\] interrupted: put large$' 2
  wait_for_line server.out '\] refused: another line must come here$'
  wait_for_line server.out '\] left$' 5
  assert_same "$(grep -c '] failed: ' server.out)" 2
  assert_same "$(tail -n 1 server.out)" "$(grep '] left$' server.out | tail -n 1)"
  start_server_as server2 --quiet
  put_hello
  assert_same "$(wc -l <server2.out)" 1
}

# ---- the client ----

# bats test_tags=id:client-puts,basic,points:5
@test "client: put: sends the size, then the bytes; says what it has done" {
  random_file small 60000
  random_file large 100000
  start_server
  run_client put small large
  assert_succeeds
  assert_same_files small files/small
  assert_same_files large files/large
  assert_regex "$output" 'small: 60000 bytes'
  assert_regex "$output" 'large: 100000 bytes'
}

# bats test_tags=id:client-gets,basic,points:5,exercise:2
@test "client: get: the file is in the current directory, byte for byte" {
  start_server
  random_file files/large 1000000
  printf 'one\r\ntwo\n\0\xff\r' >files/text
  : >files/empty
  run_client get large text empty
  assert_succeeds
  local name
  for name in large text empty; do
    assert_same_files "files/$name" "$name"
  done
  assert_no_file large.part
  assert_no_file text.part
}

# bats test_tags=basic,points:3
@test "client: list: the sizes and the names, as they can be printed" {
  start_server
  run_client list
  assert_succeeds
  assert_printed ''
  printf 'Hello\n' >files/hello
  run_client list
  assert_succeeds
  assert_regex "$output" '^ *6  hello$'
  rm files/hello
  touch files/$'a b\x1b[2J\n\xff'
  run_client list
  assert_succeeds
  assert_regex "$output" '^ *0  a b\\x1b\[2J\\n\\xff$'
}

# bats test_tags=needs:client-gets
@test "client: options may stand before the verb, and behind it" {
  start_server
  printf 'Hello\n' >hello
  run_bounded "$CLIENT" --port "$port" put hello
  assert_succeeds
  run_bounded "$CLIENT" get hello --port "$port"
  assert_succeeds
}

@test "client: bad usage: one line on stderr, exit 2" {
  local line words
  for line in '' put get 'list all' 'send hello' '--no-such-option list' '--port x list'; do
    read -ra words <<<"$line"
    run_bounded "$CLIENT" "${words[@]}"
    assert_fails 2
  done
}

# bats test_tags=needs:client-gets
@test "client: any name of a file goes there and back" {
  start_server
  local name
  for name in 'a b' $'two\nlines' '100%' $'\xff\x01' -- '...' "$(printf 'x%.0s' {1..255})"; do
    printf 'Hello\n' >"./$name"
    run_client put "./$name"
    assert_succeeds
    rm "./$name"
    run_client get -- "$name"
    assert_succeeds
    assert_same "$(<"./$name")" Hello
  done
}

# bats test_tags=needs:client-puts,points:2,mistake:waits-for-each
@test "client: put: a small file waits for no answer, and the next one neither" {
  printf 'one\n' >one
  printf 'two\n' >two
  start_peer_server accept "expect:PUT one 4 $(digest one)\r\none\nPUT two 4 $(digest two)\r\ntwo\n" \
    "send:OK $(digest one)\r\nOK $(digest two)\r\n" eof
  run_client put one two
  assert_succeeds
  wait_for_status peer 0
}

# bats test_tags=needs:client-puts,points:2
@test "client: put: a thousand small files, on one connection" {
  start_server
  mkdir many
  local n names
  for n in {1..1000}; do
    printf '%s\n' "$n" >"many/$n"
  done
  run_client put many/*
  assert_succeeds
  assert_same "${#lines[@]}" 1000
  assert_count server.out ' connected$' 1
  rm -r files/.transfer
  diff -r many files >/dev/null || fail "not all files have arrived as they are"
}

# bats test_tags=needs:client-puts,points:5,exercise:5,mistake:sent-again
@test "client: put: goes on where the server's part ends, if that is its own beginning" {
  x_file large 100000
  x_file part 70000
  start_peer_server accept 'expect:PUT large 100000 -\r\n' "send:OK 70000 $(digest part)\r\n" 'expect:FROM 70000\r\n' \
    expect-repeat:30000:x "expect:$(digest large)\r\n" "send:OK $(digest large)\r\n" eof
  run_client put large
  assert_succeeds
  wait_for_status peer 0
}

# bats test_tags=needs:client-puts,points:5,exercise:5,mistake:part-trusted
@test "client: put: begins again, if the server's part is not its own beginning" {
  x_file large 100000
  start_peer_server accept 'expect:PUT large 100000 -\r\n' "send:OK 70000 $(digest_of y)\r\n" 'expect:FROM 0\r\n' \
    expect-repeat:100000:x "expect:$(digest large)\r\n" "send:OK $(digest large)\r\n" eof
  run_client put large
  assert_succeeds
  wait_for_status peer 0
}

# bats test_tags=needs:client-puts,exercise:5,points:2
@test "client: put: what the server has whole is not sent again" {
  x_file large 100000
  start_peer_server accept line "send:OK 100000 $(digest large)\r\n" 'expect:FROM 100000\r\n' \
    "expect:$(digest large)\r\n" "send:OK $(digest large)\r\n" eof
  run_client put large
  assert_succeeds
  wait_for_status peer 0
}

# bats test_tags=needs:client-puts,points:3
@test "client: put: what can't be sent has a line on stderr, and the next file is sent" {
  start_server
  printf 'Hello\n' >hello
  mkfifo pipe
  mkdir directory
  random_file large 100000
  run_client put nowhere pipe directory hello . / large
  ((status == 1)) || fail_because "not all files could be sent, and yet" "exit status 1" "$status"
  assert_same "${#stderr_lines[@]}" 5
  assert_same_files hello files/hello
  assert_same_files large files/large
}

# bats test_tags=needs:client-puts,points:3
@test "client: put: an ERR is a failure, with its reason as it can be printed; the next file is sent" {
  printf 'one\n' >one
  printf 'two\n' >two
  x_file large 100000
  start_peer_server accept line line 'send:ERR not\x1b[2J one\r\n' line line "send:OK $(digest two)\r\n" \
    'expect:PUT large 100000 -\r\n' 'send:ERR not large\r\n' 'expect:PUT large 100000 -\r\n' \
    'send:OK 0 -\r\n' 'expect:FROM 0\r\n' expect-repeat:100000:x line 'send:ERR the digest differs\r\n' eof
  run_client put one two large large
  ((status == 1)) || fail_because "the server has said ERR, and yet" "exit status 1" "$status"
  assert_regex "${stderr_lines[0]}" 'one: not\\x1b\[2J one$'
  assert_regex "${stderr_lines[1]}" 'large: not large$'
  assert_regex "${stderr_lines[2]}" 'large: the digest differs$'
}

# bats test_tags=needs:client-puts,points:2
@test "client: put: an OK with another digest is a failure" {
  printf 'one\n' >one
  x_file large 100000
  start_peer_server accept line line "send:OK $(digest_of two)\r\n" line 'send:OK 0 -\r\n' line expect-repeat:100000:x \
    line "send:OK $(digest_of y)\r\n" eof
  run_client put one large
  ((status == 1)) || fail_because "the digests differ, and yet" "exit status 1" "$status"
  assert_same "${#stderr_lines[@]}" 2
}

# bats test_tags=needs:client-puts,points:3,mistake:answer-unread
@test "client: put: an ERR before the end of the bytes: it stops sending, and tells the reason" {
  head -c 50000000 /dev/zero >large
  start_peer_server --timeout 30 accept line 'send:OK 0 -\r\nERR No space left on device\r\n' hold
  RUN_LIMIT=8 run_client put large
  assert_fails 1
  assert_regex "$stderr" 'No space left on device$'
}

# bats test_tags=needs:client-puts,points:3,mistake:put-change-unseen
@test "client: put: a file that changes while it is sent is a failure, and the server does not take it for whole" {
  head -c 10000000 /dev/zero | tr '\0' x >large
  start_peer_server --rcvbuf 4096 accept line 'send:OK 0 -\r\n' 'expect:FROM 0\r\n' say:begun wait \
    expect-repeat:10000000:x eof
  start_client client put large
  wait_for_line peer.out '^begun$'
  wait_until sleeps client
  printf x | dd of=large conv=notrunc bs=1 seek=9999999 2>dd.err
  tell peer on
  wait_for_end client
  assert_same "$status" 1
  assert_regex "$(<client.err)" 'large: .*changed'
  wait_for_status peer 0 # no digest came
  start_peer_server --rcvbuf 4096 accept line 'send:OK 0 -\r\n' 'expect:FROM 0\r\n' say:begun wait \
    expect-repeat:9999000:x eof
  start_client client put large
  wait_for_line peer.out '^begun$'
  wait_until sleeps client
  truncate -s 9999000 large
  tell peer on
  wait_for_end client
  assert_same "$status" 1
  assert_regex "$(<client.err)" 'large: .*changed'
  wait_for_status peer 0
}

# sleeps NAME: for a tenth of a second, it does nothing.
sleeps() {
  local before
  before=$(cpu_ticks "${pid_of[$1]}")
  is_in_state "$1" S && nap 0.1 && is_in_state "$1" S && [[ $(cpu_ticks "${pid_of[$1]}") == "$before" ]]
}

# bats test_tags=needs:client-gets,points:5,mistake:get-digest-ignored
@test "client: get: a file whose digest differs is a failure, and has no name" {
  start_peer_server accept 'expect:GET hello 0\r\n' "send:OK 6\r\nHellO\nOK $(digest_of 'Hello\n')\r\n" \
    'expect:GET hello2 0\r\n' "send:OK 6\r\nHello\nOK $(digest_of 'Hello\n')\r\n" eof
  run_client get hello hello2
  assert_fails 1
  assert_no_file hello
  assert_no_file hello.part
}

# bats test_tags=id:client-resumes,needs:client-gets,points:5,exercise:6
@test "client: get: a download that breaks off stays, and the next one goes on there" {
  x_file large 100000
  start_peer_server accept 'expect:GET large 0\r\n' 'send:OK 100000\r\n' repeat:70000:x close \
    accept 'expect:GET large 70000\r\n' 'send:OK 100000\r\n' repeat:30000:x "send:OK $(digest large)\r\n" eof
  mv large original
  run_client get large
  assert_fails 1
  assert_no_file large
  run_client get large
  assert_succeeds
  assert_output --partial '70000 of them were there already'
  assert_same_files original large
  assert_no_file large.part
}

# bats test_tags=needs:client-resumes,points:3
@test "client: get: a cable that is pulled half-way: it notices, and the next get goes on there" {
  private_network
  x_file original 100000
  start_peer_server accept line 'send:OK 100000\r\n' repeat:70000:x hold
  start_client client --timeout 1 get large
  wait_until has_size large.part 70000
  cut_link
  wait_for_status client 1
  stop peer KILL
  mend_link
  start_peer_server accept 'expect:GET large 70000\r\n' 'send:OK 100000\r\n' repeat:30000:x \
    "send:OK $(digest original)\r\n" eof
  run_client get large
  assert_succeeds
  assert_same_files original large
}

# bats test_tags=needs:client-resumes,points:5,exercise:6,mistake:get-part-trusted
@test "client: get: if the part is of another file, it begins again, from 0" {
  start_server
  random_file files/large 100000
  random_file large.part 70000
  run_client get large
  assert_succeeds
  assert_same_files files/large large
  rm large
  random_file large.part 170000
  run_client get large
  assert_succeeds
  assert_same_files files/large large
}

# bats test_tags=needs:client-resumes,points:3
@test "client: get: an ERR is a failure, with its reason; what came before stays, and the next file comes" {
  start_server
  random_file files/large 100000
  head -c 70000 files/large >nowhere.part
  run_client get nowhere ../x large
  ((status == 1)) || fail_because "not all files could be got, and yet" "exit status 1" "$status"
  assert_same "${#stderr_lines[@]}" 2
  assert_regex "${stderr_lines[0]}" 'nowhere: '
  assert_same_files files/large large
  assert_same "$(stat -c %s nowhere.part)" 70000
  assert_no_file ../x
}

# bats test_tags=needs:client-resumes,points:2,exercise:6
@test "client: get --no-verify: asks for no digest, unless it goes on where it stopped" {
  start_peer_server accept 'expect:GET hello 0 unverified\r\n' 'send:OK 6\r\nHello\nOK -\r\n' eof \
    accept 'expect:GET hello 2\r\n' "send:OK 6\r\nllo\nOK $(digest_of 'Hello\n')\r\n" eof
  run_client get --no-verify hello
  assert_succeeds
  assert_same "$(<hello)" Hello
  rm hello
  printf He >hello.part
  run_client get --no-verify hello
  assert_succeeds
  assert_same "$(<hello)" Hello
}

# bats test_tags=needs:client-gets,points:3
@test "client: get: the server says that the file has changed: a failure, and no file" {
  start_peer_server accept line 'send:OK 6\r\nHello\nERR the file has changed while it was sent\r\n' eof
  run_client get hello
  assert_fails 1
  assert_regex "$stderr" 'hello: the file has changed'
  assert_no_file hello
  assert_no_file hello.part
}

# bats test_tags=needs:client-gets,points:3,mistake:get-visible-too-early
@test "client: get: the name is never that of half a file" {
  local name whole
  whole=$(digest_of "$(printf 'x%.0s' {1..100000})")
  # Behind the longest name there is no room for more.
  for name in large "$(printf 'x%.0s' {1..255})"; do
    start_peer_server accept line 'send:OK 100000\r\n' repeat:99999:x say:sent wait send:x "send:OK $whole\r\n" eof
    echo old >"$name"
    start_client client get "$name"
    wait_for_line peer.out '^sent$'
    wait_until has_size "${name:0:250}.part" 99999 || fail_because "the bytes are not on the disk" 99999 "$(ls -l)"
    assert_same "$(<"$name")" old
    tell peer on
    wait_for_status client 0
    wait_for_end peer
    assert_same "$(stat -c %s "$name")" 100000
  done
}

has_size() {
  [[ $(stat -c %s "$1" 2>/dev/null) == "$2" ]]
}

# bats test_tags=needs:client-resumes,points:3,exercise:3,mistake:short-write
@test "client: get: a file arrives whole, though write takes only a part of the bytes, or none for a signal" {
  under_chaos short-write,eintr
  mkdir files
  random_file files/large 1000000
  start_server
  run_client get large
  assert_succeeds
  assert_same_files files/large large
}

# bats test_tags=needs:client-resumes,points:5,exercise:3
@test "client: killed at any byte of a download, it goes on there" {
  not_under short-recv # one byte in each call
  local round at
  start_server
  random_file files/large 300000
  for ((round = 0; round < 25; round++)); do
    at=$((1 + (RANDOM * 32768 + RANDOM) % 299998))
    status=0
    # The kernel ends it in the call that writes the next byte.
    bounded prlimit --fsize="$at:" --core=0 "$CLIENT" --host "$host" --port "$port" get large >killed.out 2>killed.err || status=$?
    ((status == 153)) || fail_because "the client wants to write byte $at, and may not; it ended with" "SIGXFSZ: 153" "$status"
    assert_no_file large
    run_client get large
    assert_succeeds
    assert_output --partial "$at of them were there already"
    assert_same_files files/large large
    rm large
  done
}

# bats test_tags=needs:client-resumes,points:5
@test "client: when the server is gone at any byte of a download, the next get goes on there" {
  local round at end
  start_server_as real
  x_file files/large 100000
  local real_port=$port
  for ((round = 0; round < 25; round++)); do
    at=$((1 + RANDOM % 99999)) end=close
    ((round % 2 == 0)) || end=rst
    start_peer_server accept line 'send:OK 100000\r\n' "repeat:$at:x" say:sent wait "$end"
    start_client client get large
    wait_until has_size large.part "$at"
    tell peer on
    wait_for_status client 1
    port=$real_port run_client get large
    assert_succeeds
    assert_output --partial "$at of them were there already"
    assert_same_files files/large large
    rm large
  done
}

# bats test_tags=needs:client-gets
@test "client: the server closes, resets, or says what is no answer: a failure" {
  printf 'Hello\n' >hello
  x_file large 100000
  local line words answer
  for answer in close rst 'send:OK' 'send:HELLO\n' 'send:\0\n' 'send:OK x y\n' 'repeat:5000:x' \
    "send:OK\r\nOK $(digest_of '')\r\n"; do
    for line in 'put hello' 'put large' 'get hello' list; do
      read -ra words <<<"$line"
      start_peer_server accept line "$answer" close
      run_client "${words[@]}"
      ((status == 1)) || fail_because "$line, answered with $answer, ended with" "exit status 1" "$status"
      ((${#stderr_lines[@]} == 1)) || fail_because "there is not one line that says why" "one line" "$stderr"
      wait_for_end peer
    done
  done
}

# bats test_tags=needs:client-puts
@test "client: when the connection is lost, the next file has a new one" {
  printf 'one\n' >one
  x_file large 100000
  start_peer_server accept line close accept line "send:OK 100000 $(digest large)\r\n" line line \
    "send:OK $(digest large)\r\n" eof
  run_client put one large
  assert_fails 1
  wait_for_status peer 0
}

# bats test_tags=needs:client-gets
# bats test_tags=needs:client-puts
@test "client: put: answers that are lost with the connection are not expected on the next one" {
  local n names=() script=()
  for n in {01..70}; do
    echo x >"f$n"
    names+=("f$n")
  done
  for n in {65..70}; do
    script+=("expect:PUT f$n 2 $(digest f01)\r\nx\n")
  done
  start_peer_server accept line close accept "${script[@]}" "send:OK $(digest f01)\r\n" "send:ERR no\r\n" \
    "send:OK $(digest f01)\r\nOK $(digest f01)\r\nOK $(digest f01)\r\nOK $(digest f01)\r\n" eof
  run_client put "${names[@]}"
  ((status == 1)) || fail_because "the connection was lost, and yet" "exit status 1" "$status"
  assert_same "${#stderr_lines[@]}" 65
  assert_regex "${stderr_lines[64]}" 'f66: no$'
  wait_for_status peer 0
}

@test "client: --timeout: a server that says nothing is a failure" {
  start_peer_server accept hold
  run_client --timeout 0.2 list
  assert_fails 1
  stop peer
  start_peer_server accept line 'send:OK 100000\r\n' repeat:70000:x hold
  run_client --timeout 0.2 get large
  assert_fails 1
  assert_same "$(stat -c %s large.part)" 70000
}

@test "client: nobody listens: one line on stderr, exit 1" {
  start_server
  stop server
  run_client list
  assert_fails 1
  run_client get large
  assert_fails 1
  assert_no_file large.part
}

# bats test_tags=needs:client-gets
@test "client: get: two at the same time do not write into the same file" {
  start_server
  random_file files/large 100000
  start_peer_server accept line 'send:OK 100000\r\n' repeat:7000:x hold
  start_client first get large
  wait_until has_size large.part 7000
  run_client get large
  assert_fails 1
  assert_same "$(stat -c %s large.part)" 7000
}

# bats test_tags=needs:client-gets
@test "client: get: what is here under that name is replaced only if it is a regular file; a link is not followed" {
  start_server
  random_file files/large 100000
  echo mine >mine
  ln -s mine large
  run_client get large
  assert_fails 1
  assert_no_file large.part
  rm large
  mkdir large
  run_client get large
  assert_fails 1
  assert_no_file large.part
  rmdir large
  ln -s mine large.part
  run_client get large
  assert_fails 1
  rm large.part
  echo old >large
  run_client get large
  assert_succeeds
  assert_same "$(<mine)" mine
  assert_same_files files/large large
}

# bats test_tags=needs:client-gets,points:2
@test "client: it never has a whole file in memory" {
  start_server
  head -c 200000000 /dev/zero >large
  ! grep -qaE "__(asan|tsan)_init" "$CLIENT" || skip "a sanitizer needs all the memory there is"
  local verb
  for verb in put get; do
    run_bounded prlimit --data=12000000 "$CLIENT" --host "$host" --port "$port" "$verb" large
    assert_succeeds
  done
}

# on_terminal COLUMNS COMMAND...: its output, on a terminal that is so wide.
on_terminal() {
  local columns=$1 command
  shift
  printf -v command '%q ' "$@"
  run_bounded script -qec "stty cols $columns; $command" /dev/null
}

# bats test_tags=needs:client-gets,points:2
@test "client: on a terminal, a line tells how far it is, and how long it will take; it fits" {
  start_peer_server accept line 'send:OK 10000000\r\n' repeat:4000000:x silence:0.15 repeat:1000000:x silence:0.15 \
    repeat:4999999:x silence:0.15 send:x "send:OK -\r\n" eof
  local columns
  on_terminal 80 "$CLIENT" --host "$host" --port "$port" --no-verify get 'la rge'
  assert_succeeds
  [[ $output =~ 'la rge  '\ ?[0-9]+'%'.*'iB/s'.*' left' ]] || fail_because "there is no line that tells" 'NAME 50% ... left' "$output"
  for columns in 40 20 10; do
    wait_for_end peer
    rm -f large
    start_peer_server accept line 'send:OK 10000000\r\n' repeat:4000000:x silence:0.15 repeat:6000000:x "send:OK -\r\n" eof
    on_terminal "$columns" "$CLIENT" --host "$host" --port "$port" --no-verify get large
    assert_succeeds
    [[ $output == *%* ]] || fail_because "there is no line that tells" "a percentage" "$output"
    tr '\r' '\n' <run.out | sed 's/\x1b\[K//g' | grep % | awk -v columns="$columns" 'length($0) >= columns { exit 1 }' ||
      fail_because "the line is longer than the terminal is wide" "less than $columns columns" "$output"
  done
}

# bats test_tags=needs:client-gets
@test "client: not on a terminal, it prints nothing but what it has done" {
  start_peer_server accept line 'send:OK 1000000\r\n' repeat:500000:x silence:0.3 repeat:500000:x "send:OK -\r\n" eof
  run_client --no-verify get large
  assert_succeeds
  assert_same "${#lines[@]}" 1
  assert_same "$stderr" ''
}

@test "client: empty lines before an answer only tell that the server is still there" {
  x_file large 100000
  start_peer_server accept line 'send:\r\n\n\r\n' 'send:OK 0 -\r\n' 'expect:FROM 0\r\n' expect-repeat:100000:x line \
    "send:\r\nOK $(digest large)\r\n" eof
  run_client put large
  assert_succeeds
}
