#!/usr/bin/env bats
# tests/bench: the servers that asyncore and socketserver compare do the same. What they cost is no test's matter.

load ../helpers

# echoes COMMAND...: the server that it starts sends back what comes, to two clients.
echoes() {
  start echo "$@"
  wait_for_line echo.out '^listening on '
  port=$(sed -n '1s/.*://p' echo.out)
  start_peer first 'send:Hello\n' wait expect-repeat:1:'Hello\n' say:here hold
  # More than the server receives at once, and answers that are not read until all is sent.
  peer repeat:100000:x 'send:\n' expect-repeat:100000:x 'expect:\n' shutdown eof
  tell first on
  wait_for_line first.out '^here$'
}

@test "bare_epoll sends back what comes" {
  echoes "$BUILD/bench/bare_epoll"
}

@test "echo_asyncore sends back what comes" {
  echoes "$BUILD/common/examples/echo_asyncore"
}

@test "echo_asynchat sends back what comes" {
  echoes "$BUILD/common/examples/echo_asynchat"
}

@test "echo_socketserver sends back what comes" {
  echoes "$BUILD/common/examples/echo_socketserver"
}

@test "libevent sends back what comes" {
  pkg-config --exists libevent_core 2>/dev/null || skip "libevent is not installed"
  # In a place of its own: what stands in BUILD may have been built with other flags.
  make -s -C "$ROOT" BUILD="$PWD/build" "$PWD/build/bench/libevent" LDLIBS="$(pkg-config --libs libevent_core)"
  echoes "$PWD/build/bench/libevent"
}

@test "asyncore_server.py sends back what comes" {
  python3 -W ignore -c 'import asyncore' 2>/dev/null || skip "python3 has no asyncore"
  echoes python3 -W ignore "$ROOT/tests/bench/asyncore_server.py"
}

@test "asyncore: bad usage is one line, exit 2" {
  run "$ROOT/tests/bench/asyncore" 99999
  assert_equal "$status" 2
  assert_output 'usage: tests/bench/asyncore [MESSAGES], 100000 or more'
}

@test "bare_sendfile sends a file" {
  head -c 300000 /dev/urandom >file
  start bare "$BUILD/bench/bare_sendfile" 0 file
  wait_for_line bare.out '^listening on '
  run_bounded "$BUILD/bench/bare_sendfile" "$(sed -n '1s/.*://p' bare.out)" copy --receive
  assert_succeeds
  cmp file copy
}
