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

# ---- uploads ----
#
#   start_upload NAME PATH TEXT [ACTION]...   alice stores PATH, in the background: TEXT has come, and then the
#                                 ACTIONs are done, at first for the control connection; the first `wait` is
#                                 in front of them, so tell NAME lets it go on
#   start_upload_as USER NAME PATH TEXT [ACTION]...
#   upload_command                the command for start_upload: STOR if it is not set
#   break_upload PATH TEXT        an upload that the client ends with ABOR, when TEXT has come
#   part_of PATH                  prints the name of its part, below homes/
#   assert_part PATH TEXT, assert_no_part PATH, and of a file in alice's home: assert_gone PATH
#   random_file NAME BYTES        in the directory of the scenario
#   put_url FILE PATH [OPTION]... curl stores it as alice

# bytes_of TEXT: how many it has; its escapes are those of peer.
bytes_of() {
  printf %b "$1" | wc -c
}

part_of() {
  local directory=
  [[ $1 != */* ]] || directory=${1%/*}/
  echo "$directory.ftp-part.${1##*/}"
}

# has_bytes FILE COUNT
has_bytes() {
  [[ $(stat -c %s "$1" 2>/dev/null) == "$2" ]]
}

start_upload() {
  start_upload_as alice "$@"
}

start_upload_as() {
  local user=$1 name=$2 path=$3 text=$4 size before=0
  start_ftp_session_as "$user" "$name" "transfer:${upload_command:-STOR} $path" other "send:$text" other \
    wait "${@:5}"
  has_replied "$name" 150
  # Behind what APPE or REST has kept.
  before=${upload_before:-0}
  size=$((before + $(bytes_of "$text")))
  wait_until has_bytes "homes/$user/$(part_of "$path")" "$size" ||
    fail_because "what was sent did not come into the part" "$size bytes" "$(ls -la "homes/$user")"
}

break_upload() {
  start_upload broken "$1" "$2" ask:426:ABOR reply:226
  tell broken on
  wait_for_status broken 0
}

assert_part() {
  local part
  part=$(part_of "$1")
  assert_file "$part" "$2"
}

assert_no_part() {
  local part
  part=homes/alice/$(part_of "$1")
  [[ ! -e $part ]] || fail_because "a part of $1 has stayed" "none" "$(stat -c '%n: %s bytes' "$part")"
}

assert_gone() {
  [[ ! -e homes/alice/$1 ]] ||
    fail_because "$1 is there" "no such file" "$(stat -c '%s bytes' "homes/alice/$1")"
}

random_file() {
  head -c "$2" /dev/urandom >"$1"
}

put_url() {
  run_bounded curl -sS --max-time 10 --user alice:secret "${@:3}" --upload-file "$1" "ftp://$host:$port/$2"
}

# assert_same_file LOCAL PATH [USER]: PATH in the home has the bytes of LOCAL.
assert_same_file() {
  cmp -s "$1" "homes/${3:-alice}/$2" ||
    fail_because "$2 is not the same file as $1" "$(stat -c '%s bytes' "$1")" \
      "$(stat -c '%s bytes' "homes/${3:-alice}/$2" 2>&1); $(cmp "$1" "homes/${3:-alice}/$2" 2>&1)"
}

# begin_quiet: remembers what the server has open, when nobody is there; end_quiet: it is so again.
begin_quiet() {
  quiet_descriptors=$(open_descriptors server)
  quiet_threads=$(threads_of server)
}

end_quiet() {
  assert_descriptors server "$quiet_descriptors"
  wait_until has_threads server "$quiet_threads" ||
    fail_because "a thread of the server is left" "$quiet_threads" "$(threads_of server)"
}

threads_of() {
  local threads=("/proc/${pid_of[$1]}/task/"*)
  echo "${#threads[@]}"
}

has_threads() {
  (($(threads_of "$1") == $2))
}

# ---- the quota ----

# used_by USER: the bytes of all its files on the disk.
used_by() {
  find "homes/$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }'
}

# assert_used USER BYTES: on the disk, and by SITE QUOTA.
assert_used() {
  local used
  used=$(used_by "$1")
  ((used == $2)) || fail_because "$1 has another number of bytes on the disk" "$2" "$used"
  ftp_as "$1" 'ask:200:SITE QUOTA'
  assert_reply "^200 $2 (of [0-9]+ )?bytes are used"
}

# ---- TLS ----

# need NAME...: skips the scenario where one of these programs is not installed.
need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || skip "no $program here"
  done
}

# goes_both_ways FILE [OPTION]...: curl stores it as alice, and gets it back.
goes_both_ways() {
  put_url "$1" "$1" "${@:2}"
  assert_succeeds
  assert_same_file "$1" "$1"
  get_url "$1" "${@:2}" -o back
  assert_succeeds
  cmp "$1" back
}

# make_certificate NAME [OPTION]...: NAME.pem and NAME.key, for 127.0.0.1.
make_certificate() {
  need openssl
  bounded openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' "${@:2}" -keyout "$1.key" -out "$1.pem" 2>openssl.err
}

# python_ftp [ARGUMENT]...: runs the Python script on stdin, which begins with all of tests/lib/ftps.py.
python_ftp() {
  need python3
  python3 -c 'import ssl' 2>/dev/null || skip "this python3 has no ssl"
  run_bounded env PYTHONPATH="$ROOT/tests/lib" PYTHONDONTWRITEBYTECODE=1 python3 -c \
    'import sys; from ftps import *; exec(compile(sys.stdin.read(), "script", "exec"))' "$host" "$port" "$@"
  assert_succeeds
}

# ---- the client ----
#
#   ftp_client COMMAND...         our client logs in as alice, and is given these commands on its stdin
#   start_bad_ftp FAULT FILE...   a server with one fault, tests/lib/bad_ftp.py

ftp_client() {
  ftp_client_with '' "$@"
}

# ftp_client_with OPTIONS COMMAND...: the same with options, separated by spaces.
ftp_client_with() {
  local options
  read -ra options <<<"$1"
  printf '%s\n' secret "${@:2}" >commands
  run_bounded "$CLIENT" --host "$host" --port "$port" --user alice --password-stdin "${options[@]}" <commands
}

# has_part NAME: of a download, something is there.
has_part() {
  [[ -s $1.part ]]
}

start_bad_ftp() {
  need python3
  start bad python3 "$ROOT/tests/lib/bad_ftp.py" "$@"
  wait_for_line bad.out '^listening on '
  port=$(sed -n 's/^listening on .*://p' bad.out)
}
