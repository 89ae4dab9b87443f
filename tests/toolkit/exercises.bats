#!/usr/bin/env bats
# The exercises: what the markers say, and start, check, hint, solution and watch.

load ../helpers

# What helpers.bash does before each test, under a name of its own.
eval "set_up_helpers() $(declare -f setup | tail -n +2)"

# Everything of that toolkit but its lesson: common/ is compiled once for all tests.
setup_file() {
  mkdir -p "$BATS_FILE_TMPDIR/toolkit/tests"
  cd "$BATS_FILE_TMPDIR/toolkit" || return
  cp -Rp "$ROOT/Makefile" "$ROOT/scripts" "$ROOT/common" .
  cp -Rp "$ROOT/tests/lib" tests/
  env -u CC make -s BUILD=build build/common/common.a
}

# Most tests have a toolkit of their own, with one small lesson that has three exercises.
setup() {
  set_up_helpers
  local tools=$BUILD/tools
  unset WORK FORCE BUILD CC
  export NO_COLOR=1
  lesson=$BATS_TEST_TMPDIR/toolkit/lessons/01-count
  work=work/01-count
  mkdir -p "$lesson" "$BATS_TEST_TMPDIR/toolkit/tests/tools"
  cd "$BATS_TEST_TMPDIR/toolkit" || return
  cp -Rp "$BATS_FILE_TMPDIR/toolkit/." .
  mkdir -p build/tools
  cp -p "$ROOT/tests/tools/chaos.c" tests/tools/ # make would not do without
  cp -p "$tools/chaos.so" build/tools/
  write_lesson
}

write_lesson() {
  cat >"$lesson/server.c" <<'C'
#include "words.h"

int main(void)
{
    /* EXERCISE 1: say one */
    puts(ONE);
    /* END EXERCISE */
    /* EXERCISE 3: say three,
     * by calling puts */
    puts("three");
    /* END EXERCISE */
    return 0;
}
C
  cat >"$lesson/client.c" <<'C'
#include "words.h"

int main(void)
{
    int numbers[] = {1, 2};
    /* EXERCISE 2: add the numbers */
    int sum = numbers[0] + numbers[1];
    /* END EXERCISE */
    printf("%d\n", sum);
    return 0;
}
C
  printf '#include <stdio.h>\n#define ONE "one"\n' >"$lesson/words.h"
  printf '# Lesson 1: count\n' >"$lesson/README.md"
  cat >"$lesson/EXERCISES.md" <<'MARKDOWN'
# Exercises of lesson 1

## Exercise 1: one

The idea of one.

<details><summary>Hint 1</summary>

A question?

</details>

<details><summary>Hint 2</summary>

    puts("one");

</details>

## Exercise 2: two

The idea of two.

```c
int sum = numbers[0];
```

## Exercise 3: three

```c
int three = 3;
if (three == 2)
    puts("two");
```
MARKDOWN
  # bats would take an @test, or its tags, here for its own.
  sed 's/^TEST/@test/; s/^TAGS/# bats test_tags/' >tests/01-count.bats <<'BATS'
TAGS=points:2,basic,exercise:1
TEST "server: says one" {
  [[ $("$SUBMISSION/server") == *one* ]] || { echo "the server says one"; false; }
}

TAGS=points:2,exercise:3
TEST "server: says three" {
  [[ $("$SUBMISSION/server") == *one* ]] || skip "waits for: server: says one"
  [[ $("$SUBMISSION/server") == *three* ]] || { echo "the server says three"; false; }
}

TAGS=points:2
TEST "client: adds" {
  said=$("$SUBMISSION/client") && [[ $said == 3 ]] || { echo "the client says 3"; false; }
}

TEST "other: is not the student's" {
  false
}
BATS
}

