#!/usr/bin/env bats
# The frameworks of common/: each has its tests in C, in tests/framework/.

load ../helpers

# framework_passes NAME: what it prints says which of its tests failed, and where.
framework_passes() {
  RUN_LIMIT=300 run_bounded "$BUILD/framework/test_$1"
  assert_success
}

@test "buffer, lines and queue: their tests pass" {
  framework_passes bytes
}

@test "asyncore: its tests pass, with each poller" {
  framework_passes asyncore
}

@test "asynchat: its tests pass, with each poller" {
  framework_passes asynchat
}

@test "socketserver: its tests pass" {
  framework_passes socketserver
}
