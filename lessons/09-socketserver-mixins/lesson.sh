# lesson.sh - the tour of lesson 9. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client
# demo: client --once

title "Lesson 9: one handler, any server"
say "The server answers each line with the time and the line. What a client gets is written in three" \
  "functions, the handler: setup logs connected, handle reads lines and answers them, finish logs left." \
  "The rest is the framework socketserver."
columns server A
server
client A
expect A '^connected$'
tell A "Hello"
expect A '\] Hello$'
end_input A
wait_for_status A 0
expect server ' connected$'
expect server ' received: Hello$'
expect server ' left$'
say "The next scenes change who serves the clients, and the kind of socket. The handler stays as it is."

title "1. One at a time"
say "Client A says Hi, is answered, and stays. Then client B comes, and says Hello. The server has no" \
  "mixin: the loop itself calls the handler. (--timeout 60: A may be silent for so long. --quiet: the" \
  "server does not log what clients do.)"
ask "When is B answered?" \
  "At once: B is connected." \
  "When A has left." \
  "Never: it gets Connection refused." \
  --answer 2
columns server A B
server --timeout 60 --quiet
client A
expect A '^connected$'
tell A "Hi"
expect A '\] Hi$'
client B
expect B '^connected$'
tell B "Hello"
let_pass 1
expect_not B 'Hello$'
end_input A
wait_for_status A 0
expect B '\] Hello$'
end_input B
wait_for_status B 0
reveal "B was connected by the kernel, which let it wait in the backlog. The loop was inside the handler of" \
  "A, and accepted B only when that had returned."

title "2. The same with threads"
say "With --mixin threading, the server has another process_request, that of the mixin: it lets a thread" \
  "call the handler, and the loop goes on."
ask "How many functions of handler.h must change, so that B need not wait?" \
  "None." \
  "handle, which must not wait any more." \
  "All three: they need locks." \
  --answer 1
columns server A B
server --mixin threading --timeout 60 --quiet
client A
expect A '^connected$'
tell A "Hi"
expect A '\] Hi$'
client B
expect B '^connected$'
tell B "Hello"
expect B '\] Hello$'
end_input B
wait_for_status B 0
tell A "Still here"
expect A '\] Still here$'
end_input A
wait_for_status A 0
reveal "Each client has a handler object and a stack of its own, so nothing of it is shared. What threads" \
  "do share here is stdout, and the log takes its lock for each line."

title "3. The same with processes"
say "With --mixin forking, each client gets a child, and --max-children 2 says how many there may be." \
  "A and B are served, and stay. Then C comes."
ask "What happens to C?" \
  "It is told that there are too many, and closed." \
  "It waits until a child has ended." \
  "It gets a thread instead." \
  --answer 2
columns server A B C
server --mixin forking --max-children 2 --timeout 60 --quiet
client A
expect A '^connected$'
tell A "one"
expect A '\] one$'
client B
expect B '^connected$'
tell B "two"
expect B '\] two$'
client C
expect C '^connected$'
tell C "three"
let_pass 1
expect_not C 'three$'
end_input A
wait_for_status A 0
expect C '\] three$'
end_input C
wait_for_status C 0
end_input B
wait_for_status B 0
reveal "The loop has accepted C, but forks no third child: it waits until one of the two has ended, and" \
  "reaps it. Meanwhile it accepts nobody else."

title "4. handle fails"
say "With --max-line 5 a longer line is an error: handle tells the client so, and returns -1, which" \
  "stands for an exception."
ask "Is finish called then?" \
  "No: the handler has failed." \
  "Yes, and then handle_error." \
  "Yes, but only if setup is called again." \
  --answer 2
columns server A
server --max-line 5
client A
expect A '^connected$'
tell A "Hello!"
expect A 'error: message longer than [0-9]+ bytes$'
wait_for_status A 1
expect server ' connected$'
expect server ' left$'
expect server ' failed: Message too long$'
reveal "left comes from finish, failed from handle_error. finish is skipped only if setup has failed: then" \
  "there is nothing to give back."

title "5. A silent client"
say "A connects, and says nothing. The handler has set its timeout in setup; here it is 1 second."
ask "Who notices that the time is over?" \
  "A thread of the framework, which looks at all clients." \
  "The kernel: recv in the handler of A returns -1." \
  "The client." \
  --answer 2
columns server A
server --timeout 1
client A
expect server ' connected$'
expect server ' left$'
expect server ' failed: Connection timed out$'
tell A "Hello?"
expect A 'error: nothing received for [0-9.]+ s$'
wait_for_status A 1
reveal "The base class's setup has set SO_RCVTIMEO and SO_SNDTIMEO on the connection. The error was there" \
  "before A sent anything; A reads only when it has sent a line."

title "6. Datagrams"
say "With --type udp there are no connections: each datagram is a request, and gets a handler."
ask "A sends two lines. How often is connected logged?" \
  "Never." \
  "Once." \
  "Twice." \
  --answer 3
columns server A
server --type udp
client A --type udp
tell A "one"
expect A '\] one$'
tell A "two"
expect A '\] two$'
expect server ' connected$'
expect server ' received: one$'
expect server ' left$'
expect server ' connected$'
end_input A
wait_for_status A 0
reveal "It is the same handler, with another base class: rfile reads from the datagram, and finish sends" \
  "what was written to wfile as one datagram. So connected means only: setup was called."

title "7. The end"
say "main waits for a signal. The loop runs in a second thread, and a third one serves A. server_shutdown" \
  "ends the loop, and waits until it has returned."
ask "The signal SIGTERM comes. Which thread calls server_shutdown?" \
  "main." \
  "The thread of the loop, in a signal handler." \
  "The thread that serves A." \
  --answer 1
columns server A
server --mixin threading --timeout 60
client A
expect A '^connected$'
tell A "Hello"
expect A '\] Hello$'
stop server
expect server ' left$'
tell A "Still there?"
expect A 'the server closed the connection without an answer$'
wait_for_status A 1
reveal "The thread of the loop would wait for itself: Python's version would hang, this one fails with" \
  "EDEADLK. First main called server_abort_requests: it shut the connection of A down, so that handle" \
  "came to its end, and finish was called. Without that, the server would have waited for A."
