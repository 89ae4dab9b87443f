# tour-questions.bash - the predictions that a tour asks for, and what is kept of them.
# shellcheck shell=bash disable=SC2154 # the tour's other files set its variables

questions=0 # asked so far
predicted=0 # and predicted
came_true=0 # and predicted rightly
answers=()  # one line each, for the state file
answer=     # of the open question: the number that is right,
prediction= # and the one the reader chose; empty: none
choices=()

ask() {
  local question=$1 row rows=() i
  shift
  choices=() answer='' prediction=''
  while (($# > 0)); do
    if [[ $1 == --answer ]]; then
      answer=${2:-}
      break
    fi
    choices+=("$1")
    shift
  done
  if [[ ! $answer =~ ^[1-9]$ ]] || ((answer > ${#choices[@]})); then
    fail "ask needs choices and --answer K, one of their numbers"
  fi
  questions=$((questions + 1))

  for ((i = 0; i < ${#choices[@]}; i++)); do
    wrap "${choices[i]}" $((tour_width < 78 ? tour_width - 5 : 73))
    rows+=("  $((i + 1))  ${wrapped[0]}")
    for row in "${wrapped[@]:1}"; do
      rows+=("     $row")
    done
  done
  keep_together $((${#rows[@]} + 5))
  put_paragraph "$bold" "$question"
  for row in "${rows[@]}"; do
    put "$row"
  done
  if $tour_asks; then
    put_blank
    prompt "[1-${#choices[@]}] your prediction   [Enter] just show me   [q] leave" "${#choices[@]}"
    prediction=$key
    if [[ -n $prediction ]]; then
      predicted=$((predicted + 1))
      put "You predict: $prediction"
    fi
  fi
}

reveal() {
  if [[ -z $answer ]]; then
    fail "reveal needs an ask before it"
  fi
  if [[ $prediction == "$answer" ]]; then
    came_true=$((came_true + 1))
    put_paragraph "$bold$green" "Your prediction came true, $answer: ${choices[answer - 1]}"
  elif [[ -n $prediction ]]; then
    put_paragraph "$bold" "You predicted $prediction. What happened is $answer: ${choices[answer - 1]}"
  else
    put_paragraph "$bold" "What happened is $answer: ${choices[answer - 1]}"
  fi
  answers+=("question $questions predicted ${prediction:-nothing} happened $answer")
  answer=
  put_paragraph '' "$@"
}

# save_progress: keeps the answers of a tour that was walked at a terminal. Where
# that can't be done, the tour is as good without.
save_progress() {
  local directory=${XDG_STATE_HOME:-${HOME:-}/.local/state}/twelve-sockets file
  $tour_asks || return 0
  file=$directory/$tour_lesson.tour
  mkdir -p "$directory" 2>/dev/null || return 0
  {
    printf '%s\n' "${answers[@]}"
    printf 'finished %(%F)T\n' -1
  } 2>/dev/null >"$file.new" || return 0
  mv "$file.new" "$file" 2>/dev/null || return 0
}
