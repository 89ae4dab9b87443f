# lesson.sh - the tour of lesson 12. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client --user alice
# demo: client --user bob

# What the programs write goes into a directory that is deleted after the tour: the file users, the
# server's homes, and the clients' files.
peer=../tools/peer wiretap=../tools/wiretap
top=$PWD
tour_programs=$(cd "$tour_programs" && pwd) tour_recorder=$(cd "${tour_recorder%/*}" && pwd)/record
cd "$tour_directory" || exit
export XDG_STATE_HOME=$PWD # the client's history
for user in alice bob; do
  "$tour_programs/users" add "$user" --password-stdin <<<secret || fail "the user $user could not be added"
done
"$tour_programs/users" quota bob 100k

# as USER: the actions with which peer logs in.
as() {
  login=(reply:220 "ask:331:USER $1" 'ask:230:PASS secret' 'ask:200:TYPE I')
}

title "Lesson 12: a multi-user FTP server"
say "The server has two users, alice and bob, each with a password and a home. Here alice puts a file into her" \
  "home, lists it, and gets it back. The client checks by a digest that it is the same."
columns server A
printf 'Hello\n' >hello
server
client A --user alice --password-stdin --quiet
tell A secret
tell A "put hello"
tell A ls
tell A "get hello again"
tell A quit
expect A 'hello$'
wait_for_status A 0
expect server '\] logged in: alice$'
expect server '\] put /hello$'
expect server '\] get /hello$'
cmp hello again || fail "the file that came back is not the same"

title "1. Two connections"
say "A speaks FTP by hand: it logs in, and sends EPSV and RETR hello."
ask "On which connection does the file come?" \
  "On the one with the commands, behind the reply." \
  "On another one, which the client makes." \
  "On another one, which the server makes." \
  --answer 2
columns server A
server
as alice
program A "$peer" --port "$port" "${login[@]}" 'ask:229:EPSV' data 'ask:150:RETR hello' other eof other reply:226 \
  ask:221:QUIT
expect A '^229 .*\(\|\|\|[0-9]+\|\)'
expect A '^150 '
expect A '^Hello'
expect A '^226 '
wait_for_status A 0
reveal "EPSV made the server listen on another port, which it has told. The client connected to it. The file came" \
  "there, and its end was the end of that connection. Meanwhile the control connection said 150, it begins, and" \
  "226, it is done."

title "2. A stranger on the port"
say "The server listens for the data connection of A. A stranger, B, has seen the port, and comes first, from" \
  "127.0.0.2."
ask "Who gets the file?" \
  "B, who was first." \
  "A." \
  "Both." \
  --answer 2
columns server A B
server
as alice
program A "$peer" --port "$port" --timeout 60 "${login[@]}" 'ask:229:EPSV' wait data 'ask:150:RETR hello' other eof \
  other reply:226
expect A '^229 '
[[ $line =~ \|\|\|([0-9]+) ]] || fail "the reply to EPSV names no port"
program B "$peer" --source 127.0.0.2 --port "${BASH_REMATCH[1]}" 'say:the stranger is connected' --timeout 60 eof
expect B 'connected$'
tell A "the owner connects"
expect A '^Hello'
expect server 'a stranger.s data connection is closed'
wait_for_status A 0
wait_for_status B 0
reveal "The server asks accept from where each connection comes. That of B is closed, and the next one is looked" \
  "at. In active mode it is the other way round: PORT may name no other host than the client's own. Else" \
  "somebody could let the server connect to a third one."

title "3. The jail"
say "Beside the homes there is a file, secret. In her home alice has a link, out, which leads there. A tries to get" \
  "it in three ways."
ask "Which one works?" \
  "RETR ../../secret" \
  "RETR out" \
  "CWD .. and then RETR secret" \
  "None of them." \
  --answer 4
columns server A
echo "not for alice" >secret
ln -sfn ../../secret homes/alice/out
server
as alice
program A "$peer" --port "$port" "${login[@]}" 'ask:550:RETR ../../secret' 'ask:550:RETR out' 'ask:250:CWD ..' \
  'ask:257:PWD' 'ask:550:RETR secret'
expect A '^550 /secret: No such file'
expect A '^550 /out: '
expect A '^250 now in /$'
expect A '^257 "/"'
expect A '^550 /secret: '
wait_for_status A 0
reveal "The home of alice is her /, and .. of / is /. That is decided in the text of the path. Then the server walks" \
  "from the home, one component after the other, with openat and O_NOFOLLOW: a link is not followed. It needs" \
  "no chroot for that, and no root."

title "4. A quota"
say "bob may have 102,400 bytes. He has two sessions, A and B, and in each he puts a file of 60,000 bytes. A is in the" \
  "middle, with 50,000 bytes, when B begins."
ask "What happens?" \
  "Both files fit: each is smaller than the quota." \
  "B is refused at once." \
  "B is refused when the bytes of both together are too many." \
  --answer 3
columns server A B
server
as bob
program A "$peer" --port "$port" --timeout 60 "${login[@]}" 'transfer:STOR one' other repeat:50000:x \
  'say:50000 bytes are sent' wait repeat:10000:x close other reply:226 ask:200:'SITE QUOTA'
expect A '^50000 bytes are sent$'
program B "$peer" --port "$port" --timeout 60 "${login[@]}" 'transfer:STOR two' give-repeat:60000:x reply:552
expect B '^552 '
wait_for_status B 0
tell A "the rest"
expect A '^226 '
expect A '^200 60000 of 102400'
wait_for_status A 0
reveal "The server reserves each byte before it writes it, and both sessions take from the same number. Nothing of" \
  "B's file has stayed, so that there was room for the rest of A's."

