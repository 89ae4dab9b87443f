# lesson.sh - the tour of lesson 5. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client
# demo: client
# demo: client

title "Lesson 5: a chat with select"
say "What one member types, all the others see. The server has one thread, and that thread waits for all" \
  "of them at once. First, three people chat."
columns server A B C
server
client A
expect A '^You.re connected'
client B
expect A '^Client joined'
client C
expect A '^Client joined'
expect B '^Client joined'
tell A "Hello"
expect B '\] Hello$'
expect C '\] Hello$'
tell C "Hi A"
expect A '\] Hi A$'
expect B '\] Hi A$'
end_input C
expect A '^Client left'
expect B '^Client left'
wait_for_status C 0
say "Nobody gets back what they said themselves, and everybody is told who comes and who leaves. How" \
  "does one thread know who has said something?"

title "1. The read set, before and after"
say "It asks select. With --show-sets the server prints which descriptors it gives to select, and which" \
  "are left when select returns. 3 may be the listener; then the members have the numbers above it. A" \
  "and B join. Then B says something."
ask "The server watches the listener, A and B. What is in the set when select returns?" \
  "All three, as before." \
  "B alone." \
  "The listener and B." \
  --answer 2
columns server A B
server --show-sets
client A
expect A '^You.re connected'
expect server '^select: watching [0-9]+ [0-9]+$'
client B
expect A '^Client joined'
expect server '^select: watching [0-9]+ [0-9]+ [0-9]+$'
let_pass 0.5
tell B "Hello"
expect server '^select: ready [0-9]+$'
expect server '\] Hello$'
expect server '^select: watching [0-9]+ [0-9]+ [0-9]+$'
expect A '\] Hello$'
reveal "select takes out of the set whatever is not ready. So the server must fill the set anew before" \
  "each call: if it did not, only B would be heard from now on."

title "2. A reader who stops reading"
say "A joins, and then A's program stops: it reads nothing any more. C says the same line 200,000 times." \
  "(--quiet: the server does not print what members say.) All of it is for A. The buffers of the kernel" \
  "take a part of it."
ask "The thread has to send to A, and there is no room. What happens to C, and to B, who comes later?" \
  "They wait until A reads again." \
  "Nothing: A is dropped, and the others go on." \
  "Nothing: the server keeps everything for A." \
  --answer 2
columns server A B C
server --quiet
client A
expect A '^You.re connected'
freeze A
client C --repeat 200000
expect C '^You.re connected'
tell C "I talk and talk"
expect server '^client .* dropped: it does not read'
expect server '^Client left'
expect C '^Client left'
end_input C
wait_for_status C 0
client B
expect B '^You.re connected'
reveal "send has MSG_DONTWAIT: it takes what fits, and the rest waits in a queue. When more than 65,536" \
  "bytes (--max-queue) wait for A, the server lets A go. Otherwise one silent reader would stop the" \
  "chat for all, or use up the memory."

title "3. A full room"
say "A set has a bit for each descriptor from 0 to FD_SETSIZE - 1. A descriptor above that must never get" \
  "into it. So the room has a limit; here it is 2, so that we need not start a thousand clients."
ask "What does the third client get?" \
  "Connection refused." \
  "Nothing: it waits until somebody leaves." \
  "A line that says that there are too many clients." \
  --answer 3
columns server A B C
server --max-clients 2
client A
expect A '^You.re connected'
client B
expect B '^You.re connected'
client C
expect C 'error: too many clients$'
wait_for_status C 1
tell A "Still here?"
expect B '\] Still here\?$'
reveal "The server accepts, says why it can't take the client, and closes. The members notice nothing."

title "4. Two rooms, and a time-out"
say "select is for clients, too. The client waited for its keyboard and its socket at once. The program" \
  "watch_rooms is in two chats at once, and it lets select wait for 1 second at the most."
ask "Nobody says anything for a while. What does select return then?" \
  "-1, with an error." \
  "0: no descriptor is ready." \
  "It does not return." \
  --answer 2
columns one two rooms
server_as one
one_port=$port
server_as two
program rooms watch_rooms --timeout 1 "$one_port" "$port"
expect rooms 'connected'
expect rooms 'connected'
expect rooms '^nothing for 1 s$'
stop one
expect rooms 'closed the connection$'
reveal "It returned 0, and watch_rooms could do something else. Linux writes the time that was left into the" \
  "timeval, so it is set before each call, as the sets are."
