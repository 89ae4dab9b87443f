#!/usr/bin/env bats
# The tests are fair: correct servers by another hand, in tests/students/NN-name/, pass every
# scenario of their lesson's server, though they have no line in common with the lesson's own.

load ../helpers

# passes_all LESSON: its server in tests/students/ passes every scenario, and there were some.
passes_all() {
  local status=0 passed
  env -u RESULTS SUBMISSION="$ROOT/tests/students/$1" timeout -k 5 300 \
    bats --formatter tap -f '^server: ' "$ROOT/tests/$1.bats" >out 2>&1 3>&- || status=$?
  passed=$(grep -cE '^ok ' out || true)
  if ((status != 0)) || grep -qE '^(not ok|ok .* # skip waits for)' out; then
    fail_because "a correct server by another hand does not pass" "no line that begins with: not ok" \
      "$(grep -A 20 '^not ok' out || cat out)"
  fi
  ((passed >= 20)) || fail_because "too few scenarios were run" "20 or more" "$passed"
}

@test "another server of lesson 2 passes" {
  passes_all 02-tcp-time
}

@test "another server of lesson 3 passes" {
  passes_all 03-tcp-dialog
}

@test "every server in tests/students has its test here" {
  diff <(find "$ROOT/tests/students" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort) \
    <(sed -n 's/^  passes_all //p' "$ROOT/tests/toolkit/students.bats" | sort)
}