# fill N TEXT: what a student does: TEXT in the place of a TODO of one or two lines.
fill() {
  local file
  file=$(grep -lE "TODO $1:" "$work"/*.c)
  sed -i "/TODO $1:/{:a;/\*\//!{N;ba};s|.*|$2|}" "$file"
}

checksums() {
  find "$@" -type f -exec cksum {} + | sort
}

# assert_refused STATUS: one line, and nothing on stdout.
assert_refused() {
  assert_fails "$1"
  assert_equal "$output" ''
}

# ---- the markers ----

@test "markers: the starter has each TODO, what the end marker says, and nothing of the solution" {
  run scripts/start 1
  assert_success
  assert_line --partial 'client.c server.c'
  assert_equal "$(cat "$work/server.c")" '#include "words.h"

int main(void)
{
    /* TODO 1: say one */
    /* TODO 3: say three,
     * by calling puts */
    int three = 3;
    if (three == 2)
        puts("two");
    return 0;
}'
  assert_equal "$(grep -c 'int sum' "$work/client.c")" 1
  cmp "$lesson/words.h" "$work/words.h"
}

# assert_bad_markers MESSAGE LINE...: a server.c of these lines. Nothing is made of it.
assert_bad_markers() {
  local message=$1
  shift
  printf '%s\n' "$@" >"$lesson/server.c"
  run_bounded scripts/start 1
  assert_refused 1
  assert_equal "$stderr" "lessons/01-count/server.c:$message"
  [[ ! -e work ]] || fail "something was made: $(find work)"
}

