#!/usr/bin/env bats
# Lesson 12: an FTP server for several users, each with a home and a quota, and its client.

load helpers
load lib/ftp

# ---- words of these scenarios ----

# x_file NAME COUNT: a file in alice's home, so many times x.
x_file() {
  put_file "$1" ''
  head -c "$2" /dev/zero | tr '\0' x >"homes/alice/$1"
}

assert_no_file() {
  [[ ! -e $1 && ! -L $1 ]] || fail_because "there is a file that must not be there" "no $1" "$(ls -ld "$1")"
}

# assert_files DIRECTORY [NAME]...: the directory has these, and no others but hidden ones.
assert_files() {
  local expected
  expected=$(printf '%s\n' "${@:2}")
  [[ $(ls "$1") == "$expected" ]] || fail_because "the files in $1 are not the right ones" "$expected" "$(ls "$1")"
}

# assert_listed LINE...: the peer's last listing has these lines, in any order, and no others. They stand
# between the replies 150 and 226.
assert_listed() {
  local expected listed
  expected=$(printf '%s\n' "$@" | sort)
  listed=$(sed -n '/^150 /,/^226 /{ /^150 /d; /^226 /d; p }' run.out | sort)
  [[ $listed == "$expected" ]] || fail_because "something else was listed" "$expected" "$listed"
}

# port_words PORT: as PORT writes it, "156,64".
port_words() {
  echo "$(($1 / 256)),$(($1 % 256))"
}

# ---- the server: sessions ----

# bats test_tags=id:listens,basic
@test "server: listens on 127.0.0.1 unless told otherwise, and says so first" {
  start_ftp
  assert_same "$(head -n 1 server.out)" "listening on 127.0.0.1:$port"
}

# bats test_tags=id:logs-in,basic,needs:listens,points:5
@test "server: USER, PASS and QUIT: a greeting, and a reply to each" {
  start_ftp
  guest 'ask:331:USER alice' 'ask:230:PASS secret' ask:221:QUIT eof
}

# bats test_tags=id:stores,needs:logs-in,points:5
@test "server: STOR and RETR: what is stored is in the user's home, and comes back" {
  start_ftp
  ftp 'transfer:STOR hello' 'give:Hello\n' reply:226 'transfer:RETR hello' 'take:Hello\n' reply:226
  assert_file hello 'Hello\n'
  get_url hello
  assert_printed Hello
}

# bats test_tags=needs:logs-in,points:3
@test "server: a home is made at the first login, for this user alone" {
  start_ftp
  assert_files homes
  ftp ask:257:PWD
  assert_reply '^257 "/" '
  assert_files homes alice
  assert_same "$(stat -c %a homes/alice)" 700
}

# bats test_tags=needs:logs-in,points:3
@test "server: a wrong password and an unknown user get the same reply; the third one ends the session" {
  start_ftp
  guest 'ask:331:USER alice' 'ask:530:PASS wrong' 'ask:331:USER nobody' 'ask:530:PASS secret' \
    'ask:331:USER alice' 'ask:421:PASS Secret' eof
  [[ ${lines[2]} == "${lines[4]}" ]] || fail_because "the replies differ" "${lines[2]}" "${lines[4]}"
  [[ ${lines[1]} == "${lines[3]}" ]] || fail_because "the replies differ" "${lines[1]}" "${lines[3]}"
  ftp ask:257:PWD
}

# bats test_tags=needs:logs-in,points:2
@test "server: names that no user has, or can have: nobody is let in, and no directory is made" {
  start_ftp
  local name
  local source=1
  for name in alic alice2 ALICE .. . ../bob '#' alice: "$(printf 'x%.0s' {1..300})" -; do
    source=$((source + 1)) # one that has not tried yet does not wait
    guest --source "127.0.0.$source" "ask:331:USER $name" 'ask:530:PASS secret'
  done
  assert_files homes
  assert_no_file bob
}

# bats test_tags=needs:logs-in,points:3
@test "server: after a wrong password only that address waits" {
  start_ftp --penalty 1.5
  start_peer wrong reply:220 'ask:331:USER alice' 'ask:530:PASS wrong'
  wait_for_line wrong.out '^331 '
  peer --source 127.0.0.2 reply:220 'ask:331:USER alice' 'ask:230:PASS secret'
  assert_count wrong.out '^530 ' 0
  wait_for_status wrong 0
}

# bats test_tags=needs:logs-in,points:2
@test "server: after a wrong password, another connection of that address waits, too" {
  start_ftp --penalty 1
  start_peer wrong reply:220 'ask:331:USER alice' 'ask:530:PASS wrong' 'ask:331:USER alice' 'ask:530:PASS wrong'
  has_replied wrong 530
  start_peer second reply:220 'ask:331:USER alice' say:asking wait 'ask:230:PASS secret'
  wait_for_line second.out '^asking$'
  nap 0.5 # the second wrong password is being looked at
  tell second on
  has_replied wrong 530 2
  wait_for_status second 0
}

# bats test_tags=needs:logs-in,points:2
@test "server: users who are added while it runs can log in, with a hash of either kind" {
  start_ftp
  guest 'ask:331:USER dave' 'ask:530:PASS secret'
  add_account dave '' "$SECRET_YESCRYPT"
  ftp_as dave ask:257:PWD
  assert_files homes dave
}

# bats test_tags=needs:logs-in,points:2
@test "server: a line of the users' file that makes no sense lets nobody in" {
  add_account alice
  printf 'eve\nfred:\ngeorge::\nhugo:*:\nida:%s:many\n\n# jon:%s:\n' "$SECRET" "$SECRET" >>users
  start_ftp
  local user source=1
  for user in eve fred george hugo ida jon '#' '# jon'; do
    source=$((source + 1)) # one that has not tried yet does not wait
    guest --source "127.0.0.$source" "ask:331:USER $user" 'ask:530:PASS ' "ask:331:USER $user" 'ask:530:PASS secret'
  done
  ftp ask:257:PWD
}

# bats test_tags=needs:logs-in,points:3
@test "server: each user is in a home of its own" {
  start_ftp
  ftp_as alice 'transfer:STOR name' give:alice reply:226
  ftp_as bob 'transfer:STOR name' give:bob reply:226
  ftp_as alice 'transfer:RETR name' take:alice reply:226 'ask:550:RETR ../bob/name' 'ask:550:CWD ../bob'
  ftp_as bob 'transfer:RETR /name' take:bob reply:226
}

# bats test_tags=needs:logs-in,points:3
@test "server: REIN: nobody is logged in, and all is as at the beginning" {
  start_ftp
  ftp 'ask:257:MKD sub' 'ask:250:CWD sub' 'ask:350:RNFR ../sub' ask:220:REIN ask:530:PWD 'ask:503:PASS secret' \
    'ask:331:USER bob' 'ask:230:PASS secret' ask:257:PWD 'ask:550:SIZE x' 'ask:503:RNTO y'
  assert_reply '^257 "/" '
  assert_reply '^550 .*TYPE I'
}

# bats test_tags=needs:logs-in
@test "server: USER ends the session of whoever was logged in" {
  start_ftp
  ftp 'ask:331:USER bob' ask:530:PWD 'ask:530:PASS wrong' ask:530:PWD
}

# bats test_tags=needs:logs-in,points:3
@test "server: before a login, no command reaches a file" {
  start_ftp
  local command
  guest ask:215:SYST ask:211:FEAT ask:200:NOOP ask:214:HELP ask:211:STAT 'ask:200:TYPE I'
  for command in PASV EPSV 'PORT 127,0,0,1,9,9' 'EPRT |1|127.0.0.1|2121|' 'REST 1' 'ALLO 1' 'RETR a' 'STOR a' 'APPE a' STOU LIST \
    NLST MLSD MLST 'STAT /' 'CWD /' CDUP PWD 'MKD a' 'RMD a' 'DELE a' 'RNFR a' 'RNTO a' 'SIZE a' 'MDTM a' \
    'MFMT 20260101000000 a' 'HASH a' AVBL 'SITE QUOTA' 'SITE CHMOD 644 a' XPWD 'XMKD a'; do
    case $command in
      'SITE '*) guest "ask:530:$command" ;;
      *) guest "ask:530:$command" 'ask:331:USER alice' "ask:530:$command" ;;
    esac
  done
  assert_files homes
}

# ---- the server: commands ----

