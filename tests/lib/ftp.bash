# ftp.bash - the words for lesson 12: its server, users, and sessions with a control and a data connection.
#
#   start_ftp [OPTION]...         the server, with the users alice, bob and carol, each with the password
#                                 `secret`; their homes are in homes/
#   ftp ACTION...                 a session of alice, in TYPE I: peer logs in, and does the actions
#   ftp_as USER ACTION...         the same, of another user
#   start_ftp_session NAME [ACTION]...    alice's in the background, as start_peer; `wait` waits for `tell`
#   has_replied NAME CODE [COUNT] waits for a reply of that session
#   put_file PATH TEXT            a file in alice's home, made on the disk; with printf's escapes
#
# The actions of peer that know FTP, such as transfer:, take: and give:, are in build/tools/peer --help:
#
#   ftp 'ask:257:MKD sub' 'transfer:STOR sub/a' 'give:Hello' reply:226 'transfer:RETR sub/a' take:Hello reply:226
# shellcheck shell=bash
# shellcheck disable=SC2034 # some are for the scenarios

# Of `secret`. With the fewest rounds that SHA-512 has: most scenarios are not about the hash, and a login
# should not cost them much.
# shellcheck disable=SC2016 # these are no variables
SECRET='$6$rounds=1000$twelvesockets$jnEIDmi9fVpzTG3XzC6NwvaizP1kxaReo/CTPuIsBDrAoXwZZMORCmi1vz07.ZAcj8jkox/H5Y2emu4dJf6CD.'
# The same in yescrypt, as the program `users` makes it.
# shellcheck disable=SC2016
SECRET_YESCRYPT='$y$j9T$F5Jx5fExrKuPp53xLKQ..1$GmcwIgvdUC9qLWcKCi6gklUa1dM3ziD43YxYNURLKy0'

USERS=$BUILD/12-ftp-multiuser/users

# add_account NAME [QUOTA] [HASH]: a line in the file `users`.
add_account() {
  printf '%s:%s:%s\n' "$1" "${3:-$SECRET}" "${2:-}" >>users
}

make_users() {
  local user
  for user in alice bob carol; do
    add_account "$user"
  done
}

start_ftp() {
  [[ -e users ]] || make_users
  start_server --users users --root homes --penalty 0.05 "$@"
}

# login_as USER: sets `login` to the actions that log in, and set TYPE I.
login_as() {
  login=(reply:220 "ask:331:USER $1" 'ask:230:PASS secret' 'ask:200:TYPE I')
}

ftp() {
  ftp_as alice "$@"
}

ftp_as() {
  local login
  login_as "$1"
  peer "${login[@]}" "${@:2}"
}

# guest [--source ADDRESS] ACTION...: a session in which nobody is logged in.
guest() {
  local source=()
  if [[ $1 == --source ]]; then
    source=("$1" "$2")
    shift 2
  fi
  peer "${source[@]}" reply:220 "$@"
}

# start_ftp_session NAME [ACTION]...: it is logged in when this returns.
start_ftp_session() {
  start_ftp_session_as alice "$@"
}

start_ftp_session_as() {
  local login
  login_as "$1"
  start_peer "$2" --timeout 30 "${login[@]}" say:ready "${@:3}"
  wait_for_line "$2.out" '^ready$'
}

# has_replied NAME CODE [COUNT]: waits until so many (1) replies with this code have come.
has_replied() {
  wait_for_line "$1.out" "^$2 " "${3:-1}"
}

# told_port NAME: sets data_port to the one in the last 227 or 229 of a session.
told_port() {
  local reply
  reply=$(grep -E '^22[79] ' "$1.out" | tail -n 1)
  if [[ $reply =~ \(\|\|\|([0-9]+)\|\) ]]; then
    data_port=${BASH_REMATCH[1]}
  elif [[ $reply =~ ,([0-9]+),([0-9]+)\) ]]; then
    data_port=$((BASH_REMATCH[1] * 256 + BASH_REMATCH[2]))
  else
    fail_because "no reply of $1 tells a port" "227 or 229" "$reply"
  fi
}

put_file() {
  mkdir -p homes/alice
  printf %b "$2" >"homes/alice/$1"
}

# assert_file PATH TEXT: a file in alice's home has these bytes, with printf's escapes.
assert_file() {
  printf %b "$2" | cmp -s - "homes/alice/$1" ||
    fail_because "the file $1 has other bytes" "$2" "$(cat -A "homes/alice/$1" 2>&1)"
}

# assert_reply PATTERN [COUNT]: so many lines (1) of what the session has printed match the pattern.
assert_reply() {
  local count
  count=$(grep -cE -e "$1" <<<"$output" || true)
  ((count == ${2:-1})) ||
    fail_because "the session got other replies" "/$1/ ${2:-1} time(s)" "$output"
}

# get_url PATH [OPTION]...: curl gets it as alice.
get_url() {
  run_bounded curl -sS --max-time 10 --user alice:secret "${@:2}" "ftp://$host:$port/$1"
}

server_still_serves() {
  put_file .still 'still\n'
  ftp 'transfer:RETR .still' 'take:still\n' reply:226
}
