# lesson.sh - the tour of lesson 6. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client
# demo: client --timeout 2

title "Lesson 6: events with poll"
say "One thread, many clients, as in lesson 5. But poll does not only say which sockets are ready: it says" \
  "why, in events. The server prints them in words. The client waits with poll, too, for the keyboard" \
  "and its server; after 600 ms in which nothing came, it says so."
columns server A
server
client A --timeout 0.6
expect server '^\[listener\] POLLIN$'
expect server ' joined$'
expect A '^nothing for 600 ms$'
tell A "Hello"
expect server '\] POLLIN$'
expect server '\] 5 bytes: Hello$'
expect A '\] [A-Z][a-z][a-z] '
say "A newcomer is an event of the listener; a message is an event of the client's socket. Both are POLLIN:" \
  "there is something to take, with accept or with recv."

title "1. The end, in words"
say "A connects, and its input ends: the client half-closes with shutdown(SHUT_WR), because it has no more" \
  "to send. After that, the program events makes each event happen. It asks poll for the events in the" \
  "middle column, and prints what poll says in the last one."
ask "A has half-closed. What does poll report to the server?" \
  "POLLHUP: the peer has hung up." \
  "POLLIN, as for a message." \
  "Nothing, because nothing has come." \
  --answer 2
columns server A
server
client A
expect server ' joined$'
end_input A
expect server '\] POLLIN$'
expect server ' left$'
wait_for_status A 0
stop server
columns events
program events show_events
expect events '^the peer half-closed +POLLIN +POLLIN$'
expect events ' POLLIN\|POLLHUP$'
expect events 'reset +POLLIN +POLLIN\|POLLERR\|POLLHUP$'
expect events '^and we read it all +POLLIN +POLLHUP$'
wait_for_status events 0
reveal "The end of the stream is something to take, too: recv returns 0. POLLHUP on TCP means that both" \
  "directions have ended, or that a reset came. POLLHUP, POLLERR and POLLNVAL are reported even if you" \
  "do not ask for them. And where POLLIN stands beside POLLHUP, there may be data to read: a server that" \
  "closes at POLLHUP loses it. A pipe is different: when all is read, there is POLLHUP alone."

title "2. A client that does not read"
say "A sends 300,000 messages, each of which is answered, and reads no answer before its input ends (--late)." \
  "The buffers of the kernel take a part of the answers; the others wait in a queue of the server. In" \
  "lesson 5 a member that did not read was dropped. (--quiet: the server prints neither events nor" \
  "messages.)"
ask "More than 65,536 bytes wait for A. What does the server do?" \
  "It drops A." \
  "It keeps all answers for A, as far as the memory goes." \
  "It reads no more from A until A has taken what waits." \
  --answer 3
columns server A B
server --quiet
count A --late --repeat 100000 --timeout 0
expect server ' joined$'
tell A "Hi"
tell A "Hi"
tell A "Hi"
expect server ' bytes wait: reading stops$'
client B --timeout 0
expect B ' connected$'
tell B "Are you busy?"
expect B '\] [A-Z][a-z][a-z] '
end_input A
expect server ' bytes wait: reading goes on$'
wait_for_status A 0
expect A '^ *300001$'
reveal "Here the client that asks is the one that does not read, so the server can make it wait. It asks poll" \
  "for POLLOUT alone, until A has taken enough. B was answered meanwhile. When A began to read, the" \
  "queue became shorter, and reading went on. No answer was lost: A printed 300,000, and connected."

title "3. Two servers, one client"
say "The client takes any number of addresses. Client A is connected to the servers one and two, and what" \
  "you type goes to both."
ask "A waits in poll for the keyboard and both servers. Then server one ends. What does A do?" \
  "It says so, and goes on with server two." \
  "It ends, because a connection has ended." \
  "It notices nothing until you type." \
  --answer 1
columns one two A
server_as one
one_port=$port
server_as two
client A --timeout 0 "127.0.0.1:$one_port" "127.0.0.1:$port"
expect A ' connected$'
expect A ' connected$'
tell A "Hello"
expect one '\] 5 bytes: Hello$'
expect two '\] 5 bytes: Hello$'
expect A '\] [A-Z][a-z][a-z] '
expect A '\] [A-Z][a-z][a-z] '
stop one
expect A 'the server closed the connection$'
tell A "Still there?"
expect two '\] 12 bytes: Still there\?$'
expect A '\] [A-Z][a-z][a-z] '
end_input A
wait_for_status A 1
reveal "The array that poll is given stays as it was: poll writes only revents. The place of server one gets" \
  "the descriptor -1, and poll passes over it. The exit status is 1, because a server ended first."

title "4. A peer that vanishes"
if network; then
  say "No FIN and no reset: somebody pulls a cable. Here this is simulated: the programs run in a private" \
    "network of this computer, and its link goes down. After that A is ended, too, and what its kernel" \
    "still sends gets nowhere. With --keepalive 1 the server asks a client that is silent for 1 second" \
    "whether it is still there. (It is the kernel that asks, and the client's kernel that answers.)"
  ask "What does poll report to the server?" \
    "Nothing, for ever: nothing comes." \
    "An error at once, because the link is down." \
    "An error after some seconds." \
    --answer 3
  columns server A
  server --keepalive 1
  client A --timeout 0
  expect server ' joined$'
  break_link A
  stop A
  expect server '\] POLLIN\|POLLERR\|POLLHUP$'
  expect server ' left: '
  reveal "The kernel asked three times, a second apart. Nobody answered, and a second later the connection was" \
    "broken. This was a half-open connection: one end is gone, and the other one does not know it. With" \
    "--keepalive 0 the server never asks, and keeps the socket and its memory for ever. If you say" \
    "nothing, it asks after 60 seconds."
fi