# bats test_tags=needs:logs-in,points:3
@test "server: commands that are unknown, that need an argument, or come in the wrong order" {
  start_ftp
  guest 'ask:503:PASS secret' ask:500:NONSENSE 'ask:500: USER alice' ask:500: 'ask:500:USERalice' ask:501:USER \
    'ask:501:USER ' 'ask:503:PBSZ 0' 'ask:503:PROT P' 'ask:502:AUTH TLS' ask:501:AUTH 'ask:331:USER alice' \
    'ask:230:PASS secret' 'ask:503:PASS secret'
  ftp ask:501:RETR ask:501:CWD ask:501:MKD ask:501:RNFR 'ask:503:RNTO b' ask:501:SITE 'ask:504:SITE NONSENSE' \
    'ask:501:OPTS NONSENSE' 'ask:501:REST x' 'ask:501:REST -1' 'ask:501:REST 1x' \
    'ask:501:REST 99999999999999999999' 'ask:501:ALLO x' 'ask:501:MFMT 20260101000000' 'ask:501:SITE CHMOD 999 a' \
    'ask:504:HELP NONSENSE' ask:257:PWD
}

# bats test_tags=needs:logs-in,points:2
@test "server: commands in any case, and with either end of a line" {
  start_ftp
  peer reply:220 'ask:331:user alice' 'ask:230:pAsS secret' 'send:pwd\n' reply:257 'ask:200:type i' \
    'ask:229:epsv' data 'ask:150:list' listing reply:226 'ask:200:site quota'
}

# bats test_tags=needs:logs-in,points:3
@test "server: commands in one segment are answered in order" {
  start_ftp
  put_file hello 'Hello\n'
  peer 'send:USER alice\r\nPASS secret\r\nPWD\r\nNONSENSE\r\nTYPE I\r\nSIZE hello\r\nEPSV\r\n' reply:220 reply:331 reply:230 \
    reply:257 reply:500 reply:200 reply:213 reply:229 data \
    'send:RETR hello\r\nPWD\r\nSIZE hello\r\nNOOP\r\nQUIT\r\n' reply:150 'take:Hello\n' reply:226 reply:257 reply:213 \
    reply:200 reply:221 eof
}

# bats test_tags=needs:connects,points:3
@test "server: what has come together with a RETR is answered behind it, also what could be answered in the middle" {
  not_under short-recv # then nothing comes together
  start_ftp
  put_file hello 'Hello\n'
  ftp ask:229:EPSV 'send:RETR hello\r\nNOOP\r\nABOR\r\nSTAT\r\nPWD\r\n' silence:0.1 data reply:150 'take:Hello\n' reply:226 \
    reply:200 reply:226 reply:211 reply:257
}

# bats test_tags=needs:logs-in,points:2
@test "server: commands a byte at a time" {
  start_ftp
  peer reply:220 'each:USER alice\r\nPASS secret\r\n' reply:331 reply:230 'each:PWD\r\n' reply:257
}

# bats test_tags=needs:logs-in,points:3
@test "server: a line that is too long gets one reply, and the next one is served" {
  start_ftp
  ftp repeat:8192:x 'send:\r\n' reply:500 ask:257:PWD 'send:MKD ' repeat:8193:x 'send:\r\n' reply:500 ask:257:PWD \
    repeat:1000000:x 'send:\r\nPWD\r\n' reply:500 reply:257
  assert_files homes/alice
}

# bats test_tags=needs:logs-in,points:2
@test "server: a NUL byte in a command is refused" {
  start_ftp
  ftp 'send:MKD a\0b\r\n' reply:501 'send:\0\r\n' reply:501 'send:PW\0D\r\n' reply:501 ask:257:PWD
  assert_files homes/alice
}

# bats test_tags=needs:logs-in,points:3
@test "server: what telnet puts between the bytes is taken out" {
  start_ftp
  ftp 'send:\xff\xf4\xff\xf2ABOR\r\n' reply:226 'send:P\xff\xfb\x01W\xff\xfd\x03D\r\n' reply:257 \
    'send:P\xff\xfa\x18\0PWD\r\n\xff\xffx\xff\xf0WD\r\n' reply:257 'send:\xff\xf1NOOP\r\n' reply:200 \
    'send:MKD a\xff\xffb\r\n' reply:257 'each:\xff\xf4\xff\xf2NOOP\r\n' reply:200
  assert_files homes/alice $'a\xffb'
}

# bats test_tags=needs:logs-in,points:2
@test "server: urgent data is part of the stream" {
  start_ftp
  ftp 'send:\xff\xf4' 'urgent:\xff' 'send:\xf2ABOR\r\n' reply:226 ask:257:PWD \
    'urgent:\xff\xf4\xff\xf2ABOR\r\n' reply:226 'send:NOO' 'urgent:P' 'send:\r\n' reply:200
}

# bats test_tags=needs:logs-in,points:2
@test "server: FEAT, HELP, SITE HELP, SYST and STAT tell what there is" {
  start_ftp
  ftp ask:211:FEAT ask:214:HELP 'ask:214:HELP RETR' 'ask:214:SITE HELP' ask:215:SYST ask:211:STAT 'ask:200:OPTS UTF8 ON'
  local feature
  for feature in EPRT EPSV MDTM MFMT 'REST STREAM' SIZE TVFS UTF8 AVBL; do
    assert_reply "^ $feature\$"
  done
  assert_reply '^ MLST Type\*;Size\*;Modify\*;Perm\*;Unique;UNIX.mode\*;$'
  assert_reply '^ AUTH TLS$' 0
  assert_reply '^215 UNIX Type: L8'
  assert_reply '^ *STOR ' 1
  assert_reply 'user alice, in /'
}

# bats test_tags=needs:logs-in,points:2
@test "server: TYPE, STRU and MODE: what is there, and 504 for all else" {
  start_ftp
  ftp 'ask:200:TYPE A' 'ask:200:TYPE A N' 'ask:504:TYPE A T' 'ask:504:TYPE E' 'ask:200:TYPE L 8' 'ask:504:TYPE L 7' \
    'ask:200:TYPE I' 'ask:504:TYPE X' 'ask:200:STRU F' 'ask:504:STRU R' 'ask:504:STRU P' 'ask:200:MODE S' \
    'ask:504:MODE B' 'ask:504:MODE C'
}

# ---- the server: data connections ----

# bats test_tags=id:connects,needs:stores,points:5
@test "server: PASV, EPSV, PORT and EPRT: each makes a data connection" {
  start_ftp
  put_file hello 'Hello\n'
  ftp ask:227:PASV data 'ask:150:RETR hello' 'take:Hello\n' reply:226 \
    ask:229:EPSV data 'ask:150:RETR hello' 'take:Hello\n' reply:226 \
    'ask:229:EPSV 1' data 'ask:150:RETR hello' 'take:Hello\n' reply:226 \
    port 'ask:150:RETR hello' data 'take:Hello\n' reply:226 \
    eprt 'ask:150:RETR hello' data 'take:Hello\n' reply:226
  ftp port 'ask:150:STOR a' data give:a reply:226 eprt 'ask:150:STOR b' data give:b reply:226 \
    ask:227:PASV 'send:STOR c\r\n' silence:0.1 data reply:150 give:c reply:226
  assert_files homes/alice a b c hello
}

# bats test_tags=needs:connects,points:2
@test "server: curl: passive and active, over and over on one connection" {
  start_ftp
  put_file hello 'Hello\n'
  get_url hello --disable-epsv
  assert_printed Hello
  get_url hello --ftp-port -
  assert_printed Hello
  get_url hello --ftp-port - --disable-eprt
  assert_printed Hello
  get_url '{hello,hello,hello}'
  assert_printed $'Hello\nHello\nHello'
}

# bats test_tags=needs:connects,points:2
@test "server: IPv6: EPSV and EPRT" {
  need_ipv6
  host=::1
  start_ftp --host ::1
  put_file hello 'Hello\n'
  ftp ask:229:EPSV data 'ask:150:RETR hello' 'take:Hello\n' reply:226 'ask:229:EPSV 2' 'ask:522:EPSV 1' ask:425:PASV \
    eprt 'ask:150:RETR hello' data 'take:Hello\n' reply:226 'ask:504:PORT 127,0,0,1,9,9'
}

# bats test_tags=needs:connects,points:2
@test "server: EPSV of a family that this connection has not, or EPRT of none" {
  start_ftp
  ftp 'ask:522:EPSV 2' 'ask:522:EPSV 3' 'ask:522:EPSV x' 'ask:522:EPRT |3|127.0.0.1|2121|' 'transfer:LIST' listing reply:226
}

