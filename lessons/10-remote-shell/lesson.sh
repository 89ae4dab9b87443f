# lesson.sh - the tour of lesson 10. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client
# demo: client --trace

peer=../tools/peer # a client or a server that sends exactly what it is told

# Both programs look for the token there. So the tour leaves none behind.
export XDG_RUNTIME_DIR=$tour_directory

title "Lesson 10: a remote shell"
say "The server runs commands for its clients, and sends them what these print. Before it runs anything," \
  "a client must prove that it knows a secret, the token. The server has made one, in a file that only" \
  "you can read. The client reads it there, too."
columns server A
server
expect server '^the token is in '
client A -- uname -s
expect A '.'
wait_for_status A 0
expect server ' connected$'
expect server ' knows the token$'
expect server ' runs: uname -s$'
expect server ' exit status 0$'
expect server ' left$'

title "1. A reply of unknown length"
say "Nobody knows beforehand how much a command prints. So the server sends frames: a byte of type, 4 bytes" \
  "of length, and so many bytes. h and k belong to the proof, w means that the command may have input, o is" \
  "stdout, e is stderr, x is the exit status. With --trace the client" \
  "receives at most 1024 bytes with one recv, and says which frames end in them. seq 1000 prints 3893" \
  "bytes; here wc counts their lines."
ask "What tells the client that the output is complete?" \
  "recv returns 0." \
  "recv returns less than 1024." \
  "Nothing that recv returns: only the frame x." \
  --answer 3
columns server A
server --quiet
count A --trace -- seq 1000
expect A '^  frame w of 0 bytes$'
expect A '^recv: 1024 bytes$'
expect A '^recv: 1024 bytes$'
expect A '^  frame o of [0-9]+ bytes$'
expect A '^  frame x of 1 bytes$'
expect A '^1000$'
wait_for_status A 0
reveal "The connection stays open for the next command, so recv does not return 0. And a short recv means" \
  "only that no more had come yet. A program that prints what one recv(1024) returns, and goes on to the" \
  "next command, prints the rest of seq 1000 as the answer to that one."

title "2. Three frames, one recv"
say "The command of A prints one, and a little later two. The client is stopped meanwhile, as if its" \
  "computer had other things to do. Then it goes on."
ask "How many calls of recv does the client need for the two frames o, and the frame x?" \
  "Three: one for each frame." \
  "One." \
  "Two: one for the output, and one for the status." \
  --answer 2
columns server A
server --quiet
client A --trace -- 'sleep 1; echo one; sleep 0.2; echo two'
expect A '^  frame w of 0 bytes$'
freeze A
let_pass 2
thaw A
expect A '^recv: 24 bytes$'
expect A '^  frame o of 4 bytes$'
expect A '^one$'
expect A '^  frame o of 4 bytes$'
expect A '^two$'
expect A '^  frame x of 1 bytes$'
wait_for_status A 0
reveal "24 bytes are 5 + 4, 5 + 4 and 5 + 1: the frames had waited side by side. It is lesson 3 again: the" \
  "bytes of a stream stick together. So the client takes frames out of what it has, as long as there is a" \
  "whole one, and keeps the rest."

title "3. No output"
say "The command of A prints nothing. The one of B prints to stdout and to stderr, and ends with the exit" \
  "status 3."
ask "How many bytes does the server send for a command that prints nothing, after w?" \
  "None: the client stops waiting after a while." \
  "5: a frame o of 0 bytes." \
  "6: a frame x, with the exit status." \
  --answer 3
columns server A B
server --quiet
client A --trace -- true
expect A '^  frame w of 0 bytes$'
expect A '^recv: 6 bytes$'
expect A '^  frame x of 1 bytes$'
wait_for_status A 0
client B -- 'echo out; echo err >&2; exit 3'
expect B '^(out|err)$'
expect B '^(out|err)$'
wait_for_status B 3
reveal "Each command ends with x, whatever it prints. The client writes what comes in o to its stdout, and" \
  "what comes in e to its stderr, and ends with the exit status of the command: it can stand in a script" \
  "in the place of the command."

title "4. Without the token"
say "A does not know the token, and does not wait for anything: it sends the command id at once. B is our" \
  "client, but with another token file."
(umask 077 && printf '%064d\n' 0 >"$tour_directory/other")
ask "What do they get?" \
  "A: what id prints. B is refused." \
  "Both are refused, and nothing runs." \
  "Both are served: the token is only in the log." \
  --answer 2
columns server A B
server
program A "$peer" --port "$port" 'send:c\0\0\0\2id' recv:37 eof
expect server ' refused: a frame of the type 0x63 before the token was proved$'
expect A 'before the token was proved'
wait_for_status A 0
client B --token "$tour_directory/other" -- id
expect server ' gave a wrong answer$'
expect B 'the server has another token than '
wait_for_status B 1
expect_not server ' runs: '
reveal "What A got first, the frame h, is the challenge: 32 random bytes. B answered with their HMAC, for" \
  "which it used its own token, and so this was wrong. The token itself is never sent: not by B, and not" \
  "by a client that has the right one."

