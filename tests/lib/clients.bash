# clients.bash - for servers that give each client a thread or a process: lessons 4 and 9.
# shellcheck shell=bash

# start_waiting NAME: a client that has got an answer, and then says nothing until it is told to.
start_waiting() {
  start_peer "$1" --timeout 30 'send:Hello\n' line say:answered wait 'send:Hello\n' line say:again shutdown eof
  wait_for_line "$1.out" '^answered$'
}

# has_again NAME: the client that waited gets a second answer.
has_again() {
  tell "$1" on
  wait_for_line "$1.out" '^again$'
  wait_for_end "$1"
  assert_same "$status" 0
}

# The ids of the processes that a server has started.
children_of() {
  pgrep -P "${pid_of[$1]}" || true
}

has_no_children() {
  [[ -z $(children_of "$1") ]]
}

# assert_no_children NAME: no process that it has started is left, or soon will be: no zombie either.
assert_no_children() {
  wait_until has_no_children "$1" ||
    fail_because "$1 has children, though no client" "none" "$(ps -o pid=,stat= --ppid "${pid_of[$1]}")"
}
