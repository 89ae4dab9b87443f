#!/usr/bin/env bats
# chaos.so: what it strikes, and above all what it leaves alone. The program below makes one call
# again and again, and prints what it returned: a number or the name of an error.

load ../helpers
library=$BUILD/tools/chaos.so

# probe KIND CALL [SIZE [FLAG]...], in two builds: in the second, the compiler makes recv, read and
# poll the calls __recv_chk, __read_chk and __poll_chk of the C library.
setup_file() {
  cat >"$BATS_FILE_TMPDIR/probe.c" <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int ends[2]; /* what is sent on the second is received on the first */
static int epoll;
static int flags;
static int to_accept;

static int is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void open_ends(const char *kind)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    if (is(kind, "stream"))
        socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    if (is(kind, "datagram"))
        socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
    if (is(kind, "pipe"))
        ends[1] = pipe(ends) == 0 ? ends[1] : -1;
    if (is(kind, "file")) {
        ends[0] = open("probe.file", O_RDONLY | O_CREAT, 0600);
        ends[1] = open("probe.file", O_WRONLY);
    }
    if (is(kind, "listener")) {
        ends[0] = socket(AF_INET, SOCK_STREAM, 0);
        listen(ends[0], 100);
        getsockname(ends[0], (struct sockaddr *)&address, &length);
        for (to_accept = 16; to_accept > 0 && flags == 0; to_accept--)
            connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, length);
        to_accept = 16;
    }
}

static ssize_t try(const char *call, size_t size)
{
    static char bytes[4096];
    struct iovec pieces[] = {{bytes, 0}, {bytes, size / 2}, {bytes + 2048, size - size / 2}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 3};
    struct pollfd ready[8] = {{.fd = ends[0], .events = POLLIN}};
    struct timeval time = {.tv_sec = flags & MSG_DONTWAIT ? 0 : 5};
    struct timespec time_ns = {.tv_sec = time.tv_sec};
    struct epoll_event event;
    fd_set reading;
    nfds_t count = size / 8; /* 1, which the compiler must not know */
    int waits = (int)time.tv_sec * 1000;

    FD_ZERO(&reading);
    FD_SET(ends[0], &reading);
    if (is(call, "recv")) return recv(ends[0], bytes, size, flags);
    if (is(call, "recvfrom")) return recvfrom(ends[0], bytes, size, flags, NULL, NULL);
    if (is(call, "recvmsg")) return recvmsg(ends[0], &message, flags);
    if (is(call, "read")) return read(ends[0], bytes, size);
    if (is(call, "readv")) return readv(ends[0], pieces, 3);
    if (is(call, "send")) return send(ends[1], bytes, size, flags);
    if (is(call, "sendto")) return sendto(ends[1], bytes, size, flags, NULL, 0);
    if (is(call, "sendmsg")) return sendmsg(ends[1], &message, flags);
    if (is(call, "write")) return write(ends[1], bytes, size);
    if (is(call, "writev")) return writev(ends[1], pieces, 3);
    if (is(call, "accept")) return accept(ends[0], NULL, NULL) == -1 ? -1 : !!to_accept--;
    if (is(call, "accept4")) return accept4(ends[0], NULL, NULL, 0) == -1 ? -1 : !!to_accept--;
    if (is(call, "poll")) return poll(ready, count, waits);
    if (is(call, "ppoll")) return ppoll(ready, count, &time_ns, NULL);
    if (is(call, "select")) return select(ends[0] + 1, &reading, NULL, NULL, &time);
    if (is(call, "pselect")) return pselect(ends[0] + 1, &reading, NULL, NULL, &time_ns, NULL);
    if (is(call, "epoll_wait")) return epoll_wait(epoll, &event, 1, waits);
    if (is(call, "epoll_pwait")) return epoll_pwait(epoll, &event, 1, waits, NULL);
    abort();
}

