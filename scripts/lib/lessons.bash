# lessons.bash - which lessons there are. Every script that takes a lesson's number sources
# this; it expects to stand in the checkout's root, and leaves the script there.
# shellcheck shell=bash

# Command-line variables of make reach the scripts through the environment.
build=${BUILD:-build}

# The directory names of all lessons, one a line, in order.
lesson_names() {
  local directory
  for directory in lessons/[0-9][0-9]-*/; do
    if [[ -d $directory ]]; then
      basename "$directory"
    fi
  done
}

# "2  A time server" for the lesson in directory 02-tcp-time, from its README's first line;
# without a README, its name.
lesson_title() {
  local line=''
  if [[ -r lessons/$1/README.md ]]; then
    IFS= read -r line <"lessons/$1/README.md" || true
  fi
  if [[ $line =~ ^#\ +Lesson\ +[0-9]+:?\ +(.*)$ ]]; then
    echo "${BASH_REMATCH[1]}"
  else
    echo "${1#*-}"
  fi
}

# The number of a lesson as one types it: 2 for 02-tcp-time.
lesson_number() {
  echo $((10#${1%%-*}))
}

# list_lessons: number and title of each lesson.
list_lessons() {
  local name
  while IFS= read -r name; do
    printf '%4d  %s\n' "$(lesson_number "$name")" "$(lesson_title "$name")"
  done <<<"$(lesson_names)"
}

# find_lesson N [VERB]: sets `lesson` to the directory name of lesson N, written 4 or 04. If there is
# none: the list of lessons on stderr, and exit status 2. VERB is for the example, if N is empty.
find_lesson() {
  local name
  if [[ ${1:-} =~ ^[0-9]{1,2}$ ]]; then
    while IFS= read -r name; do
      if [[ $((10#$1)) == "$(lesson_number "$name")" ]]; then
        # shellcheck disable=SC2034 # for the script that asks
        lesson=$name
        return
      fi
    done <<<"$(lesson_names)"
  fi
  {
    if [[ -z ${1:-} ]]; then
      echo "Which lesson? For example: make ${2:-lesson}-4. The lessons are:"
    else
      echo "There is no lesson $1. The lessons are:"
    fi
    list_lessons
  } >&2
  exit 2
}

# build_targets TARGET...: makes them quietly; a lesson's name stands for its programs. What the
# compiler says is in $build_output. Returns make's exit status.
build_targets() {
  scripts/need make || exit # also where a failure of this function is asked for
  # The lesson is $1, if it is one.
  local library libraries=()
  [[ $1 != 1[0-2]-* ]] || libraries=(libcrypto)
  [[ $1 != 12-* ]] || libraries+=(libssl libcrypt libedit)
  for library in "${libraries[@]}"; do
    scripts/need "$library" || exit
  done
  # A compiler that is not installed is no fault in the lesson: it has its own message.
  build_output=$(make -s BUILD="$build" compiler 2>&1) || {
    grep -v '^make' <<<"$build_output" >&2 || true
    exit 2
  }
  build_output=$(make -s BUILD="$build" "$@" 2>&1) || return
}
