# exercises.bash - the exercises of a lesson, and a student's work on them. Source it after
# lessons.bash; scripts/lib/exercises.awk says what the markers in the sources look like.
#
# The work has, beside its sources: .check, a line for each check of the last `make check-N`
# (its status, the exercise it is about or 0, its name, with tabs between), and .hints, a line
# for each hint that was shown (the number of its exercise).
# shellcheck shell=bash disable=SC2154 # lesson comes from lessons.bash

# markers MODE FILE...: what exercises.awk prints in that mode.
markers() {
  awk -v mode="$1" -v exercises="lessons/$lesson/EXERCISES.md" -f scripts/lib/exercises.awk "${@:2}"
}

# find_exercises N: sets lesson, number, sources (the reference's files), exercises (their list)
# and work (where a student's copy is). Ends the script if lesson N has none, or mistakes in them.
# Sources are also the files of common/ that the lesson's file `framework` names, a line each.
find_exercises() {
  find_lesson "$1"
  number=$(lesson_number "$lesson")
  work=${WORK:-work}/$lesson
  shopt -s nullglob
  frameworks=()
  if [[ -r lessons/$lesson/framework ]]; then
    readarray -t frameworks <"lessons/$lesson/framework"
  fi
  sources=("lessons/$lesson/"*.c "lessons/$lesson/"*.h "${frameworks[@]/#/common/}")
  exercises=
  if ((${#sources[@]} > 0)); then
    exercises=$(markers list "${sources[@]}" | sort -n) || exit 1
  fi
  if [[ -z $exercises ]]; then
    echo "lesson $number has no exercises" >&2
    exit 1
  fi
}

has_work() {
  [[ -e $work || -L $work ]]
}

need_work() {
  if ! has_work; then
    echo "there is no $work yet; begin with: make start-$number" >&2
    exit 1
  fi
}

# list_todos [FILE]...: the TODOs that are left in the files of the work, the lowest first.
list_todos() {
  local files=() file
  for file in "$@"; do
    if [[ -r $file ]]; then
      files+=("$file")
    fi
  done
  if ((${#files[@]} > 0)); then
    markers todo "${files[@]}" | sort -n
  fi
}

# The sources of the work that make up its server or its client.
files_of() {
  local header
  printf '%s\n' "${frameworks[@]/#/$work/}"
  for header in "$work/"*.h; do
    printf '%s\n' "$header" "${header%.h}.c" # a module; list_todos passes over what is not there
  done
  printf '%s\n' "$work/$1.c"
}