title "5. An upload goes on"
say "A puts a file of 100,000 bytes. After 70,000 it is killed. Its kernel closes both connections in order, as" \
  "if all had been sent."
ask "What does the server make of it?" \
  "A file of 70,000 bytes: the data connection ended in order." \
  "Nothing: it is deleted." \
  "A part, which nobody can get, and which the next one can go on with." \
  --answer 3
columns server A B
head -c 100000 /dev/zero | tr '\0' x >large
server
as alice
program A "$peer" --port "$port" --timeout 60 "${login[@]}" 'transfer:STOR large' other repeat:70000:x \
  'say:70000 bytes are sent' wait other close other close
expect A '^70000 bytes are sent$'
tell A "it dies"
wait_for_status A 0
expect server '\] interrupted: put /large$'
client B --user alice --password-stdin
tell B secret
tell B "get large"
wait_for_status B 1
client B --user alice --password-stdin
tell B secret
tell B "reput large"
tell B quit
wait_for_status B 0
expect server '\] put /large$'
cmp large homes/alice/large || fail "the file is not the same"
reveal "FTP says no size: the end of the data connection is the end of the file. But who dies closes the control" \
  "connection, too, and the server looks there first. So it keeps a part: SIZE tells its length, and REST and" \
  "STOR go on behind it."

title "6. In the middle of a file"
say "The server sends 4,000 bytes a second (--rate). A gets a file of 100,000 bytes, and after a while sends STAT, and then" \
  "ABOR."
ask "When are they answered?" \
  "When the file has come." \
  "At once." \
  "STAT at once, ABOR when the file has come." \
  --answer 2
columns server A
server --rate 4000
as alice
program A "$peer" --port "$port" --timeout 60 "${login[@]}" 'transfer:RETR large' wait 'ask:211:STAT' \
  'ask:426:ABOR' reply:226 'ask:200:NOOP'
expect A '^150 '
let_pass 1
tell A "STAT"
expect A '^211 RETR /large: [0-9]+ bytes so far'
expect A '^426 '
expect A '^226 '
expect A '^200 '
wait_for_status A 0
reveal "One thread serves A. It waits with poll for both connections: the data connection, until it takes more, and" \
  "the control connection, until something comes."

title "7. Ten at once"
say "Ten clients get the same file, each with 20,000 bytes a second. The table shows, every half second, how many of the" \
  "100,000 bytes each of them has."
ask "How long do all ten take together?" \
  "About 5 seconds." \
  "About 50 seconds." \
  --answer 1
columns server table
server --rate 20000 --quiet
cat >ten <<'SCRIPT'
#!/usr/bin/env bash
# ten PORT CLIENT: ten clients at once, and a table of what they have.
mkdir -p got
for i in {0..9}; do
  (cd got && exec "$2" --port "$1" --user alice --password-stdin --quiet --no-verify <<<$'secret\nget large '"$i") &
done
trap 'kill $(jobs -p) 2>/dev/null' EXIT
while [[ -n $(jobs -pr) ]]; do
  row=
  for i in {0..9}; do
    size=$(stat -c %s "got/$i" 2>/dev/null || stat -c %s "got/$i.part" 2>/dev/null || echo 0)
    row+=$(printf '%4d%%' $((size / 1000)))
  done
  echo "$row"
  read -rt 0.5 <> <(:)
done
cmp -s large got/0 && ls got | wc -l
SCRIPT
chmod +x ten
program table "$(realpath --relative-to="$tour_programs" ten)" "$port" "$tour_programs/client"
expect table '^ *[1-9][0-9]*%( +[1-9][0-9]*%)+'
wait_for_status table 0
expect table '^10$'
reveal "Each has a thread of its own, so nobody waits for the others: ThreadingTCPServer."

title "8. What the cable sees"
say "Between client and server stands somebody with a cable in the middle. At the same time, A logs in without" \
  "TLS, and B with TLS. -> is what the client sends, <- what the server does."
ask "What does the cable see of the password of B?" \
  "The same as of A." \
  "Its first letter." \
  "Only bytes that look like random ones." \
  --answer 3
columns server A B
server --tls auto --quiet
program A "$wiretap" --to "$port"
expect A '^listening on '
plain=${line##*:}
program B "$wiretap" --to "$port"
expect B '^listening on '
tapped=${line##*:}
# log_in PORT OPTION...: a client that logs in, and leaves.
log_in() {
  "$tour_programs/client" --port "$1" --user alice --password-stdin --quiet "${@:2}" <<<$'secret\nquit' >/dev/null 2>&1
}
log_in "$plain" &
without=$!
log_in "$tapped" --tls --insecure || fail "the client with TLS could not log in"
wait "$without" || fail "the client without TLS could not log in"
expect A '^-> PASS secret'
wait_for_status A 0
expect B '^-> AUTH TLS'
expect B '^<- 234 '
wait_for_status B 0
expect_not B 'secret'
reveal "Look at both columns side by side: of A, everything can be read. Of B, AUTH TLS is the last thing that can be read. What somebody had written behind it, in the hope that the server" \
  "would take it for the client's, is thrown away before the handshake. (How long a command is can still be seen.) --insecure: the certificate of this" \
  "server is its own, and nobody has signed it. A client that takes it may be talking to the cable."
cd "$top" || exit