# bats test_tags=needs:connects,points:2
@test "server: after EPSV ALL there is nothing but EPSV" {
  start_ftp
  ftp 'ask:200:EPSV ALL' ask:501:PASV 'ask:501:PORT 127,0,0,1,39,39' 'ask:501:EPRT |1|127.0.0.1|9999|' \
    transfer:LIST listing reply:226
}

# bats test_tags=needs:connects,points:3
@test "server: PORT and EPRT that make no sense" {
  start_ftp
  local argument
  for argument in 1,2,3 256,0,0,1,4,5 127,0,0,1,4,256 127,0,0,1,4,5x 127,0,0,1,,5 '127,0,0,1,4,5,' ,127,0,0,1,4,5 \
    +127,0,0,1,4,5 127,0,0,1,-4,5 '127,0,0,1, 4,5' ' 127,0,0,1,4,5' '127,0,0,1,4,5 ' 127.0.0.1,4,5 127,0,0,1,4,5,6 \
    127,0,0,1,4,99999999999999999999 x; do
    actions+=("ask:501:PORT $argument")
  done
  for argument in '|1|127.0.0.1|' '|1|127.0.0.1|2121' '|1|127.0.0.1|2121|x' '|1|127.0.0|2121|' '|1|::1|2121|' \
    '|2|127.0.0.1|2121|' '|1|127.0.0.1|65536|' '|1|127.0.0.1|-1|' '|1|127.0.0.1|+2121|' '|1|127.0.0.1||' '|' \
    '||127.0.0.1|2121|' '|1!127.0.0.1|2121|' '|1||2121|' x; do
    actions+=("ask:501:EPRT $argument")
  done
  ftp "${actions[@]}" ask:425:LIST ask:257:PWD
}

# bats test_tags=needs:connects,points:5
@test "server: PORT to somebody else, or to a port of the system, is refused, and nobody is connected to" {
  start_ftp
  start victim "$PEER" --listen --host 127.0.0.2 --port 0 accept say:came
  wait_for_line victim.out '^listening on '
  local victim
  victim=$(sed -n '1s/.*://p' victim.out)
  ftp "ask:504:PORT 127,0,0,2,$(port_words "$victim")" ask:425:LIST \
    "ask:504:EPRT |1|127.0.0.2|$victim|" ask:425:LIST "ask:504:EPRT |2|::ffff:127.0.0.2|$victim|" ask:425:LIST \
    'ask:504:PORT 127,0,0,1,0,21' 'ask:504:PORT 127,0,0,1,3,255' 'ask:504:PORT 0,0,0,0,9,9' 'ask:504:EPRT |1|127.0.0.1|80|' \
    ask:425:LIST 'ask:504:EPRT |2|::1|2121|'
  assert_count victim.out came 0
  is_running victim
}

# bats test_tags=needs:connects,points:2
@test "server: PORT where nobody listens: 425, and the session goes on" {
  start_ftp
  local nobody
  nobody=$(free_port)
  ftp "ask:200:PORT 127,0,0,1,$(port_words "$nobody")" ask:425:LIST transfer:LIST listing reply:226
}

# bats test_tags=needs:connects,points:2
@test "server: without PASV, EPSV, PORT or EPRT there is no data connection; each is for one transfer" {
  start_ftp
  put_file hello 'Hello\n'
  ftp ask:425:LIST 'ask:425:RETR hello' 'ask:425:STOR a' transfer:LIST listing reply:226 ask:425:LIST
  assert_files homes/alice hello
}

# bats test_tags=needs:connects,points:5
@test "server: a stranger at the passive port is sent away, and the owner is still served" {
  start_ftp
  put_file hello 'Hello\n'
  start_ftp_session owner ask:229:EPSV 'send:RETR hello\r\n' say:asked wait data reply:150 'take:Hello\n' reply:226
  wait_for_line owner.out '^asked$'
  told_port owner
  port=$data_port peer --source 127.0.0.2 eof
  assert_printed ''
  tell owner on
  wait_for_status owner 0
}

# bats test_tags=needs:connects,points:3
@test "server: a data connection that does not come is not waited for longer than --timeout" {
  start_ftp --timeout 1
  ftp ask:229:EPSV ask:425:LIST ask:257:PWD
}

# bats test_tags=needs:connects,points:2
@test "server: ABOR ends the wait for a data connection" {
  start_ftp
  ftp ask:229:EPSV 'send:LIST\r\n' silence:0.1 'send:NOOP\r\n' reply:200 'send:STAT\r\n' reply:211 'send:ABOR\r\n' reply:426 reply:226 ask:257:PWD
}

# bats test_tags=needs:connects,points:2
@test "server: a second PASV closes the port of the first one" {
  start_ftp
  start_ftp_session owner ask:227:PASV say:one wait ask:227:PASV say:two wait
  wait_for_line owner.out '^one$'
  told_port owner
  local first=$data_port
  tell owner on
  wait_for_line owner.out '^two$'
  told_port owner
  [[ $data_port != "$first" ]] || skip "the kernel gave the same port again"
  run_bounded "$PEER" --host "$host" --port "$first" say:connected
  assert_fails 1
}

# bats test_tags=needs:connects,points:3
@test "server: --pasv-ports: no other port is taken; if all are, 425" {
  local only
  only=$(free_port)
  start_ftp --pasv-ports "$only-$only"
  start_ftp_session owner ask:227:PASV say:one wait ask:226:ABOR say:two wait
  wait_for_line owner.out '^one$'
  told_port owner
  assert_same "$data_port" "$only"
  ftp ask:425:PASV ask:425:EPSV
  tell owner on
  wait_for_line owner.out '^two$'
  ftp transfer:LIST listing reply:226 transfer:LIST listing reply:226 ask:227:PASV
}

# bats test_tags=needs:connects
@test "server: --public-address is what PASV tells" {
  start_ftp --public-address 192.0.2.7
  ftp ask:227:PASV
  assert_reply '^227 .*\(192,0,2,7,[0-9]+,[0-9]+\)'
}

# ---- the server: what is transferred ----

# bats test_tags=needs:stores,points:3
@test "server: TYPE A: each line ends with CR LF on the way, and with LF in the file" {
  start_ftp
  put_file text 'one\ntwo\r\n\nend'
  ftp 'ask:200:TYPE A' 'transfer:RETR text' 'take:one\r\ntwo\r\r\n\r\nend' reply:226 'ask:550:SIZE text' \
    'transfer:STOR back' 'give:one\r\ntwo\r\r\n\r\nend' reply:226
  assert_file back 'one\ntwo\r\n\nend'
}

# bats test_tags=needs:stores,points:3
@test "server: TYPE A: a CR at the end of a piece, one alone, and LF alone" {
  start_ftp
  ftp 'ask:200:TYPE A' 'transfer:STOR text' other 'each:one\r\n\r\r\ntwo\rthree\nfour\r' close other reply:226
  assert_file text 'one\n\r\ntwo\rthree\nfour\r'
}

# bats test_tags=needs:stores,points:2
@test "server: TYPE A: a long text both ways" {
  start_ftp
  ftp 'ask:200:TYPE A' 'transfer:STOR text' 'give-repeat:200000:x\r\n' reply:226 'transfer:RETR text' \
    'take-repeat:200000:x\r\n' reply:226 'ask:200:TYPE I' 'ask:213:SIZE text'
  assert_reply '^213 400000$'
}

# bats test_tags=needs:stores,points:3
@test "server: TYPE I: all bytes as they are" {
  start_ftp
  local text='\0\xff\r\n\n\r\x1a\x04 %%\xff\xf4'
  ftp 'transfer:STOR any' "give:$text" reply:226 'transfer:RETR any' "take:$text" reply:226
  assert_file any "$text"
}

# bats test_tags=needs:stores,points:3
@test "server: empty and large files" {
  start_ftp
  ftp 'transfer:STOR empty' give: reply:226 'transfer:RETR empty' take: reply:226 \
    'transfer:STOR large' 'give-repeat:1000000:0123456789' reply:226 \
    'transfer:RETR large' 'take-repeat:1000000:0123456789' reply:226
  assert_same "$(stat -c %s homes/alice/large homes/alice/empty)" $'10000000\n0'
}

# bats test_tags=needs:stores,points:3
@test "server: REST: RETR from there on; 554 behind the end" {
  start_ftp
  put_file hello 'Hello\n'
  ftp 'ask:350:REST 0' 'transfer:RETR hello' 'take:Hello\n' reply:226 'ask:350:REST 3' 'transfer:RETR hello' 'take:lo\n' reply:226 \
    'ask:350:REST 6' 'transfer:RETR hello' take: reply:226 'ask:350:REST 7' ask:229:EPSV 'ask:554:RETR hello' \
    'ask:200:TYPE A' 'ask:504:REST 1' 'ask:350:REST 0'
  get_url hello --continue-at 2
  assert_printed llo
}

