# lesson.sh - the tour of lesson 1. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client
# demo: client --broadcast

title "Lesson 1: UDP echo"
say "UDP carries datagrams. A datagram is one parcel of bytes: it arrives whole, or it does not" \
  "arrive. The server calls socket, then bind, and waits in recvfrom. It sends each datagram" \
  "back with sendto, with echo: before it. The client calls socket and connect, then send and" \
  "recv for each of its arguments."
say "The programs below really run, one column for each, with the seconds since the scene" \
  "began. A line with \$ is the command that starts a program. The tour lets the server take" \
  "any free port (--port 0) and gives that port to the clients."
pause

title "1. Two datagrams"
ask "The client sends two datagrams, Hello and World, one after the other. What does the server's recvfrom return?" \
  "Hello the first time, and World the second time." \
  "HelloWorld, if both have arrived before the call." \
  "As many bytes as there are, so it can be Hell and then oWorld." \
  --answer 1
columns server client
server
client client Hello World
expect server '5 bytes'
expect client '^echo:Hello$'
expect server '5 bytes'
expect client '^echo:World$'
wait_for_status client 0
reveal "One send is one datagram, and one recvfrom takes one datagram. UDP keeps these boundaries," \
  "always. TCP does not: lesson 3 shows what that means."
say "Neither program asked for a moment to wait, and yet both did. The server blocks in recvfrom" \
  "until a datagram is there. The client blocks in recv until the reply is there."

title "2. A datagram is lost"
say "A network may lose a datagram, and tells no one. Here nothing gets lost on the way, so the" \
  "tour stops the server with SIGSTOP. The server's socket still takes the datagram, but no one" \
  "answers: to the client, this looks the same."
ask "The client waits 1 second for a reply, and may send once more (--retries 1). What does it do?" \
  "It waits for ever: recv returns when a datagram comes, and none comes." \
  "send fails, because the server does not answer." \
  "recv fails after 1 second, and the client sends Hello again." \
  --answer 3
columns server client
server
freeze server
client client --timeout 1 --retries 1 Hello
expect client 'no reply from .* yet, sending again'
expect client 'no reply from'
wait_for_status client 1
reveal "send only hands the datagram to the kernel, and succeeds. Then both sides wait: the server" \
  "for a datagram, the client for a reply. By itself, recv would wait for ever. The client cures" \
  "this with setsockopt SO_RCVTIMEO: recv then returns -1 with errno EAGAIN. Try --timeout 0."
say "Now the server goes on. Both datagrams lay in its socket's queue:"
thaw server
expect server '5 bytes'
expect server '5 bytes'
expect_not client 'echo:'
say "It answered a client that has left. And it answered twice: it can't know that the second" \
  "Hello is the first one again. Who retries must expect that a request is served twice."

title "3. Nobody is there"
ask "The server ends. Then the client sends Hello to the port that the server had. What happens?" \
  "The same as before: no reply, and a time-out." \
  "connect fails: Connection refused." \
  "connect and send succeed, and recv fails: Connection refused." \
  --answer 3
columns server client
server
stop server
client client Hello
expect client 'receive from .*: Connection refused$'
wait_for_status client 1
reveal "For UDP, connect sends nothing: it only fixes the peer's address. send succeeds, too. Then" \
  "the kernel finds that no socket has this port, and returns an ICMP message (port" \
  "unreachable). It is reported by the next call on a connected socket: here, recv returns -1" \
  "with errno ECONNREFUSED. A socket without connect would not hear of it."

title "4. A buffer that is too small"
ask "This server takes 8 bytes of a datagram (--bufsize 8). The client sends 12: Hello, World. What does it get back?" \
  "echo:Hello, W, and with the next recvfrom the rest." \
  "echo:Hello, W, and the rest is gone." \
  "Nothing: recvfrom fails, because the datagram does not fit." \
  --answer 2
columns server client
server --bufsize 8
client client 'Hello, World'
expect server '12 bytes, truncated to 8$'
expect client '^echo:Hello, W$'
wait_for_status client 0
client client again
expect server '5 bytes'
expect client '^echo:again$'
wait_for_status client 0
reveal "recvfrom takes one datagram from the queue; what does not fit is thrown away. The next call" \
  "takes the next datagram. The server notices only because it passes MSG_TRUNC: recvfrom then" \
  "returns the length that the datagram had. Without it, 8 bytes look like a datagram of 8 bytes."

title "5. Bytes are not text"
say "A datagram holds bytes, and the sender chooses them. Here they are UTF-8, and then a command" \
  "to the terminal: ESC [2J clears the screen."
columns server client
server
client client $'Gr\xc3\xbc\xc3\x9fe' $'\e[2J'
expect server '7 bytes'
expect client '^echo:Gr\\xc3\\xbc\\xc3\\x9fe$'
expect server '4 bytes'
expect client '^echo:\\x1b\[2J$'
wait_for_status client 0
say "Five letters are 7 bytes. And your screen is still there: the client prints what comes from" \
  "the network with every byte outside printable ASCII escaped (cli_print_bytes). A" \
  "datagram does not end with a NUL byte either, so the server never calls strlen on it: the" \
  "length is what recvfrom returned."

title "6. One datagram to everyone"
say "A broadcast address reaches every host of a network. 127.255.255.255 is that of the loopback" \
  "network, which never leaves this machine. This server binds 0.0.0.0, that is, every address" \
  "of this machine, or it would not get datagrams for another address than its own."
ask "The client asks with --broadcast. Who answers?" \
  "127.255.255.255, the address that was asked." \
  "127.0.0.1, the address of this machine." \
  "0.0.0.0, the address that the server has bound." \
  --answer 2
columns server client
server --host 0.0.0.0
client client --broadcast --timeout 0.5 'Who is there?'
expect server '13 bytes'
expect client '^127\.0\.0\.1:[0-9]+ echo:Who is there\?$'
wait_for_status client 0
reveal "Nobody can answer from a broadcast address: it names no single host. So recvfrom tells the" \
  "client who each answer comes from, and the socket can't be connected. Broadcasting must be" \
  "allowed with setsockopt SO_BROADCAST; without it, sendto fails with EACCES."