title "5. Three wrong answers"
say "A gives three wrong answers. Then comes B, with the right token."
ask "When is B served?" \
  "At once." \
  "After 2 seconds." \
  "Never: the server has shut the door." \
  --answer 2
columns server A B
server
program A "$peer" --port "$port" recv:37 'send:a\0\0\0\1?' recv:37 'send:a\0\0\0\1?' recv:37 'send:a\0\0\0\1?' eof
expect server ' refused: 3 wrong answers$'
expect A '3 wrong answers'
wait_for_status A 0
client B -- uname -s
let_pass 1
expect_not server ' knows the token$'
expect server ' knows the token$'
wait_for_status B 0
reveal "Each wrong answer got a new challenge: look at the bytes behind h. After three of them the connection" \
  "is closed, and nobody is challenged for 2 seconds, on whatever connection: to come again is no way" \
  "around it. The price is that B waited, too."

title "6. The client is gone"
say "First A presses Ctrl-C: the client sends a frame s, and the server sends SIGINT to the command's" \
  "process group."
columns server A
server --quiet
client A -- 'trap "echo caught; exit 5" INT; echo ready; sleep 60'
expect A '^ready$'
stop A INT
expect A '^caught$'
wait_for_status A 5
say "Now A's command ignores SIGHUP and SIGTERM, and starts sleep twice, once with setsid: that one is in" \
  "a session of its own. ($port, the port, is only a number that nobody else here sleeps for.) B counts" \
  "them. Then A's client is ended by SIGTERM, and can't send anything any more. A second later C counts."
ask "How many of the two does C find?" \
  "Two: nobody has told them to end." \
  "One: that of setsid." \
  "None." \
  --answer 3
columns server A B C
client A -- "trap \"\" HUP TERM; setsid sleep $port & echo ready; sleep $port"
expect A '^ready$'
let_pass 0.5
client B -- "pgrep -xf \"sleep $port\" | wc -l"
expect B '^2$'
wait_for_status B 0
stop A
let_pass 1
client C -- "pgrep -xf \"sleep $port\" | wc -l"
expect C '^0$'
wait_for_status C 0
reveal "The kernel of A's computer closes the connection, and the server notices. It tells the command's" \
  "keeper, a process that stands between the two: SIGHUP for the command's group, and after 0.4 seconds" \
  "SIGKILL for everybody that the command has started. No process can ignore SIGKILL. The README" \
  "says how a keeper finds them all, and whom it does not find."

title "7. A client that does not read"
say "A's command prints 34 MB (34 million bytes), and tee writes them to a file, too. A is frozen: it reads" \
  "nothing. B asks how much longer the file gets within a second."
ask "What happens to A's command?" \
  "It goes on, and the server keeps the output for A." \
  "It goes on, and what A does not read is lost." \
  "It waits in write, until A reads." \
  --answer 3
columns server A B
server --quiet
count A -- "echo ready >&2; sleep 1; seq 4444444 | tee $tour_directory/copy"
expect A '^ready$'
freeze A
let_pass 3
client B -- "a=\$(wc -c <$tour_directory/copy); sleep 1; b=\$(wc -c <$tour_directory/copy); echo \$((b - a)) of \$b bytes more"
expect B '^0 of [1-9][0-9]* bytes more$'
wait_for_status B 0
thaw A
expect A '^4444444$'
wait_for_status A 0
reveal "The buffers on the way to A are full. So the server has something that A does not take, and reads" \
  "no more from the command; then the command's pipe is full, and write waits. B has a thread of its own" \
  "in the server, and noticed nothing. When A went on, it got every line."

title "8. Somebody else listens"
say "The server has ended. Another program listens on its port: it does not know the token. It sends any" \
  "challenge, takes any answer, and says k: accepted."
ask "What does it learn from A?" \
  "Nothing: A ends, because the program does not know the token." \
  "The token." \
  "The command." \
  --answer 3
columns server false A
server --quiet
stop server
program false "$peer" --listen --port "$port" accept \
  'send:h\0\0\0\x20any 32 bytes, say these or those' recv:37 'send:k\0\0\0\0' recv:100 \
  'send:o\0\0\0\3ok\nx\0\0\0\1\0' eof
expect false '^listening on '
client A -- 'mysql --password=x'
expect false 'mysql'
expect A '^ok$'
wait_for_status A 0
reveal "The client has proved something to the server, but the server has proved nothing to the client. And" \
  "nothing here is encrypted: who can read the wire reads every command and all of its output. The README" \
  "shows it. This is a program to learn from; for the real thing there is SSH."
