#!/usr/bin/env bats
# Lesson 8: asynchat; smtp_send and pop3_list.

load helpers

# ---- smtp_send: a server that follows a script ----

# How the server of a script begins and ends a session with smtp_send.
BEGINS=('send:220 hello\r\n' line 'send:250 ok\r\n' 'expect:MAIL FROM:<ann@example.org>\r\n' 'send:250 ok\r\n'
  'expect:RCPT TO:<bob@example.org>\r\n' 'send:250 ok\r\n' 'expect:DATA\r\n' 'send:354 go on\r\n')
ENDS=('send:250 taken\r\n' 'expect:QUIT\r\n' 'send:221 bye\r\n' eof)

# smtp_send [ARGUMENT]...: from ann to bob; the message is on stdin.
smtp_send() {
  run_bounded "$BUILD/08-asynchat-http/smtp_send" --host "$host" --port "$port" \
    --from ann@example.org --to bob@example.org "$@"
}

# sends TEXT BYTES: the message TEXT is these bytes on the wire; both as printf reads them.
sends() {
  printf '%b' "$1" >message
  start_peer_server accept "${BEGINS[@]}" "expect:$2" "${ENDS[@]}"
  smtp_send <message
  assert_succeeds
  wait_for_end peer
  assert_same "$status" 0
  assert_regex "$(<peer.out)" 'EHLO .+\\r\\n'
}

@test "smtp_send: each line of the message ends with CR LF, and a dot alone ends the message" {
  sends 'Subject: Hi\n\nHello\n' 'Subject: Hi\r\n\r\nHello\r\n.\r\n'
}

@test "smtp_send: a line that begins with a dot gets one more" {
  sends '.\n..\n.a\na.\n\n.' '..\r\n...\r\n..a\r\na.\r\n\r\n..\r\n.\r\n'
}

@test "smtp_send: CR LF stays; a CR or an LF alone never reaches the server" {
  sends 'one\r\ntwo\rthree\n\r\n.\r.\n' 'one\r\ntwo\r\nthree\r\n\r\n..\r\n..\r\n.\r\n'
}

@test "smtp_send: an empty message is one" {
  sends '' '.\r\n'
}

@test "smtp_send: a message that is longer than any buffer" {
  local i text='' bytes=''
  for i in {1..3000}; do
    text+=".line $i\\n"
    bytes+="..line $i\\r\\n"
  done
  sends "$text" "$bytes.\\r\\n"
}

@test "smtp_send: a reply of several lines, and one that comes a byte at a time" {
  BEGINS[0]='each:220-hello\r\n220-this is\r\n220 a server\r\n'
  BEGINS[2]='send:250-first\r\n250-SIZE 100\r\n250\r\n'
  sends 'Hello\n' 'Hello\r\n.\r\n'
}

@test "smtp_send: a server that does not know EHLO is told HELO" {
  BEGINS=("${BEGINS[@]:0:2}" 'send:500 what?\r\n' line 'send:250 ok\r\n' "${BEGINS[@]:3}")
  sends 'Hello\n' 'Hello\r\n.\r\n'
  wait_for_line peer.out '^HELO .'
}

# is_refused STEP REASON: the server refuses at that place of the script.
is_refused() {
  start_peer_server accept "${BEGINS[@]:0:$1}" 'send:550-no\r\n550 not \x1bhere\r\n' 'expect:QUIT\r\n' 'send:221 bye\r\n' eof
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" "$2: 550 not \\\\x1bhere\$"
  wait_for_end peer
  assert_same "$status" 0
}

@test "smtp_send: a refused sender is a failure, and the server is told QUIT" {
  is_refused 4 'MAIL FROM:<ann@example.org>'
}

@test "smtp_send: a refused receiver is a failure, and the server is told QUIT" {
  is_refused 6 'RCPT TO:<bob@example.org>'
}

@test "smtp_send: a server that refuses the message itself" {
  start_peer_server accept "${BEGINS[@]}" 'expect:Hello\r\n.\r\n' 'send:554 no\r\n' 'expect:QUIT\r\n' 'send:221 bye\r\n' eof
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'the message: 554 no$'
}

@test "smtp_send: a server that ends before it has taken the message is a failure" {
  start_peer_server accept "${BEGINS[@]}" 'expect:Hello\r\n.\r\n' close
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'the message: the server closed the connection$'
}

@test "smtp_send: a server that ends after it has taken the message is none" {
  start_peer_server accept "${BEGINS[@]}" 'expect:Hello\r\n.\r\n' 'send:250 taken\r\n' close
  smtp_send <<<'Hello'
  assert_succeeds
}

@test "smtp_send: what is no reply is a failure" {
  start_peer_server accept 'send:HTTP/1.1 400\r\n' eof
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'the greeting: this is no reply of SMTP$'
}

