# waiting.bash - what a scenario waits for: lines that its programs print.
# shellcheck shell=bash

# count_lines FILE PATTERN: how many lines match the extended regular expression.
count_lines() {
  grep -cE -e "$2" "$1" || true
}

has_lines() {
  (($(count_lines "$1" "$2") >= $3))
}

# wait_for_line FILE PATTERN [COUNT]: until COUNT (1) lines of FILE match; not longer than the program
# runs that writes it.
wait_for_line() {
  local file=$1 pattern=$2 count=${3:-1}
  record "waited for $count line(s) like /$pattern/ in $file"
  wait_for_output "${file%.*}" has_lines "$file" "$pattern" "$count" ||
    fail_because "no such line came in $file within $WAIT_LIMIT s, or before its program ended" \
      "/$pattern/ $count time(s)" "$(tail -n 5 "$file")"
}

# has_said NAME COUNT: so many lines, on stdout or stderr.
has_said() {
  (($(cat "$1.out" "$1.err" | wc -l) >= $2))
}
