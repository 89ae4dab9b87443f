#!/usr/bin/env bats
# scripts/coverage, on a framework of four functions.

load ../helpers

setup() {
  command -v gcc >/dev/null || skip "gcc is not installed"
  command -v gcov >/dev/null || skip "gcov is not installed"
  mkdir -p "$BATS_TEST_TMPDIR/house/common" "$BATS_TEST_TMPDIR/house/tests/framework"
  cd "$BATS_TEST_TMPDIR/house" || return
  cp -R "$ROOT/Makefile" "$ROOT/scripts" .
  cp "$ROOT/tests/framework/"{harness,coverage}.* tests/framework
  cat >common/number.h <<'C'
int one(void);
int two(void);
int three(void);
C
  cat >common/number.c <<'C'
#include "number.h"
int one(void)
{
    return 1;
}
int two(void)
{
    return 2;
}
C
}

# test_that STATEMENT...: a test of the framework.
test_that() {
  cat >tests/framework/test_number.c <<C
#include "harness.h"
#include "number.h"
#include <sys/wait.h>
#include <unistd.h>
static void number(void)
{
    $*
}
int main(int argc, char **argv)
{
    static const struct test tests[] = {{"number", number}, {0}};
    return run_tests(tests, argc, argv);
}
C
}

@test "every line was executed: also by a child that ends with _exit" {
  test_that 'if (fork() == 0) _exit(two()); wait(NULL); CHECK(one() == 1);'
  run timeout 60 scripts/coverage
  assert_success
  assert_output 'common/number.c: 100.0 % of 4 lines were executed'
}

@test "less than 95 %: it fails, and prints the lines" {
  test_that 'CHECK(one() == 1);'
  run timeout 60 scripts/coverage
  assert_equal "$status" 1
  assert_output 'common/number.c: 50.0 % of 4 lines were executed; not these:
     6:int two(void)
     8:    return 2;
coverage: less than 95 % of the lines were executed: common/number.c'
}

@test "a file that no test uses is measured, too" {
  test_that 'CHECK(one() + two() == 3);'
  printf 'int three(void);\nint three(void)\n{\n    return 3;\n}\n' >common/three.c
  run timeout 60 scripts/coverage
  assert_equal "$status" 1
  assert_line 'common/number.c: 100.0 % of 4 lines were executed'
  assert_line 'common/three.c: 0.0 % of 2 lines were executed; not these:'
}

@test "net.c and cli.c are not measured: the lessons test them" {
  test_that 'CHECK(one() + two() == 3);'
  printf 'int net(void);\nint net(void)\n{\n    return 3;\n}\n' >common/net.c
  printf 'int cli(void);\nint cli(void)\n{\n    return 3;\n}\n' >common/cli.c
  run timeout 60 scripts/coverage
  assert_success
  assert_output 'common/number.c: 100.0 % of 4 lines were executed'
}

@test "a test that fails is told, and nothing is measured" {
  test_that 'CHECK(one() == 2);'
  run timeout 60 scripts/coverage
  assert_equal "$status" 1
  assert_line 'not ok number'
  assert_line 'coverage: build/coverage/framework/test_number failed'
  refute_output --partial executed
}

@test "a second run begins anew" {
  test_that 'CHECK(one() + two() == 3);'
  run timeout 60 scripts/coverage
  assert_success
  test_that 'CHECK(one() == 1);'
  run timeout 60 scripts/coverage
  assert_equal "$status" 1
}

@test "without gcov: one line says what installs it" {
  test_that 'CHECK(one() == 1);'
  mkdir bin
  local command
  for command in bash sh env dirname gcc make; do
    ln -s "$(command -v "$command")" bin/
  done
  PATH=$PWD/bin run scripts/coverage
  assert_equal "$status" 2
  assert_output 'gcov is not installed; run: scripts/setup coverage'
}
