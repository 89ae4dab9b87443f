#!/usr/bin/env bats
# The tours: make lesson-N, unattended and at a terminal.
# A terminal is a tmux of its own; faults are put into a copy of the checkout.

# shellcheck disable=SC2154 # run sets stderr
load ../helpers

bats_require_minimum_version 1.5.0

setup() {
  house=$BATS_TEST_TMPDIR/house
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state TMUX_TMPDIR=$BATS_TEST_TMPDIR TMPDIR=$BATS_TEST_TMPDIR
  mark=TOUR_TEST=$BATS_TEST_TMPDIR # in the environment of every process of a tour
  unset TMUX AUTO NO_COLOR
  export LC_ALL=C.UTF-8
  cd "$ROOT" || return
}

teardown() {
  tmux kill-server 2>/dev/null || true
}

# A copy of the scripts, with a lesson 90 of two small programs, for a tour read from stdin.
build_house() {
  local programs=$house/build/90-fault
  mkdir -p "$house/lessons/90-fault" "$programs" "$house/tests/tools" "$house/build/tools"
  cp -R -p "$ROOT/Makefile" "$ROOT/scripts" "$ROOT/common" "$house/"
  cp -p "$ROOT"/tests/tools/{record,chaos}.c "$house/tests/tools/" # make would not do without
  # Or they are built again, for each test.
  cp -R -p "$BUILD/common" "$house/build/"
  cp -p "$BUILD"/tools/{record,record.o,record.d,chaos.so} "$house/build/tools/"
  built=$BUILD
  unset BUILD
  cat >"$house/lessons/90-fault/lesson.sh"
  cat >"$programs/server" <<'PROGRAM'
#!/usr/bin/env bash
# Says that it listens, and echoes its input until SIGTERM.
trap 'exit 0' TERM
echo 'listening on 127.0.0.1:4242'
while IFS= read -r line; do
  echo "got $line"
done
PROGRAM
  cat >"$programs/client" <<'PROGRAM'
#!/usr/bin/env bash
# client COUNT: prints so many lines; without a count, one every 10 ms, for ever.
[[ ${1:-} != --port ]] || shift 2
for ((i = 1; i <= ${1:-100000000}; i++)); do
  echo "line $i"
  (($# == 1)) || read -r -t 0.01
done
PROGRAM
  cat >"$programs/fails" <<'PROGRAM'
#!/usr/bin/env bash
echo 'to stdout'
echo 'to stderr' >&2
exit 3
PROGRAM
  chmod +x "$programs"/*
  cd "$house" || return
}

# What a tour has left running: processes whose environment has the mark.
left_behind() {
  local file
  while IFS= read -r file; do
    file=${file%/environ}
    ps -o pid=,ppid=,stat=,args= -p "${file##*/}" || true
  done < <(grep -lzxF "$mark" /proc/[0-9]*/environ 2>/dev/null)
}

has_left_nothing() {
  [[ -z $(left_behind) ]]
}

no_process_is_left() {
  wait_until has_left_nothing || fail "still there: $(left_behind)"
}

nothing_is_left() {
  no_process_is_left
  # Its temporary directory is gone, too.
  run find "$TMPDIR" -maxdepth 1 -name 'tour.*'
  assert_output ''
}

# tour N: an unattended one.
tour() {
  run --separate-stderr timeout 120 env "$mark" scripts/lesson "$@" </dev/null
}

# complaint_has TEXT: it stands in what the tour wrote to stderr.
complaint_has() {
  [[ $stderr == *"$1"* ]] || fail "no \"$1\" in: $stderr"
}

# walk WIDTH HEIGHT N: a tour in a terminal. What follows it there is `left with STATUS`.
walk() {
  tmux -f /dev/null new-session -d -x "$1" -y "$2" -s walk \
    "cd '$PWD'; stty -a >'$BATS_TEST_TMPDIR/before'
     env '$mark' bash -c 'echo \$\$ >\"$BATS_TEST_TMPDIR/id\"; exec scripts/lesson $3'; echo \"left with \$?\"
     stty -a >'$BATS_TEST_TMPDIR/after'; touch '$BATS_TEST_TMPDIR/done'; exec cat"
}

# Looking at a terminal takes longer than at a file.
meanwhile() {
  nap 0.05
}

screen() {
  tmux capture-pane -p -t walk
}

# wait_for_screen PATTERN: until a row of the terminal matches.
wait_for_screen() {
  WAIT_LIMIT=20 wait_until shows "$1" || fail "the terminal does not show /$1/: $(screen)"
}

shows() {
  screen | grep -qE "$1"
}

# The last row that is not empty.
last_row() {
  screen | sed '/^$/d' | tail -n 1
}

press() {
  tmux send-keys -t walk "$@"
}

# wait_for_prompt: until the tour asks for a key, or has ended. Sets `row` to the prompt.
wait_for_prompt() {
  WAIT_LIMIT=30 wait_until asks_or_has_ended || fail "the tour neither asks for a key nor ends: $(screen)"
}

asks_or_has_ended() {
  row=$(last_row)
  [[ $row == '[Enter] go on'* || $row == '[1-'* || $row == 'left with '* ]]
}

terminal_is_sane() {
  wait_for_screen '^left with'
  wait_until test -e "$BATS_TEST_TMPDIR/done"
  run diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  assert_success
}

@test "every tour runs to its end unattended, and leaves no process" {
  local directory number pids=()
  for directory in lessons/*/; do
    number=$(basename "$directory")
    number=${number%%-*}
    timeout 120 env "$mark" scripts/lesson "$number" </dev/null \
      >"$BATS_TEST_TMPDIR/$number" 2>&1 &
    pids+=("$!:$number")
  done
  assert [ "${#pids[@]}" -gt 0 ]
  for number in "${pids[@]}"; do
    if ! wait "${number%%:*}"; then
      tail -n 20 "$BATS_TEST_TMPDIR/${number#*:}"
      fail "the tour of lesson ${number#*:} fails"
    fi
    run grep -c $'\e' "$BATS_TEST_TMPDIR/${number#*:}"
    assert_output 0
  done
  nothing_is_left
}

@test "an unknown lesson: the list of lessons, exit 2" {
  for number in 99 x 0 001; do
    tour "$number"
    assert_equal "$status" 2
    assert_equal "$output" ''
    complaint_has "There is no lesson $number. The lessons are:"
    complaint_has '   1  UDP echo'
  done
}

@test "a lesson's number may be written 1 or 01" {
  build_house </dev/null
  mkdir lessons/04-four
  echo 'title Four' >lessons/04-four/lesson.sh
  for number in 4 04; do
    tour "$number"
    assert_success
    assert_line Four
  done
}

@test "a lesson without a tour says so" {
  build_house </dev/null
  rm lessons/90-fault/lesson.sh
  tour 90
  assert_failure 1
  assert_equal "$stderr" 'Lesson 90 has no tour: there is no lessons/90-fault/lesson.sh.'
}

@test "an expect that does not come true: its file and line, what was printed, exit 1" {
  build_house <<'TOUR'
columns A
client A 2
expect A 'line 2'
expect A 'line 3'
TOUR
  tour 90
  assert_failure 1
  complaint_has 'lessons/90-fault/lesson.sh:4: expected A to print /line 3/; it printed:'
  complaint_has '  line 2'
  nothing_is_left
}

@test "an expect that does not come true: what was printed is shown with escapes" {
  build_house <<'TOUR'
columns server
server
program bell bell
expect bell ready
TOUR
  printf '#!/bin/sh\nprintf "\\033[2Jring\\007\\n"\n' >build/90-fault/bell
  chmod +x build/90-fault/bell
  sed -i 's/columns server/columns server bell/' lessons/90-fault/lesson.sh
  tour 90
  assert_failure 1
  complaint_has '\x1b[2Jring\x07'
  [[ $output$stderr != *$'\e'* ]] || fail "it is not escaped"
}

@test "expect does not find the same line twice" {
  build_house <<'TOUR'
columns A
client A 2
expect A 'line [12]'
expect A 'line 2'
expect A 'line 2'
TOUR
  tour 90
  assert_failure 1
  complaint_has 'lesson.sh:5: expected A to print /line 2/'
}

@test "expect_not looks at all lines" {
  build_house <<'TOUR'
columns A
client A 2
expect A 'line 1'
expect_not A 'line 3'
expect A 'line 2'
expect_not A 'line 1'
TOUR
  tour 90
  assert_failure 1
  complaint_has 'lesson.sh:6: expected A not to print /line 1/; it printed: line 1'
}

@test "wait_for_status demands the exit status; what a program prints to stderr is marked" {
  build_house <<'TOUR'
columns A
program A fails
wait_for_status A 3
program A fails
wait_for_status A 0
TOUR
  tour 90
  assert_failure 1
  assert_line --regexp '^ +[0-9]+\.[0-9]{3}  A  to stdout$'
  assert_line --regexp '^ +[0-9]+\.[0-9]{3}  A  ! to stderr$'
  assert_line --regexp '^ +[0-9]+\.[0-9]{3}  A  \[exit status 3\]$'
  complaint_has 'lesson.sh:5: A ended with another exit status'
  complaint_has 'expected: exit status 0'
  complaint_has 'received: 3'
}

@test "tell, end_input, stop, freeze and thaw reach the program" {
  build_house <<'TOUR'
columns server A
server
tell server 'Hello  World'
expect server '^got Hello  World$'
freeze server
tell server again
let_pass 0.3
expect_not server again
thaw server
expect server '^got again$'
stop server
wait_for_status server 0
TOUR
  tour 90
  assert_success
  assert_line --partial 'server  > Hello  World'
  nothing_is_left
}

@test "end_input ends a program's input, though others still run" {
  build_house <<'TOUR'
columns A B
program A cat
program B cat
tell A one
expect A one
end_input A
wait_for_status A 0
end_input B
wait_for_status B 0
TOUR
  ln -s "$(command -v cat)" build/90-fault/cat
  tour 90
  assert_success
}

@test "a last line without a newline and an empty line are shown" {
  build_house <<'TOUR'
columns A
program A half
expect A '^$'
expect A '^the end$'
TOUR
  printf '#!/bin/sh\nprintf "\\nthe end"\n' >build/90-fault/half
  chmod +x build/90-fault/half
  tour 90
  assert_success
}

@test "count shows how many lines a client prints, and not the lines" {
  build_house <<'TOUR'
columns server A
server
count A 5
wait_for_status A 0
expect A '^ *5$'
expect_not A line
TOUR
  tour 90
  assert_success
  assert_line --regexp 'A +\$ client 5 \| wc -l$'
}

# A program `link` that prints "up" and "down" as the link of its network changes. Skips where
# there can be no private network.
add_link() {
  unshare --map-root-user --net ip link set lo up || skip 'this system allows no private network'
  cat >build/90-fault/link <<'PROGRAM'
#!/usr/bin/env bash
while true; do
  case $(ip link show lo) in
    *,UP*) now=up ;;
    *) now=down ;;
  esac
  [[ $now == "${before:-}" ]] || echo "$now"
  before=$now
  read -r -t 0.05
done
PROGRAM
  chmod +x build/90-fault/link
}

@test "network and break_link: a private network whose link goes down, for one scene" {
  build_house <<'TOUR'
title One
network || exit 1
columns A
program A link
expect A '^up$'
break_link A
expect A '^down$'
title Two
columns B
program B link
expect B '^up$'
TOUR
  add_link
  tour 90
  assert_success
  assert_line --partial 'A  [the link goes down]'
  nothing_is_left
}

@test "a private network ends with the tour, however that ends" {
  build_house <<'TOUR'
network || exit 1
columns A
program A link
let_pass 100
TOUR
  add_link
  walk 80 24 90
  wait_for_screen ' up$'
  press C-c
  wait_for_screen '^left with 130'
  terminal_is_sane
  nothing_is_left

  tmux kill-server
  TMUX_TMPDIR=$BATS_TEST_TMPDIR/second # a new tmux: the last one may not be gone yet
  mkdir "$TMUX_TMPDIR"
  walk 80 24 90
  wait_for_screen ' up$'
  kill -KILL "$(cat "$BATS_TEST_TMPDIR/id")"
  wait_for_screen '^left with 137'
  no_process_is_left
}

@test "no private network: the scene is left out, and says so; the tour goes on" {
  build_house <<'TOUR'
title One
if network; then
  say "This is not to be seen."
fi
title Two
TOUR
  mkdir bin
  for command in unshare nsenter ip; do
    printf '#!/bin/sh\necho refused >&2\nexit 1\n' >"bin/$command"
    chmod +x "bin/$command"
    PATH=$PWD/bin:$PATH tour 90
    assert_success
    assert_line --partial 'This scene needs a private network'
    refute_line --partial 'not to be seen'
    assert_line Two
    assert_equal "$stderr" ''
    nothing_is_left
    rm "bin/$command"
  done
}

@test "a program that does not build: the compiler's words, exit 1" {
  build_house </dev/null
  echo 'int main(void) { return nowhere; }' >lessons/90-fault/broken.c
  tour 90
  assert_failure 1
  assert_regex "$stderr" '^Lesson 90 does not build'
  assert_regex "$stderr" 'nowhere.* undeclared'
  refute_regex "$stderr" 'make'
}

@test "a server that does not start: its stderr, exit 1" {
  build_house <<'TOUR'
columns server
server
TOUR
  cp build/90-fault/fails build/90-fault/server
  tour 90
  assert_failure 1
  complaint_has 'lesson.sh:2: server did not start; it printed:'
  complaint_has 'to stderr'
}

@test "a server that SIGTERM does not end cleanly fails the tour" {
  build_house <<'TOUR'
columns server
server
TOUR
  sed -i 's/exit 0/exit 5/' build/90-fault/server
  tour 90
  assert_failure 1
  complaint_has 'expected server to exit with status 0 after SIGTERM; it exited with 5'
}

@test "a program that ignores SIGTERM is ended all the same" {
  build_house <<'TOUR'
columns server A
server
client A
expect A 'line 3'
expect A 'never' # the tour ends here
TOUR
  sed -i "s/trap .*/trap '' TERM/; s/^while .*/while true; do sleep 1/" build/90-fault/server
  sed -i 's/100000000/20/' build/90-fault/client
  tour 90
  assert_failure 1
  nothing_is_left
}

@test "a scene ends its processes, though one's end is the end of another" {
  build_house <<'TOUR'
columns A B
program B pair
program A pair
expect A me
title Next
TOUR
  # Whichever of the two is ended first ends both.
  cat >build/90-fault/pair <<'PROGRAM'
#!/bin/sh
trap 'touch gone; exit' TERM
echo me
until [ -e gone ]; do sleep 0.05; done
PROGRAM
  chmod +x build/90-fault/pair
  tour 90
  assert_success
  assert_equal "$stderr" ''
  nothing_is_left
}

@test "a mistake in the lesson.sh is a failure" {
  build_house <<'TOUR'
columns server
server
no_such_verb
TOUR
  tour 90
  assert_failure 1
  complaint_has 'lesson.sh: line 3: no_such_verb: command not found'
  nothing_is_left
}

@test "at a terminal: a prediction, its outcome, and what is kept of it" {
  build_house <<'TOUR'
title "A scene"
ask "How many?" "one" "two" --answer 2
columns A
client A 2
wait_for_status A 0
reveal "Because."
ask "And now?" "one" "two" --answer 1
reveal "So it is."
TOUR
  walk 80 24 90
  wait_for_screen '^\[1-2\] your prediction   \[Enter\] just show me   \[q\] leave'
  press 3
  press 2
  wait_for_screen 'Your prediction came true, 2: two'
  wait_for_screen '^\[1-2\]'
  press Enter
  wait_for_screen 'Predictions that came true: 1 of 1'
  wait_for_screen '^left with 0'
  terminal_is_sane
  run cat "$XDG_STATE_HOME/twelve-sockets/90-fault.tour"
  assert_line --index 0 'question 1 predicted 2 happened 2'
  assert_line --index 1 'question 2 predicted nothing happened 1'
  assert_line --index 2 --regexp '^finished 20'
}

@test "at a terminal: a state directory that can't be written stops nothing" {
  build_house <<'TOUR'
say one
TOUR
  touch "$XDG_STATE_HOME"
  walk 80 24 90
  wait_for_screen '^left with 0'
}

@test "at a terminal: a scene does not wait for a reader who is slow to turn its pages" {
  build_house <<TOUR
columns A B
client A 60
wait_for_status A 0
client B 1
wait_for_status B 0
: >"$BATS_TEST_TMPDIR/over"
TOUR
  walk 80 24 90
  wait_until test -e "$BATS_TEST_TMPDIR/over" || fail "the scene waits: $(screen)"
  wait_for_screen 'line 20 '
  press Enter
  wait_for_screen 'line 40 '
  press Enter
  wait_for_screen 'line 60 '
  press q
  wait_for_screen '^left with 0'
}

@test "at a terminal: nothing scrolls away unread" {
  build_house <<'TOUR'
columns A
client A 100
wait_for_status A 0
say "$(printf 'word%d ' {1..500})"
TOUR
  local seen='' before i
  walk 80 24 90
  for ((i = 0; i < 30; i++)); do
    wait_for_prompt
    before=$(screen)
    seen+=$before$'\n'
    [[ $row != left* ]] || break
    press Enter
    wait_until_changed "$before"
  done
  for ((i = 1; i <= 100; i++)); do
    grep -qE "line $i( |\$)" <<<"$seen" || fail "line $i was never on the screen at a prompt"
  done
  for ((i = 1; i <= 500; i++)); do
    [[ " ${seen//$'\n'/ } " == *" word$i "* ]] || fail "word $i was never on the screen at a prompt"
  done
}

@test "at a terminal: columns that begin a page have one header" {
  build_house <<'TOUR'
columns A
client A 14
wait_for_status A 0
columns B
client B 1
wait_for_status B 0
pause
TOUR
  walk 80 24 90
  wait_for_prompt
  press Enter
  wait_for_screen "│ B\$"
  wait_for_prompt
  run grep -c '│ B$' <<<"$(screen)"
  assert_output 1
}

# wait_until_changed SCREEN: until the terminal shows something else.
wait_until_changed() {
  wait_until has_changed "$1" || fail 'the tour does not react to a key'
}

has_changed() {
  [[ $(screen) != "$1" ]]
}

# walk_through WIDTH N: to the end, by Enter; all rows in `rows`, wrapped ones as one.
walk_through() {
  local steps=0 before
  walk "$1" 24 "$2"
  tmux set-option -g history-limit 10000
  while true; do
    wait_for_prompt
    if [[ $row == left* ]]; then
      break
    fi
    ((++steps < 200)) || fail 'the tour does not end'
    before=$(screen)
    press Enter
    wait_until_changed "$before"
  done
  rows=$(tmux capture-pane -p -J -S - -t walk)
}

@test "at a terminal: no row is wider than 80 or 60 columns, nor 30" {
  build_house <<'TOUR'
title "A title"
say "$(printf 'word %.0s' {1..50})" "$(printf '%0120d' 0)"
ask "$(printf 'why %.0s' {1..40})" "$(printf 'so %.0s' {1..40})" "no" --answer 1
columns server A B
server a 'b c' "$(printf '%090d' 0)"
client A 5
wait_for_status A 0
program B fails
wait_for_status B 3
reveal "$(printf 'thus %.0s' {1..40})"
TOUR
  for width in 80 60 30; do
    TMUX_TMPDIR=$BATS_TEST_TMPDIR/$width # a new tmux: the last one may not be gone yet
    mkdir "$TMUX_TMPDIR"
    walk_through "$width" 90
    while IFS= read -r row; do
      ((${#row} < width)) || fail "too wide for $width columns: $row"
    done <<<"$rows"
    tmux kill-server
  done
}

has_size() {
  [[ $(stty size <"$1") == "$2" ]]
}

@test "at a terminal: the columns follow a new size" {
  build_house <<'TOUR'
columns server A
server
pause
client A 1
wait_for_status A 0
TOUR
  walk 80 24 90
  wait_for_prompt
  tmux resize-window -t walk -x 50 -y 20
  tty=$(tmux display-message -p -t walk '#{pane_tty}')
  wait_until has_size "$tty" '20 50'
  press Enter
  wait_for_screen '^left with 0'
  run screen
  assert_line --regexp '^ *[0-9.]+│ +│ line 1$'
}

@test "q at a prompt leaves nothing behind, exit 0" {
  build_house <<'TOUR'
columns server
server
pause
TOUR
  walk 80 24 90
  wait_for_prompt
  press q
  wait_for_screen '^left with 0'
  terminal_is_sane
  nothing_is_left
}

@test "q during live output leaves nothing behind, exit 0" {
  build_house <<'TOUR'
columns server A
server
client A
let_pass 100
TOUR
  walk 80 24 90
  wait_for_screen 'line 3'
  press q
  wait_for_screen '^left with 0'
  terminal_is_sane
  nothing_is_left
}

@test "Ctrl-C at a question: what is printed next has a row of its own" {
  build_house <<'TOUR'
ask "Which?" one two --answer 1
reveal One.
TOUR
  walk 80 24 90
  wait_for_prompt
  press C-c
  wait_for_screen '^left with 130'
  terminal_is_sane
}

@test "Ctrl-C leaves nothing behind, exit 130" {
  build_house <<'TOUR'
columns server A
server
freeze server
client A
let_pass 100
TOUR
  walk 80 24 90
  wait_for_screen 'line 3'
  press C-c
  wait_for_screen '^left with 130'
  terminal_is_sane
  nothing_is_left
}

@test "what two programs say to each other is shown in the order in which it was said" {
  local replies
  # Ten times a datagram and its answer, within a millisecond.
  build_house <<'TOUR'
columns server client
server
client client 1 2 3 4 5 6 7 8 9 10
wait_for_status client 0
TOUR
  cp "$built"/01-udp-echo/{server,client} build/90-fault/
  tour 90
  assert_equal "$stderr" ''
  assert_success
  replies=$(sed -n 's/.*datagram from.*/server/p; s/.*echo:.*/client/p' <<<"$output" | tr '\n' ' ')
  assert_equal "$replies" "$(printf 'server client %.0s' {1..10})"
}

@test "SIGTERM leaves nothing behind" {
  build_house <<'TOUR'
columns server
server
let_pass 100
TOUR
  walk 80 24 90
  wait_for_screen 'listening'
  kill -TERM "$(cat "$BATS_TEST_TMPDIR/id")"
  wait_for_screen '^left with 143'
  terminal_is_sane
  nothing_is_left
}

@test "a terminal that is closed leaves nothing behind" {
  build_house <<'TOUR'
columns server A
server
client A
let_pass 100
TOUR
  walk 80 24 90
  wait_for_screen 'line 3'
  tmux kill-server
  nothing_is_left
}

@test "colours on a terminal, and none with NO_COLOR or TERM=dumb" {
  build_house <<'TOUR'
columns A
client A 1
wait_for_status A 0
TOUR
  AUTO=1 TERM=xterm timeout 60 script -qec 'scripts/lesson 90' /dev/null </dev/null >colour
  run grep -c $'\e' colour
  refute_output 0
  AUTO=1 NO_COLOR=1 TERM=xterm timeout 60 script -qec 'scripts/lesson 90' /dev/null </dev/null >none
  run grep -c $'\e' none
  assert_output 0
  AUTO=1 TERM=dumb timeout 60 script -qec 'scripts/lesson 90' /dev/null </dev/null >none
  run grep -c $'\e' none
  assert_output 0
}

@test "a locale without UTF-8 gets lines of ASCII" {
  build_house <<'TOUR'
title One
columns A
client A 1
wait_for_status A 0
TOUR
  LC_ALL=C AUTO=1 TERM=dumb timeout 60 script -qec 'scripts/lesson 90' /dev/null </dev/null >plain
  run grep -c '[^[:print:][:space:]]' plain
  assert_output 0
  grep -q '| line 1' plain
}