# bats test_tags=needs:stores,points:3
@test "server: REST is for the next transfer only" {
  start_ftp
  put_file hello 'Hello\n'
  local whole=('transfer:RETR hello' 'take:Hello\n' reply:226)
  ftp 'ask:350:REST 3' 'transfer:RETR hello' 'take:lo\n' reply:226 "${whole[@]}" \
    'ask:350:REST 3' ask:257:PWD "${whole[@]}" 'ask:350:REST 3' 'ask:550:RETR nothing' "${whole[@]}" \
    'ask:350:REST 3' ask:500:NONSENSE "${whole[@]}" 'ask:350:REST 4' transfer:NLST 'take:hello\r\n' reply:226 "${whole[@]}" \
    'ask:350:REST 3' ask:425:LIST "${whole[@]}" 'ask:350:REST 3' 'ask:350:REST 0' "${whole[@]}"
}

# bats test_tags=needs:stores,points:2
@test "server: RETR of what is not there, or no file" {
  start_ftp
  put_file hello 'Hello\n'
  mkdir homes/alice/sub
  ftp 'ask:550:RETR nothing' 'ask:550:RETR sub' 'ask:550:RETR hello/x' 'ask:550:RETR /' \
    'ask:550:RETR nothing/x' 'transfer:RETR sub/..//./hello' 'take:Hello\n' reply:226
}

# ---- the server: listings ----

# bats test_tags=id:lists,needs:connects,points:5
@test "server: LIST: a line for each file, as ls -l; hidden ones with -a" {
  start_ftp
  put_file hello 'Hello\n'
  put_file .hidden ''
  mkdir homes/alice/sub
  chmod 640 homes/alice/hello
  chmod 750 homes/alice/sub
  touch -d '2020-01-02 03:04:05 UTC' homes/alice/hello
  ftp transfer:LIST listing reply:226
  assert_reply '^-rw-r----- +1 alice +[a-z]+ +6 Jan +2 +2020 hello$'
  assert_reply '^drwxr-x--- .* sub$'
  assert_reply hidden 0
  assert_reply '^total' 0
  ftp 'transfer:LIST -la' listing reply:226
  assert_reply ' \.hidden$'
  assert_reply ' hello$'
  ftp 'transfer:LIST -l sub' listing reply:226 'transfer:LIST hello' listing reply:226 'ask:550:LIST nothing'
  assert_reply ' hello$'
  assert_reply ' sub$' 0
  get_url '' --list-only
  assert_same "$(sort <<<"$output")" $'hello\nsub'
}

# bats test_tags=needs:lists,points:3
@test "server: NLST: names that RETR understands, with the directory that was asked for" {
  start_ftp
  mkdir -p homes/alice/sub/deep
  put_file one.txt one
  put_file two.c two
  put_file sub/one.txt sub
  ftp transfer:NLST listing reply:226
  assert_listed one.txt two.c sub
  ftp 'transfer:NLST *.txt' listing reply:226
  assert_listed one.txt
  ftp 'transfer:NLST sub' listing reply:226
  assert_listed sub/one.txt sub/deep
  ftp 'transfer:NLST /sub/' listing reply:226 'transfer:RETR /sub/one.txt' take:sub reply:226
  assert_reply '^/sub/one.txt$'
  ftp 'transfer:NLST sub/o*' listing reply:226 'transfer:RETR sub/one.txt' take:sub reply:226
  assert_reply '^sub/one.txt$'
  assert_reply 'deep' 0
  ftp 'transfer:NLST two.c' listing reply:226
  assert_listed two.c
  ftp 'transfer:NLST [q-z]*' listing reply:226
  assert_listed two.c sub
  ftp 'transfer:NLST *.none' take: reply:226 'ask:550:NLST nothing' 'ask:550:NLST none/*'
}

# bats test_tags=needs:lists,points:3
@test "server: LIST of a pattern, and of a name that looks like one or like an option" {
  start_ftp
  put_file one.txt one
  put_file two.c two
  put_file '[1]' x
  put_file -la x
  ftp 'transfer:LIST *.txt' listing reply:226
  assert_reply ' one.txt$'
  assert_reply ' two.c$' 0
  ftp 'transfer:NLST [1]' listing reply:226
  assert_listed '[1]'
  ftp 'transfer:NLST -la' listing reply:226
  assert_listed -la
}

# bats test_tags=needs:lists,points:3
@test "server: MLSD and MLST: facts; OPTS MLST chooses them" {
  start_ftp
  put_file hello 'Hello\n'
  put_file .hidden ''
  mkdir homes/alice/sub
  ln -s hello homes/alice/link
  chmod 644 homes/alice/hello
  touch -d '2026-01-02 03:04:05 UTC' homes/alice/hello
  ftp transfer:MLSD listing reply:226
  assert_reply '^type=cdir;.*; \.$'
  assert_reply '^type=file;size=6;modify=20260102030405;perm=[a-z]*r[a-z]*;UNIX.mode=0644; hello$'
  assert_reply '^type=dir;.*; sub$'
  assert_reply '^type=OS.unix=symlink;.*; link$'
  assert_reply '; \.hidden$'
  ftp 'ask:250:MLST hello' 'ask:250:MLST' 'ask:501:MLSD hello' 'ask:550:MLST nothing'
  assert_reply '^ type=file;size=6;modify=20260102030405;.*; /hello$'
  assert_reply '^ type=dir;.*; /$'
  ftp 'ask:200:OPTS MLST Size;nonsense;type;' 'ask:250:MLST hello' ask:211:FEAT 'ask:200:OPTS MLST' 'ask:250:MLST hello'
  assert_reply '^200 MLST OPTS Type;Size;$'
  assert_reply '^ type=file;size=6; /hello$'
  assert_reply '^ MLST Type\*;Size\*;Modify;Perm;Unique;UNIX.mode;$'
  assert_reply '^200 MLST OPTS *$'
  assert_reply '^  /hello$'
}

# bats test_tags=needs:lists,points:2
@test "server: STAT: the session; with a path a listing in the reply" {
  start_ftp
  put_file hello 'Hello\n'
  put_file $'213 End\r\n213 End' ''
  mkdir homes/alice/sub
  ftp ask:211:STAT 'ask:213:STAT .' 'ask:213:STAT hello' 'ask:213:STAT sub' 'ask:550:STAT nothing' ask:257:PWD
  assert_reply '^ -rw.* hello$' 2
  assert_reply '^213 ' 3
}

# bats test_tags=needs:lists,points:3
@test "server: a directory of many files" {
  start_ftp
  mkdir -p homes/alice/many
  (cd homes/alice/many && touch "file with a name that is long "{1..3000})
  ftp 'transfer:NLST many' listing reply:226
  assert_reply '^many/file' 3000
  assert_same "$(grep '^many/' <<<"$output" | sort -u | wc -l)" 3000
  ftp 'ask:213:STAT many' >/dev/null
  assert_reply ' file with' 3000
}

