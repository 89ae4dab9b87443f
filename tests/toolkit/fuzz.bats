#!/usr/bin/env bats
# make fuzz: the parsers, with inputs that libFuzzer makes.

load ../helpers

need_libfuzzer() {
  local library
  library=$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null) || true
  [[ -e $library ]] || skip "there is no clang with libFuzzer (scripts/setup fuzz)"
}

@test "fuzz: nothing is found, and a mistake in the search is" {
  need_libfuzzer
  unset ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS # make sanitize collects reports; here one is wanted
  mkdir -p tree/tests
  cp -R "$ROOT/Makefile" "$ROOT/scripts" "$ROOT/common" "$ROOT/lessons" tree
  cp -R "$ROOT/tests/fuzz" tree/tests
  BUILD=build RUN_LIMIT=120 run_bounded tree/scripts/fuzz 0
  assert_succeeds
  assert_same "${lines[-1]}" "$(find tree/tests/fuzz -name '*.c' | wc -l) passed, 0 failed"
  # A terminator that the end of a piece cuts off is not waited for.
  sed -i 's/size_t visible = smaller(.*/size_t visible = terminator.length; if ((size_t)(end - at) < visible) break;/' tree/common/asynchat.c
  BUILD=build RUN_LIMIT=120 run_bounded tree/scripts/fuzz 30 terminator
  assert_same "$status" 1
  assert_regex "$output" 'FAILED +terminator:'
  [[ -n $(compgen -G 'tree/build/fuzz/terminator-crash-*') ]] || fail "the input was not kept"
}

@test "fuzz: an unknown target, and what is no number: one line on stderr, exit 2" {
  run_bounded "$ROOT/scripts/fuzz" 1 terminators
  assert_fails 2
  run_bounded "$ROOT/scripts/fuzz" soon
  assert_fails 2
}