int main(int argc, char **argv)
{
    const size_t size = argc > 3 ? (size_t)atoi(argv[3]) : 100;
    struct epoll_event event = {.events = EPOLLIN};
    int nonblocking = 0;

    for (int i = 4; i < argc; i++) {
        flags |= is(argv[i], "dontwait") ? MSG_DONTWAIT : 0;
        flags |= is(argv[i], "peek") ? MSG_PEEK : 0;
        flags |= is(argv[i], "waitall") ? MSG_WAITALL : 0;
        nonblocking |= is(argv[i], "nonblocking");
        event.events |= is(argv[i], "edge") ? EPOLLET : 0;
    }
    open_ends(argv[1]);
    for (int i = 0; i < 40 && !is(argv[1], "listener"); i++)
        (void)!write(ends[1], "abcdef", 6);
    if (nonblocking)
        fcntl(ends[0], F_SETFL, O_NONBLOCK), fcntl(ends[1], F_SETFL, O_NONBLOCK);
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
    for (int i = 0; i < 16; i++) {
        ssize_t result = try(argv[2], size);
        if (result == -1)
            printf("%s ", strerrorname_np(errno));
        else
            printf("%zd ", result);
    }
    putchar('\n');
    return 0;
}
C
  cc -std=gnu11 -O0 -U_FORTIFY_SOURCE -o "$BATS_FILE_TMPDIR/probe" "$BATS_FILE_TMPDIR/probe.c"
  cc -std=gnu11 -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -o "$BATS_FILE_TMPDIR/checked-probe" \
    "$BATS_FILE_TMPDIR/probe.c"
}

# under MODE PROBE ARGUMENT...: what the probe prints.
under() {
  run_bounded env CHAOS="$1" LD_PRELOAD="$library" "$BATS_FILE_TMPDIR/$2" "${@:3}"
  assert_success
  assert_equal "$stderr" ''
}

# strikes MODE WHAT COUNT ARGUMENT...: of 16 calls, as many return WHAT, in both builds.
strikes() {
  local program struck
  for program in probe checked-probe; do
    under "$1" "$program" "${@:4}"
    struck=$(grep -ow -e "$2" <<<"$output" | wc -l)
    ((struck == $3)) || fail_because "$program ${*:4} under CHAOS=$1" "$2 $3 times in 16" "$output"
  done
}

# spares MODE ARGUMENT...: the calls return what they return without chaos.
spares() {
  local program calm
  for program in probe checked-probe; do
    calm=$(bounded "$BATS_FILE_TMPDIR/$program" "${@:2}")
    under "$1" "$program" "${@:2}"
    assert_equal "$output" "$calm"
  done
}

@test "short-recv: every call that receives takes one byte, three times of four" {
  local call
  for call in recv recvfrom recvmsg read readv; do
    strikes short-recv 1 12 stream "$call" 8
  done
}

@test "short-recv: datagrams, pipes and files stay whole" {
  local call
  for call in recv recvfrom recvmsg read readv; do
    spares short-recv datagram "$call" 100
  done
  for call in read readv; do
    spares short-recv pipe "$call" 8
    spares short-recv file "$call" 8
  done
}

@test "short-recv: MSG_PEEK sees all, and MSG_WAITALL takes all" {
  spares short-recv stream recv 8 peek
  spares short-recv stream recv 8 waitall
}

@test "short-recv: no byte is lost, doubled or moved" {
  start_peer_server accept 'send:one\ntwo\nthree\n' repeat:5000:abc close
  run_bounded env CHAOS=short-recv LD_PRELOAD="$library" "$PEER" --port "$port" \
    'expect:one\ntwo\nthree\n' expect-repeat:5000:abc eof
  assert_success
}

@test "short-send: every call that sends takes half, three times of four" {
  local call
  for call in send sendto write sendmsg writev; do
    strikes short-send 500 12 stream "$call" 1000
  done
}

@test "short-send: what is small goes whole; so do datagrams, pipes and files" {
  local call
  for call in send sendto sendmsg write writev; do
    spares short-send stream "$call" 512
    spares short-send datagram "$call" 1000 dontwait nonblocking
  done
  for call in write writev; do
    spares short-send pipe "$call" 1000
    spares short-send file "$call" 1000
  done
}

@test "short-write: write to a file takes half, three times of four; small ones, sockets and pipes are whole" {
  strikes short-write 500 12 file write 1000
  spares short-write file write 512
  spares short-write stream write 1000
  spares short-write pipe write 1000
}

@test "eintr: what is written to a file is interrupted, one time of four; small pieces are not" {
  strikes eintr EINTR 4 file write 1000
  spares eintr file write 512
}

