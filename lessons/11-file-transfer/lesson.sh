# lesson.sh - the tour of lesson 11. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client put README.md
# demo: client list

# What the programs write goes into a directory that is deleted after the tour: the server's files into
# `files` there, and the client's beside it.
peer=../tools/peer
top=$PWD
tour_programs=$(cd "$tour_programs" && pwd) tour_recorder=$(cd "${tour_recorder%/*}" && pwd)/record
cd "$tour_directory" || exit

title "Lesson 11: file transfer"
say "The server keeps files in a directory. A client puts a file there, lists what there is, and gets it" \
  "back."
columns server A
printf 'Hello\n' >hello
server
client A put hello
expect A '^put hello: 6 bytes$'
wait_for_status A 0
client A list
expect A ' 6  hello$'
wait_for_status A 0
rm hello
client A get hello
expect A '^get hello: 6 bytes$'
wait_for_status A 0
expect server '\] put hello$'
expect server '\] get hello$'

title "1. The size first, then the bytes"
say "A is played by hand: it sends the line PUT, which names the file and says that 6 bytes will come. Then it" \
  "sends 6 bytes. Instead of a digest the line has a dash: it comes behind the bytes."
ask "When does the server answer?" \
  "At once, when it has the line." \
  "When it has the 6 bytes." \
  "When it has the 6 bytes, and the digest." \
  --answer 3
digest=$(printf 'Hello\n' | sha256sum | cut -c 1-64)
columns server A
server
program A "$peer" --port "$port" --timeout 60 'send:PUT hello 6 -\nHello\n' 'say:6 bytes are sent' wait \
  "send:$digest\n" line
expect A '^6 bytes are sent$'
let_pass 0.5
expect_not A '^OK'
tell A "the digest"
expect A '^OK [0-9a-f]+'
wait_for_status A 0
expect server '\] put hello$'
reveal "A stream has no end of a file: the size says where it is. The digest says whether all bytes came as they" \
  "were. Only then the file gets its name, and only then the server says OK."

title "2. One byte is wrong"
say "Now A sends HellO, and the digest of Hello. On the server there is a file hello already."
ask "What is in the file afterwards?" \
  "HellO." \
  "What was in it before." \
  "Nothing: it is gone." \
  --answer 2
columns server A
printf 'before\n' >files/hello
server
program A "$peer" --port "$port" "send:PUT hello 6 $digest\nHellO\n" line 'send:GET hello 0\n' line line
expect A '^ERR the digest differs'
expect A '^OK 7'
expect A '^before'
wait_for_status A 0
expect server '\] refused: the digest differs$'
reveal "The bytes are not written into the file hello, but beside it, into the directory .transfer. What is wrong" \
  "is deleted there."

title "3. A cable pulled half-way"
say "A sends a file of 100,000 bytes. After 70,000 it is killed. Then B, our client, puts the same file."
ask "How many bytes does B send?" \
  "All 100,000." \
  "The 30,000 that are missing." \
  "None: it is told that the file is there." \
  --answer 2
columns server A B
head -c 100000 /dev/zero | tr '\0' x >large
server
program A "$peer" --port "$port" --timeout 60 'send:PUT large 100000 -\n' line 'send:FROM 0\n' repeat:70000:x \
  'say:70000 bytes are sent' hold
expect A '^OK 0 -'
expect A '^70000 bytes are sent$'
stop A
expect server '\] interrupted: put large$'
client B list
wait_for_status B 0
expect_not B 'large$'
client B put large
expect B '^put large: 100000 bytes, 70000 of them were there already$'
wait_for_status B 0
expect server '\] put large$'
reveal "The server answered OK 70000, with the digest of these bytes. B computed the digest of its own first" \
  "70,000: it was the same. So it sent FROM 70000, and the rest. Nobody but the server saw the part: the" \
  "list did not name it."

title "4. Another file with the same name"
say "The same again; but before B comes, somebody changes the first byte of the file."
ask "What does B do?" \
  "It goes on at 70,000, and the file is a mixture." \
  "It goes on at 70,000, and the server refuses the file at the end." \
  "It begins again at 0." \
  --answer 3
