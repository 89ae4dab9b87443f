# failure.bash - what is printed when a scenario fails: what was done and said, what the system
# knows about the programs, which mistake it may be, where to read, and how to repeat it.

shown_submission=${SUBMISSION_SHOWN:-${SUBMISSION:-}} # as whoever reads this knows it

# ---- the record of a scenario ----

record() {
  local step=${*//$BATS_FILE_TMPDIR\/submission\//$shown_submission/}
  steps+=("${step//$ROOT\//}")
}

# fail_because WHAT EXPECTED RECEIVED: the sentence of a failure says what is wrong. If both are one line, a mark
# stands under the first character that differs.
fail_because() {
  local same=0 visible shown=()
  for visible in "$@"; do
    make_visible "$visible"
    shown+=("$visible")
  done
  set -- "${shown[@]}"
  printf '%s\n  expected: %s\n  received: %s\n' "$1" "${2//$'\n'/$'\n            '}" "${3//$'\n'/$'\n            '}"
  if [[ -n $2 && -n $3 && $2 != "$3" && $2$3 != *$'\n'* ]]; then
    while [[ ${2:same:1} == "${3:same:1}" ]]; do
      same=$((same + 1))
    done
    ((same == 0)) || printf '%*s^\n' $((12 + same)) ''
  fi
  return 1
}

# fail [TEXT]...: that of bats-support, in which the assertions of bats-assert end.
fail() {
  { if (($# > 0)); then echo "$@"; else cat; fi; } | escape_lines >&2
  return 1
}

# assert_same ACTUAL EXPECTED
assert_same() {
  [[ $1 == "$2" ]] || fail_because "the two are not the same" "$2" "$1"
}

# The output of one program, each line after a bar; a long one is cut in the middle.
print_lines() {
  awk -v title="$1" '
    { line[NR] = length($0) > 300 ? substr($0, 1, 300) "..." : $0 }
    END {
      if (NR > 0) print title ":"
      for (i = 1; i <= NR; i++)
        if (i <= 20 || i > NR - 10) print "  | " line[i]
        else if (i == 21) print "  | (" NR - 30 " lines more)"
    }' "$2"
}

print_record() {
  local i name
  echo "-- what was done"
  for i in "${!steps[@]}"; do
    echo "$((i + 1)). ${steps[i]}"
  done
  echo "-- what the programs said"
  for name in "${started[@]}"; do
    print_lines "$name, stdout" "$name.out"
    print_lines "$name, stderr" "$name.err"
  done
  if [[ -n ${CHAOS:-} ]]; then
    facts+=("under CHAOS=$CHAOS, $(describe_chaos)")
  fi
  if ((${#facts[@]} > 0)); then
    echo "-- what the system knows"
    printf '%s\n' "${facts[@]}"
  fi
  print_mistakes
  print_repeat
}

describe_chaos() {
  case $CHAOS in
    short-recv) echo "recv takes one byte at a time" ;;
    short-send) echo "send takes only a part of the bytes" ;;
    short-write) echo "write takes only a part of the bytes" ;;
    eintr) echo "a signal seems to interrupt the calls (EINTR)" ;;
    eagain) echo "a non-blocking socket is not ready now and then (EAGAIN)" ;;
    aborted) echo "accept fails now and then (ECONNABORTED)" ;;
    emfile) echo "accept finds no free descriptor now and then (EMFILE)" ;;
    *) echo "calls fail, or do only a part" ;;
  esac
}

