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

# The tables that a file defines: those of struct NAME_ops, and the classes of handlers.
tables_named_otherwise() {
  grep -rnE --include='*.c' 'const struct [a-z_]+_ops [A-Za-z_]+ = [{]' "$@" | grep -vE '[_ ]ops = [{]'
  grep -rnE --include='*.c' 'const struct request_handler_class [A-Za-z_]+ = [{]' "$@" | grep -vF '_class = {'
  return 0
}

@test "a table of methods is named ..._ops in all frameworks and lessons, a class of handlers ..._class" {
  run -0 tables_named_otherwise "$ROOT/common" "$ROOT/lessons"
  assert_output ""
}
