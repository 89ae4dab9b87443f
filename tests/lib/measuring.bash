# measuring.bash - what the system knows of a program: its CPU time, descriptors and memory; and of a
# connection: its state, and what waits in the kernel's queues.
# shellcheck shell=bash

# ---- what a process uses ----

# cpu_ticks PID: hundredths of a second, so far, in user and kernel mode.
cpu_ticks() {
  local fields
  fields=$(<"/proc/$1/stat")
  read -ra fields <<<"${fields##*) }"
  echo $((fields[11] + fields[12]))
}

# wanted_cpu PID: milliseconds, so far, in which its threads have run, or would have run if there had
# been a CPU for them. 0 if the kernel does not count that.
wanted_cpu() {
  cat "/proc/$1/task/"*/schedstat 2>/dev/null | awk '{ wanted += $1 + $2 } END { printf "%d\n", wanted / 1000000 }'
}

# assert_idle NAME: it uses no CPU. A process that spins uses 30 ticks in this time; on a busy machine it
# may get less, but it wants 300 ms. One that waits uses none; if many threads wake up once, they want a little.
assert_idle() {
  local pid=${pid_of[$1]} used wanted
  used=$(cpu_ticks "$pid") wanted=$(wanted_cpu "$pid")
  sleep 0.3 # this is what is measured, not a wait
  used=$(($(cpu_ticks "$pid") - used)) wanted=$(($(wanted_cpu "$pid") - wanted))
  record "$1 used $used ticks of CPU in 0.3 s, and wanted $wanted ms"
  ((used <= 4 && (used < 2 || wanted <= 150))) || fail_because "$1 uses the CPU although it has nothing to do" "0 ticks in 0.3 s" \
    "$used ticks; it wanted $wanted ms: it spins"
}

# open_descriptors NAME: how many.
open_descriptors() {
  local open=("/proc/${pid_of[$1]}/fd/"*)
  echo "${#open[@]}"
}

has_descriptors() {
  (($(open_descriptors "$1") == $2))
}

# assert_descriptors NAME COUNT: it has so many open, now or soon.
assert_descriptors() {
  wait_until has_descriptors "$1" "$2" ||
    fail_because "$1 does not close what it has opened" "$2 descriptors" \
      "$(open_descriptors "$1"): $(describe_descriptors "$1")"
}

# resident_memory NAME: in KiB.
resident_memory() {
  awk '/^VmRSS/ { print $2 }' "/proc/${pid_of[$1]}/status"
}

# address_space NAME: in MiB.
address_space() {
  awk '/^VmSize/ { print int($2 / 1024) }' "/proc/${pid_of[$1]}/status"
}

# no_more_memory NAME: it gets 1 MiB more from the kernel at most, until more_memory: not enough for
# the stack of a thread.
no_more_memory() {
  local bytes=$((($(address_space "$1") + 1) * 1024 * 1024))
  ((bytes < 1 << 40)) || skip "a sanitizer needs all the address space there is"
  record "set the limit of $1 to $bytes bytes of address space"
  prlimit --pid "${pid_of[$1]}" --as="$bytes:"
}

more_memory() {
  record "set no limit to the address space of $1"
  prlimit --pid "${pid_of[$1]}" --as=unlimited:
}

# halves_without_memory: when 24 more clients have joined, the server gets no more memory; then each
# of them sends half a line, for which the server, with --max-line 65536, wants 64 KiB.
halves_without_memory() {
  local n
  for n in {1..24}; do
    join "late$n" wait send:half lines
  done
  no_more_memory server
  for n in {1..24}; do
    tell "late$n" on
  done
}

# The next descriptor that NAME opens will be the first one too many, until more_descriptors.
no_more_descriptors() {
  local next=0
  while [[ -e /proc/${pid_of[$1]}/fd/$next ]]; do
    next=$((next + 1))
  done
  record "set the limit of $1 to $next descriptors"
  prlimit --pid "${pid_of[$1]}" --nofile="$next:"
}

more_descriptors() {
  record "set the limit of $1 to 256 descriptors"
  prlimit --pid "${pid_of[$1]}" --nofile=256:
}

# ---- what the kernel knows of a connection ----

# tcp_sockets STATE: how many TCP sockets to or from `port` are in that state, as
# /proc/net/tcp numbers it: 02 is SYN_SENT, 06 TIME_WAIT.
tcp_sockets() {
  awk -v end=":$(printf '%04X' "$port")" -v state="$1" '
    (index($2, end) == 9 || index($3, end) == 9) && $4 == state { count++ }
    END { print count + 0 }' /proc/net/tcp
}

has_tcp_sockets() {
  (($(tcp_sockets "$1") >= $2))
}

# has_accepted COUNT: the server at `port` has so many connections (IPv4) that came from accept. One
# that waits in the backlog belongs to no program yet, so it has no inode.
has_accepted() {
  awk -v end=":$(printf '%04X' "$port")" -v wanted="$1" '
    index($2, end) == 9 && $4 != "0A" && $10 != 0 { count++ }
    END { exit count < wanted }' /proc/net/tcp
}

# has_no_client: the server at `port` has closed all its connections. What it prints of a client may come
# before that.
has_no_client() {
  ! has_accepted 1
}

# stall CLIENT [SERVER]: waits until both sleep, and bytes for the client wait in the server's
# kernel: from now on, nothing happens until the client reads.
stall() {
  wait_until is_stalled "$1" "${2:-server}" ||
    fail "$1 reads nothing, and yet nothing waits for it, or ${2:-server} does not come to rest"
}

is_stalled() {
  local before
  before=$(unsent)
  nap 0.1
  [[ -n $before && $(unsent) == "$before" ]] && is_in_state "$1" S && is_in_state "$2" S
}

# unsent: what waits in the kernel, for each connection of the server at `port` with something.
unsent() {
  awk -v end=":$(printf '%04X' "$port")" 'index($2, end) == 9 && $5 !~ /^00000000:/ { print $3, $5 }' /proc/net/tcp
}

# ---- how long a reply takes ----

# assert_nothing_waited: of the replies that swarm has counted, half came within 30 ms. A part of a
# reply that waits until the part before it is acknowledged waits 40 ms or longer, in each reply.
assert_nothing_waited() {
  [[ $output =~ p50\ ([0-9]+) ]] || fail "swarm printed no p50: $output"
  ((BASH_REMATCH[1] < 30)) || fail_because "the end of a reply waits until its beginning is acknowledged" \
    "half of the replies within 30 ms" "$output"
}
