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

# bats test_tags=id:logs-in,basic,needs:listens,points:5,exercise:1
@test "server: USER, PASS and QUIT: a greeting, and a reply to each" {
  start_ftp
  guest 'ask:331:USER alice' 'ask:230:PASS secret' ask:221:QUIT eof
}

# bats test_tags=id:resolves,needs:logs-in,points:3,exercise:2
@test "server: CWD and PWD: the root has nothing above it; . and .. and slashes are resolved" {
  start_ftp
  ftp ask:257:PWD 'ask:257:MKD a' 'ask:250:CWD a' ask:257:PWD 'ask:250:CWD ../a//./' ask:257:PWD \
    'ask:250:CWD ../../..' ask:257:PWD 'ask:250:CWD /a/../a' ask:257:PWD 'ask:553:CWD '"$(printf '%0256d' 0)"
  assert_same "$(grep '^257 ' run.out | cut -d '"' -f 2 | paste -s -d ' ')" "/ /a /a /a / /a"
}

# bats test_tags=id:waits,needs:resolves,points:3,exercise:3
@test "server: EPSV and PASV: it listens on the port that it tells" {
  start_ftp
  ftp ask:229:EPSV data
  ftp ask:227:PASV data
}

# bats test_tags=id:stores,needs:waits,points:5,exercise:4
@test "server: STOR and RETR: what is stored is in the user's home, and comes back" {
  start_ftp
  ftp 'transfer:STOR hello' 'give:Hello\n' reply:226 'transfer:RETR hello' 'take:Hello\n' reply:226
  assert_file hello 'Hello\n'
  get_url hello
  assert_printed Hello
}