@test "eintr: receiving, accepting and waiting are interrupted, one time of four" {
  local call
  for call in recv recvfrom recvmsg read readv poll ppoll select pselect epoll_wait epoll_pwait; do
    strikes eintr EINTR 4 stream "$call" 8
  done
  strikes eintr EINTR 4 datagram recv
  strikes eintr EINTR 4 listener accept
  strikes eintr EINTR 4 listener accept4
}

@test "eintr: a send is interrupted where it may wait: not if it is small" {
  local call
  for call in send sendto sendmsg write writev; do
    strikes eintr EINTR 4 stream "$call" 1000
    spares eintr stream "$call" 512
  done
}

@test "eintr: what does not wait is not interrupted" {
  local call
  for call in recv send poll ppoll select pselect epoll_wait epoll_pwait; do
    spares eintr stream "$call" 8 dontwait
  done
  for call in read write; do
    spares eintr stream "$call" 8 nonblocking
    spares eintr pipe "$call" 8
    spares eintr file "$call" 8
  done
}

@test "eagain: only on a non-blocking socket, whichever way it became one" {
  local call
  for call in recv recvfrom recvmsg send sendto sendmsg; do
    strikes eagain EAGAIN 4 stream "$call" 8 dontwait
    strikes eagain EAGAIN 4 stream "$call" 8 nonblocking
    spares eagain stream "$call" 8
  done
  for call in read readv write writev; do
    strikes eagain EAGAIN 4 stream "$call" 8 nonblocking
    spares eagain pipe "$call" 8 nonblocking
  done
  strikes eagain EAGAIN 4 listener accept 8 nonblocking
  spares eagain listener accept
}

@test "eagain: not in a program that uses EPOLLET: it would wait for ever" {
  spares eagain stream recv 8 nonblocking edge
}

@test "aborted and emfile: accept fails one time of four, and the connection stays in the queue" {
  local call
  for call in accept accept4; do
    strikes aborted ECONNABORTED 4 listener "$call"
    strikes aborted 1 12 listener "$call"
    strikes emfile EMFILE 4 listener "$call"
    strikes emfile 1 12 listener "$call"
  done
  spares aborted,emfile stream recv 8
  spares aborted,emfile stream send 8
}

@test "several modes, and all: each strikes" {
  under short-recv,eintr probe stream recv 8
  assert_regex "$output" 'EINTR'
  assert_regex "$output" '\b1\b'
  under all probe listener accept
  assert_regex "$output" 'EMFILE .*ECONNABORTED'
}

@test "the first call is struck, whatever the seed" {
  local seed
  for seed in 0 1 2 1000000; do
    CHAOS_SEED=$seed under eintr probe stream recv 8
    assert_regex "$output" '^EINTR [0-9]'
  done
}

@test "the same seed strikes the same calls, another one strikes others, and 1 is the default" {
  local first
  under eintr probe stream recv 8
  first=$output
  CHAOS_SEED=1 under eintr probe stream recv 8
  assert_equal "$output" "$first"
  CHAOS_SEED=2 under eintr probe stream recv 8
  [[ $output != "$first" ]] || fail "seed 2 strikes as seed 1 does: $output"
}

@test "a mode that is unknown or missing, and a bad seed: one line on stderr, exit 2" {
  local bad
  for bad in CHAOS= CHAOS=nonsense "CHAOS=eintr," CHAOS=,eintr CHAOS=eintr,short CHAOS=EINTR \
    -uCHAOS 'CHAOS=eintr CHAOS_SEED=x' 'CHAOS=eintr CHAOS_SEED=' 'CHAOS=eintr CHAOS_SEED=-1'; do
    # shellcheck disable=SC2086 # two variables are two words
    run_bounded env $bad LD_PRELOAD="$library" "$BATS_FILE_TMPDIR/probe" stream recv
    assert_fails 2
    assert_regex "$stderr" '^chaos: '
    assert_printed ''
  done
}

# ---- the scenarios, with CHAOS ----

# scenarios FILE [MODE [SEED]]: runs the scenarios of a file that stands in tests/.
scenarios() {
  run env CHAOS="${2:-}" CHAOS_SEED="${3:-1}" BUILD="$BUILD" timeout 60 bats --formatter tap "$1"
}

