# lesson.sh - the tour of lesson 8. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client

peer=../tools/peer # a client that sends exactly what it is told

title "Lesson 8: asynchat, and HTTP on it"
say "The server speaks HTTP/1.1, as a web server does. Its connections are objects of async_chat: they say" \
  "what a message ends with, and are called when one is complete. The client fetches /time."
columns server client
server
client client --head /time
expect client '^HTTP/1.1 200 OK$'
expect client '^Content-Length: 25$'
wait_for_status client 0
expect server 'HEAD /time HTTP/1.1: 200 OK'
client client
expect client '^[A-Z][a-z][a-z] [A-Z][a-z][a-z] '
wait_for_status client 0
expect server 'GET /time HTTP/1.1: 200 OK, 25 bytes$'
say "The head of a message ends with an empty line, so the terminator is the four bytes \\r\\n\\r\\n. The body" \
  "has 25 bytes, as the head says: then the terminator is a number."

title "1. A terminator in pieces"
say "The next client sends its request a byte at a time. So the four bytes of the terminator come one by" \
  "one, too."
ask "When half of a terminator has come, what can the framework do with it?" \
  "Hand it out: it is a part of the message." \
  "Throw it away: the terminator is no part of the message." \
  "Keep it until it is clear what it is." \
  --answer 3
columns server peer
server
program peer "$peer" --port "$port" 'each:GET /time HTTP/1.0\r\n\r\n' lines
expect peer '^HTTP/1.1 200 OK'
wait_for_status peer 0
expect server 'GET /time HTTP/1.0: 200 OK'
reveal "It hands out what stands before it, and waits. If the next byte does not fit, all of it was a part of" \
  "the message after all."

title "2. Three requests at once"
say "The client sends three requests one behind the other, without waiting for an answer. The second one is" \
  "for a file that is not there."
ask "What comes back?" \
  "Three answers, in the order of the requests." \
  "Three answers, in any order." \
  "The first answer, and then the end." \
  --answer 1
columns server client
server
client client /time /nothing /time
expect client 'answered: HTTP/1.1 404 Not Found$'
wait_for_status client 1
expect server 'GET /time HTTP/1.1: 200 OK'
expect server 'GET /nothing HTTP/1.1: 404 Not Found'
expect server 'GET /time HTTP/1.1: 200 OK'
reveal "HTTP/1.1 has no numbers for requests: only their order says which answer is whose. So the server" \
  "takes the next request when the last answer is sent. (The client's exit status is 1, because of the 404.)"

title "3. A body that looks like a request"
say "This client posts a body of 19 bytes to /time, which takes none. The bytes are those of a request:" \
  "GET /x HTTP/1.0, and an empty line. Then the client asks for the time."
ask "How many answers come?" \
  "One." \
  "Two." \
  "Three." \
  --answer 2
columns server peer
server
program peer "$peer" --port "$port" 'send:POST /time HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\n\r\nGET /x HTTP/1.0\r\n\r\n' \
  'send:GET /time HTTP/1.0\r\n\r\n' lines
expect peer '^HTTP/1.1 405 Method Not Allowed'
expect peer 'HTTP/1.1 200 OK'
wait_for_status peer 0
expect server 'POST /time HTTP/1.1: 405'
expect server 'GET /time HTTP/1.0: 200 OK'
expect_not server 'GET /x'
reveal "The body is read, although nobody wants it. Else its bytes would be the next request: one that was" \
  "smuggled in."

title "4. Out of the root"
say "With --root the server has files: here those of this lesson. The client asks for /framework, which is" \
  "one of them, and then for a file one directory above, in two spellings."
ask "What is answered to /%2e%2e/08-asynchat-http/framework?" \
  "200: it is the same file." \
  "400: the path leads upwards." \
  "404: there is no directory %2e%2e." \
  --answer 2
columns server client
server --root lessons/08-asynchat-http
client client /framework
expect client '^asynchat.c$'
wait_for_status client 0
client client /../08-asynchat-http/framework
expect client '400 Bad Request$'
wait_for_status client 1
client client /%2e%2e/08-asynchat-http/framework
expect client '400 Bad Request$'
wait_for_status client 1
reveal "%2e is a dot. The server decodes the path first, and looks at it then. Every name that is .. is refused," \
  "even if the path would come back to the root."

title "5. Half a request"
say "The server ends who is silent for a second (--timeout 1). One client sends nothing. Another one sends" \
  "half a request, and then nothing more."
ask "What do they get?" \
  "Both get an answer that says why." \
  "The first gets the end, the second an answer that says why." \
  "Both get the end without a word." \
  --answer 2
columns server nothing half
server --timeout 1
program nothing "$peer" --port "$port" lines say:ended
program half "$peer" --port "$port" 'send:GET /time HT' lines say:ended
expect half '^HTTP/1.1 408 Request Timeout'
expect half '^ended$'
expect nothing '^ended$'
expect_not nothing 'HTTP'
expect server '408 Request Timeout'
reveal "A browser keeps connections that it may use again. When one of them ends without a word, it opens" \
  "another. But who has begun a request waits for an answer."

title "6. A large file and a slow reader"
say "Now the server has a file of 100 MB. One client asks for it, and reads nothing. Another one asks for the" \
  "time."
ask "What does the server do with the file?" \
  "It keeps it in memory until the client reads." \
  "It reads a piece of it, and the next one when the client has taken that." \
  "It waits for the client, and serves nobody else." \
  --answer 2
columns server slow client
head -c 100000000 /dev/zero >"$tour_directory/large"
server --root "$tour_directory"
program slow "$peer" --rcvbuf 4096 --port "$port" 'send:GET /large HTTP/1.0\r\n\r\n' hold
expect server 'GET /large HTTP/1.0: 200 OK, 100000000 bytes$'
client client
expect client '^[A-Z][a-z][a-z] [A-Z][a-z][a-z] '
wait_for_status client 0
reveal "The file is a producer: it is asked for the next 65536 bytes when those before them have gone to the" \
  "kernel. The kernel takes no more while the client reads nothing. So the loop waits for room, and meanwhile" \
  "it serves all others. Experiment 4 in the README shows how little memory that takes."