# bats test_tags=id:walks,needs:stores,points:3,exercise:5
@test "server: a file in a directory of a directory" {
  start_ftp
  ftp 'ask:257:MKD a' 'ask:257:MKD a/b' 'transfer:STOR a/b/hello' 'give:Hello\n' reply:226 'transfer:RETR /a/b/hello' \
    'take:Hello\n' reply:226 'ask:550:CWD a/b/hello' 'ask:550:CWD a/none/b'
  assert_file a/b/hello 'Hello\n'
  assert_files homes/alice a
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

# bats test_tags=needs:logs-in,points:3,mistake:unknown-user-told
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

# bats test_tags=needs:logs-in,points:3,mistake:penalty-for-all
@test "server: after a wrong password only that address waits" {
  start_ftp --penalty 1.5
  start_peer wrong reply:220 'ask:331:USER alice' 'ask:530:PASS wrong'
  wait_for_line wrong.out '^331 '
  peer --source 127.0.0.2 reply:220 'ask:331:USER alice' 'ask:230:PASS secret'
  assert_count wrong.out '^530 ' 0
  wait_for_status wrong 0
}

# bats test_tags=needs:logs-in,points:2,mistake:penalty-missing
@test "server: after a wrong password, another connection of that address waits, too" {
  start_ftp --penalty 1
  start_peer wrong reply:220 'ask:331:USER alice' 'ask:530:PASS wrong' 'ask:331:USER alice' 'ask:530:PASS wrong'
  has_replied wrong 530
  start_peer second reply:220 'ask:331:USER alice' say:asking wait 'ask:230:PASS secret'
  wait_for_line second.out '^asking$'
  nap 0.5 # the second wrong password has been looked at, and costs 2 s
  local began=${EPOCHREALTIME//[!0-9]/}
  tell second on
  wait_for_status second 0
  ((${EPOCHREALTIME//[!0-9]/} - began > 300000)) ||
    fail_because "the second connection did not wait" "about 1.5 s" "$((${EPOCHREALTIME//[!0-9]/} - began)) us"
  has_replied wrong 530 2
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
  ftp 'ask:257:MKD sub' 'ask:250:CWD sub' 'ask:200:EPSV ALL' 'ask:350:RNFR ../sub' ask:220:REIN ask:530:PWD 'ask:503:PASS secret' \
    'ask:331:USER bob' 'ask:230:PASS secret' ask:257:PWD 'ask:550:SIZE x' 'ask:503:RNTO y' ask:227:PASV
  assert_reply '^257 "/" '
  assert_reply '^550 .*TYPE I'
}

# bats test_tags=needs:logs-in
@test "server: USER ends the session of whoever was logged in" {
  start_ftp
  ftp 'ask:331:USER bob' ask:530:PWD 'ask:530:PASS wrong' ask:530:PWD
}

# bats test_tags=needs:logs-in,points:3,mistake:login-not-checked
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

# bats test_tags=needs:logs-in,points:3,exercise:1
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

# bats test_tags=needs:logs-in,points:2,mistake:nul-ends-line
@test "server: a NUL byte in a command is refused" {
  start_ftp
  ftp 'send:MKD a\0b\r\n' reply:501 'send:\0\r\n' reply:501 'send:PW\0D\r\n' reply:501 ask:257:PWD
  assert_files homes/alice
}

# bats test_tags=needs:logs-in,points:3,mistake:telnet-kept
@test "server: what telnet puts between the bytes is taken out" {
  start_ftp
  ftp 'send:\xff\xf4\xff\xf2ABOR\r\n' reply:226 'send:P\xff\xfb\x01W\xff\xfd\x03D\r\n' reply:257 \
    'send:P\xff\xfa\x18\0PWD\r\n\xff\xffx\xff\xf0WD\r\n' reply:257 'send:\xff\xf1NOOP\r\n' reply:200 \
    'send:MKD a\xff\xffb\r\n' reply:257 'each:\xff\xf4\xff\xf2NOOP\r\n' reply:200
  assert_files homes/alice $'a\xffb'
}

# bats test_tags=needs:logs-in,points:2,mistake:urgent-lost
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

# bats test_tags=id:connects,needs:stores,points:5,exercise:3
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

# bats test_tags=needs:connects,points:3,mistake:port-half-read
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

# bats test_tags=needs:connects,points:5,mistake:port-bounce
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

# bats test_tags=needs:connects,points:5,mistake:data-stolen,mistake:stranger-ends-it
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

# bats test_tags=needs:connects,points:3,mistake:waits-for-ever
@test "server: a data connection that does not come is not waited for longer than --timeout" {
  start_ftp --timeout 1
  ftp ask:229:EPSV ask:425:LIST ask:257:PWD
}

# bats test_tags=needs:connects,points:2
@test "server: ABOR ends the wait for a data connection" {
  start_ftp
  ftp ask:229:EPSV 'send:LIST\r\n' silence:0.1 'send:NOOP\r\n' reply:200 'send:STAT\r\n' reply:211 'send:ABOR\r\n' reply:426 reply:226 ask:257:PWD
}

# bats test_tags=needs:connects,points:2,mistake:listener-leaked
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

# bats test_tags=needs:stores,points:3,mistake:ascii-split
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

# bats test_tags=needs:stores,points:3,exercise:4
@test "server: REST: RETR from there on; 554 behind the end" {
  start_ftp
  put_file hello 'Hello\n'
  ftp 'ask:350:REST 0' 'transfer:RETR hello' 'take:Hello\n' reply:226 'ask:350:REST 3' 'transfer:RETR hello' 'take:lo\n' reply:226 \
    'ask:350:REST 6' 'transfer:RETR hello' take: reply:226 'ask:350:REST 7' ask:229:EPSV 'ask:554:RETR hello' \
    'ask:200:TYPE A' 'ask:504:REST 1' 'ask:350:REST 0'
  get_url hello --continue-at 2
  assert_printed llo
}

# bats test_tags=needs:stores,points:3,mistake:rest-leaks,exercise:1
@test "server: REST is for the next transfer only" {
  start_ftp
  put_file hello 'Hello\n'
  local whole=('transfer:RETR hello' 'take:Hello\n' reply:226)
  ftp 'ask:350:REST 3' 'transfer:RETR hello' 'take:lo\n' reply:226 "${whole[@]}" \
    'ask:350:REST 3' ask:257:PWD "${whole[@]}" 'ask:350:REST 3' 'ask:550:RETR nothing' "${whole[@]}" \
    'ask:350:REST 3' ask:500:NONSENSE "${whole[@]}" 'ask:350:REST 4' transfer:NLST 'take:hello\r\n' reply:226 "${whole[@]}" \
    'ask:350:REST 3' ask:425:LIST "${whole[@]}" 'ask:350:REST 3' 'ask:350:REST 0' "${whole[@]}"
}

# bats test_tags=needs:stores,points:2,exercise:4
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

# bats test_tags=id:names,needs:lists,points:5,mistake:name-forges
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

# bats test_tags=needs:names,points:3,mistake:quote-single
@test "server: a quote in a path is doubled in 257" {
  start_ftp
  ftp 'ask:257:MKD a"b' 'ask:257:MKD a"b/"' 'ask:250:CWD a"b/"' ask:257:PWD 'ask:257:MKD " "'
  assert_reply '^257 "/a""b" '
  assert_reply '^257 "/a""b/""" ' 2
  assert_reply '^257 "/a""b/""/"" """ '
}

# bats test_tags=needs:names,points:3,mistake:control-name-made
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

# bats test_tags=id:jailed,needs:walks,points:5,mistake:dotdot-escapes,exercise:2
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

# bats test_tags=needs:jailed,points:5,mistake:link-followed,exercise:5
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

# bats test_tags=needs:jailed,points:3,exercise:5
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

# bats test_tags=needs:stores,points:3,exercise:5
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
@test "server: MFF and SITE UTIME: a time and a mode, both or none; CLNT and CSID" {
  start_ftp
  put_file hello ''
  ftp 'ask:213:MFF Modify=20010203040506;UNIX.mode=0640; hello' 'ask:213:MDTM hello' \
    'ask:200:SITE UTIME 20020203040506 hello' 'ask:213:MDTM hello' 'ask:501:MFF Modify=2001; hello' \
    'ask:501:MFF UNIX.mode=0600;Size=3; hello' 'ask:501:MFF hello' 'ask:501:SITE UTIME 20020230040506 hello' \
    'ask:550:MFF UNIX.mode=0600; none' ask:200:CLNT ask:200:CSID 'ask:214:HELP XCWD'
  assert_reply '^213 20010203040506'
  assert_reply '^213 20020203040506'
  assert_same "$(stat -c %a homes/alice/hello)" 640
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

# bats test_tags=id:aborts,needs:stores,points:5,mistake:abor-unheard
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

# bats test_tags=needs:logs-in,points:2
@test "server: who does not log in is told 421 after --timeout, whatever else it says" {
  local noops=() i
  for i in {1..20}; do
    noops+=(ask:200:NOOP silence:0.2)
  done
  start_ftp --timeout 1
  start_peer guest reply:220 "${noops[@]}" say:still
  wait_for_status guest 1
  assert_count guest.err 421 1
  assert_count guest.out '^still$' 0
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

# ---- the server: uploads ----

# bats test_tags=needs:stores,points:3
@test "server: STOR: files of any size arrive byte for byte" {
  local size
  start_ftp
  begin_quiet
  for size in 0 1 70000 10000000; do
    random_file "file$size" "$size"
    put_url "file$size" "file$size"
    assert_succeeds
    assert_same_file "file$size" "file$size"
  done
  ftp 'transfer:STOR empty' give: reply:226 'transfer:STOR x' give-repeat:70000:x reply:226 \
    'ask:213:SIZE empty' 'ask:213:SIZE x'
  assert_reply '^213 0$'
  assert_reply '^213 70000$'
  end_quiet
}

# bats test_tags=needs:stores,points:5,mistake:visible-too-early
@test "server: while a file is stored the old one stays, and is what RETR sends" {
  start_ftp
  put_file a old
  start_upload up a half give:whole reply:226
  assert_file a old
  ftp 'transfer:RETR a' take:old reply:226 'ask:213:SIZE a' 'transfer:MLSD' listing reply:226
  assert_reply '^213 3$'
  assert_reply ';.* a$'
  assert_reply 'ftp-part' 0
  tell up on
  wait_for_status up 0
  assert_file a halfwhole
  assert_no_part a
}

# bats test_tags=needs:stores,points:3
@test "server: a file that is stored gets its name when the data connection has ended, not before" {
  start_ftp
  start_upload up a all say:still wait give: reply:226
  tell up on
  wait_for_line up.out '^still$'
  assert_gone a
  assert_part a all
  tell up on
  wait_for_status up 0
  assert_file a all
  assert_no_part a
}

# bats test_tags=needs:stores,points:5
@test "server: a client that dies in the middle has not stored a file, though both connections end in order" {
  local n
  start_ftp
  begin_quiet
  put_file old old
  start_upload one new half hold
  start_upload two old half hold
  tell one on
  tell two on
  stop one KILL
  stop two KILL
  wait_until has_no_client
  # The ends of both connections are there before the server looks.
  for n in 1 2 3 4 5; do
    start_upload "late$n" "late$n" half hold
    tell "late$n" on
  done
  freeze server
  for n in 1 2 3 4 5; do
    stop "late$n" KILL
  done
  thaw server
  wait_until has_no_client
  end_quiet
  assert_gone new
  assert_part new half
  assert_file old old
  assert_no_part old
  for n in 1 2 3 4 5; do
    assert_gone "late$n"
    assert_part "late$n" half
  done
}

# bats test_tags=needs:stores,points:2,mistake:dead-client-trusted
@test "server: a client that is gone before the server has read what it sent has not stored a file" {
  start_ftp
  start_ftp_session early ask:229:EPSV say:listens wait data 'send:STOR early\r\n' give:half
  wait_for_line early.out '^listens$'
  freeze server
  tell early on
  wait_for_status early 0
  thaw server
  wait_until has_no_client
  assert_gone early
}

# bats test_tags=needs:stores,points:3
@test "server: STOR: a data connection that is reset: 426, and the file is not whole" {
  start_ftp
  begin_quiet
  put_file old old
  start_upload one new half other rst other reply:426 ask:200:NOOP
  start_upload two old half other rst other reply:426 'transfer:RETR old' take:old reply:226
  tell one on
  tell two on
  wait_for_status one 0
  wait_for_status two 0
  end_quiet
  assert_gone new
  assert_part new half
  assert_file old old
  assert_no_part old
}

# bats test_tags=needs:stores,points:3
@test "server: a client that vanishes while it stores a file is given up after --timeout" {
  load lib/network
  private_network
  start_ftp --timeout 1 --idle 1
  begin_quiet
  start_upload up new half hold
  cut_link
  wait_for_line server.out ' left$'
  end_quiet
  assert_gone new
  assert_part new half
}

# bats test_tags=needs:stores,points:3
@test "server: a client that stores nothing for --timeout gets 426, and its session goes on" {
  start_ftp --timeout 0.3
  start_upload up new half reply:426 'ask:213:SIZE new' hold
  tell up on
  has_replied up 213
  assert_part new half
}

# bats test_tags=needs:stores,points:3
@test "server: ABOR while a file is stored: 426, 226, the part stays, and the session goes on" {
  start_ftp
  begin_quiet
  put_file old old
  start_upload up new half ask:426:ABOR reply:226 'ask:213:SIZE new' 'transfer:STOR old' other send:half other \
    ask:426:ABOR reply:226 'transfer:STOR b' give:b reply:226
  tell up on
  wait_for_status up 0
  has_replied up 213
  assert_same "$(grep '^213' up.out)" '213 4'
  assert_part new half
  assert_file old old
  assert_no_part old
  assert_file b b
  end_quiet
}

# bats test_tags=needs:stores,points:3
@test "server: a second upload of one name gets 450; one of another name does not, and later it works" {
  start_ftp
  start_upload up a half give: reply:226
  ftp 'ask:229:EPSV' data 'ask:450:STOR a' 'ask:229:EPSV' data 'ask:450:APPE a' 'ask:450:DELE a' \
    'transfer:STOR b' give:b reply:226
  assert_file b b
  tell up on
  wait_for_status up 0
  assert_file a half
  ftp 'transfer:STOR a' give:again reply:226
  assert_file a again
  # Also while a whole file has the name.
  start_upload up a half give: reply:226
  ftp 'ask:229:EPSV' data 'ask:450:STOR a' 'transfer:RETR a' take:again reply:226
  tell up on
  wait_for_status up 0
  assert_file a half
}

# bats test_tags=needs:stores,points:2
@test "server: STOU: a new name each time, which the 150 tells" {
  local name
  start_ftp
  ftp transfer:STOU give:one reply:226 transfer:STOU give:two reply:226
  assert_reply '^150 FILE: [^ /]+$' 2
  assert_same "$(grep -oP '^150 FILE: \K.*' run.out | sort -u | wc -l)" 2
  name=$(grep -oP '^150 FILE: \K.*' run.out | head -n 1)
  assert_file "$name" one
  name=$(grep -oP '^150 FILE: \K.*' run.out | tail -n 1)
  assert_file "$name" two
}

# bats test_tags=needs:stores
@test "server: STOR where no file can be: 550 or 553, and the session goes on" {
  start_ftp
  ftp 'ask:257:MKD sub' ask:229:EPSV 'ask:550:STOR sub' 'ask:550:APPE sub' 'ask:550:STOR missing/a' 'ask:553:STOR /' \
    'ask:553:STOR a\x01b' ask:501:STOR 'transfer:STOR sub/a' give:a reply:226
  assert_file sub/a a
  assert_same "$(find homes/alice -name '.ftp-part*')" ''
  assert_used alice 1
}

# ---- the server: parts ----

# bats test_tags=id:part,needs:stores,points:3,mistake:part-sent
@test "server: a part: SIZE and the listings tell how long it is, and that nobody can read it" {
  start_ftp
  break_upload a half
  ftp 'ask:213:SIZE a' transfer:LIST listing reply:226 transfer:MLSD listing reply:226 'ask:250:MLST a' \
    'ask:550:RETR a' transfer:NLST listing reply:226
  assert_reply '^213 4$'
  assert_reply '^--w------- .* 4 .* a$'
  assert_reply '[Ss]ize=4;.* /?a$' 2
  assert_reply '[Pp]erm=[a-z]*r[a-z]*;.* /?a$' 0
  assert_reply '^550 .*4 bytes'
  assert_reply '^a$'
  assert_reply '\.ftp-part' 0
  # When there is a whole file, it is that one that they tell of.
  put_file a whole!
  ftp 'ask:213:SIZE a' transfer:LIST listing reply:226
  assert_reply '^213 6$'
  assert_reply '^-rw.* 6 .* a$'
  assert_reply ' a$' 1
}

# bats test_tags=needs:part,points:3,mistake:part-not-cut
@test "server: a part: REST with STOR, or APPE, goes on; a smaller REST cuts it; one behind its end is refused" {
  start_ftp
  break_upload a half
  ftp 'ask:350:REST 5' ask:229:EPSV 'ask:554:STOR a' 'ask:213:SIZE a' 'ask:350:REST 4' 'transfer:STOR a' give:whole reply:226
  assert_reply '^213 4$'
  assert_file a halfwhole
  assert_no_part a
  break_upload b half
  ftp 'transfer:APPE b' give:more reply:226
  assert_file b halfmore
  break_upload c half
  ftp 'ask:350:REST 2' 'transfer:STOR c' give:nd reply:226
  assert_file c hand
  # In several steps.
  break_upload d one
  upload_command=APPE upload_before=3 break_upload d two
  assert_part d onetwo
  assert_gone d
  ftp 'transfer:APPE d' give: reply:226
  assert_file d onetwo
  assert_no_part d
  assert_used alice 27
}

# bats test_tags=needs:part,points:2
@test "server: a part: STOR without REST begins anew, and DELE deletes it" {
  start_ftp
  break_upload a longhalf
  ftp 'transfer:STOR a' give:new reply:226
  assert_file a new
  break_upload b half
  ftp 'ask:250:DELE b' 'ask:550:SIZE b' 'ask:550:DELE b' transfer:LIST listing reply:226
  assert_reply ' b$' 0
  assert_no_part b
  assert_used alice 3
  # Also for a session that goes on, whose home is not counted anew.
  start_upload up c longhalf ask:426:ABOR reply:226 'ask:350:REST 2' 'transfer:STOR c' other send:x other ask:426:ABOR \
    reply:226 'transfer:STOR c' give:new reply:226 'ask:200:SITE QUOTA' 'ask:250:DELE c' 'ask:200:SITE QUOTA'
  tell up on
  wait_for_status up 0
  assert_same "$(grep -o '^200 [0-9]* bytes' up.out)" $'200 6 bytes\n200 3 bytes'
}

# bats test_tags=needs:part,points:2
@test "server: a part: STAT shows it as LIST does; a file that gets its name by RNTO takes its place" {
  start_ftp
  put_file other other
  break_upload half 12345
  ftp 'ask:213:STAT half' 'ask:350:RNFR other' 'ask:250:RNTO half' 'ask:200:SITE QUOTA'
  assert_reply '^ --w------- '
  assert_reply '^200 5 bytes are used'
  assert_no_part half
  assert_file half other
}

# bats test_tags=needs:part,points:3,mistake:part-left-behind
@test "server: a broken upload over a whole file leaves that, and no part" {
  start_ftp
  put_file a whole
  break_upload a half
  assert_file a whole
  assert_no_part a
  # Also one that went on behind bytes of the old file.
  upload_command=APPE upload_before=5 break_upload a half
  assert_file a whole
  assert_no_part a
  assert_used alice 5
}

# bats test_tags=needs:part,points:3
@test "server: a part has no name that a client can say" {
  local name
  start_ftp
  break_upload a half
  put_file b b
  mkdir homes/alice/.ftp-part.dir
  for name in .ftp-part.a .ftp-part.b; do
    ftp ask:229:EPSV "ask:550:RETR $name" "ask:553:STOR $name" "ask:553:APPE $name" "ask:550:DELE $name" \
      "ask:550:RNFR $name" "ask:550:SIZE $name" "ask:550:MDTM $name" "ask:550:MLST $name" "ask:550:HASH $name" \
      "ask:550:SITE CHMOD 777 $name" "ask:553:MKD $name" "ask:550:CWD $name" "ask:550:RMD $name" \
      'ask:350:RNFR b' "ask:553:RNTO $name"
  done
  ftp 'ask:550:CWD .ftp-part.dir' 'ask:550:RMD .ftp-part.dir' ask:229:EPSV 'ask:550:STOR .ftp-part.dir/a'
  assert_part a half
  assert_file b b
}

# bats test_tags=needs:part
@test "server: the longest name that a file can have" {
  local name
  name=$(printf 'n%.0s' {1..245})
  start_ftp
  ftp "transfer:STOR $name" give:long reply:226 "transfer:RETR $name" take:long reply:226 \
    ask:229:EPSV "ask:553:STOR ${name}n" "ask:553:MKD ${name}n" "ask:350:RNFR $name" "ask:553:RNTO ${name}n"
  break_upload "m${name#n}" half
  ftp "ask:213:SIZE m${name#n}" "transfer:APPE m${name#n}" give:more reply:226
  assert_file "m${name#n}" halfmore
}

# bats test_tags=needs:part,points:3
@test "server: APPE and REST with STOR into a whole file: until the end others see the old one" {
  start_ftp
  put_file a 'old file'
  upload_command=APPE upload_before=8 start_upload up a ' and' 'give: more' reply:226
  assert_file a 'old file'
  ftp 'transfer:RETR a' 'take:old file' reply:226
  tell up on
  wait_for_status up 0
  assert_file a 'old file and more'
  start_ftp_session rest 'ask:350:REST 3' 'transfer:STOR a' other send:er other wait give: reply:226
  has_replied rest 150
  wait_until has_bytes homes/alice/.ftp-part.a 5
  ftp 'transfer:RETR a' 'take:old file and more' reply:226
  tell rest on
  wait_for_status rest 0
  assert_file a older
  ftp 'ask:350:REST 6' ask:229:EPSV 'ask:554:STOR a' 'ask:213:SIZE a' 'ask:350:REST 5' 'transfer:STOR a' give:! reply:226 \
    'transfer:APPE fresh' give:fresh reply:226
  assert_reply '^213 5$'
  assert_file a older!
  assert_file fresh fresh
  assert_used alice 11
}

# ---- the server: the quota ----

# start_quota LIMIT [OPTION]...: a server where dave may have so many bytes.
start_quota() {
  make_users
  add_account dave "$1"
  start_ftp "${@:2}"
}

# bats test_tags=id:quota,needs:stores,points:5,exercise:6,mistake:quota-off-by-one
@test "server: the quota: what fits exactly is stored; of what is one byte too long nothing stays" {
  start_quota 1000
  ftp_as dave 'transfer:STOR a' give-repeat:400:a reply:226 'transfer:STOR b' give-repeat:600:b reply:226 \
    'transfer:STOR c' give:c reply:552 'ask:250:DELE a' 'transfer:STOR c' give-repeat:401:c reply:552 \
    'ask:550:SIZE c' 'transfer:STOR c' give-repeat:400:c reply:226 transfer:LIST listing reply:226
  assert_reply ' [abc]$' 2
  assert_same "$(ls -A homes/dave)" $'b\nc'
  assert_used dave 1000
  ftp 'transfer:STOR a' give-repeat:2000:a reply:226
  assert_used alice 2000
}

# bats test_tags=needs:quota,points:3,exercise:6
@test "server: the quota: an upload that is much too long is cut off, and the client is told" {
  start_quota 1000
  random_file large 5000000
  run_bounded curl -sS --max-time 10 --user dave:secret --upload-file large "ftp://$host:$port/large"
  ((status != 0)) || fail "curl took it for stored"
  assert_regex "$stderr" 'storage|552'
  assert_used dave 0
  assert_same "$(ls -A homes/dave)" ''
}

# bats test_tags=needs:quota,points:3,mistake:replaced-not-given-back
@test "server: the quota: DELE and RNTO over a file give back, and so does replacing one; a part counts" {
  start_quota 1000
  ftp_as dave 'transfer:STOR a' give-repeat:300:a reply:226 'transfer:STOR b' give-repeat:200:b reply:226 \
    'transfer:STOR a' give-repeat:400:A reply:226 'ask:200:SITE QUOTA' \
    'ask:350:RNFR b' 'ask:250:RNTO a' 'ask:200:SITE QUOTA' 'ask:350:RNFR a' 'ask:250:RNTO a' 'ask:200:SITE QUOTA'
  assert_reply '^200 600 of 1000 '
  assert_reply '^200 200 of 1000 ' 2
  # To replace a file needs room for both.
  ftp_as dave 'transfer:STOR c' give-repeat:500:c reply:226 'transfer:STOR c' give-repeat:301:C reply:552 \
    'transfer:RETR c' take-repeat:500:c reply:226 ask:229:EPSV data 'ask:552:APPE c'
  assert_used dave 700
  ftp_as dave 'ask:250:DELE c' 'ask:550:DELE c'
  assert_used dave 200
}

# bats test_tags=needs:quota,points:3,mistake:disk-not-counted
@test "server: the quota: a part counts, when it was left and when the server is started anew" {
  local half
  half=$(printf 'h%.0s' {1..600})
  start_quota 1000
  start_upload_as dave up a "$half" ask:426:ABOR reply:226
  tell up on
  wait_for_status up 0
  assert_used dave 600
  ftp_as dave 'transfer:STOR b' give-repeat:401:b reply:552
  stop server
  start_ftp
  assert_used dave 600
  ftp_as dave 'transfer:STOR b' give-repeat:401:b reply:552 'transfer:APPE a' give-repeat:400:h reply:226 'ask:250:DELE a' \
    'transfer:STOR b' give-repeat:1000:b reply:226
  assert_used dave 1000
}

# bats test_tags=needs:quota
@test "server: the quota: what is in directories counts, also in deep ones" {
  local deep
  deep=$(printf 'd/%.0s' {1..300})
  start_quota 1000
  mkdir -p "homes/dave/$deep"
  printf "%300s" "" >"homes/dave/${deep}a"
  printf "%300s" "" >homes/dave/d/b
  ln -s "$PWD/server.out" homes/dave/link
  ftp_as dave 'ask:200:SITE QUOTA' 'transfer:STOR c' give-repeat:401:c reply:552 'transfer:STOR c' give-repeat:400:c reply:226
  assert_reply '^200 600 of 1000 '
}

# bats test_tags=needs:quota,points:3,exercise:6,mistake:quota-raced
@test "server: the quota: two uploads at once can't have the last bytes both" {
  local half
  half=$(printf 'h%.0s' {1..300})
  start_quota 1000
  start_upload_as dave one a "$half" give-repeat:300:h reply:226
  start_upload_as dave two b "$half" give-repeat:300:h reply:552 'ask:200:SITE QUOTA'
  tell one on
  wait_for_status one 0
  tell two on
  wait_for_status two 0
  assert_same "$(grep ^200 two.out | tail -n 1)" '200 600 of 1000 bytes are used'
  assert_used dave 600
  assert_same "$(ls -A homes/dave)" a
}

# bats test_tags=needs:quota,points:3,exercise:6
@test "server: the quota: many uploads at once never have more than the limit on the disk" {
  local n used
  start_quota 1000000 --no-sync
  random_file large 300000
  for n in {1..8}; do
    start "curl$n" curl -sS --max-time 10 --user dave:secret --upload-file large "ftp://$host:$port/large$n"
  done
  for n in {1..8}; do
    while ! has_ended "curl$n"; do
      used=$(used_by dave 2>/dev/null)
      ((used <= 1000000)) || fail_because "there is more on the disk than the quota allows" 1000000 "$used"
      nap
    done
    wait_for_end "curl$n"
    if ((status == 0)); then
      assert_same_file large "large$n" dave
    else
      [[ ! -e homes/dave/large$n ]] || fail "curl$n failed, and yet its file is there"
    fi
  done
  wait_until has_no_client
  used=$(used_by dave)
  ((used <= 900000 && used % 300000 == 0)) || fail_because "there are files that are not whole" "900000 or less" "$used"
  assert_used dave "$used"
}

# bats test_tags=needs:quota,points:2
@test "server: the quota: a new one counts from the next login on" {
  start_quota 1000
  start_ftp_session_as dave before wait 'transfer:STOR a' give-repeat:1000:a reply:226
  tell before on
  wait_for_status before 0
  run_bounded "$USERS" --users users quota dave 1500
  assert_succeeds
  ftp_as dave 'transfer:STOR b' give-repeat:500:b reply:226 'transfer:STOR c' give:c reply:552
  # Fewer than there are: nothing is lost, and nothing can come.
  run_bounded "$USERS" --users users quota dave 100
  ftp_as dave 'transfer:STOR c' give:c reply:552 'transfer:RETR b' take-repeat:500:b reply:226 'ask:213:AVBL' \
    'ask:552:ALLO 1' 'ask:202:ALLO 0'
  assert_reply '^213 0$'
  assert_used dave 1500
  run_bounded "$USERS" --users users quota dave none
  ftp_as dave 'transfer:STOR c' give-repeat:5000:c reply:226 'ask:200:SITE QUOTA'
  assert_reply '^200 6500 bytes are used; there is no limit'
}

# bats test_tags=needs:quota
@test "server: the quota: AVBL, ALLO and SITE QUOTA tell what is left while an upload runs" {
  start_quota 1000
  start_upload_as dave up a 0123456789 ask:226:NOOP
  ftp_as dave 'ask:213:AVBL' 'ask:202:ALLO 990' 'ask:552:ALLO 991' 'ask:501:ALLO x' 'ask:501:ALLO -1' 'ask:200:SITE QUOTA'
  assert_reply '^213 990$'
  assert_reply '^200 10 of 1000 '
}

# ---- the server: a full disk ----

# start_small_ftp: a server whose homes are on a file system of 1,024,000 bytes; `small` is where.
start_small_ftp() {
  unshare --map-root-user --mount true 2>/dev/null || skip "this system allows no private mounts"
  mkdir -p small
  printf '#!/usr/bin/env bash\nmount -t tmpfs -o size=1000k none small && exec %q "$@"\n' "$SERVER" >on_small_disk
  chmod +x on_small_disk
  printf '#!/usr/bin/env bash\nexec unshare --map-root-user --mount %q/on_small_disk "$@"\n' "$PWD" >small_server
  chmod +x small_server
  SERVER=$PWD/small_server
  start_ftp --root small
  small=/proc/${pid_of[server]}/root/$PWD/small
}

# bats test_tags=needs:stores,points:3,mistake:full-disk-hangs-up
@test "server: a full disk: 452, nothing of the upload stays, and the old file is as it was" {
  start_small_ftp
  random_file large 3000000
  ftp 'transfer:STOR large' give:old reply:226
  put_url large large
  ((status != 0)) || fail "curl took it for stored"
  assert_regex "$stderr" 452
  assert_same "$(cat "$small/alice/large")" old
  put_url large other
  assert_regex "$stderr" 452
  assert_same "$(ls -A "$small/alice")" large
  head -c 800000 large >shorter
  put_url shorter shorter
  assert_succeeds
  cmp shorter "$small/alice/shorter"
  # There is no room for a copy.
  ftp ask:229:EPSV data 'ask:452:APPE shorter' 'ask:213:SIZE shorter' 'transfer:RETR large' take:old reply:226
  assert_reply '^213 800000$'
  assert_same "$(ls -A "$small/alice")" $'large\nshorter'
}

# ---- the server: the log, and --rate ----

# bats test_tags=needs:stores,points:2
@test "server: --access-log: a line for each transfer, whole or not, in which each name is one word" {
  local when='[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4} [0-9]+ 127\.0\.0\.1'
  start_ftp --access-log log
  ftp 'transfer:STOR two words' give:hello reply:226 'transfer:RETR two words' take:hello reply:226 ask:200:TYPE\ A \
    'transfer:RETR two words' take:hello reply:226
  break_upload b half
  put_file $'line\nfeed' hi
  ftp 'transfer:RETR line?feed' take:hi reply:226 'ask:550:RETR missing'
  stop server
  assert_count log "^$when 5 /alice/two_words b _ i r alice ftp 0 \* c$" 1
  assert_count log "^$when 5 /alice/two_words b _ o r alice ftp 0 \* c$" 1
  assert_count log "^$when 5 /alice/two_words a _ o r alice ftp 0 \* c$" 1
  assert_count log "^$when 4 /alice/b b _ i r alice ftp 0 \* i$" 1
  assert_count log "^$when 2 /alice/line.feed b _ o r alice ftp 0 \* c$" 1
  assert_count log '' 5
  assert_same "$(stat -c %a log)" 600
}

# bats test_tags=needs:stores
@test "server: --access-log: what can't be opened is said in one line" {
  mkdir directory
  make_users
  run_bounded "$SERVER" --port 0 --users users --root homes --access-log directory
  assert_fails 1
}

# bats test_tags=needs:stores,points:2
@test "server: --rate: a transfer takes its time, in both directions, and others do not wait for it" {
  local began took
  start_ftp --rate 200000
  random_file file 100000
  began=$(date +%s%3N)
  put_url file file
  assert_succeeds
  get_url file -o back
  assert_succeeds
  took=$(($(date +%s%3N) - began))
  ((took >= 900 && took < 5000)) || fail_because "the rate is another" "about 1000 ms" "$took ms"
  cmp file back
  random_file slow 10000000
  cp slow homes/alice/slow
  start_ftp_session slow 'transfer:RETR slow' other recv:10 other wait ask:426:ABOR reply:226
  has_replied slow 150
  server_still_serves
  is_running slow
  tell slow on
  wait_for_status slow 0
}

# ---- the server: TLS ----

start_tls() {
  start_ftp --tls auto "$@"
}

# bats test_tags=id:tls,needs:stores,points:5
@test "server: TLS: curl puts and gets, with a certificate that is made at the start" {
  need curl
  start_tls
  wait_for_line server.out '^certificate: SHA256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$'
  random_file file 3000000
  goes_both_ways file -k --ssl-reqd
  get_url '' -k --ssl-reqd
  assert_reply ' file$'
  get_url file --ssl-reqd
  ((status != 0)) || fail "curl took a certificate that nobody has signed"
  # Without TLS it goes on.
  server_still_serves
}

# bats test_tags=needs:tls,points:2
@test "server: TLS 1.2: clients that know no tickets resume by the number of the session; also after ABOR" {
  need curl
  start_tls
  random_file file 300000
  put_url file file -k --ssl-reqd --tls-max 1.2
  assert_succeeds
  get_url file -k --ssl-reqd --tls-max 1.2 -o back
  assert_succeeds
  cmp file back
  python_ftp <<'PYTHON'
CONTEXT.maximum_version = ssl.TLSVersion.TLSv1_2
CONTEXT.options |= ssl.OP_NO_TICKET
s = Session(user="alice")
data = s.transfer("STOR a")
data.sendall(b"half")
s.ask(426, "ABOR")
s.reply(226)
data.close()
s.put("b", b"whole")
if s.get("b") != b"whole":
    fail("other bytes came")
other = Session(user="alice")
data = s.connect()
s.ask(150, "RETR b")
data = CONTEXT.wrap_socket(data, session=other.control.session)
s.reply(522)
PYTHON
}

# bats test_tags=needs:tls
@test "server: TLS: a session can be resumed for as long as somebody may be logged in" {
  start_tls
  python_ftp <<'PYTHON'
for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    CONTEXT.maximum_version = version
    s = Session(user="alice")
    if s.control.session.ticket_lifetime_hint < 24 * 60 * 60:
        fail("after %d seconds each transfer would get 522" % s.control.session.ticket_lifetime_hint)
PYTHON
}

# bats test_tags=needs:tls,points:3
@test "server: TLS: curl gets with a certificate that it knows" {
  need curl
  make_certificate own
  start_ftp --tls own.pem --tls-key own.key
  put_file a hello
  get_url a --cacert own.pem --ssl-reqd
  assert_printed hello
  # Both in one file, too.
  cat own.pem own.key >both.pem
  stop server
  start_ftp --tls both.pem
  get_url a --cacert own.pem --ssl-reqd
  assert_printed hello
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: a certificate or a key that can't be used is said in one line" {
  local arguments
  make_certificate own
  make_certificate other
  make_users
  echo nonsense >bad.pem
  for arguments in 'missing.pem' 'bad.pem' 'own.pem' 'own.pem --tls-key missing.key' 'own.pem --tls-key bad.pem' \
    'own.pem --tls-key other.key'; do
    # shellcheck disable=SC2086 # these are words
    run_bounded "$SERVER" --port 0 --users users --root homes --tls $arguments
    assert_fails 1
    assert_regex "$stderr" 'TLS: '
  done
}

# bats test_tags=needs:tls,points:3
@test "server: TLS: AUTH, PBSZ and PROT in the wrong order, or of a kind that there is not" {
  start_ftp
  guest 'ask:502:AUTH TLS' 'ask:503:PBSZ 0' 'ask:503:PROT P' 'ask:211:FEAT'
  assert_reply '^ AUTH TLS' 0
  stop server
  start_tls
  guest 'ask:504:AUTH KERBEROS_V4' ask:501:AUTH 'ask:503:PBSZ 0' 'ask:503:PROT P' ask:211:FEAT
  assert_reply '^ AUTH TLS'
  assert_reply '^ PROT'
  python_ftp <<'PYTHON'
s = Session()
s.ask(503, "AUTH TLS")
s.ask(503, "PROT P")
s.ask(200, "PBSZ 0")
s.ask(536, "PROT S")
s.ask(536, "PROT E")
s.ask(504, "PROT X")
s.login("alice")
s.put("a", b"secret")
s.ask(200, "PROT C")
data = s.connect()
s.ask(150, "RETR a")
if receive_all(data) != b"secret":
    fail("PROT C: other bytes came")
s.reply(226)
s.ask(502, "REIN")
s.ask(221, "QUIT")
PYTHON
}

# bats test_tags=needs:tls,points:3,mistake:tls-optional
@test "server: TLS: --require-tls: no password and no file without it" {
  start_tls --require-tls
  put_file a hello
  guest 'ask:530:USER alice' 'ask:503:PASS secret'
  python_ftp <<'PYTHON'
s = Session()
s.login("alice", private=False)
data = s.connect()
s.ask(521, "RETR a")
s.ask(521, "LIST")
s.ask(521, "STOR b")
s.ask(200, "PBSZ 0")
s.ask(534, "PROT C")
s.ask(200, "PROT P")
if s.get("a") != b"hello":
    fail("other bytes came")
PYTHON
  assert_gone b
  run_bounded "$SERVER" --port 0 --users users --root homes --require-tls
  assert_fails 2
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: 1.1 is refused, 1.2 and 1.3 are not" {
  need openssl
  start_tls
  local version
  for version in tls1_2 tls1_3; do
    run_bounded openssl s_client -starttls ftp -connect "$host:$port" "-$version" </dev/null
    assert_succeeds
  done
  for version in tls1 tls1_1; do
    run_bounded openssl s_client -starttls ftp -connect "$host:$port" "-$version" -cipher 'ALL:@SECLEVEL=0' </dev/null
    ((status != 0)) || fail "openssl got a connection with -$version"
  done
  wait_until has_no_client
  assert_count server.out 'failed: TLS: ' 2
  server_still_serves
}

# bats test_tags=needs:tls,points:5,mistake:session-not-resumed
@test "server: TLS: a data connection that does not go on with the session of the control connection: 522" {
  start_tls
  put_file a hello
  python_ftp <<'PYTHON'
def refused(s, session):
    """A client that can't show the right ticket gets no byte, and stores none."""
    for command in ("RETR a", "STOR b", "LIST"):
        data = s.connect()
        s.ask(150, command)
        try:
            data = CONTEXT.wrap_socket(data, session=session)
            data.settimeout(TIMEOUT)
            content = receive_all(data)
        except (ssl.SSLError, ConnectionError):
            content = b""
        data.close()
        s.reply(522)
        if content:
            fail("bytes came: %r" % content)

mine, other = Session(user="alice"), Session(user="alice")
refused(mine, None)
refused(mine, other.control.session)
if mine.get("a") != b"hello" or other.get("a") != b"hello":
    fail("other bytes came")
mine.put("c", b"stored")
for session in (mine, Session(user="alice", context=CONTEXT)):
    session.ask(200, "NOOP")
PYTHON
  assert_gone b
  assert_file c stored
}

# bats test_tags=needs:tls,points:2
@test "server: TLS 1.2: a ticket of another control connection does not count either" {
  start_tls
  put_file a hello
  python_ftp <<'PYTHON'
CONTEXT.maximum_version = ssl.TLSVersion.TLSv1_2
mine, other = Session(user="alice"), Session(user="alice")
for session in (other.control.session, None):
    data = mine.connect()
    mine.ask(150, "RETR a")
    data = CONTEXT.wrap_socket(data, session=session)
    try:
        if receive_all(data):
            fail("bytes came")
    except (ssl.SSLError, ConnectionError):
        pass
    mine.reply(522)
if mine.get("a") != b"hello" or other.get("a") != b"hello":
    fail("other bytes came")
PYTHON
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: --tls-no-session-reuse: Python's ftplib, which begins a new session each time" {
  start_tls --tls-no-session-reuse
  random_file file 300000
  python_ftp <<'PYTHON'
import ftplib, io
with ftplib.FTP_TLS(context=make_context()) as ftp:
    ftp.connect(HOST, PORT, TIMEOUT)
    ftp.login("alice", "secret")
    ftp.prot_p()
    ftp.storbinary("STOR file", open("file", "rb"))
    back = io.BytesIO()
    ftp.retrbinary("RETR file", back.write)
    if back.getvalue() != open("file", "rb").read():
        fail("other bytes came back")
    if ftp.nlst() != ["file"]:
        fail("nlst: another listing")
    if [name for name, facts in ftp.mlsd() if facts["type"] == "file"] != ["file"]:
        fail("mlsd: another listing")
PYTHON
  assert_same_file file file
}

# bats test_tags=needs:tls,points:5,mistake:clear-text-trusted
@test "server: TLS: what comes in clear behind AUTH TLS is never executed" {
  start_tls
  put_file a hello
  # In one segment with AUTH; the handshake is never made.
  peer reply:220 'send:AUTH TLS\r\nUSER alice\r\nPASS secret\r\nDELE a\r\n' reply:234 shutdown eof
  # And with a handshake: the command must not be executed when TLS has begun.
  python_ftp <<'PYTHON'
s = Session(secure=False)
s.control.sendall(b"AUTH TLS\r\nUSER alice\r\nPASS secret\r\nDELE a\r\n")
s.reply(234)
s.handshake()
s.ask(200, "NOOP")
s.ask(530, "PWD")
# Half a line, of which the rest comes under TLS.
s = Session(secure=False)
s.control.sendall(b"AUTH TLS\r\nNOOP\r\nUSER al")
s.reply(234)
s.handshake()
s.ask(500, "ice")
# Who was logged in before is not any more.
s = Session(secure=False)
s.login("alice", private=False)
s.ask(234, "AUTH TLS")
s.handshake()
s.ask(530, "DELE a")
PYTHON
  assert_file a hello
  assert_reply '^230' 1
}

# bats test_tags=needs:tls,points:3,mistake:tls-cut-off
@test "server: TLS: an upload that ends without a close_notify is not whole" {
  start_tls
  put_file old old
  begin_quiet
  python_ftp <<'PYTHON'
for name in ("new", "old"):
    s = Session(user="alice")
    data = s.transfer("STOR " + name)
    data.sendall(b"half")
    raw(data).shutdown(socket.SHUT_WR)
    s.reply(426)
    s.ask(200, "NOOP")
    data.close()
s = Session(user="alice")
data = s.transfer("STOR killed")
data.sendall(b"half")
wait_until(lambda: has_bytes("homes/alice/.ftp-part.killed", 4))
os.kill(os.getpid(), 9) if os.fork() == 0 else os.wait()
data.detach(), s.control.detach()
PYTHON
  wait_until has_no_client
  assert_gone new
  assert_part new half
  assert_file old old
  assert_no_part old
  assert_gone killed
  assert_part killed half
  end_quiet
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: garbage in the place of the handshake ends the connection, and nothing else" {
  start_tls
  begin_quiet
  put_file a hello
  guest 'ask:234:AUTH TLS' rst
  guest 'ask:234:AUTH TLS' shutdown eof
  python_ftp <<'PYTHON'
for garbage in (b"USER alice\r\nPASS secret\r\n", b"\x16\x03\x01\xff\xff\x01\x02\x03", bytes(20000)):
    s = Session(secure=False)
    s.ask(234, "AUTH TLS")
    s.control.sendall(garbage)
    if not ends(s):
        fail("the connection does not end")
s = Session(user="alice")
raw(s.control).sendall(b"NOOP\r\n" * 100)
if not ends(s):
    fail("the connection does not end")
# And on a data connection.
s = Session(user="alice")
data = s.connect()
s.ask(150, "RETR a")
data.sendall(b"garbage" * 100)
s.reply(425)
data.close()
s.ask(200, "NOOP")
PYTHON
  wait_until has_no_client
  end_quiet
  server_still_serves
}

# bats test_tags=needs:tls,points:2
@test "server: TLS: a handshake that never comes ends after --timeout" {
  start_tls --timeout 0.4
  begin_quiet
  guest 'ask:234:AUTH TLS' eof
  guest 'ask:234:AUTH TLS' 'send:\x16\x03\x01' eof
  put_file a hello
  python_ftp <<'PYTHON'
s = Session(user="alice")
data = s.connect()
s.ask(150, "RETR a")
s.reply(425)
s.ask(200, "NOOP")
PYTHON
  end_quiet
}

# bats test_tags=needs:tls,points:3
@test "server: TLS: a record of which only a part has come costs no CPU" {
  start_tls --idle 1
  random_file large 10000000
  mkdir -p homes/alice
  cp large homes/alice/large
  cat >halves.py <<'PYTHON'
s = Session(user="alice")
raw(s.control).sendall(b"\x17\x03\x03\x00\x40abc")
t = Session(user="alice")
data = t.transfer("RETR large")
raw(t.control).sendall(b"\x17\x03\x03\x00\x40abc")
print("halves", flush=True)
if not ends(s):
    fail("the session does not end after --idle")
print("ended", flush=True)
sys.stdin.readline()
PYTHON
  need python3
  start halves env PYTHONPATH="$ROOT/tests/lib" PYTHONDONTWRITEBYTECODE=1 python3 -c \
    'import sys; from ftps import *; exec(open("halves.py").read())' "$host" "$port"
  wait_for_line halves.out '^halves$'
  wait_until stands_still
  assert_idle server
  wait_for_line halves.out '^ended$'
}

# stands_still: the server waits.
stands_still() {
  local before
  before=$(cpu_ticks "${pid_of[server]}")
  nap 0.1
  (($(cpu_ticks "${pid_of[server]}") == before))
}

# ---- the server: the clients that people use ----

# tree: files in the directory `tree`, and one of them changed in `changed`.
make_tree() {
  mkdir -p tree/sub/deeper
  random_file tree/large 1000000
  random_file "tree/two words" 5
  random_file tree/sub/deeper/bytes 70000
  : >tree/sub/empty
}

# bats test_tags=needs:stores,points:2
@test "server: curl: put, get, both of them from where they broke off, append, and listings" {
  need curl
  start_ftp
  random_file file 1000000
  put_url file sub/file --ftp-create-dirs
  assert_succeeds
  head -c 300000 file >half
  cp half homes/alice/.ftp-part.half
  put_url file half -C -
  assert_succeeds
  assert_same_file file half
  get_url half -C - -o half
  assert_succeeds
  assert_same_file half half
  printf 'more' >'more'
  put_url more half --append
  assert_succeeds
  assert_same "$(stat -c %s homes/alice/half)" 1000004
  get_url half -P - -o active
  assert_succeeds
  assert_same_file active half
  get_url half -P - --disable-eprt -o port
  assert_same_file port half
  get_url half --disable-epsv -o pasv
  assert_same_file pasv half
  get_url sub/ --list-only
  assert_printed file
  get_url ''
  assert_reply ' 1000004 .* half$'
  get_url half -r 10-19 -o range
  assert_same "$(stat -c %s range)" 10
  get_url half -I
  assert_reply '^Content-Length: 1000004'
  get_url missing
  ((status != 0)) || fail "curl got a file that is not there"
  get_url '' -Q 'MKD new' -Q 'RNFR half' -Q 'RNTO new/half' -Q '-DELE new/half' -o list
  assert_succeeds
  assert_gone half
  assert_gone new/half
}

# lftp_ftp COMMANDS [OPTION]...: lftp executes them as alice.
lftp_ftp() {
  run_bounded env HOME="$PWD" lftp -u alice,secret -e "set net:timeout 5; set net:max-retries 1; set cmd:fail-exit yes; ${*:2} $1; quit" \
    "ftp://$host:$port"
}

# bats test_tags=needs:stores,points:2
@test "server: lftp: put, get, reput, and whole directories both ways" {
  need lftp
  start_ftp
  make_tree
  lftp_ftp 'mirror -R tree copy; mirror copy back; ls copy; cls copy'
  assert_succeeds
  diff -r tree homes/alice/copy
  diff -r tree back
  assert_reply 'two words' 2
  # The second time there is nothing to do: sizes and times are right.
  lftp_ftp 'mirror -v -R tree copy; mirror -v copy back'
  assert_succeeds
  assert_reply 'Transferring' 0
  head -c 400000 tree/large >homes/alice/.ftp-part.large
  lftp_ftp 'reput tree/large; get large -o got; mkdir -p a/b; mv large a/b/large; rm -r copy; pget -n 3 a/b/large -o parallel'
  assert_succeeds
  cmp got tree/large
  cmp parallel tree/large
  assert_same "$(ls -A homes/alice)" a
  head -c 400000 tree/large >continued
  lftp_ftp 'get -c a/b/large -o continued; chmod 600 a/b/large'
  assert_succeeds
  cmp continued tree/large
  assert_same "$(stat -c %a homes/alice/a/b/large)" 600
}

# bats test_tags=needs:tls,points:2
@test "server: lftp: whole directories both ways, under TLS" {
  need lftp
  start_tls --require-tls
  make_tree
  lftp_ftp 'mirror -R tree copy; mirror copy back; mirror -P 3 copy parallel' \
    'set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ssl:verify-certificate no;'
  assert_succeeds
  diff -r tree homes/alice/copy
  diff -r tree back
  diff -r tree parallel
}

# bats test_tags=needs:stores,points:2
@test "server: tnftp: put, get, mget, append, reget and ls" {
  need tnftp
  start_ftp
  make_tree
  random_file one 1000
  random_file two 2000
  printf 'machine %s login alice password secret\n' "$host" >netrc
  chmod 600 netrc
  mkdir into
  head -c 300 one >into/half
  run_bounded tnftp -i -N netrc -P "$port" "$host" <<'FTP'
binary
put one
put two
put "tree/two words" "two words"
ls
mkdir sub
cd sub
put two twin
append one twin
pwd
cd ..
lcd into
mget o* tw*
get sub/twin twin
reget one half
rename one first
delete two
quit
FTP
  assert_same_file one first
  assert_gone two
  cmp one into/one
  cmp one into/half
  cmp two into/two
  cmp "tree/two words" "into/two words"
  assert_same "$(stat -c %s into/twin)" 3000
  assert_reply '(^| )two words$'
  run_bounded tnftp -o url -P "$port" "ftp://alice:secret@$host:$port/first"
  cmp url one
  random_file upload 300000
  run_bounded tnftp -u "ftp://alice:secret@$host:$port/uploaded" upload
  assert_same_file upload uploaded
}

# bats test_tags=needs:stores,points:2
@test "server: wget: get, -c, and a whole directory" {
  need wget
  local url
  start_ftp
  make_tree
  mkdir -p homes/alice
  cp -r tree homes/alice/tree
  url=ftp://alice:secret@$host:$port
  run_bounded env HOME="$PWD" wget -q -O got --tries 1 -T 5 "$url/tree/large"
  assert_succeeds
  cmp got tree/large
  head -c 300000 tree/large >large
  run_bounded env HOME="$PWD" wget -c --tries 1 -T 5 "$url/tree/large"
  assert_succeeds
  cmp large tree/large
  assert_regex "$stderr" '700000'
  run_bounded env HOME="$PWD" wget -q -r -nH -P all --tries 1 -T 5 "$url/tree/"
  assert_succeeds
  diff -r tree all/tree
  run_bounded env HOME="$PWD" wget -q --no-passive-ftp -O active --tries 1 -T 5 "$url/tree/large"
  assert_succeeds
  cmp active tree/large
}

# bats test_tags=needs:stores,points:2
@test "server: Python's ftplib: storbinary, retrlines, nlst, mlsd, REST, and abort" {
  start_ftp
  random_file file 500000
  python_ftp <<'PYTHON'
import ftplib, io

content = open("file", "rb").read()
ftp = ftplib.FTP()
ftp.connect(HOST, PORT, TIMEOUT)
ftp.login("alice", "secret")
ftp.storbinary("STOR file", io.BytesIO(content))
ftp.storlines("STOR lines", io.BytesIO(b"one\ntwo\n"))
lines = []
ftp.retrlines("RETR lines", lines.append)
assert lines == ["one", "two"], lines
assert sorted(ftp.nlst()) == ["file", "lines"], ftp.nlst()
facts = dict(ftp.mlsd(facts=["type", "size"]))
assert facts["file"] == {"type": "file", "size": "500000"}, facts
ftp.voidcmd("TYPE I")
assert ftp.size("file") == 500000
data, size = ftp.ntransfercmd("RETR file", rest=100000)
assert size == 400000, size
assert receive_all(data) == content[100000:]
data.close()
ftp.voidresp()
data = ftp.transfercmd("RETR file")
data.recv(1)
ftp.abort()
data.close()
# In ftplib the second reply to ABOR is the user's.
ftp.voidresp()
data = ftp.transfercmd("STOR rest")
data.sendall(content[:1000])
wait_until(lambda: has_bytes("homes/alice/.ftp-part.rest", 1000))
assert ftp.abort().startswith("426")
data.close()
ftp.voidresp()
assert ftp.size("rest") == 1000
ftp.storbinary("STOR rest", io.BytesIO(content[1000:]), rest=1000)
ftp.mkd('a "b"')
ftp.cwd('a "b"')
assert ftp.pwd() == '/a "b"', ftp.pwd()
ftp.cwd("..")
ftp.rmd('a "b"')
ftp.rename("rest", "renamed")
ftp.delete("file")
ftp.set_pasv(False)
back = io.BytesIO()
ftp.retrbinary("RETR renamed", back.write)
assert back.getvalue() == content
ftp.quit()
PYTHON
  assert_same_file file renamed
  assert_gone file
}

# ---- the server: bad weather ----

# under_weather MODE [OPTION]...: a file there and back, plain and in the middle of other files.
under_weather() {
  under_chaos "$1"
  start_ftp "${@:2}"
  random_file file 100000
  put_url file file
  assert_succeeds
  assert_same_file file file
  get_url file -o back
  assert_succeeds
  cmp file back
  break_upload part half
  ftp 'transfer:APPE part' give:more reply:226 'transfer:RETR part' take:halfmore reply:226 \
    transfer:LIST listing reply:226 'ask:250:DELE part'
  assert_reply ' 100000 .* file$'
}

# bats test_tags=needs:stores,points:2
@test "server: files go both ways, though write takes only a part of the bytes" {
  under_weather short-write
}

# bats test_tags=needs:stores,points:2
@test "server: files go both ways, though each call may be interrupted by a signal" {
  under_weather eintr
}

# bats test_tags=needs:stores,points:2
@test "server: files go both ways, though each recv gets one byte and each send a half" {
  under_weather short-recv,short-send
}

# bats test_tags=needs:stores
@test "server: files go both ways, though a connection is gone before it is accepted, or nothing is ready" {
  under_weather aborted,eagain
}

# bats test_tags=needs:quota,points:2,exercise:6
@test "server: the quota is right, though write takes only a part of the bytes, or none for a signal" {
  under_chaos short-write,eintr
  start_quota 1000000
  random_file file 600000
  run_bounded curl -sS --max-time 10 --user dave:secret --upload-file file "ftp://$host:$port/a"
  assert_succeeds
  assert_same_file file a dave
  run_bounded curl -sS --max-time 10 --user dave:secret --upload-file file "ftp://$host:$port/b"
  ((status != 0)) || fail "curl took it for stored"
  assert_used dave 600000
  ftp_as dave 'transfer:STOR b' give-repeat:400000:b reply:226
  assert_used dave 1000000
}

# bats test_tags=needs:tls,points:2
@test "server: TLS, though each recv gets one byte, each send a half, and signals come" {
  under_chaos short-recv,short-send,eintr
  start_tls
  random_file file 20000
  goes_both_ways file -k --ssl-reqd
}

# ---- the client ----

# bats test_tags=id:client,basic,points:5
@test "client: put, ls and get, from a script: the files are the same, and exit 0" {
  start_ftp
  random_file mine 70000
  ftp_client 'put mine' 'mkdir sub' 'put mine sub/other' 'cd sub' pwd ls 'get other back' 'mv other third' 'rm third' \
    'cd ..' 'rmdir sub' quit
  assert_succeeds
  assert_same "$stderr" '' # no bar, where stderr is no terminal
  assert_same_file mine mine
  cmp mine back || fail "what came back is not the same"
  assert_line --regexp '^/sub$'
  assert_line --regexp '70000 .* other$'
  assert_no_file homes/alice/sub
}

# bats test_tags=id:several,basic,points:2
@test "client: mput, mget, cat, rm and quota" {
  start_ftp
  mkdir mine theirs mine/directory
  random_file mine/a.txt 3000
  printf 'Hello\n' >'mine/b c.txt'
  printf 'no\n' >mine/d
  ftp_client 'lcd mine' 'mput *.txt directory*' 'mkdir sub' 'put "b c.txt" sub/' 'lcd ../theirs' 'mget *.txt' \
    'cat sub/b\ c.txt' quota 'rm a.txt "b c.txt"'
  assert_fails 1 # for the directory
  assert_regex "$stderr" 'directory: not a regular file'
  ftp_client_with --quiet 'lcd mine' 'mput *.txt' 'mkdir sub' 'put "b c.txt" sub/' 'lcd ../theirs' 'mget *.txt' \
    'cat sub/b\ c.txt' quota 'rm a.txt "b c.txt"'
  assert_succeeds
  diff -r -x d -x directory mine theirs || fail "what came back is not the same"
  assert_line --index 0 Hello
  assert_line --index 1 --regexp '^3012 '
  assert_files homes/alice sub
}

# bats test_tags=needs:client,points:3
@test "client: a script ends at the first command that fails, with exit 1 and one line" {
  start_ftp
  ftp_client 'get none' 'mkdir never'
  assert_fails 1
  assert_equal "${#stderr_lines[@]}" 1
  assert_regex "$stderr" 'none.*550'
  assert_no_file homes/alice/never
  assert_no_file none
}

# bats test_tags=needs:client,points:2
@test "client: a wrong password, no such host, a server that is not there, or says nothing: one line, exit 1" {
  start_ftp
  printf 'wrong\nls\n' >wrong
  run_bounded "$CLIENT" --host "$host" --port "$port" --user alice --password-stdin <wrong
  assert_fails 1
  assert_regex "$stderr" '530'
  run_bounded "$CLIENT" "ftp://alice:wr0ng@$host:$port/"
  assert_fails 1
  refute_regex "$output$stderr" 'wr0ng'
  stop server
  ftp_client ls
  assert_fails 1
  assert_regex "$stderr" 'Connection refused'
  run_bounded "$CLIENT" ftp://alice:secret@no-such-host.invalid/
  assert_fails 1
  assert_regex "$stderr" 'no-such-host\.invalid'
  start_peer_server hold
  ftp_client_with '--timeout 0.2' ls
  assert_fails 1
  assert_regex "$stderr" 'silent'
}

# bats test_tags=needs:client,points:3
@test "client: an URL: get here, to stdout, elsewhere, a list, and --upload" {
  start_ftp
  put_file hello 'Hello\n'
  printf 'mine\n' >mine
  run_bounded "$CLIENT" "ftp://alice:secret@127.0.0.1:$port/hello"
  assert_succeeds
  assert_same "$(cat hello)" Hello
  run_bounded "$CLIENT" --output - --quiet "ftp://alice:secret@127.0.0.1:$port/hello"
  assert_printed Hello
  run_bounded "$CLIENT" --output there "ftp://alice:secret@127.0.0.1:$port/hello"
  cmp hello there || fail "the file is not the same"
  run_bounded "$CLIENT" "ftp://alice:secret@127.0.0.1:$port/"
  assert_line --regexp ' hello$'
  run_bounded "$CLIENT" --upload mine "ftp://alice:secret@127.0.0.1:$port/theirs"
  assert_succeeds
  assert_same_file mine theirs
}

# bats test_tags=needs:client,points:5,mistake:digest-unchecked
@test "client: get: a file whose digest differs is a failure, and the old one stays" {
  printf 'new\n' >file
  printf 'old\n' >mine
  start_bad_ftp digest file
  ftp_client 'get file mine'
  assert_fails 1
  assert_regex "$stderr" 'the digest differs'
  assert_same "$(cat mine)" old
}

# bats test_tags=needs:client,points:3
@test "client: get --no-verify: asks for no digest" {
  printf 'new\n' >file
  start_bad_ftp digest file
  ftp_client_with --no-verify 'get file mine'
  assert_succeeds
  assert_count bad.out 'command: HASH' 0
  assert_same "$(cat mine)" new
}

# bats test_tags=needs:client,points:5,mistake:half-file-named
@test "client: get: a download that breaks off is a failure, and no file has the name; the old one stays" {
  random_file file 100000
  start_bad_ftp breaks file
  ftp_client 'get file mine'
  assert_fails 1
  assert_no_file mine
  printf 'old\n' >mine
  ftp_client 'get file mine'
  assert_fails 1
  assert_same "$(cat mine)" old
}

# bats test_tags=needs:client,points:5,mistake:reply-ignored
@test "client: get: half a file that ends in order is a failure, for the reply says so" {
  random_file file 100000
  printf 'old\n' >mine
  start_bad_ftp half file
  ftp_client 'get file mine'
  assert_fails 1
  assert_regex "$stderr" '451'
  assert_same "$(cat mine)" old
}

# bats test_tags=needs:client,points:5,mistake:begins-again
@test "client: reget asks for the rest only" {
  start_ftp
  random_file whole 100000
  put_file .keep ''
  cp whole homes/alice/whole
  head -c 60000 whole >back.part
  ftp_client 'reget whole back'
  assert_succeeds
  cmp whole back || fail "the file is not the same"
  start_bad_ftp pieces whole
  head -c 60000 whole >again.part
  ftp_client 'reget whole again'
  assert_succeeds
  assert_count bad.out 'command: REST 60000' 1
}

# bats test_tags=needs:client,points:5,mistake:sends-again
@test "client: reput sends the rest only, also if that is nothing" {
  mkdir here
  random_file here/up 5000
  head -c 1000 here/up >up
  start_bad_ftp pieces up
  ftp_client 'reput here/up'
  assert_succeeds
  cmp here/up up || fail "the file is not the same"
  assert_count bad.out 'command: REST 1000' 1
  assert_count bad.out 'stored: 4000 bytes' 1
  start_ftp
  break_upload half 'half of it'
  printf 'half of it, and the rest' >half
  break_upload all 'all of it'
  printf 'all of it' >all
  ftp_client 'reput half' 'reput all'
  assert_succeeds
  assert_same_file half half
  assert_same_file all all
}

# bats test_tags=needs:client,points:3
@test "client: replies of several lines, and a byte at a time" {
  printf 'Hello\n' >file
  start_bad_ftp pieces file
  ftp_client 'get file mine'
  assert_succeeds
  cmp file mine || fail "the file is not the same"
}

# bats test_tags=needs:client,points:3
@test "client: a line that is too long: exit 1, and no more is read" {
  start_bad_ftp long
  ftp_client pwd ls
  assert_fails 1
  assert_count bad.out 'command: (PASV|EPSV|MLSD)' 0
}

# bats test_tags=needs:client,points:5,mistake:address-trusted
@test "client: a 227 with another address: it connects to the server all the same" {
  printf 'Hello\n' >file
  start_bad_ftp address file
  ftp_client 'get file mine'
  assert_succeeds
  assert_count bad.out 'data connection from 127.0.0.1' 1
}

# bats test_tags=needs:client,points:5,mistake:writes-outside
@test "client: mget: a name that leads out of the directory is refused" {
  mkdir -p deep/here
  printf 'evil\n' >.profile # as all that the server sends
  start_bad_ftp names '../outside' a/b .profile
  printf 'mine\n' >outside
  cd deep/here
  ftp_client 'mget *'
  cd ../..
  assert_equal "$status" 1
  assert_regex "$stderr" 'a/b: refused'
  assert_same "$(cat outside)" mine
  assert_files deep/here commands run.err run.out
  assert_no_file deep/here/.profile
  cd deep/here
  ftp_client 'mget ..*'
  cd ../..
  assert_fails 1
  assert_regex "$stderr" 'outside: refused'
  assert_same "$(cat outside)" mine
}

# bats test_tags=needs:client,points:3,mistake:escape-shown
@test "client: control characters of the server are shown as text, in a list and in a reply" {
  start_bad_ftp names none
  ftp_client ls
  refute_output --partial $'\e'
  assert_output --partial 'e\x1b[31mvil'
  ftp_client 'mkdir a'
  assert_fails 1
  refute_regex "$stderr" $'\e|\r'
  assert_regex "$stderr" '1b\[31mno'
}

# bats test_tags=needs:client,points:3,mistake:line-end-sent
@test "client: a line end in a name is refused, and nothing is sent" {
  printf 'Hello\n' >file
  start_bad_ftp digest file
  printf 'Hello\n' >$'a\rDELE file'
  ftp_client 'mput a*'
  assert_fails 1
  ftp_client $'get "x\rDELE file"'
  assert_fails 1
  run_bounded "$CLIENT" "ftp://alice:secret@127.0.0.1:$port/x%0D%0ADELE%20file"
  assert_fails 2
  assert_count bad.out DELE 0
}

# bats test_tags=needs:client,points:3
@test "client: the server closes the connection: it is said, exit 1" {
  start_bad_ftp closes
  ftp_client ls
  assert_fails 1
  start_ftp
  start_client waits --user alice --password-stdin
  tell waits secret
  tell waits pwd
  wait_for_line waits.out '^/$'
  stop server
  tell waits pwd
  wait_for_status waits 1
  assert_count waits.err '' 1
}

# bats test_tags=id:client-tls,needs:client,points:5,mistake:certificate-unchecked
@test "client: TLS: a certificate that nobody has signed is refused; --ca and --insecure take it" {
  make_certificate own
  start_ftp --tls own.pem --tls-key own.key
  printf 'Hello\n' >mine
  ftp_client_with --tls 'put mine'
  assert_fails 1
  assert_regex "$stderr" 'certificate'
  assert_no_file homes/alice
  ftp_client_with '--tls --ca own.pem' 'put mine' 'get mine back'
  assert_succeeds
  cmp mine back || fail "the file is not the same"
  assert_same "$stderr" ''
  ftp_client_with '--tls --insecure' 'get mine again'
  assert_succeeds
  assert_regex "$stderr" 'certificate'
}

# bats test_tags=needs:client-tls,points:3,mistake:clear-text-kept
@test "client: TLS: what stands in clear behind the 234 is refused" {
  start_bad_ftp injected
  ftp_client_with '--tls --insecure' ls
  assert_fails 1
  assert_count bad.out PASS 0
  assert_regex "$stderr" 'plain bytes behind the answer to AUTH'
}

# bats test_tags=needs:client,points:2
@test "client: --active: the server makes the data connections" {
  start_ftp
  printf 'Hello\n' >mine
  ftp_client_with --active 'put mine' 'get mine back' ls
  assert_succeeds
  cmp mine back || fail "the file is not the same"
}

# bats test_tags=needs:client,points:3
@test "client: on a terminal: a prompt, a password without echo, a bar, and a history without the password" {
  start_ftp --rate 100000
  random_file mine 150000
  export XDG_STATE_HOME=$PWD
  start terminal script -qec "$CLIENT --host $host --port $port --user alice" /dev/null
  wait_for_line terminal.out 'Password:'
  tell terminal secret
  wait_for_line terminal.out 'logged in as alice'
  tell terminal 'put mine'
  wait_for_line terminal.out 'put mine: 150000 bytes, verified'
  tell terminal 'get mine back'
  wait_for_line terminal.out 'mine.* [0-9]+%'
  wait_for_line terminal.out '150000 bytes, verified' 2
  tell terminal quit
  wait_for_status terminal 0
  assert_same_file mine mine
  assert_count terminal.out secret 0
  assert_same "$(stat -c %a twelve-sockets/ftp_history)" 600
  grep -q 'put.*mine' twelve-sockets/ftp_history || fail "the history has no line"
  assert_count twelve-sockets/ftp_history secret 0
}

# bats test_tags=needs:client,points:3
@test "client: on a terminal: Ctrl-C ends a transfer, and the session goes on; what came is a part" {
  start_ftp --rate 20000
  put_file .keep ''
  random_file homes/alice/large 1000000
  export XDG_STATE_HOME=$PWD
  start terminal env --default-signal script -qec "$CLIENT --host $host --port $port --user alice" /dev/null
  wait_for_line terminal.out 'Password:'
  tell terminal secret
  wait_for_line terminal.out 'logged in as alice'
  tell terminal 'get large'
  wait_for_line terminal.out 'large.* [0-9]+%'
  wait_until has_part large
  printf '\003' >&"${input_of[terminal]}"
  wait_for_line terminal.out 'get: large: interrupted'
  tell terminal 'mkdir sub'
  tell terminal 'put large.part sub/again'
  wait_for_line terminal.out 'put sub/again: [0-9]+ bytes, verified'
  tell terminal quit
  wait_for_status terminal 0
  assert_no_file large
  cmp large.part homes/alice/sub/again || fail "the file is not the same"
  cmp -n "$(stat -c %s large.part)" large.part homes/alice/large || fail "what was got is not the same"
}

# bats test_tags=needs:client,points:2
@test "client: on a terminal: what fails is said, and the prompt comes again; the end of the connection ends it" {
  start_ftp
  export XDG_STATE_HOME=$PWD
  start terminal script -qec "$CLIENT --host $host --port $port --user alice" /dev/null
  wait_for_line terminal.out 'Password:'
  tell terminal secret
  wait_for_line terminal.out 'logged in as alice'
  tell terminal 'get none'
  wait_for_line terminal.out 'none: 550'
  tell terminal 'mkdir sub'
  tell terminal ls
  wait_for_line terminal.out ' sub/'
  stop server
  tell terminal pwd
  wait_for_line terminal.out 'the connection to .* is closed'
  wait_for_status terminal 1
}

# bats test_tags=needs:client,points:3
@test "client: files go both ways, though each recv gets one byte, each send a half, and signals come" {
  under_chaos short-recv,short-send,eintr
  start_ftp
  random_file mine 20000
  ftp_client 'put mine' 'get mine back' ls
  assert_succeeds
  cmp mine back || fail "the file is not the same"
  assert_same_file mine mine
}

# bats test_tags=needs:client,points:3,mistake:stranger-taken
@test "client: --active: a stranger who connects first is sent away" {
  printf 'Hello\n' >file
  start_bad_ftp stranger file
  ftp_client_with '--active --no-verify' 'get file mine'
  assert_succeeds
  assert_same "$(cat mine)" Hello
}
