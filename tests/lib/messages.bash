# messages.bash - for servers that answer each message, a line, with the time: lessons 6 and 7.
# shellcheck shell=bash

CR='\\r\\n$' # how peer prints the end of a line, as a regular expression
TIME='[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}'

# join NAME [ACTION]...: a client whose address is in ${address[NAME]} when it returns. Without an
# action it prints what it is answered.
declare -gA address=()
join() {
  local name=$1
  shift
  (($# > 0)) || set -- lines
  start_peer "$name" --timeout 60 ${small:+--rcvbuf 4096} name say:in "$@"
  wait_for_line "$name.out" '^in$'
  address[$name]=$(head -n 1 "$name.out")
}

# join_small NAME ACTION...: the same, with a small buffer in its kernel.
join_small() {
  small=yes join "$@"
}

# floods NAME ACTION...: a client with a small buffer that sends many empty messages, and does the
# rest when it is told to. Its messages fit into the buffers of the kernel; the answers do not.
floods() {
  join_small "$1" 'repeat:200000:\n' wait "${@:2}"
}

# is_answered NAME [COUNT]: it has been told the time so often.
is_answered() {
  wait_for_line "$1.out" "^$TIME$CR" "${2:-1}"
}

# prints_message NAME TEXT: the server prints a message of NAME, with the number of its bytes.
prints_message() {
  wait_for_line server.out "^$(escape_pattern "[${address[$1]}] ${#2} bytes: $2")\$"
}

# all_is_well: a new client is answered.
all_is_well() {
  local n=$((++clients))
  join "client$n" 'send:all is well\n' lines
  is_answered "client$n"
}

# end_is_not_counted: of a message of exactly --max-line bytes, \r\n and \n come on top.
end_is_not_counted() {
  start_server --max-line 10
  join ann repeat:10:a 'send:\r\n' line repeat:11:b 'send:\r\n' line repeat:10:c 'send:\n' lines
  prints_message ann aaaaaaaaaa
  prints_message ann cccccccccc
  is_answered ann 2
  assert_count ann.out "longer than 10 bytes.*$CR" 1
}
