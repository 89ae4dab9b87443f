#!/usr/bin/env bats
# Each lesson builds without make, with the lines that its README prints.

load ../helpers

# builds_by_hand COMPILER: every line of every lesson's README that begins with cc.
builds_by_hand() {
  local compiler=$1 readme line built=0
  for readme in "$ROOT"/lessons/*/README.md; do
    grep -q '^    cc ' "$readme" || fail "$readme does not say how to build by hand"
    while IFS= read -r line; do
      line=${line/#cc/$compiler -Wall -Wextra}
      run_bounded bash -c "cd '$ROOT' && ${line% -o *} -o '$PWD/${line##* }'"
      [[ $status$output$stderr == 0 ]] || fail "$readme: $line"$'\n'"$output$stderr"
      run_bounded "./${line##* }" --help
      assert_succeeds
      built=$((built + 1))
    done < <(sed -n 's/^    cc /cc /p' "$readme")
  done
  ((built >= 2 * $(find "$ROOT/lessons" -mindepth 1 -maxdepth 1 -type d | wc -l))) ||
    fail "only $built programs are built by hand"
}

@test "every lesson builds with the lines in its README: gcc" {
  type -P gcc >/dev/null || skip "there is no gcc"
  builds_by_hand gcc
}

@test "every lesson builds with the lines in its README: clang" {
  type -P clang >/dev/null || skip "there is no clang"
  builds_by_hand clang
}
