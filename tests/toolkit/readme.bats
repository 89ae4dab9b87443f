#!/usr/bin/env bats
# What the READMEs promise is there: files that are linked, calls that the indexes name.

load ../helpers

# Prints "NAME WHERE" for each name in the API index of the README $1.
api_index() {
  awk -F '|' '
    /^## / { index_begun = ($0 == "## API index") }
    index_begun && $2 ~ /`/ {
      count = split($2, names, "`")
      for (i = 2; i <= count; i += 2) print names[i], $4
    }' "$1"
}

@test "every relative link in a README leads to a file" {
  local readme link checked=0
  for readme in "$ROOT"/*.md "$ROOT"/{common,tests}/README.md "$ROOT"/lessons/*/README.md; do
    while read -r link; do
      [[ -e $(dirname "$readme")/$link ]] || fail "$readme links to $link, which is not there"
      checked=$((checked + 1))
    done < <(grep -oE '\]\([^)#]+\)' "$readme" | grep -v '://' | sed -E 's/^\]\((.*)\)$/\1/')
  done
  ((checked > 20)) || fail "only $checked links were found"
}

# find_files LESSON: the path of each file that its input names, in the lesson's directory or in common/.
find_files() {
  local file
  grep -oE '[a-z0-9_]+\.[ch]' | while read -r file; do
    find "$1" "$ROOT/common" -name "$file" | head -n 1
  done
}

@test "every name in a lesson's API index stands in the code where the index says" {
  local readme name where file lesson checked=0
  for readme in "$ROOT"/lessons/*/README.md; do
    lesson=$(dirname "$readme")
    while read -r name where; do
      case $where in
        *both* | *all*) file="$lesson/server.c $lesson/client.c" ;;
        *) file=$(find_files "$lesson" <<<"$where") ;;
      esac
      for file in $file; do
        grep -qws "$name" "$file" "${file%.h}.c" || fail "$readme says that $name is in $where, but it is not in $file"
        checked=$((checked + 1))
      done
    done < <(api_index "$readme")
  done
  ((checked > 50)) || fail "only $checked names were found"
}

@test "every name in the README's index is in the API index of each lesson that it names" {
  local line name number names checked=0
  while IFS= read -r line; do
    names=$(cut -d '|' -f 2 <<<"$line" | grep -oE '`[A-Za-z_]+`' | tr -d '`')
    for number in $(grep -oE '\[[0-9]+\]' <<<"$line" | tr -d '[]'); do
      for name in $names; do
        api_index "$ROOT"/lessons/"$(printf '%02d' "$number")"-*/README.md | grep -q "^$name " ||
          fail "the README says that $name is taught in lesson $number; its API index does not name it"
        checked=$((checked + 1))
      done
    done
  done < <(sed -n '/^## Where it is taught/,/^## Licence/p' "$ROOT/README.md" | grep '^| `')
  ((checked > 30)) || fail "only $checked names were found"
}

@test "the README lists every lesson" {
  local lesson
  for lesson in "$ROOT"/lessons/*/; do
    grep -qF "lessons/$(basename "$lesson")/README.md" "$ROOT/README.md" ||
      fail "the README does not list $(basename "$lesson")"
  done
}

@test "the echo services in common/README.md are the programs, and have at most 40 lines of text" {
  local program
  for program in "$ROOT"/common/examples/echo_*.c; do
    sed -n "/^In C, .*$(basename "$program")/,/^<\/details>/p" "$ROOT/common/README.md" | sed '/^```c$/,/^```$/!d' |
      sed '/^```/d' | cmp - "$program" || fail "common/README.md shows another ${program##*/}"
    (($(grep -c . "$program") <= 40)) || fail "${program##*/} has more than 40 lines of text"
  done
}

@test "tests/README.md says what is in each directory and in each file of lib" {
  local path
  for path in "$ROOT"/tests/*/ "$ROOT"/tests/lib/*.bash; do
    path=${path#"$ROOT"/tests/}
    grep -qF "\`${path#lib/}" "$ROOT/tests/README.md" || fail "tests/README.md does not name $path"
  done
}