# bats test_tags=id:names,needs:lists,points:5
@test "server: names with any bytes: one line each, nothing is forged, and what is listed can be used" {
  start_ftp
  local name shown
  mkdir -p homes/alice
  for name in $'two\nlines' $'226 done\r\n226 done' $'cr\r' $'esc\e[31mred' 'quo"te' ' space' 'trail ' -dash ü $'\xff\xfe' $'del\x7f' \
    '100%s%n' '*' '?' '~' '-l a'; do
    printf %s "bytes of $name" >"homes/alice/$name"
    shown=${name//[$'\x01'-$'\x1f\x7f']/?}
    local telnet=${shown//$'\xff'/$'\xff\xff'} # telnet's IAC
    ftp transfer:NLST listing reply:226 transfer:LIST listing reply:226 transfer:MLSD listing reply:226 ask:213:'STAT .'
    assert_same "$(grep -c '^226 /' run.out)" 3
    assert_same "$(grep -cE '^(d|-)r.*[0-9] ' run.out)" 1
    assert_same "$(grep -cE '^ -r.*[0-9] ' run.out)" 1
    assert_same "$(grep -c '^type=file' run.out)" 1
    ftp "ask:213:SIZE $telnet" "ask:213:HASH $telnet" "ask:213:MDTM $telnet" "ask:250:MLST $telnet" \
      "transfer:RETR $telnet" "take:bytes of ${name//$'\n'/\\n}" reply:226 "ask:350:RNFR $telnet" 'ask:250:RNTO plain' \
      'ask:213:SIZE plain'
    mv homes/alice/plain "homes/alice/$name"
    ftp "ask:250:DELE $telnet"
    assert_files homes/alice
  done
}

# bats test_tags=needs:names,points:2
@test "server: a directory with a line feed in its name can be entered and removed" {
  start_ftp
  mkdir -p $'homes/alice/a\nb/sub'
  printf x >$'homes/alice/a\nb/file'
  ftp 'ask:250:CWD a?b' ask:257:PWD 'transfer:RETR file' take:x reply:226 'ask:250:CWD sub' ask:250:CDUP 'ask:250:DELE /a?b/file' \
    'ask:250:RMD sub' ask:250:CDUP 'ask:250:RMD a?b'
  assert_files homes/alice
}

# bats test_tags=needs:names,points:2
@test "server: of two files that look the same in a listing, neither is taken for the other" {
  start_ftp
  put_file $'a\rb' one
  put_file $'a\nb' two
  ftp 'ask:550:RETR a?b' 'ask:550:DELE a?b' 'ask:550:RNFR a?b' 'ask:550:SIZE a?b'
  put_file 'a?b' three
  ftp 'transfer:RETR a?b' take:three reply:226 'ask:250:DELE a?b'
  assert_same "$(find homes/alice -type f | wc -l)" 3 # find prints the line feed
}

# bats test_tags=needs:names,points:3
@test "server: a quote in a path is doubled in 257" {
  start_ftp
  ftp 'ask:257:MKD a"b' 'ask:257:MKD a"b/"' 'ask:250:CWD a"b/"' ask:257:PWD 'ask:257:MKD " "'
  assert_reply '^257 "/a""b" '
  assert_reply '^257 "/a""b/""" ' 2
  assert_reply '^257 "/a""b/""/"" """ '
}

# bats test_tags=needs:names,points:3
@test "server: nothing gets a name with a control character, or none" {
  start_ftp
  put_file old ''
  local name
  for name in 'a\r\0b' 'a\x1b[1m' 'a\tb' 'a\x7f' 'sub/a\x01' / . .. "$(printf 'x%.0s' {1..256})"; do
    ftp "send:MKD $name\r\n" reply:553 "send:STOR $name\r\n" reply:553 "send:APPE $name\r\n" reply:553 \
      'ask:350:RNFR old' "send:RNTO $name\r\n" reply:553
  done
  assert_files homes/alice old
}

# ---- the server: the jail ----

# outside: a directory beside the homes, and links to it in alice's.
outside() {
  mkdir -p outside/sub homes/alice/own
  printf secret >outside/file
  chmod 600 outside/file
  touch -d '2020-01-01 UTC' outside/file outside/sub outside
  ln -s ../../outside homes/alice/directory
  ln -s "$PWD/outside/file" homes/alice/file
  ln -s nowhere homes/alice/dangling
  ln -s own homes/alice/inward
  ln -s .. homes/alice/up
}

assert_outside_untouched() {
  assert_files outside file sub
  assert_same "$(<outside/file)" secret
  assert_same "$(stat -c '%a %Y' outside/file)" "600 $(date -d '2020-01-01 UTC' +%s)"
  assert_same "$(stat -c %Y outside)" "$(date -d '2020-01-01 UTC' +%s)"
}

# bats test_tags=id:jailed,needs:stores,points:5
@test "server: .. in the root stays in the root; absolute paths begin at the home" {
  start_ftp
  outside
  local path
  for path in ../../outside/file "$PWD/outside/file" own/../../../outside/file /../../outside/file; do
    ftp "ask:550:RETR $path" "ask:550:SIZE $path" "ask:550:DELE $path" "ask:550:RNFR $path" "ask:550:STOR $path" \
      "ask:550:CWD ${path%/*}" "ask:553:MKD ${path%/*}/new" "ask:550:MLST $path" "ask:550:LIST ${path%/*}"
  done
  ftp ask:250:CDUP ask:257:PWD 'ask:250:CWD ../../..' ask:257:PWD 'ask:250:CWD own/..' ask:257:PWD 'ask:250:CWD /own' \
    'transfer:STOR ../../../a' give:a reply:226 'transfer:STOR /own/b' give:b reply:226
  assert_reply '^257 "/" ' 3
  assert_file a a
  assert_file own/b b
  assert_outside_untouched
}

# bats test_tags=needs:jailed,points:5
@test "server: symbolic links are listed, and followed by no command" {
  start_ftp
  outside
  local link
  for link in file dangling directory/file up/alice/own/x; do
    ftp "ask:550:RETR $link" "ask:550:SIZE $link" "ask:550:MDTM $link" "ask:550:HASH $link" "ask:550:STOR $link" "ask:550:APPE $link" \
      "ask:550:MFMT 20260101000000 $link" "ask:550:SITE CHMOD 777 $link"
  done
  for link in directory up inward; do
    ftp "ask:550:CWD $link" "ask:550:RMD $link" "ask:553:MKD $link/new" "ask:550:RMD $link/sub" "ask:550:DELE $link/file" \
      "ask:550:RNFR $link/file" "ask:550:STOR $link/new" "ask:550:MLST $link/file" "ask:550:LIST $link/file" \
      "ask:550:NLST $link/*" "ask:550:STAT $link/file" "ask:501:MLSD $link" "ask:550:AVBL $link"
    ftp "transfer:LIST $link" listing reply:226
    assert_reply "^l.* $link\$"
    assert_reply '^[-d]' 0
  done
  ftp transfer:LIST listing reply:226 'ask:250:MLST file'
  assert_reply '^l.* (file|directory|dangling|up|inward)$' 5
  assert_reply 'outside|nowhere|->' 0
  assert_reply '^ type=OS.unix=symlink;.*; /file$'
  assert_outside_untouched
}

# bats test_tags=needs:jailed,points:3
@test "server: DELE and RNTO are about the link itself, not about what it leads to" {
  start_ftp
  outside
  printf new >homes/alice/new
  ftp 'ask:250:DELE directory' 'ask:350:RNFR file' 'ask:250:RNTO own/link' 'ask:350:RNFR new' 'ask:553:RNTO up/alice/x' \
    'ask:350:RNFR new' 'ask:250:RNTO dangling'
  assert_outside_untouched
  assert_no_file homes/alice/directory
  assert_no_file homes/alice/nowhere
  assert_file dangling new
  [[ -L homes/alice/own/link ]]
}

# bats test_tags=needs:jailed,points:3
@test "server: pipes, sockets and devices are refused at once" {
  start_ftp
  mkdir -p homes/alice
  mkfifo homes/alice/pipe
  ftp 'ask:550:RETR pipe' 'ask:550:STOR pipe' 'ask:550:APPE pipe' 'ask:550:SIZE pipe' 'ask:550:HASH pipe' 'ask:550:SITE CHMOD 777 pipe' \
    'ask:550:CWD pipe' 'ask:250:MLST pipe' transfer:LIST listing reply:226 'ask:250:DELE pipe'
  assert_reply '^p.* pipe$'
  assert_no_file homes/alice/pipe
}

# bats test_tags=needs:jailed,points:3
@test "server: a directory that becomes a link while somebody is in it" {
  start_ftp
  outside
  mkdir homes/alice/sub
  start_ftp_session owner 'ask:250:CWD sub' say:inside wait 'ask:550:RETR file' 'ask:550:STOR new' 'ask:553:MKD new' \
    'ask:550:DELE file' 'ask:550:CWD .' 'ask:250:CWD /' ask:257:PWD
  wait_for_line owner.out '^inside$'
  mv homes/alice/sub homes/alice/gone
  ln -s ../../outside homes/alice/sub
  tell owner on
  wait_for_status owner 0
  assert_outside_untouched
}

# bats test_tags=needs:jailed,points:2
@test "server: a home that is a link, or a file, is nobody's" {
  start_ftp
  mkdir -p outside homes
  ln -s ../outside homes/alice
  printf x >homes/bob
  guest 'ask:331:USER alice' 'ask:421:PASS secret' eof
  guest 'ask:331:USER bob' 'ask:421:PASS secret' eof
  ftp_as carol ask:257:PWD
}

# ---- the server: files and directories ----

# bats test_tags=needs:stores,points:3
@test "server: MKD, CWD, CDUP, PWD, RMD, and their old names" {
  start_ftp
  ftp 'ask:257:MKD a' 'ask:257:MKD a/b' 'ask:257:XMKD /a/b/c' 'ask:250:CWD a/b/c' ask:257:PWD ask:250:CDUP ask:257:XPWD ask:250:XCUP \
    'ask:250:XCWD /' 'ask:550:MKD a' 'ask:550:RMD a' 'ask:550:RMD nothing' 'ask:550:CWD nothing' 'ask:553:MKD nothing/x' \
    'ask:250:RMD a/b/c' 'ask:250:XRMD a/b' 'ask:250:RMD a' 'ask:550:RMD /' 'ask:550:DELE /' 'ask:550:RNFR /'
  assert_reply '^257 "/a/b/c" ' 2
  assert_reply '^257 "/a/b" ' 2
  assert_files homes/alice
}

# bats test_tags=needs:stores,points:3
@test "server: DELE, RNFR and RNTO" {
  start_ftp
  put_file a one
  put_file b two
  mkdir homes/alice/sub
  ftp 'ask:350:RNFR a' 'ask:250:RNTO sub/c' 'ask:350:RNFR b' 'ask:250:RNTO sub/c' 'ask:550:RNFR a' 'ask:550:DELE sub' \
    'ask:550:DELE nothing' 'ask:350:RNFR sub' 'ask:250:RNTO other' 'ask:350:RNFR other' ask:257:PWD 'ask:503:RNTO x' \
    'ask:350:RNFR other' 'ask:553:RNTO other/into/itself' 'ask:503:RNTO x' 'ask:350:RNFR other' 'ask:553:RNTO other/c'
  assert_file other/c two
  ftp 'ask:250:DELE other/c' 'ask:250:RMD other'
  assert_files homes/alice
}

# bats test_tags=needs:stores,points:3
@test "server: SIZE, MDTM, MFMT and HASH" {
  start_ftp
  put_file hello 'Hello\n'
  mkdir homes/alice/sub
  touch -d '2026-01-02 03:04:05 UTC' homes/alice/hello
  ftp 'ask:213:SIZE hello' 'ask:213:MDTM hello' 'ask:213:HASH hello' 'ask:550:SIZE sub' 'ask:550:SIZE nothing' 'ask:550:MDTM nothing' \
    'ask:550:HASH sub' 'ask:213:MFMT 20240229235959 hello' 'ask:213:MDTM hello' 'ask:501:MFMT 20230229000000 hello' \
    'ask:501:MFMT 2023 hello' 'ask:501:MFMT 20231301000000 hello' 'ask:501:MFMT 20230101250000 hello' \
    'ask:501:MFMT 2023010100000x hello' 'ask:550:MFMT 20230101000000 nothing' 'ask:200:TYPE A' 'ask:550:SIZE hello'
  assert_reply '^213 6$'
  assert_reply '^213 20260102030405$'
  assert_reply "^213 SHA-256 0-6 $(printf 'Hello\n' | sha256sum | cut -c 1-64) hello\$"
  assert_reply '^213 Modify=20240229235959; '
  assert_reply '^213 20240229235959$'
  assert_same "$(stat -c %Y homes/alice/hello)" "$(date -d '2024-02-29 23:59:59 UTC' +%s)"
}

# bats test_tags=needs:stores,points:2
@test "server: SITE CHMOD: the nine bits, and no others" {
  start_ftp
  put_file hello ''
  mkdir homes/alice/sub
  ftp 'ask:200:SITE CHMOD 640 hello' 'ask:200:site chmod 0711 sub' 'ask:501:SITE CHMOD 4755 hello' 'ask:501:SITE CHMOD 1777 sub' \
    'ask:501:SITE CHMOD -1 hello' 'ask:501:SITE CHMOD 648 hello' 'ask:501:SITE CHMOD 640' 'ask:501:SITE CHMOD' \
    'ask:501:SITE CHMOD u+s hello' 'ask:550:SITE CHMOD 640 nothing'
  assert_same "$(stat -c %a homes/alice/hello homes/alice/sub)" $'640\n711'
}

# bats test_tags=needs:stores,points:2
@test "server: AVBL, ALLO and SITE QUOTA: how much room there is" {
  add_account alice 1000
  add_account bob
  start_ftp
  put_file hello 'Hello\n'
  ftp ask:213:AVBL 'ask:200:SITE QUOTA' 'ask:202:ALLO 994' 'ask:552:ALLO 995' 'ask:202:ALLO 10 R 80' 'ask:550:AVBL nothing'
  assert_reply '^213 994$'
  assert_reply '^200 .*6 of 1000 bytes'
  ftp_as bob ask:213:AVBL 'ask:200:SITE QUOTA' 'ask:202:ALLO 1000000'
  assert_reply '^213 [0-9]{6,}$'
}

# ---- the server: in the middle of a transfer ----

# bats test_tags=id:aborts,needs:stores,points:5
@test "server: ABOR, STAT and NOOP while a file is sent; then the session goes on" {
  start_ftp --rate 2000
  x_file large 100000
  put_file hello 'Hello\n'
  ftp 'transfer:RETR large' 'ask:200:NOOP' ask:211:STAT 'send:ABOR\r\n' reply:426 reply:226 other eof close other \
    ask:226:ABOR ask:257:PWD 'transfer:RETR hello' 'take:Hello\n' reply:226
  assert_reply '^211 .*RETR /large: [0-9]+ bytes'
}

# bats test_tags=needs:aborts,points:3
@test "server: ABOR as telnet sends it, with urgent data" {
  start_ftp --rate 2000
  x_file large 100000
  ftp 'transfer:RETR large' 'send:\xff\xf4' 'urgent:\xff' 'send:\xf2ABOR\r\n' reply:426 reply:226 ask:257:PWD
}

# bats test_tags=needs:aborts,points:3
@test "server: ABOR while a file is stored, and while the client takes nothing" {
  start_ftp
  x_file large 20000000
  ftp 'transfer:STOR new' other send:abc other ask:200:NOOP 'send:ABOR\r\n' reply:426 reply:226 ask:257:PWD \
    'transfer:RETR large' 'ask:200:NOOP' ask:211:STAT 'send:ABOR\r\n' reply:426 reply:226 ask:257:PWD
  assert_no_file homes/alice/new
}

# bats test_tags=needs:aborts,points:2
@test "server: what comes while a file is sent is answered behind it, in order" {
  start_ftp --rate 50000
  x_file large 30000
  ftp 'transfer:RETR large' 'send:PWD\r\nSIZE large\r\nNOOP\r\n' take-repeat:30000:x reply:226 reply:257 reply:213 reply:200
}

# bats test_tags=needs:aborts,points:2
@test "server: a data connection that stands still is given up after --timeout" {
  start_ftp --timeout 1
  x_file large 20000000
  ftp 'transfer:RETR large' reply:426 ask:257:PWD 'transfer:STOR new' reply:426 ask:257:PWD
}

# bats test_tags=needs:stores,points:2
@test "server: a client that resets the data connection: 426, and the session goes on" {
  start_ftp
  x_file large 20000000
  ftp 'transfer:RETR large' other rst other reply:426 ask:257:PWD 'transfer:STOR new' other send:abc rst other reply:426 ask:257:PWD
  assert_no_file homes/alice/new
}

# ---- the server: limits ----

threads_of() {
  local tasks=("/proc/${pid_of[$1]}/task/"*)
  echo "${#tasks[@]}"
}

has_threads() {
  (($(threads_of "$1") == $2))
}

# assert_threads NAME COUNT: it has so many, now or soon.
assert_threads() {
  wait_until has_threads "$1" "$2" || fail_because "there are more threads, though no client" "$2" "$(threads_of "$1")"
}

# lets_in [OPTION]...: a new client is greeted, not refused.
lets_in() {
  "$PEER" --host "$host" --port "$port" "$@" reply:220 >/dev/null 2>&1
}

# bats test_tags=id:limits,needs:logs-in,points:3
@test "server: --max-clients: one more is told 421; when one has left, the next is let in" {
  start_ftp --max-clients 2
  start_ftp_session one wait ask:221:QUIT eof
  start_ftp_session two wait ask:257:PWD
  peer reply:421 eof
  tell one on
  wait_for_status one 0
  wait_until lets_in || fail_because "nobody is let in after one has left" 220 "$(peer lines && echo "$output")"
  tell two on
  wait_for_status two 0
}

# bats test_tags=needs:limits,points:3
@test "server: --max-per-host: one more from that address is told 421, one from another is let in" {
  start_ftp --max-per-host 2
  start_ftp_session one wait ask:221:QUIT eof
  start_ftp_session two wait ask:257:PWD
  peer reply:421 eof
  guest --source 127.0.0.2 'ask:331:USER alice' 'ask:230:PASS secret'
  tell one on
  wait_for_status one 0
  wait_until lets_in || fail_because "nobody is let in after one has left" 220 "$(peer lines && echo "$output")"
  tell two on
  wait_for_status two 0
}

# bats test_tags=needs:limits,points:3
@test "server: --idle: a session without commands is told 421, and ends" {
  start_ftp --idle 0.5
  ftp reply:421 eof
  ftp drip:x reply:421
}

# bats test_tags=needs:limits,points:3
@test "server: --timeout: a client that does not log in is told 421, also if it sends a byte now and then" {
  start_ftp --timeout 0.5
  guest reply:421 eof
  guest 'ask:331:USER alice' reply:421 eof
  guest drip:x reply:421
  ftp silence:1 ask:257:PWD
}

# bats test_tags=needs:limits,points:3
@test "server: a session with a transfer that takes long is not idle" {
  start_ftp --idle 1 --rate 20000
  x_file large 40000
  ftp 'transfer:RETR large' take-repeat:40000:x reply:226 ask:257:PWD
}

# bats test_tags=needs:limits,points:2
@test "server: --rate: no transfer is faster" {
  start_ftp --rate 20000
  x_file large 30000
  ftp 'transfer:RETR large' silence:1 take-repeat:30000:x reply:226 'transfer:STOR new' give-repeat:30000:x silence:1 reply:226
}

# bats test_tags=needs:limits,points:3
@test "server: two hundred clients that never log in hold up nobody, and cost no CPU" {
  more_files 1024
  start_ftp
  silent_clients 200
  wait_until has_accepted 200
  ftp ask:257:PWD
  server_still_serves
  assert_idle server
}

# bats test_tags=needs:limits,points:2
@test "server: an idle one uses no CPU, nor do sessions that wait" {
  start_ftp
  assert_idle server
  start_ftp_session one wait
  start_ftp_session two ask:229:EPSV 'send:LIST\r\n' say:asked wait
  wait_for_line two.out '^asked$'
  assert_idle server
}

# bats test_tags=needs:limits,points:3
@test "server: a client that never reads its replies ends after --timeout, and holds up nobody" {
  start_ftp --timeout 1
  start_peer deaf --rcvbuf 4096 --timeout 30 reply:220 'fill:HELP\r\n' hold
  wait_for_line deaf.out '^filled '
  server_still_serves
  wait_until has_no_client || fail_because "the client that reads nothing is still there" "no client" "$(describe_descriptors server)"
  is_running deaf
}

# bats test_tags=needs:limits,points:3
@test "server: a reset at any moment: it goes on, and all that it had opened is closed" {
  start_ftp --timeout 5
  x_file large 5000000
  local descriptors threads
  threads=$(threads_of server)
  server_still_serves
  assert_threads server "$threads"
  descriptors=$(open_descriptors server)
  peer rst
  guest rst
  guest 'send:USER ali' rst
  guest 'ask:331:USER alice' rst
  guest 'ask:331:USER alice' 'send:PASS secret\r\n' rst
  guest 'ask:331:USER alice' 'send:PASS wrong\r\n' rst
  ftp rst
  ftp ask:229:EPSV rst
  ftp ask:229:EPSV 'send:LIST\r\n' rst
  ftp ask:227:PASV data rst
  ftp port rst
  ftp port 'send:RETR large\r\n' rst
  ftp 'transfer:RETR large' rst
  ftp 'transfer:RETR large' other rst other rst
  ftp 'transfer:STOR new' other send:abc other rst
  ftp transfer:MLSD rst
  ftp 'send:SITE QUOTA\r\nHELP\r\nFEAT\r\nSTAT /\r\n' rst
  ftp 'ask:350:RNFR large' rst
  assert_descriptors server "$descriptors"
  assert_threads server "$threads"
  assert_no_file homes/alice/new
  server_still_serves
}

# bats test_tags=needs:limits,points:3
@test "server: a client that dies while it stores: what came is not taken for the whole file" {
  start_ftp
  start_ftp_session dies 'transfer:STOR new' other send:abc say:sent wait close other close
  wait_for_line dies.out '^sent$'
  freeze server # both connections have ended when it looks again
  tell dies now
  wait_for_end dies
  thaw server
  wait_until has_no_client
  assert_no_file homes/alice/new
  # And while so much waits that it sees the end of the file first.
  ftp 'transfer:STOR new' other repeat:20000000:x close other close
  wait_until has_no_client
  assert_no_file homes/alice/new
}

# bats test_tags=needs:limits,points:3
@test "server: after many sessions it has no more descriptors and threads than before" {
  start_ftp
  put_file hello 'Hello\n'
  local descriptors threads n
  threads=$(threads_of server)
  server_still_serves
  assert_threads server "$threads"
  descriptors=$(open_descriptors server)
  for n in {1..20}; do
    ftp ask:229:EPSV ask:227:PASV port eprt ask:229:EPSV 'transfer:RETR hello' 'take:Hello\n' reply:226 'ask:550:CWD hello' \
      'ask:553:MKD hello/x' 'ask:550:LIST nothing' transfer:LIST listing reply:226 'ask:220:REIN' 'ask:331:USER bob' \
      'ask:230:PASS secret' 'transfer:STOR a' give:a reply:226 'ask:331:USER alice' 'ask:230:PASS secret' 'ask:553:STOR .'
  done
  assert_descriptors server "$descriptors"
  assert_threads server "$threads"
}

# bats test_tags=needs:limits,points:2
@test "server: out of descriptors: no session ends, and when there are some again, all goes on" {
  start_ftp
  put_file hello 'Hello\n'
  start_ftp_session one wait 'ask:425:EPSV' 'ask:550:RETR hello' ask:257:PWD say:refused wait 'transfer:RETR hello' 'take:Hello\n' reply:226
  no_more_descriptors server
  tell one on
  wait_for_line one.out '^refused$'
  assert_idle server
  more_descriptors server
  tell one on
  wait_for_status one 0
}

# bats test_tags=needs:limits,points:2
@test "server: a data connection waits for a free descriptor; meanwhile NOOP and ABOR are heard" {
  start_ftp
  put_file hello 'Hello\n'
  start_ftp_session one ask:229:EPSV 'send:RETR hello\r\n' silence:0.1 say:asked wait data silence:0.2 ask:200:NOOP say:waits \
    reply:150 'take:Hello\n' reply:226 ask:229:EPSV 'send:RETR hello\r\n' silence:0.1 say:again wait data silence:0.2 \
    'send:ABOR\r\n' reply:426 reply:226 ask:257:PWD
  wait_for_line one.out '^asked$'
  no_more_descriptors server
  tell one on
  wait_for_line one.out '^waits$'
  assert_idle server
  more_descriptors server
  wait_for_line one.out '^again$'
  no_more_descriptors server
  tell one on
  wait_for_line one.out '^426 '
  more_descriptors server
  wait_for_status one 0
}

# bats test_tags=needs:limits,points:3
@test "server: SIGTERM with sessions and transfers under way: it ends at once, and the port is free" {
  start_ftp --rate 1000
  x_file large 100000
  start_ftp_session idle eof
  start_ftp_session half 'transfer:RETR large' say:begun eof
  start_ftp_session stores 'transfer:STOR new' other send:abc other say:begun eof
  start_ftp_session waits ask:229:EPSV 'send:LIST\r\n' say:begun eof
  start_peer nobody --timeout 30 reply:220 say:begun eof
  local name
  for name in half stores waits nobody; do
    wait_for_line "$name.out" '^begun$'
  done
  stop server
  assert_same "$status" 0
  for name in idle half stores waits nobody; do
    wait_for_end "$name"
  done
  assert_no_file homes/alice/new
  wanted_port=$port
  start_server_as server2 --users users --root homes
  ftp ask:257:PWD
}

# bats test_tags=needs:listens,points:2
@test "server: bad usage is one line and exit status 2; what fails at the start is one line and 1" {
  local option
  for option in '--pasv-ports 40000' '--pasv-ports 2-1' '--pasv-ports 80-90' '--pasv-ports 40000-70000' '--pasv-ports 2000-3000x' \
    '--public-address x' '--public-address ::1' --require-tls '--max-clients 0' '--nonsense' 'word'; do
    # shellcheck disable=SC2086 # words
    run_bounded "$SERVER" --port 0 $option
    assert_fails 2
  done
  run_bounded "$SERVER" --port 0 --root /dev/null
  assert_fails 1
  run_bounded "$SERVER" --port 0 --access-log nothing/log
  assert_fails 1
  run_bounded "$SERVER" --port 0 --tls nothing.pem
  assert_fails 1
  assert_no_file nothing
}

# ---- who may log in: the program users ----

# users ARGUMENT...: the program, with the file `users`; its stdin is that of the call.
users() {
  run_bounded "$USERS" --users users "$@"
}

# add_user NAME [OPTION]...: with the password `secret`.
add_user() {
  users add "$@" --password-stdin <<<secret
  assert_succeeds
}

# bats test_tags=id:adds,points:5
@test "users: add, and the user can log in; passwd, quota and remove at once take effect" {
  add_user alice --quota 10M
  assert_same "$(stat -c %a users)" 600
  start_ftp
  ftp 'ask:200:SITE QUOTA'
  assert_reply '^200 0 of 10485760 '
  users passwd alice --password-stdin <<<'another one: ü'
  assert_succeeds
  guest 'ask:331:USER alice' 'ask:530:PASS secret' 'ask:331:USER alice' 'ask:230:PASS another one: ü'
  users quota alice none
  assert_succeeds
  guest 'ask:331:USER alice' 'ask:230:PASS another one: ü' 'ask:200:SITE QUOTA'
  assert_reply '^200 0 bytes are used; there is no limit'
  users remove alice
  assert_succeeds
  guest 'ask:331:USER alice' 'ask:530:PASS another one: ü'
}

# bats test_tags=needs:adds,points:3
@test "users: list: names, quotas and the kinds of the hashes; nothing that helps to guess" {
  add_user alice
  add_user bob --quota 500k
  add_user carol --quota 0
  add_account dave 7
  add_account eve '' '*'
  users list
  assert_succeeds
  assert_printed $'alice  none  yescrypt\nbob  512000  yescrypt\ncarol  0  yescrypt\ndave  7  sha512crypt\neve  none  locked'
}

# bats test_tags=needs:adds,points:3
@test "users: two users with the same password have different hashes" {
  add_user alice
  add_user bob
  assert_same "$(cut -d : -f 2 users | sort -u | wc -l)" 2
  assert_count users secret 0
}

# bats test_tags=needs:adds,points:3
@test "users: what else is in the file stays: comments, other users, lines that make no sense" {
  printf '# the class\n\nalice:x:1\nnonsense\nbob:y:2\nalice:z:3\ncarol:v:' >users
  add_user dave
  users quota bob 1k
  assert_succeeds
  users remove alice
  assert_succeeds
  assert_same "$(sed 's/^\(dave:\)[^:]*/\1/' users)" $'# the class\n\nnonsense\nbob:y:1024\ncarol:v:\ndave::'
  users list
  assert_fails 1
  assert_same "${lines[0]}" 'bob  1024  locked'
}

# bats test_tags=needs:adds,points:3
@test "users: bad usage: one line, exit 2, and the file stays as it is" {
  add_user alice
  cp users before
  local name
  for name in '' . .. .x -- a/b a:b 'a b' ü "$(printf 'x%.0s' {1..33})" $'a\nb' '#a'; do
    users add "$name" --password-stdin <<<secret
    assert_fails 2
    users remove "$name"
    assert_fails 2
  done
  local words
  for words in '' nonsense add 'add x y' 'list x' remove 'quota alice' 'quota alice x' 'quota alice -1' 'quota alice 10X' \
    'quota alice 1kk' 'quota alice 9223372036854775808' 'quota alice 9007199254740993k' 'add x --quota' 'add x --quota many' \
    'list --quota 1' 'remove alice --password-stdin' 'add --nonsense x'; do
    # shellcheck disable=SC2086 # words
    users $words
    assert_fails 2
  done
  users passwd alice </dev/null # no terminal
  assert_fails 2
  assert_same "$(<users)" "$(<before)"
  assert_files . before run.err run.out users
}

# bats test_tags=needs:adds,points:3
@test "users: what can't be done: one line, exit 1, and the file stays as it is" {
  add_user alice
  cp users before
  users add alice --password-stdin <<<secret
  assert_fails 1
  users passwd bob --password-stdin <<<secret
  assert_fails 1
  users quota bob 1
  assert_fails 1
  users remove bob
  assert_fails 1
  local password
  for password in '' $'a\tb' "$(printf 'x%.0s' {1..512})"; do
    users passwd alice --password-stdin <<<"$password"
    assert_fails 1
  done
  users passwd alice --password-stdin </dev/null
  assert_fails 1
  assert_same "$(<users)" "$(<before)"
  run_bounded "$USERS" --users nothing/users add alice --password-stdin <<<secret
  assert_fails 1
  run_bounded "$USERS" --users nothing list
  assert_fails 1
  ln -s users link
  run_bounded "$USERS" --users link remove alice
  assert_fails 1
  mkfifo pipe
  run_bounded "$USERS" --users pipe remove alice
  assert_fails 1
  assert_same "$(<users)" "$(<before)"
  assert_files . before link pipe run.err run.out users
}

# bats test_tags=needs:adds,points:2
@test "users: a password of 511 bytes is taken whole" {
  local long
  long=$(printf 'x%.0s' {1..510})
  users add alice --password-stdin <<<"${long}y"
  assert_succeeds
  start_ftp
  guest 'ask:331:USER alice' "ask:530:PASS ${long}z" 'ask:331:USER alice' "ask:530:PASS $long" 'ask:331:USER alice'
  guest --source 127.0.0.2 'ask:331:USER alice' "ask:230:PASS ${long}y"
}

# bats test_tags=needs:adds,points:3
@test "users: two that change the file at once: neither undoes what the other one did" {
  add_account gone
  local n
  for n in {1..12}; do
    start "add$n" bash -c 'exec "$0" --users users add "$1" --password-stdin <<<secret' "$USERS" "user$n"
  done
  start "remove" "$USERS" --users users remove gone
  for n in {1..12}; do
    wait_for_status "add$n" 0
  done
  wait_for_status remove 0
  users list
  assert_same "$(sort -V <<<"$output" | cut -d ' ' -f 1)" "$(printf 'user%d\n' {1..12})"
  assert_no_file users.new
}

# bats test_tags=needs:adds,points:3
@test "users: on a full disk the file stays whole" {
  unshare --map-root-user --mount true 2>/dev/null || skip "this system allows no private mounts"
  mkdir small
  cat >on_small_disk <<'END'
mount -t tmpfs -o size=16k none small || exit 3
printf 'alice:x:1\n' >small/users
head -c 16k /dev/zero >small/full 2>/dev/null
"$0" --users small/users add bob --password-stdin <<<secret
echo "status $?"
cat small/users
ls small
END
  run_bounded unshare --map-root-user --mount bash -c "$(<on_small_disk)" "$USERS"
  assert_succeeds
  assert_printed $'status 1\nalice:x:1\nfull\nusers'
  assert_same "${#stderr_lines[@]}" 1
}

# bats test_tags=needs:adds,points:3
@test "users: killed in the middle: the old file or the new one, and the next change is made" {
  add_user alice
  printf half >users.new # what a killed one left behind
  add_user bob
  assert_no_file users.new
  users list
  assert_printed $'alice  none  yescrypt\nbob  none  yescrypt'
}

# has_no_echo NAME: the terminal of the program that NAME has started shows nothing of what is typed.
has_no_echo() {
  local child
  child=$(pgrep -P "${pid_of[$1]}") && stty -aF "/proc/$child/fd/0" 2>/dev/null | grep -q -e '-echo '
}

# bats test_tags=needs:adds,points:3
@test "users: on a terminal it asks twice, and shows nothing" {
  type -P script >/dev/null || skip "script is not installed"
  start terminal script -qec "$USERS --users users add alice" /dev/null
  wait_for_line terminal.out '^New password: '
  wait_until has_no_echo terminal
  tell terminal secret
  wait_for_line terminal.out '^Once more: '
  wait_until has_no_echo terminal
  tell terminal secret
  wait_for_status terminal 0
  assert_count terminal.out secret 0
  start_ftp
  ftp ask:257:PWD
  start differs script -qec "$USERS --users users passwd alice" /dev/null
  wait_for_line differs.out '^New password: '
  wait_until has_no_echo differs
  tell differs other
  wait_for_line differs.out '^Once more: '
  wait_until has_no_echo differs
  tell differs others
  wait_for_status differs 1
  ftp ask:257:PWD
}