@test "smtp_send: a reply that does not end is a failure" {
  start_peer_server accept 'repeat:70000:2' eof
  smtp_send <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'a line of more than 65536 bytes$'
}

@test "smtp_send: --timeout: a silent server is a failure" {
  start_peer_server accept hold
  smtp_send --timeout 0.1 <<<'Hello'
  assert_fails 1
  assert_regex "$stderr" 'the greeting: nothing came for 0.1 s$'
}

@test "smtp_send: --verbose prints what is said" {
  start_peer_server accept "${BEGINS[@]}" 'expect:Hello\r\n.\r\n' "${ENDS[@]}"
  smtp_send --verbose <<<'Hello'
  assert_same "$status" 0
  assert_line_of "$stderr" '< 220 hello'
  assert_line_of "$stderr" '> MAIL FROM:<ann@example.org>'
  assert_line_of "$stderr" '< 250 taken'
}

assert_line_of() {
  grep -qxF -- "$2" <<<"$1" || fail "there is no line $2 in: $1"
}

@test "smtp_send: an address that would be two lines or two words is refused" {
  local bad
  for bad in $'a\r\nQUIT' 'a b' 'a>' ''; do
    run_bounded "$BUILD/08-asynchat-http/smtp_send" --from "$bad" --to bob@example.org <<<'Hello'
    assert_fails 2
  done
  run_bounded "$BUILD/08-asynchat-http/smtp_send" --to bob@example.org <<<'Hello'
  assert_fails 2
}

# ---- pop3_list: a server that follows a script ----

PASSWORD='secret word'
LOGS_IN=('send:+OK hello\r\n' 'expect:USER bob\r\n' 'send:+OK\r\n' 'expect:PASS '"$PASSWORD"'\r\n' 'send:+OK\r\n' 'expect:STAT\r\n')
LOGS_OUT=('expect:QUIT\r\n' 'send:+OK bye\r\n' eof)

# pop3_list [ARGUMENT]...: of bob.
pop3_list() {
  run_bounded "$BUILD/08-asynchat-http/pop3_list" --host "$host" --port "$port" --user bob "$@" <<<"$PASSWORD"
}

@test "pop3_list: prints how many there are, and the Subject of each" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 2 320\r\n' \
    'expect:TOP 1 0\r\n' 'send:+OK\r\nFrom: ann\r\nSubject: Hello\r\nTo: bob\r\n\r\n.\r\n' \
    'expect:TOP 2 0\r\n' 'each:+OK\r\nsubject:Hello again\r\n\r\n.\r\n' "${LOGS_OUT[@]}"
  pop3_list
  assert_succeeds
  assert_same "$output" $'2 messages, 320 bytes\n1: Hello\n2: Hello again'
  wait_for_end peer
  assert_same "$status" 0
}

@test "pop3_list: a Subject of several lines, none, and one in the body; escapes" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 3 320\r\n' \
    'expect:TOP 1 0\r\n' 'send:+OK\r\nSubject: Hello\r\n \tagain\r\nTo: bob,\r\n carl\r\n\r\n.\r\n' \
    'expect:TOP 2 0\r\n' 'send:+OK\r\nFrom: ann\r\n\r\nSubject: no\r\n..\r\n.\r\n' \
    'expect:TOP 3 0\r\n' 'send:+OK\r\nSubject: \x1b[2J\r\n\r\n.\r\n' "${LOGS_OUT[@]}"
  pop3_list
  assert_succeeds
  assert_same "$output" $'3 messages, 320 bytes\n1: Hello again\n2: (no subject)\n3: \\x1b[2J'
}

@test "pop3_list: a server without TOP sends the whole message; a line that is only a dot, doubled, does not end it" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 2 320 more\r\n' 'expect:TOP 1 0\r\n' 'send:-ERR what?\r\n' \
    'expect:RETR 1\r\n' 'send:+OK\r\nSubject: one\r\n\r\n..\r\nSubject: no\r\n.\r\n' \
    'expect:RETR 2\r\n' 'send:+OK\r\n..Subject: no\r\nSubject: two\r\n\r\n\r\n.\r\n' "${LOGS_OUT[@]}"
  pop3_list
  assert_succeeds
  assert_same "$output" $'2 messages, 320 bytes\n1: one\n2: two'
}

@test "pop3_list: a wrong password is a failure, is said, and the server is told QUIT" {
  start_peer_server accept "${LOGS_IN[@]:0:4}" 'send:-ERR wrong\r\n' "${LOGS_OUT[@]}"
  pop3_list
  assert_fails 1
  assert_regex "$stderr" 'PASS: -ERR wrong$'
  wait_for_end peer
  assert_same "$status" 0
}

@test "pop3_list: a server that ends in the middle of a message is a failure" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 1 5\r\n' 'expect:TOP 1 0\r\n' 'send:+OK\r\nSubject: one\r\n' close
  pop3_list
  assert_same "$status" 1
  assert_regex "$stderr" 'TOP 1 0: the server closed the connection$'
}

