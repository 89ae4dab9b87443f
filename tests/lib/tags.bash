# tags.bash - what stands on a scenario, in the line above it. The scenarios themselves read it, and
# scripts/check:
#
#   # bats test_tags=id:answers,points:5,mistake:no-htons
#
#   points:N        what it is worth; 1 if it does not say
#   id:NAME         a name that other scenarios can refer to
#   needs:NAME      it waits for that one: if that failed, this one is skipped, and says so
#   basic           every later scenario of the same program needs it, unless it has a needs: of
#                   its own
#   mistake:NAME    the mistake that it is meant to catch, from the table in the lesson's README
#   exercise:N      the exercise that it is about
#
# With RESULTS=FILE, a line is added to FILE after each scenario:
# STATUS<tab>POINTS<tab>TAGS<tab>NAME, where STATUS is passed, failed, waits or skipped.

# read_tags FILE SCENARIO: sets `tags` to those of the scenario. (bats does not tell.)
read_tags() {
  local line
  line=$(awk -v test="@test \"$(escape_quotes "$2")\" {" '
    /^# bats test_tags=/ { tags = substr($0, index($0, "=") + 1); next }
    $0 == test           { print tags; exit }
                         { tags = "" }' "$1")
  IFS=, read -ra tags <<<"$line"
}

# As the name stands in the file, and twice as many backslashes for awk's -v.
escape_quotes() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//\$/\\\$}
  printf '%s' "${text//\\/\\\\}"
}

# tag_values KEY: the value of each tag KEY:VALUE, one a line.
tag_values() {
  local tag
  for tag in "${tags[@]}"; do
    [[ $tag != "$1":* ]] || echo "${tag#*:}"
  done
}

has_tag() {
  [[ " ${tags[*]} " == *" $1 "* ]]
}

# "server" for the scenario "server: ...".
program_of_scenario() {
  case $BATS_TEST_DESCRIPTION in
    server:* | client:*) echo "${BATS_TEST_DESCRIPTION%%:*}" ;;
    *) echo other ;;
  esac
}

# wait_for_needs: skips the scenario if one that it needs has not passed.
wait_for_needs() {
  local need needs cause
  needs=$(tag_values needs)
  if [[ -z $needs ]] && ! has_tag basic; then
    needs=basic-$(program_of_scenario)
  fi
  for need in $needs; do
    if [[ -e $BATS_FILE_TMPDIR/failed.$need ]]; then
      cause=$(<"$BATS_FILE_TMPDIR/failed.$need")
      note_failure "$cause"
      result=waits
      skip "waits for: $cause"
    fi
  done
}

# note_failure NAME: who needs this scenario waits for the one of that name.
note_failure() {
  local id ids
  ids=$(tag_values id)
  ! has_tag basic || ids+=" basic-$(program_of_scenario)"
  for id in $ids; do
    [[ -e $BATS_FILE_TMPDIR/failed.$id ]] || echo "$1" >"$BATS_FILE_TMPDIR/failed.$id"
  done
}

# write_result STATUS: the line in the file RESULTS.
write_result() {
  local points
  [[ -n ${RESULTS:-} ]] || return 0
  points=$(tag_values points)
  (
    IFS=,
    printf '%s\t%s\t%s\t%s\n' "$1" "${points:-1}" "${tags[*]}" "$BATS_TEST_DESCRIPTION"
  ) >>"$RESULTS"
}
