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
@test "server: names that no user can have are like unknown ones, and make no directory" {
  start_ftp
  local name
  local source=1
  for name in .. . ../bob '#' alice: "$(printf 'x%.0s' {1..300})" -; do
    source=$((source + 1)) # one that has not tried yet does not wait
    guest --source "127.0.0.$source" "ask:331:USER $name" 'ask:530:PASS secret'
  done
  assert_files homes
  assert_files . homes run.err run.out server.err server.out users
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
  for argument in 1,2,3 256,0,0,1,4,5 127,0,0,1,4,256 127,0,0,1,4,5x 127,0,0,1,,5 127,0,0,1,4,5, ,127,0,0,1,4,5 \
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