# The mistakes that the facts or the tags name, as the lesson's README explains them.
print_mistakes() {
  local mistake readme=lessons/$LESSON/README.md known=' '
  while IFS= read -r mistake; do
    [[ -n $mistake && $known != *" $mistake "* ]] || continue
    known+="$mistake "
    ((${#known} > ${#mistake} + 2)) || echo "-- what it may be"
    awk -F ' *[|] *' -v name="\`$mistake\`" '
      $2 == name { gsub(/`/, ""); print $2 ": " $4 }' "$ROOT/$readme"
  done < <(printf '%s\n' "${suspects[@]}" && tag_values mistake)
  [[ ! -r $ROOT/$readme ]] || echo "-- read: $readme"
}

# escape_pattern TEXT: the regular expression that matches TEXT.
escape_pattern() {
  printf '%s' "$1" | sed 's/[][\.*^$+?(){}|]/\\&/g'
}

print_repeat() {
  local pattern command=
  pattern=$(escape_pattern "$BATS_TEST_DESCRIPTION")
  [[ -z $shown_submission ]] || printf -v command 'SUBMISSION=%q ' "$shown_submission"
  [[ -z ${CHAOS:-} ]] || command+="CHAOS=$CHAOS ${CHAOS_SEED:+CHAOS_SEED=$CHAOS_SEED }"
  echo "-- repeat it: ${command}bats -f ${pattern@Q} ${BATS_TEST_FILENAME#"$ROOT"/}"
}

# ---- what the system knows about a program ----

# suspect MISTAKE FACT: a fact that gives a mistake away.
suspect() {
  suspects+=("$1")
  facts+=("$2")
}

# name_signal STATUS: what an exit status says about a signal, in words.
name_signal() {
  (($1 > 128)) || return 0
  local name
  name=$(kill -l $(($1 - 128)))
  case $name in
    PIPE) echo " (SIGPIPE: it sent on a connection that the other side had ended)" ;;
    SEGV) echo " (SIGSEGV: it used memory that is not its own)" ;;
    ABRT) echo " (SIGABRT: the C library or the program itself called abort)" ;;
    FPE) echo " (SIGFPE: a division by zero)" ;;
    KILL) echo " (SIGKILL: it was killed, perhaps because the memory was used up)" ;;
    *) echo " (SIG$name)" ;;
  esac
}

# examine NAME: looks at a program before it is ended.
examine() {
  local name=$1 pid=${pid_of[$1]} report zombies place
  report=$(grep -m 1 -E 'ERROR: [A-Za-z]+Sanitizer|runtime error:' "$name.err" || true)
  if [[ -n $report ]]; then
    place=$(grep -m 1 -oE '[a-z_]+\.[ch]:[0-9]+' "$name.err" || true)
    suspect memory "the sanitizer stopped $name at $place: ${report#*: }"
  fi
  is_running "$name" || return 0
  examine_port "$name"
  zombies=$(pgrep -c -P "$pid" -r Z || true)
  if ((zombies > 0)); then
    suspect zombies "$name has $zombies zombie(s): children that ended, and that it did not wait for"
  fi
  place=$(waits_in "$pid")
  [[ -z $place ]] || facts+=("$name now waits in $place")
  place=$(describe_descriptors "$name")
  [[ $place != *CLOSE_WAIT* && $place != *without* ]] || facts+=("$name has open: $place")
}

examine_all() {
  local name
  for name in "${started[@]}"; do
    examine "$name"
  done
}

# waits_in PID: the call in which a process sleeps, as far as the kernel tells.
waits_in() {
  case $(cat "/proc/$1/wchan" 2>/dev/null) in
    *accept*) echo accept ;;
    *skb_wait* | *recvmsg* | *wait_data*) echo "recv or recvfrom" ;;
    *stream_wait_memory*) echo "send: the other side does not read" ;;
    *stream_wait_connect*) echo connect ;;
    *poll* | *select*) echo "poll, select or epoll_wait" ;;
    *nanosleep*) echo sleep ;;
    *futex*) echo "pthread_join, or another wait for a thread" ;;
    *do_wait*) echo "wait: for a child" ;;
    *stopped* | *signal_stop*) echo "nothing: it is stopped" ;;
  esac
}

# sockets_of NAME: each socket that it has, as "tcp STATE PORT" or "udp STATE PORT", STATE as
# /proc/net/tcp numbers it, or "none 07 0" for one that neither listens nor is connected.
sockets_of() {
  local pid=${pid_of[$1]}
  find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null |
    sed 's/.*\[\(.*\)\]/\1/' |
    awk '
      FNR == 1 && FILENAME != "-" { kind = FILENAME; sub(/.*\//, "", kind); sub(/6$/, "", kind) }
      FILENAME == "-"             { own[$1] = 1; next }
      $10 in own                  { split($2, address, ":"); print kind, $4, address[2]; delete own[$10] }
      END                         { for (inode in own) print "none", "07", 0 }
    ' - /proc/net/{tcp,tcp6,udp,udp6} 2>/dev/null |
    while read -r kind state port; do
      echo "$kind $state $((16#$port))"
    done
}

# Is the port of the program the one it was told, or says it has? Or are its bytes swapped?
examine_port() {
  local name=$1 wanted=${port_of[$1]:-0} kind state actual
  ((wanted > 0)) || wanted=$(sed -n '1s/^listening on .*:\([0-9]\{1,5\}\)$/\1/p' "$name.out")
  while read -r kind state actual; do
    [[ $kind$state == tcp0A || $kind$state == udp07 ]] || continue
    if ((actual == ((wanted & 255) << 8 | wanted >> 8) && actual != wanted)); then
      suspect no-htons "$name has the port $actual, not $wanted: the bytes of the port are swapped"
    elif ((wanted > 0 && actual != wanted)); then
      facts+=("$name has the port $actual, not $wanted")
    fi
  done < <(sockets_of "$name")
}

# describe_descriptors NAME: "3 others, 1 listening socket, 2 sockets in CLOSE_WAIT".
describe_descriptors() {
  {
    sockets_of "$1" | while read -r kind state _; do
      case $kind$state in
        tcp01) echo "connected socket(s)" ;;
        tcp08) echo "socket(s) in CLOSE_WAIT (the other side has left; close was not called)" ;;
        tcp0A) echo "listening socket(s)" ;;
        udp*) echo "UDP socket(s)" ;;
        none*) echo "socket(s) without a connection" ;;
        *) echo "other TCP socket(s)" ;;
      esac
    done
    find "/proc/${pid_of[$1]}/fd" -type l ! -lname 'socket:*' -printf 'file(s) or pipe(s)\n' 2>/dev/null
  } | sort | uniq -c | sed 's/^ *//' | paste -sd , | sed 's/,/, /g'
}