columns server A B
rm files/large
server
program A "$peer" --port "$port" --timeout 60 'send:PUT large 100000 -\n' line 'send:FROM 0\n' repeat:70000:x \
  'say:70000 bytes are sent' hold
expect A '^70000 bytes are sent$'
stop A
expect server '\] interrupted: put large$'
printf y | dd of=large conv=notrunc status=none
client B put large
expect B '^put large: 100000 bytes$'
wait_for_status B 0
reveal "The digests of the first 70,000 bytes differ. B knows that before it has sent a byte."

title "5. Never half a file"
say "The server has a file large. A sends a newer one: 99,999 of 100,000 bytes have come, and one is missing." \
  "Now B gets the file."
ask "What does B get?" \
  "The old file." \
  "99,999 bytes of the new one." \
  "An error: the file is being written." \
  --answer 1
columns server A B
rm -r files/.transfer
printf 'the old one\n' >files/large
server
program A "$peer" --port "$port" --timeout 60 'send:PUT large 100000 -\n' line 'send:FROM 0\n' repeat:99999:x \
  'say:99999 bytes are sent' hold
expect A '^99999 bytes are sent$'
client B get large
expect B '^get large: 12 bytes$'
wait_for_status B 0
reveal "rename gives the new file its name in one step, when all of it is on the disk. Before that step everybody" \
  "gets the old one, and after it the new one."

title "6. Out of the root"
say "In the directory above the server's files there is a file, secret. A asks for it in two spellings."
ask "Which one works? (%2e is a dot, and %2f a slash.)" \
  "../secret" \
  "%2e%2e%2fsecret" \
  "None." \
  --answer 3
columns server A
echo secret >secret
server
program A "$peer" --port "$port" 'send:GET ../secret 0\n' line 'send:GET %2e%2e%2fsecret 0\n' line
expect A '^ERR '
expect A '^ERR '
wait_for_status A 0
reveal "A name is decoded first, and looked at then. It may not hold a slash, so it can only be the name of" \
  "something in the root."

title "7. The kernel moves the bytes"
if strace -f true 2>/dev/null; then
  say "strace shows two of the server's calls: pread, which reads from a file into the program, and sendfile." \
    "Client A gets a file of 300,000 bytes with a digest. Client B wants none (--no-verify)."
  ask "With which call does the server send the file to B?" \
    "With pread, and then send." \
    "With sendfile." \
    "With both, by turns." \
    --answer 2
  columns server A B
  head -c 300000 /dev/zero >files/zeros
  # shellcheck disable=SC2034 # what stands before each command
  in_network=("$(command -v strace)" -D -f -qq -s 0 -e 'trace=sendfile,pread64' -e 'signal=none' -P "$PWD/files/zeros")
  server
  # shellcheck disable=SC2034
  in_network=()
  client A get zeros
  expect A '^get zeros: 300000 bytes$'
  wait_for_status A 0
  expect server 'pread64\(.* = 131072'
  client B get --no-verify zeros
  expect B '^get zeros: 300000 bytes$'
  wait_for_status B 0
  expect server 'sendfile\(.* = 300000'
  reveal "For the digest, the bytes must come into the program: piece by piece, 131,072 at a time. Without it, one" \
    "call has sent all, and no byte was copied into the server's memory."
else
  say "This scene shows the server's calls with strace. It is not here, or not allowed: the scene is left out."
fi

title "8. The end"
say "A has sent a half of a file when the server is asked to stop."
ask "What becomes of the half?" \
  "The server waits for the rest." \
  "It is deleted." \
  "It stays, for the next time." \
  --answer 3
columns server A
rm -r files
server
program A "$peer" --port "$port" --timeout 60 'send:PUT large 100000 -\n' line 'send:FROM 0\n' repeat:70000:x \
  'say:70000 bytes are sent' lines
expect A '^70000 bytes are sent$'
stop server
expect server '\] interrupted: put large$'
wait_for_status A 0
server
head -c 100000 /dev/zero | tr '\0' x >large
client A put large
expect A '70000 of them were there already$'
wait_for_status A 0
reveal "It would have stayed, too, if the server had been killed: nothing has to be done for it. What has been" \
  "written is in the file, and the kernel takes the lock away."
cd "$top" || exit
