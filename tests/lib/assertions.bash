# assertions.bash - what a scenario asserts of a program that has ended, and what a server may say in
# its own words.
# shellcheck shell=bash

# ---- what a failure looks like: one line on stderr, and the exit status ----

assert_succeeds() {
  ((status == 0)) || fail_because "it failed. It said: $stderr" "exit status 0" "$status"
}

assert_fails() {
  ((status == $1)) || fail_because "the exit status is not the right one" "$1" "$status"
  ((${#stderr_lines[@]} == 1)) ||
    fail_because "there is not one line on stderr that says what failed" "one line" "$stderr"
}

# assert_count FILE PATTERN COUNT: exactly so many lines.
assert_count() {
  local count
  count=$(count_lines "$1" "$2")
  ((count == $3)) || fail_because "the number of lines like /$2/ in $1 is not the right one" "$3" "$count"
}

# assert_printed TEXT: what a client or a peer printed on stdout, whole, and nothing else.
assert_printed() {
  [[ $output == "$1" ]] || fail_because "something else was printed on stdout" "$1" "$output"
}

# ---- what a server may say in its own words ----

# Bytes that can't be printed, in the notations that C knows: \x1b, \033 or \e; \x00, \000 or \0.
ESCAPED_ESC='\\(x1[bB]|033|e)'
ESCAPED_NUL='\\(x00|0+)'
ESCAPED_FF='\\(x[fF][fF]|377)'

# assert_no_file PATH: nothing has the name, not even a link.
assert_no_file() {
  [[ ! -e $1 && ! -L $1 ]] || fail_because "there is a file that must not be there" "no $1" "$(ls -ld "$1")"
}

# assert_files DIRECTORY [NAME]...: the directory has these, and no others but hidden ones.
assert_files() {
  local expected
  expected=$(printf '%s\n' "${@:2}")
  [[ $(ls "$1") == "$expected" ]] || fail_because "the files in $1 are not the right ones" "$expected" "$(ls "$1")"
}
