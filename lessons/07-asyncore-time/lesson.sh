# lesson.sh - the tour of lesson 7. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client

title "Lesson 7: asyncore, the loop calls you"
say "The server answers each message with the time, as in lesson 6. But the loop that waits is in a" \
  "framework now. It calls the methods of the server's objects, and of the client's: the client says" \
  "Hello, and a second later World."
columns server client
server
client client
expect client '^connected to '
expect server '5 bytes: Hello$'
expect client '^received: '
expect server '5 bytes: World$'
expect client '^received: '
wait_for_status client 0
expect server '\] left$'
say "Nobody slept for that second: the loop of the client waited no longer than until the next message" \
  "was due. So it would have noticed at once if the server had said something, or ended."

title "1. The same methods, three pollers"
say "The loop waits with select, poll or epoll. Here are two servers, with select and with epoll. The" \
  "methods are the same, and they do not know which it is."
ask "What do the clients notice of it?" \
  "With select, the answers come later." \
  "With epoll, only one client at a time is served." \
  "Nothing." \
  --answer 3
columns one two client
server_as one --poller select
one_port=$port
server_as two --poller epoll
client client --port "$one_port" --every 0 "to select"
expect one '9 bytes: to select$'
wait_for_status client 0
client client --port "$port" --every 0 "to epoll"
expect two '8 bytes: to epoll$'
wait_for_status client 0
reveal "The methods say what they wait for (readable, writable), and do what can be done. How to wait is the" \
  "loop's matter."

title "2. What silence costs"
say "The program cost has ten objects that get messages, and many that are silent. It measures the CPU" \
  "time of a message, first with poll and 10 silent objects, then with 5,000."
ask "How does the time of a message change, when 5,000 are silent?" \
  "Not at all: who is silent costs nothing." \
  "It grows: poll looks at each of them, in every pass." \
  "It becomes shorter." \
  --answer 2
columns cost
program cost measure_cost --poller poll --silent 10
expect cost '^poll, 10 silent: '
wait_for_status cost 0
program cost measure_cost --poller poll --silent 5000
expect cost '^poll, 5000 silent: '
wait_for_status cost 0
reveal "The loop asks each object what it waits for, the kernel looks at each descriptor, and the loop at each" \
  "result."

title "3. What silence costs with epoll"
say "epoll is a set of descriptors in the kernel. The loop tells it only what has changed."
ask "And with epoll, when 5,000 are silent?" \
  "The time hardly changes." \
  "It grows as with poll." \
  "5,000 are too many for epoll." \
  --answer 1
columns cost
program cost measure_cost --poller epoll --silent 10
expect cost '^epoll, 10 silent: '
wait_for_status cost 0
program cost measure_cost --poller epoll --silent 5000
expect cost '^epoll, 5000 silent: '
wait_for_status cost 0
reveal "epoll_wait returns only those that are ready, and the loop asks only those again."

title "4. More than select can"
say "And select, with 2,000 silent objects?"
ask "What happens?" \
  "It is slower than poll." \
  "It ends with an error: a descriptor is too great for an fd_set." \
  "It crashes." \
  --answer 2
columns cost
program cost measure_cost --poller select --silent 2000
expect cost "^measure_cost: select can't wait for descriptor 1024$"
wait_for_status cost 1
reveal "An fd_set has a bit for each descriptor below 1024. The framework looks before it sets one, and calls" \
  "handle_error. The server of this lesson looks when it accepts, and tells the client that it is full."
