# tour.bash - the verbs in which lessons/NN-name/lesson.sh is written.
#
# scripts/lesson sources this file and then the lesson.sh. A tour starts the real programs,
# draws what each prints in its own column, with the seconds since the scene began, and fails
# if something that the lesson claims does not happen.
#
#   title TEXT                     begins a scene, after a key; what still runs of the scene
#                                  before is ended
#   say TEXT...                    a paragraph
#   columns NAME...                the columns of the scene; its clock starts at 0
#   server [ARGUMENT...]           starts the lesson's server in the column `server`, and
#                                  waits until it listens; $port is its port
#   server_as NAME [ARGUMENT...]   the same, in the column NAME
#   client NAME [ARGUMENT...]      starts the lesson's client on $port
#   count NAME [ARGUMENT...]       the same, but shows only how many lines it has printed
#   program NAME PROGRAM [ARG...]  starts another program of the lesson
#   tell NAME TEXT                 gives a program a line of input
#   end_input NAME                 ends a program's input
#   stop NAME                      ends a program with SIGTERM
#   freeze NAME, thaw NAME         stops a program with SIGSTOP, and lets it go on
#   network                        what this scene starts from now on runs in a private
#                                  network; where the system allows none, says so, returns 1
#   break_link NAME                its link goes down, which the column NAME shows
#   let_pass SECONDS               shows what happens for so long
#   expect NAME PATTERN            waits, 10 s at most, for a line that matches the extended
#                                  regular expression, after the last line that was expected
#   expect_not NAME PATTERN        nothing that NAME has printed may match
#   wait_for_status NAME STATUS    waits until a program exits, with this exit status
#   ask QUESTION CHOICE... --answer K   asks for a prediction, before the steps
#   reveal TEXT...                 says whether it came true, and explains, after them
#   pause                          waits for a key
#
# A file that a scene needs can be made in $tour_directory, which is deleted after the tour.
#
# What a program is told, when it is looked at and how it is ended is in processes.bash, which the
# scenarios use, too. tour-record.bash reads what the programs print; tour-columns.bash and
# tour-pages.bash draw it.
# shellcheck shell=bash

. scripts/lib/processes.bash
. scripts/lib/terminal.bash
. scripts/lib/escape.bash
. scripts/lib/tour-pages.bash
. scripts/lib/tour-columns.bash
. scripts/lib/tour-record.bash
. scripts/lib/tour-network.bash
. scripts/lib/tour-verbs.bash
. scripts/lib/tour-questions.bash

# fail TEXT: ends the tour, naming the line of the lesson.sh that is not true.
fail() {
  local line where=$tour_script i=0 frame visible
  while frame=$(caller "$i"); do
    read -r line _ frame <<<"$frame"
    if [[ $frame == "$tour_script" ]]; then
      where=$tour_script:$line
      break
    fi
    i=$((i + 1))
  done
  tell_held
  make_visible "$*"
  printf '\n%s%s: %s%s\n' "$red" "$where" "$visible" "$plain" >&2
  exit 1
}

# ---- the whole tour ----

# end_by_signal STATUS: a terminal that closes sends several signals; one is enough. While a
# process is being started, it has to wait: nobody would know that process's id.
end_by_signal() {
  signal_status=$1
  if ! $starting; then
    trap '' INT TERM HUP
    # Who comes next, the shell or make, begins on a row of its own.
    [[ -z $tour_prompt ]] || hide_prompt 2>/dev/null || true
    # Not `exit`: if the signal has come just when clean_up began, that would be the end of it.
    clean_up "$1"
  fi
}

# clean_up [STATUS]: ends every process, removes what the tour made, and exits. Runs however the tour
# ends.
clean_up() {
  local status=${1:-$?} who
  # Nothing may interrupt it: no second signal, and no command that fails.
  trap '' INT TERM HUP
  trap - EXIT CONT WINCH
  set +e
  if $tour_asks; then
    stty "$saved_keyboard" 2>/dev/null || true
  fi
  printf '%s' "$plain" 2>/dev/null || true
  for who in "${!recording[@]}"; do
    end_group "$who" TERM
  done
  wait_for_recorders 2
  for who in "${!recording[@]}"; do
    end_group "$who" KILL
  done
  wait_for_recorders 2
  rm -rf "$tour_directory"
  case $status in
    0 | 1 | 129 | 130 | 143) exit "$status" ;;
    *) exit 1 ;; # a mistake in the lesson.sh itself; bash has named its line
  esac
}

# Says how the reader did, and where to go from here.
say_goodbye() {
  local number=$((10#${tour_lesson%%-*})) next
  if ((predicted > 0)); then
    put_paragraph "$bold" "Predictions that came true: $came_true of $predicted."
  fi
  say "Read on in lessons/$tour_lesson/README.md. It says which file to read first." \
    "To run the two programs yourself: make server-$number, and make client-$number in a second terminal."
  next=$(lesson_names | sed -n "/^$tour_lesson\$/{n;p;}")
  if [[ -n $next ]]; then
    say "The next lesson: make lesson-$(lesson_number "$next")"
  fi
  show_held
}

# run_tour LESSON BUILD: walks through the lesson.sh of LESSON, with the programs in BUILD.
run_tour() {
  tour_lesson=$1 tour_programs=$2/$1 tour_recorder=$2/tools/record
  tour_script=lessons/$1/lesson.sh
  set_styles
  fit_page
  open_events
  tour_directory=$(mktemp -d "${TMPDIR:-/tmp}/tour.XXXXXX")
  if $tour_asks; then
    saved_keyboard=$(stty -g)
  fi
  trap clean_up EXIT
  trap 'end_by_signal 130' INT
  trap 'end_by_signal 143' TERM
  trap 'end_by_signal 129' HUP
  trap : PIPE # `put` then gets an error; children get the default back
  trap 'tour_resized=true' WINCH
  trap continue_tour CONT
  set_keyboard

  # shellcheck source=/dev/null
  . "$tour_script"

  end_scene
  save_progress
  say_goodbye
}