@test "markers: each mistake is named with its file and line, and nothing is made" {
  local one='/* EXERCISE 1: one */' end='/* END EXERCISE */'
  assert_bad_markers '2: EXERCISE 3 begins inside EXERCISE 1' "$one" '/* EXERCISE 3: x */' "$end" "$end"
  assert_bad_markers '1: EXERCISE 1 does not end' "$one" 'int x;'
  assert_bad_markers '3: EXERCISE 1 is there twice; the other one is lessons/01-count/server.c:1' \
    "$one" "$end" "$one" "$end"
  assert_bad_markers '1: EXERCISE 2 is there twice; the other one is lessons/01-count/client.c:6' \
    '/* EXERCISE 2: again */' "$end"
  assert_bad_markers '2: END EXERCISE, but no EXERCISE before it' 'int x;' "$end"
  local bad
  for bad in '/* EXERCISE 0: x */' '/* EXERCISE: x */' '/* EXERCISE x: y */' '/* EXERCISE 1 */' \
    '// EXERCISE 1: x' '/* exercise, or EXERCISE */' '/* END EXERCISE 1 */'; do
    [[ $bad == //* ]] || assert_bad_markers \
      '1: no marker; write /* EXERCISE 1: what to write */ or /* END EXERCISE */' "$bad" "$end"
  done
  assert_bad_markers '1: EXERCISE 1 does not say what to write' '/* EXERCISE 1: */' "$end"
  assert_bad_markers '1: a marker stands alone on its lines' '// EXERCISE 1: x' "$end"
  assert_bad_markers '1: a marker stands alone on its lines' "int x; $one" "$end"
  assert_bad_markers '1: a marker stands alone on its lines' "$one int x;" "$end"
  assert_bad_markers "2: the marker's comment does not end" '' '/* EXERCISE 1: x'
}

@test "a work is compiled again when a header of common/ has changed, or one of its own; else not" {
  scripts/start 1 >/dev/null
  sed -i '1i #define WORK\n#include "net.h"' "$work/server.c"
  mkdir out
  compile_work
  touch first
  compile_work
  [[ ! out/server -nt first ]]
  sed -i '$i #ifdef WORK\n#error common\n#endif' common/net.h # common/ itself can be compiled
  refuses_to_compile common
  cp -p "$ROOT/common/net.h" common/
  echo '#error own' >>"$work/words.h"
  refuses_to_compile own
}

compile_work() {
  make -s FROM="$work" TO=out out/server
}

refuses_to_compile() {
  run compile_work
  assert_failure
  assert_output --partial "#error $1"
}

@test "markers: those of every lesson are right; the starters compile without a warning" {
  local directory name program started=0
  export WORK=$BATS_TEST_TMPDIR/work
  for directory in "$ROOT"/lessons/*/; do
    name=$(basename "$directory")
    grep -q EXERCISE "$directory"*.c "$directory"*.h || continue
    "$ROOT/scripts/start" "${name%%-*}" >/dev/null
    for program in "$directory"*.c; do
      [[ ! -e ${program%.c}.h ]] || continue # a module
      run make -s -C "$ROOT" FROM="$WORK/$name" TO="$WORK/$name" \
        "$WORK/$name/$(basename "$program" .c)"
      assert_success
      assert_output ''
    done
    started=$((started + 1))
  done
  ((started > 0))
}

@test "markers: each exercise of every lesson has hints in its EXERCISES.md, and no other has" {
  local directory frameworks
  for directory in "$ROOT"/lessons/*/; do
    readarray -t frameworks < <(cat "$directory/framework" 2>/dev/null)
    sed -n 's|^ */\* EXERCISE \([0-9]*\):.*|\1|p' "$directory"*.[ch] "${frameworks[@]/#/$ROOT/common/}" |
      sort -n >exercises
    sed -n 's|^## Exercise \([0-9]*\): .*|\1|p' "$directory/EXERCISES.md" | cmp - exercises
    awk -v file="$directory/EXERCISES.md" '
      /^##/ { if (heading && hints < 2) { print file ": " heading ": too few hints"; exit 1 }
              heading = /^## Exercise/ ? $0 : ""; hints = 0 }
      heading && /^<details><summary>Hint [0-9]+<\/summary>$/ { hints++ }' "$directory/EXERCISES.md"
  done
}

# ---- start ----

@test "start: says where the copy is, and what to type next" {
  run scripts/start 01
  assert_success
  assert_line --partial work/01-count
  assert_line --partial 'make check-1'
  assert_equal "$(ls -A work)" 01-count
}

@test "start: on work that is there: one line, exit 1, and nothing is changed" {
  scripts/start 1
  fill 1 'puts("mine");'
  local before
  before=$(checksums work)
  run_bounded scripts/start 1
  assert_refused 1
  assert_regex "$stderr" 'work/01-count is there already'
  assert_equal "$(checksums work)" "$before"
}

@test "start: FORCE=1 keeps the old work beside the new one, each time" {
  scripts/start 1
  fill 1 'puts("mine");'
  local before
  before=$(checksums work/01-count | awk '{ print $1, $2 }')
  run make -s start-1 FORCE=1
  assert_success
  assert_line --partial work/01-count.1
  assert_equal "$(checksums work/01-count.1 | awk '{ print $1, $2 }')" "$before"
  run grep -c 'TODO 1' work/01-count/server.c
  assert_output 1
  FORCE=1 scripts/start 1
  assert_equal "$(ls -A work)" $'01-count\n01-count.1\n01-count.2'
}

@test "start: a lesson without exercises, an unknown lesson, no lesson" {
  mkdir lessons/02-none
  run_bounded scripts/start 2
  assert_refused 1
  echo 'int main(void) { return 0; }' >lessons/02-none/server.c
  run_bounded scripts/start 2
  assert_refused 1
  assert_equal "$stderr" 'lesson 2 has no exercises'
  local script
  for script in start check hint solution watch; do
    run_bounded "scripts/$script" 9
    assert_equal "$status" 2
    assert_equal "${stderr_lines[0]}" 'There is no lesson 9. The lessons are:'
    run_bounded "scripts/$script"
    assert_refused 2
    assert_equal "$stderr" "usage: scripts/$script N"
  done
  [[ ! -e work ]]
}

@test "start: where it can't write: nothing is half-written" {
  : >work
  run scripts/start 1
  assert_failure 1
  assert_equal "$(cat work)" ''
}

@test "check, hint, watch: without work, they say how to begin" {
  local script
  for script in check hint watch; do
    run_bounded "scripts/$script" 1
    assert_refused 1
    assert_regex "$stderr" 'begin with: make start-1$'
  done
}

# ---- check ----

@test "check: the untouched starter fails, and each failing check says what to write" {
  scripts/start 1
  run scripts/check 1
  assert_failure 1
  assert_output - <<'OUTPUT'
FAILED   server: says one
         the server says one
         What to do next: TODO 1 in work/01-count/server.c, line 5: say one
waits    server: says three
FAILED   client: adds
         the client says 3
         What to do next: TODO 2 in work/01-count/client.c, line 6: add the numbers

0 of 3 checks pass, 2 fail, 1 wait.
1 wait for: server: says one
Points: 0 of 6.
Next: TODO 1 in work/01-count/server.c, line 5: say one
Then: make check-1   For a hint: make hint-1
OUTPUT
}

@test "check: filled one by one, the checks turn green; the last shows how the reference differs" {
  scripts/start 1
  fill 1 '    puts("one");'
  run scripts/check 1
  assert_failure 1
  assert_line 'passed   server: says one'
  assert_line '         What to do next: TODO 3 in work/01-count/server.c, line 6: say three, by calling puts'
  assert_line '1 of 3 checks pass, 2 fail, 0 wait.'
  assert_line --regexp '^Next: TODO 3 in '
  fill 3 '    puts("three");'
  run scripts/check 1
  assert_failure 1
  assert_line '2 of 3 checks pass, 1 fail, 0 wait.'
  assert_line 'Points: 4 of 6.'
  assert_line --regexp '^Next: TODO 2 in '
  fill 2 ''
  sed -i 's/int sum = .*/int sum = 3;/' "$work"/client.c
  run scripts/check 1
  assert_success
  assert_line '3 of 3 checks pass, 0 fail, 0 wait.'
  assert_line -- '-    int sum = 3;'
  assert_line -- '+    int sum = numbers[0] + numbers[1];'
  refute_output --partial EXERCISE
  refute_output --partial 'still stands'
}

@test "check: a TODO that is done, but not deleted, is named when everything passes" {
  scripts/start 1
  fill 3 '    puts("three");'
  fill 2 ''
  sed -i 's/int sum = .*/int sum = 3;/' "$work"/client.c
  sed -i '/TODO 1/a puts("one");' "$work/server.c"
  run scripts/check 1
  assert_success
  assert_line 'TODO 1 still stands in work/01-count/server.c, line 5: delete it if it is done.'
}

@test "check: the TODO that a check is about, also if an earlier one is left" {
  scripts/start 1
  sed -i '/TODO 1/a puts("one");' "$work/server.c"
  run scripts/check 1
  assert_line --index 0 'passed   server: says one'
  assert_line --index 3 --regexp '^ +What to do next: TODO 3 in work/01-count/server.c, line 7: say three'
}

@test "check: the TODO is gone, and its check fails: the exercise is named" {
  scripts/start 1
  fill 1 '    puts("eno");'
  fill 3 ''
  run scripts/check 1
  assert_failure 1
  assert_line --index 0 'FAILED   server: says one'
  assert_line --index 1 '         the server says one'
  assert_line --index 2 '         What to do next: look again at exercise 1'
  assert_line 'Next: look again at exercise 1'
}

@test "check: a program that does not compile: what the compiler says, exit 1" {
  scripts/start 1
  fill 1 '    puts("one")'
  run_bounded scripts/check 1
  assert_equal "$status" 1
  assert_printed ''
  assert_regex "$stderr" 'work/01-count does not compile'
  assert_regex "$stderr" 'work/01-count/server.c:[0-9]+:[0-9]+: error: '
  refute_regex "$stderr" 'make'
}

@test "check: a warning of the compiler is shown" {
  scripts/start 1
  fill 1 '    puts("one"); int unused;'
  run scripts/check 1
  assert_line --regexp "work/01-count/server.c:[0-9:]+ warning: .*unused"
  assert_line 'passed   server: says one'
}

@test "check: a program that is gone: one line, exit 1" {
  scripts/start 1
  rm "$work"/client.c
  run_bounded scripts/check 1
  assert_refused 1
  assert_equal "$stderr" 'there is no work/01-count/client.c'
}

@test "check: the sanitizers are in it; without them it says so, and checks" {
  scripts/start 1
  fill 2 ''
  sed -i 's/int sum = .*/volatile int big = 2147483647; big = big + 1; int sum = 3;/' "$work"/client.c
  run scripts/check 1
  assert_line 'FAILED   client: adds'
  assert_line --regexp '^         work/01-count/client.c:[0-9:]+ runtime error: signed integer overflow'
  printf '#!/bin/sh\ncase "$*" in *-fsanitize*) exit 1 ;; esac\nexec cc "$@"\n' >simple-cc
  chmod +x simple-cc
  run make --no-print-directory check-1 CC="$PWD/simple-cc"
  assert_line --index 0 --regexp '^This compiler has no sanitizers'
  assert_line 'passed   client: adds'
}

@test "check: never well when no check was run" {
  scripts/start 1
  printf '%s\n' '@test "other: works" {' true '}' >tests/01-count.bats
  run scripts/check 1
  assert_failure 1
  assert_line --partial '0 of 0 checks'
  echo 'exit 1' >tests/01-count.bats
  run scripts/check 1
  assert_failure 1
}

@test "check: what the program prints is shown with escapes" {
  scripts/start 1
  fill 1 '    puts("\\033[2J\\033]0;title\\a");'
  sed -i '/says one/s/echo "the server says one"/"$SUBMISSION\/server"/' tests/01-count.bats
  run scripts/check 1
  assert_failure 1
  assert_line --regexp '^ +\\x1b\[2J\\x1b\]0;title\\x07$'
  refute_output --partial $'\e'
}

@test "check: colours on a terminal, unless NO_COLOR is set" {
  scripts/start 1
  NO_COLOR='' TERM=xterm run timeout 30 script -qec 'scripts/check 1' /dev/null
  assert_output --partial $'\e[31mFAILED'
  TERM=xterm run timeout 30 script -qec 'scripts/check 1' /dev/null
  refute_output --partial $'\e'
}

@test "check: what make prints shows how many checks pass" {
  run scripts/help
  assert_line '   1  count'
  scripts/start 1
  fill 1 '    puts("one");'
  scripts/check 1 || true
  run scripts/help
  assert_line '   1  count, checks: 1 of 3'
}

# ---- hint, solution ----

@test "hint: one more each time, for the first check that fails, without HTML" {
  scripts/start 1
  run scripts/hint 1
  assert_success
  assert_output - <<'OUTPUT'
Checking your work first.
The first check that fails: server: says one

Exercise 1: one

The idea of one.

Hint 1:

A question?

For one hint more: make hint-1
OUTPUT
  run scripts/hint 1
  assert_line --index 0 'The first check that fails: server: says one'
  assert_line '    puts("one");'
  assert_line 'That was the last hint. make solution-1 shows the code.'
  run scripts/hint 1
  assert_line '    puts("one");'
}

@test "hint: a source was changed: the work is checked again" {
  scripts/start 1
  scripts/check 1 || true
  touch -d '1 hour ago' "$work"/*.[ch] "$work"/.check
  fill 1 '    puts("one");'
  run scripts/hint 1
  assert_line --index 0 'Checking your work first.'
  assert_line 'The first check that fails: server: says three'
  assert_line --partial 'There is no hint for it'
  fill 3 '    puts("three")'
  run_bounded scripts/hint 1
  assert_equal "$status" 1
  assert_regex "$stderr" 'does not compile'
}

@test "hint: every check passes" {
  scripts/start 1
  cp "$lesson"/*.[ch] "$work"
  run scripts/hint 1
  assert_success
  assert_line --regexp '^Every check passes'
}

@test "solution: without work the exercises in their order, with work the difference" {
  run scripts/solution 1
  assert_success
  assert_line --index 0 'Exercise 1, lessons/01-count/server.c, line 5: say one'
  assert_line --index 1 '    puts(ONE);'
  assert_line --index 2 --partial 'Exercise 2, lessons/01-count/client.c'
  assert_line --index 5 '    puts("three");'
  scripts/start 1
  run scripts/solution 1
  assert_success
  assert_line -- '--- work/01-count/server.c'
  assert_line -- '+    puts(ONE);'
  refute_line --regexp '^.(//|/\*) *(END )?EXERCISE'
  local file
  for file in server.c client.c; do
    grep -v EXERCISE "$lesson/$file" | sed '/^     \*/d' >"$work/$file"
  done
  run scripts/solution 1
  assert_output 'Your work is the same as the reference.'
}

# ---- watch ----

teardown() {
  tmux -S socket kill-server 2>/dev/null || true
}

# start_watch COMMAND...: watch, on a terminal, with a PATH in which only these watchers are. What
# it says goes to watch.out.
start_watch() {
  local watcher directory
  mkdir bin
  for directory in /usr/bin /bin; do
    ln -sf "$directory"/* bin/
  done
  rm -f bin/inotifywait bin/entr
  for watcher; do
    printf '#!/bin/sh\necho "$0 $*" >>%q\nsleep 0.1\n' "$PWD/watchers" >"bin/$watcher"
    chmod +x "bin/$watcher"
  done
  rm -f watch.out
  PATH=$PWD/bin tmux -S socket -f /dev/null new-session -d -x 150 -y 50 /bin/sh
  tmux -S socket pipe-pane -o 'cat >>watch.out'
  tmux -S socket send-keys scripts/watch Space 1 Enter
}

# watch_until PATTERN [COUNT]
watch_until() {
  wait_until test -e watch.out
  WAIT_LIMIT=60 wait_for_line watch.out "$@"
}

# Ctrl-C: the shell alone is left in the session. (It may print its prompt late.)
leave_watch() {
  local shell
  shell=$(tmux -S socket display-message -p '#{pane_pid}')
  tmux -S socket send-keys C-c
  tmux -S socket send-keys 'echo left with $?' Enter
  watch_until 'left with 130'
  wait_until shell_is_alone "$shell"
}

shell_is_alone() {
  [[ $(pgrep -s "$1") == "$1" ]]
}

# Each save is checked, and each file that takes the place of another one.
save_and_leave() {
  fill 1 '    puts("one");'
  watch_until '^passed   server: says one'
  sed 's/return 0;/puts("three"); return 0;/' "$work/server.c" >"$work/new"
  mv "$work/new" "$work/server.c"
  watch_until '^passed   server: says three'
  watch_until '^Watching' 3
  leave_watch
}

@test "watch: checks each time a file is saved or replaced, by looking once a second" {
  scripts/start 1
  start_watch
  watch_until '^Watching work/01-count.*Ctrl-C'
  save_and_leave
  [[ ! -e watchers ]]
}

@test "watch: Ctrl-C in the middle of a check ends that, too" {
  printf '%s\n' '@test "server: waits" {' "echo >'$PWD/here'; sleep 60" '}' >tests/01-count.bats
  scripts/start 1
  start_watch
  wait_until test -e here
  leave_watch
  run pgrep -f "$PWD/tests/01-count.bats"
  assert_output ''
}

@test "watch: takes inotifywait if it is there, or else entr" {
  scripts/start 1
  start_watch inotifywait entr
  watch_until '^Watching'
  wait_until test -s watchers
  save_and_leave
  assert_equal "$(grep -c inotifywait watchers)" "$(wc -l <watchers)"
  tmux -S socket kill-server
  rm -r bin watchers
  start_watch entr
  watch_until '^Watching'
  wait_until test -s watchers
  leave_watch
  run cat watchers
  assert_line --index 0 --partial 'bin/entr'
}
