# lesson.sh - the tour of lesson 3. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client
# demo: client

title "Lesson 3: a dialog over TCP"
say "The server answers each message in upper case until the client leaves. Then it serves the next" \
  "client. There are two loops: one over the clients, and one over the messages of a client."
columns server A
server
client A --interactive
tell A "Hello"
expect A '^HELLO'
tell A "how are you"
expect A '^HOW ARE YOU'
end_input A
expect server '^client left'
wait_for_status A 0
say "When the client's input ended, it called shutdown(SHUT_WR): it has no more to send. The server's" \
  "recv returned 0. So the server closed the connection, and went back to accept."

title "1. The end of a stream"
say "What if a server ignores the 0, and calls recv again? The program stream holds both ends of a" \
  "connection. One end sends 5 bytes and closes. The other one calls recv, again and again."
ask "What do the later calls of recv do?" \
  "They wait for more bytes." \
  "They return 0, at once, every time." \
  "They return -1 with an error." \
  --answer 2
columns stream
program stream show_stream end
expect stream '^recv returned 5'
expect stream '^recv returned 0'
expect stream '^100000 more calls: 100000 returned 0'
wait_for_status stream 0
reveal "recv does not wait when nothing can come any more. A loop that ignores the 0 never ends, and" \
  "uses all of a CPU."

title "2. Two sends, one recv"
say "Now the messages. This server runs with --frame raw: it takes whatever one recv returns for a" \
  "message. Client A keeps the server busy. Meanwhile client B connects, and calls send twice: with one," \
  "and with two. Then A leaves, and the server turns to B."
ask "How many messages does the server get from B?" \
  "Two: one, and two." \
  "One: onetwo." \
  --answer 2
columns server A B
server --frame raw
client A --frame raw --interactive
tell A "I am first"
expect A '^I AM FIRST'
client B --frame raw
tell B "one"
tell B "two"
end_input B
let_pass 1
end_input A
expect server '^received 6 bytes: onetwo'
expect B '^ONETWO'
wait_for_status B 0
reveal "TCP is a stream of bytes. It does not know what you sent together. Here the six bytes had to wait" \
  "side by side, and one recv took them all. At another moment the server might have got them one by one:" \
  "nothing in TCP says which."

title "3. One send, two recvs"
say "It goes the other way, too. This server takes at most 4 bytes with one recv (--max-line 4). The client" \
  "sends Hello! in one send."
ask "What does the server get?" \
  "One message: Hello!" \
  "One message: Hell. The rest is lost." \
  "Two messages: Hell, and o!" \
  --answer 3
columns server A
server --frame raw --max-line 4
client A --frame raw --interactive
tell A "Hello!"
expect server '^received 4 bytes: Hell'
expect server '^received 2 bytes: o!'
end_input A
wait_for_status A 0
reveal "Nothing is lost, but one send became two messages. On a network this happens with a large" \
  "buffer, too: the bytes come in several packets, and recv returns what has come."

title "4. Framing"
say "So both sides must agree where a message ends. That is framing. With --frame length, 4 bytes before" \
  "each message count its bytes, and the server reads until it has so many. B does again what it did" \
  "in scene 2."
ask "How many messages does the server get from B now?" \
  "Two: one, and two." \
  "One: onetwo." \
  --answer 1
columns server A B
server --frame length
client A --frame length --interactive
tell A "I am first"
expect A '^I AM FIRST'
client B --frame length
tell B "one"
tell B "two"
end_input B
let_pass 1
end_input A
expect server '^received 3 bytes: one$'
expect server '^received 3 bytes: two$'
expect B '^ONE$'
expect B '^TWO$'
wait_for_status B 0
reveal "The same bytes wait side by side, but now the server knows where a message ends. The framings" \
  "line and nul do it with a terminator: a byte that ends each message."

title "5. Only a part"
say "recv may return a part of what was sent. What about send? By default it waits until it has taken" \
  "everything. The program stream tells it not to wait (MSG_DONTWAIT), and gives it 8 MiB, while the" \
  "peer reads nothing."
ask "What does send return?" \
  "8388608: it takes all bytes, or none." \
  "A smaller number: it takes what fits into the buffers of both ends." \
  "-1, because 8 MiB do not fit." \
  --answer 2
columns stream
program stream show_stream partial
expect stream '^send of 8388608 bytes took [0-9]+'
expect stream '^send took none'
expect stream '^send took [0-9]+'
wait_for_status stream 0
reveal "When the peer has read, there is room again, and often for more than was read: the kernel lets" \
  "the buffers grow. A send that waits can take a part, too: a time-out or a signal ends it early. So" \
  "send_all calls it in a loop, until all bytes are taken."

title "6. Half-close"
say "A connection has two directions, and each can end alone. This client calls shutdown(SHUT_WR) at the" \
  "end of its input, then recv until the end, and then send."
ask "What still works after shutdown(SHUT_WR)?" \
  "recv: the last replies come. send fails." \
  "send: the bytes go out. recv fails." \
  "Neither." \
  --answer 1
columns server A
server
client A --hold SHUT_WR
tell A "last words"
end_input A
expect A '^shutdown\(SHUT_WR\)'
expect A '^recv returned 11: LAST WORDS'
expect A '^recv returned 0'
expect A '^send returned -1: Broken pipe'
wait_for_status A 0
reveal "The reply came after the half-close. This is how a client says that it is done, and loses" \
  "nothing. With --hold SHUT_RD and --hold SHUT_RDWR you can try the other ways."