@test "a scenario's server and client run under chaos; peer, and what the shell starts, do not" {
  mkdir tests
  cp "$ROOT/tests/helpers.bash" tests/
  # bats takes a line that starts with @test for a test of this file, wherever it stands.
  sed 's/^%/@/' >tests/03-tcp-dialog.bats <<'BATS'
load helpers
%test "server: has the library" {
  start_server
  grep -q chaos.so "/proc/${pid_of[server]}/maps"
  [[ $(readlink "/proc/${pid_of[server]}/exe") == "$BUILD/03-tcp-dialog/server" ]]
}
%test "client: has the library" {
  start_server
  start_client client
  wait_for_line server.out '^client .* connected$'
  grep -q chaos.so "/proc/${pid_of[client]}/maps"
}
%test "server: peer has not" {
  start_server
  start_peer peer hold
  wait_for_line server.out '^client .* connected$'
  ! grep -q chaos.so "/proc/${pid_of[peer]}/maps" && ! grep -q chaos.so /proc/self/maps
}
%test "server: not under eintr" {
  not_under short-send eintr
}
BATS
  sed -i "s|^ROOT=.*|ROOT=$ROOT|" tests/helpers.bash
  scenarios tests/03-tcp-dialog.bats eintr
  assert_success
  assert_line 'ok 4 server: not under eintr # skip not under CHAOS=eintr'
  scenarios tests/03-tcp-dialog.bats all
  assert_line 'ok 4 server: not under eintr # skip not under CHAOS=all'
  scenarios tests/03-tcp-dialog.bats aborted,emfile
  assert_success
  assert_line 'ok 4 server: not under eintr'
  scenarios tests/03-tcp-dialog.bats
  assert_failure
}

@test "CHAOS without a library, or with an unknown mode: the scenarios fail" {
  BUILD=$BATS_TEST_TMPDIR scenarios "$ROOT/tests/01-udp-echo.bats" eintr
  assert_failure
  refute_line --regexp '^ok [0-9]+ server: [^#]*$'
  scenarios "$ROOT/tests/01-udp-echo.bats" nonsense
  assert_failure
  refute_line --regexp '^ok [0-9]+ server: answers [^#]*$'
}

@test "make chaos: a line for each mode, and the sum at the end" {
  mkdir chaotic
  printf 'load %s\n' "$ROOT/tests/helpers" >chaotic/01-udp-echo.bats
  sed 's/^%/@/' >>chaotic/01-udp-echo.bats <<'BATS'
%test "server: fails under eintr" {
  not_under aborted
  [[ $CHAOS != eintr ]]
}
%test "server: is calm" {
  true
}
BATS
  unset CHAOS
  run --separate-stderr timeout 120 "$ROOT/scripts/chaos" "$PWD/chaotic/01-udp-echo.bats"
  assert_failure
  assert_line --regexp '^short-recv +2 passed, 0 failed$'
  assert_line --regexp '^short-write +2 passed, 0 failed$'
  assert_line --regexp '^eintr +1 passed, 1 failed$'
  assert_line --regexp '^not ok 1 server: fails under eintr'
  assert_line --regexp '^aborted +1 passed, 0 failed, 1 skipped$'
  assert_line --regexp '^all +1 passed, 0 failed, 1 skipped$'
  assert_equal "${lines[-1]}" '13 passed, 1 failed'
  CHAOS=short-send run --separate-stderr timeout 120 "$ROOT/scripts/chaos" "$PWD/chaotic/01-udp-echo.bats"
  assert_success
  assert_equal "${lines[-1]}" '2 passed, 0 failed'
}

@test "make chaos: what is unknown is one line, exit 2; and no scenario is no success" {
  CHAOS=nonsense run_bounded "$ROOT/scripts/chaos"
  assert_fails 2
  CHAOS_SEED=x run_bounded "$ROOT/scripts/chaos"
  assert_fails 2
  CHAOS=eintr run --separate-stderr timeout 60 "$ROOT/scripts/chaos" "$ROOT/tests/toolkit/help.bats"
  assert_failure
  assert_equal "${lines[-1]}" '0 passed, 0 failed'
}
