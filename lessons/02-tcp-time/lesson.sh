# lesson.sh - the tour of lesson 2. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client --delay 10
# demo: client

title "Lesson 2: TCP, one client at a time"
say "UDP sent single datagrams. TCP makes a connection first, and then carries a stream of bytes" \
  "that arrive complete and in order. A server waits for connections with listen and accept; a" \
  "client makes one with connect."
columns server A
server
client A
expect server '^client .* connected'
expect server '^received: Hello'
expect A '^connected to'
expect A '^The time is'
wait_for_status A 0
say "The client connected and sent Hello. The server's accept returned a new socket for this" \
  "client. The server answered on it, closed it, and went back to accept, where it now waits."

title "1. The second client"
say "This server serves one client at a time. What does that mean for the second client?" \
  "Client A will connect, and then sleep for 3 seconds before it says Hello. The server waits for" \
  "A's message, in recv. Meanwhile client B connects, and says Hello at once."
ask "What will B see?" \
  "The time, at once: B said Hello first." \
  "Nothing at all: B's connect waits until the server is done with A." \
  "It is connected, and its Hello is sent. But no time comes until the server is done with A." \
  --answer 3
columns server A B
server
client A --delay 3
expect A '^sleeping'
expect server '^client .* connected'
client B
expect B '^connected to'
expect B '^sent: Hello'
let_pass 1
expect_not B '^The time is'
expect A '^The time is'
expect B '^The time is'
wait_for_status B 0
reveal "The kernel of the server's computer completes a connection by itself, and lets it wait in a" \
  "queue: the backlog. It keeps what B sends, too. But only the server can answer, and it was busy" \
  "with A."

title "2. The silent client"
say "A client that says nothing at all would keep everybody waiting for ever. The cure is a time-out:" \
  "with --timeout 1 the server sets SO_RCVTIMEO on each client's socket, to 1 second. Client A will say" \
  "nothing for 60 seconds. B comes right behind it."
ask "When does B get its time?" \
  "After about 1 second: the server gives up A, and serves B." \
  "After about 1 second: the server serves B, and then goes back to A." \
  "After 60 seconds: a time-out is no help if recv already waits." \
  --answer 1
columns server A B
server --timeout 1
client A --delay 60
expect A '^sleeping'
expect server '^client .* connected'
client B
expect B '^sent: Hello'
expect server '^client timed out'
expect B '^The time is'
wait_for_status B 0
reveal "The server waited 1 second for A, told it so, closed its socket, and served B. A sleeps on: it would find" \
  "the error message when it wakes up. We end A and the server now."
stop A

title "3. The backlog"
say "How many clients may wait? listen takes a number, the backlog, and here it is 1. Client A is being" \
  "served, and says nothing. Then B, C and D connect."
ask "Which of B, C and D will print \"connected\"?" \
  "B, C and D: the kernel takes everybody." \
  "B and C: Linux lets one more wait than the number says." \
  "B only: the backlog is 1." \
  "None of them, until A is done." \
  --answer 2
columns server A B C D
server --backlog 1
client A --delay 60
expect server '^client .* connected'
client B
expect B '^sent: Hello'
client C
expect C '^sent: Hello'
client D
expect D '^connecting to'
let_pass 1
expect_not D '^connected to'
stop A
expect B '^The time is'
expect C '^The time is'
expect D '^connected to'
expect D '^The time is'
reveal "B and C were connected, and waited in the backlog. For D there was no room: the kernel dropped" \
  "its request to connect, and D's kernel repeated it from time to time. When A was gone, the" \
  "queue moved, and there was room."

title "4. A port that is still in use"
say "A server serves a client, and ends. A second server is to take the same port at once. It runs with" \
  "--no-reuse: it leaves out a call that every server in these lessons makes before bind. (The client A" \
  "is peer, a tool of the tests: it waits until the server has closed the connection, and only then closes.)"
ask "Can the second server bind the port?" \
  "Yes: the first server has ended, so the port is free." \
  "No: the port still counts as in use." \
  --answer 2
columns server A second third
server
program A ../tools/peer --port "$port" 'send:Hello\n' lines
expect A ':[0-9][0-9] 20'
wait_for_status A 0
stop server
program second server --no-reuse --port "$port"
expect second 'Address already in use'
wait_for_status second 1
program third server --port "$port"
expect third '^listening on'
stop third
reveal "The first server closed its connection before the client did. So its end of the connection stays, for" \
  "a minute, in the state TIME_WAIT: late packets of an old connection must not be taken for packets" \
  "of a new one. The third server sets SO_REUSEADDR with setsockopt, and bind succeeds."

title "5. Names, and the order of bytes"
say "In lesson 1 you gave addresses in digits. getaddrinfo finds the addresses behind a name. The" \
  "program lookup shows what it finds, and more: the bytes of a number in memory and on the network," \
  "and what the kernel makes of the options that you set on a socket."
columns lookup
program lookup lookup 127.0.0.1 --bytes 10001 --options
expect lookup '^127.0.0.1 \(an address\)'
expect lookup '00 00 27 11$'
expect lookup '^SO_REUSEADDR was 0'
wait_for_status lookup 0
say "htonl puts the high byte first: 10001 is 0x2711. And look at SO_SNDBUF: Linux doubles what you ask" \
  "for, to have room for its own book-keeping."