@test "pop3_list: a server that speaks another protocol is a failure" {
  start_peer_server accept 'send:220 hello\r\n' eof
  pop3_list
  assert_fails 1
  assert_regex "$stderr" 'the greeting: this is no reply of POP3$'
}

@test "pop3_list: a reply to STAT without numbers is a failure" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK many\r\n' eof
  pop3_list
  assert_fails 1
  assert_regex "$stderr" 'STAT: this is no reply of POP3$'
}

@test "pop3_list: --timeout: a silent server is a failure" {
  start_peer_server accept "${LOGS_IN[@]:0:2}" hold
  pop3_list --timeout 0.1
  assert_fails 1
  assert_regex "$stderr" 'USER bob: nothing came for 0.1 s$'
}

@test "pop3_list: --verbose does not print the password" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 0 0\r\n' "${LOGS_OUT[@]}"
  pop3_list --verbose
  assert_same "$status" 0
  assert_line_of "$stderr" '> PASS'
  refute_regex "$stderr$output" 'secret'
}

@test "pop3_list: a terminal does not show the password that is typed" {
  start_peer_server accept "${LOGS_IN[@]}" 'send:+OK 0 0\r\n' "${LOGS_OUT[@]}"
  start terminal script -qec "'$BUILD/08-asynchat-http/pop3_list' --host $host --port $port --user bob" /dev/null
  wait_for_line terminal.out 'Password: '
  tell terminal "$PASSWORD"
  wait_for_line terminal.out '^0 messages, 0 bytes'
  refute_regex "$(<terminal.out)" 'secret'
}

@test "pop3_list: no password, or one that is too long" {
  port=1
  run_bounded "$BUILD/08-asynchat-http/pop3_list" --port 1 --user bob </dev/null
  assert_fails 1
  assert_regex "$stderr" 'the password: '
  run_bounded "$BUILD/08-asynchat-http/pop3_list" --port 1 --user bob < <(printf '%0300d\n' 7)
  assert_fails 1
  assert_regex "$stderr" 'the password: '
}

# ---- both, with real servers: aiosmtpd and dovecot ----

# start_mail_servers: sets smtp_port and pop3_port. Dovecot reads no mail of root's, so root's servers
# run as somebody else, who has to be let in.
start_mail_servers() {
  command -v aiosmtpd >/dev/null || skip "there is no aiosmtpd (Debian: python3-aiosmtpd)"
  command -v dovecot >/dev/null || skip "there is no dovecot (Debian: dovecot-pop3d)"
  local id=$EUID group as=()
  group=$(id -g)
  mkdir mail
  if ((EUID == 0)); then
    id=65534 group=65534
    as=(setpriv "--reuid=$id" "--regid=$group" --clear-groups)
    chown "$id:$group" mail
    chmod 711 . .. ../..
  fi
  smtp_port=$(free_port)
  pop3_port=$(free_port)
  dovecot_conf "$PWD/mail" "$id" "$group" >mail/dovecot.conf
  start dovecot "${as[@]}" dovecot -F -c mail/dovecot.conf
  start aiosmtpd "${as[@]}" aiosmtpd -n -l "127.0.0.1:$smtp_port" -c aiosmtpd.handlers.Mailbox "$PWD/mail/box"
  port=$smtp_port wait_until has_tcp_sockets 0A 1 || fail "aiosmtpd does not listen: $(<aiosmtpd.err)"
  port=$pop3_port wait_until has_tcp_sockets 0A 1 || fail "dovecot does not listen: $(<mail/log)"
}

# dovecot_conf DIRECTORY USER GROUP: a server with one mailbox, whose password is PASSWORD.
dovecot_conf() {
  local name
  name=$(id -un "$2")
  cat <<CONF
protocols = pop3
listen = 127.0.0.1
base_dir = $1/run
state_dir = $1/run
log_path = $1/log
default_internal_user = $name
default_internal_group = $(id -gn "$2")
default_login_user = $name
first_valid_uid = 1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:$1/box
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = $pop3_port
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
passdb {
  driver = static
  args = password=$PASSWORD
}
userdb {
  driver = static
  args = uid=$2 gid=$3 home=$1
}
CONF
}

@test "smtp_send and pop3_list: what a real SMTP server takes, a real POP3 server lists" {
  PASSWORD=secret
  start_mail_servers
  port=$smtp_port
  smtp_send < <(printf 'Subject: First,\n folded\n\nHello\n.dot\n')
  assert_succeeds
  smtp_send < <(printf 'From: ann\n\nSubject: not this\n')
  assert_succeeds
  port=$pop3_port
  pop3_list
  assert_succeeds
  assert_regex "$output" $'^2 messages, [0-9]+ bytes\n1: First, folded\n2: \\(no subject\\)$'
  grep -rqx '\.dot' mail/box
}
