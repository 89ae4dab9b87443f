# lesson.sh - the tour of lesson 4. scripts/lib/tour.bash explains its verbs.
# shellcheck shell=bash
#
# demo: client --delay 20
# demo: client --count 20 --every 1

title "Lesson 4: TCP, many clients at once"
say "The server of lesson 2 served one client at a time. This one gives each client a thread of its own:" \
  "main waits in accept, and each thread waits in recv, for its client. Client A asks for the time" \
  "twice, on one connection."
columns server A
server
client A --count 2 --every 0.4
expect A '^The time is'
expect A '^The time is'
wait_for_status A 0
expect server ' left$'
say "To A this looks like lesson 2. The difference shows when there are others."

title "1. The slow client, once more"
say "Client slow connects, and sleeps for a minute before it says Hello. In lesson 2 everybody had to" \
  "wait for such a client. Then nine quick ones come, all at once. (They are one program, swarm, which" \
  "counts the answers. With --quiet the server does not log what clients do.)"
ask "How many of the nine get the time while slow sleeps?" \
  "None: they wait for slow." \
  "One, and then the server waits for slow again." \
  "All nine." \
  --answer 3
columns server slow nine
server --quiet
client slow --delay 60
expect slow '^sleeping'
program nine ../tools/swarm --port "$port" --line --connections 9
expect nine '9 right, 0 wrong, 0 missing'
expect_not slow '^The time is'
wait_for_status nine 0
reveal "The thread of slow waits in recv, and costs nobody any time. Each of the nine had a thread of its" \
  "own, which ended when its client left."

title "2. The limit"
say "A thread costs memory, and whoever wants to use it all up only has to connect, often. So there is a" \
  "limit; here it is 2. Clients A and B connect and say nothing. Then C comes."
ask "What happens to C?" \
  "It waits in the backlog until A or B leaves." \
  "It is connected, told that there are too many clients, and closed." \
  "It gets Connection refused." \
  --answer 2
columns server A B C
server --max-clients 2
client A --delay 60
expect server ' connected$'
client B --delay 60
expect server ' connected$'
client C
expect server ' refused: too many clients$'
expect C 'error: too many clients'
wait_for_status C 1
reveal "To be told is better than to wait without knowing why. A server that has reached its limit must say" \
  "so, to its client and in its log."

title "3. Processes instead"
say "With --model fork each client gets a process of its own. To clients it is the same. A connects, asks" \
  "and leaves; then its process has ended, and the server must ask for its exit status with waitpid."
ask "What is left of a child that has ended, if nobody asks?" \
  "Nothing." \
  "All its memory." \
  "An entry in the kernel's table of processes: a zombie." \
  --answer 3
columns server A
server --model fork
client A
expect A '^The time is'
wait_for_status A 0
expect server ' left$'
reveal "This server reaps its children: the end of a child raises SIGCHLD, which interrupts accept, and then" \
  "waitpid takes all that have ended. Without that, the table fills, until fork fails."

title "4. What it costs"
say "The program cost starts 200 threads that only wait, and then 200 processes. It measures the memory" \
  "that each has taken, and the time until it ran."
ask "Which of them costs more memory?" \
  "The thread: it has a stack of 8 MiB." \
  "The process: it gets copies of all memory that is written to." \
  "Both the same: fork copies nothing." \
  --answer 2
columns cost
program cost measure_cost --model thread --count 200
expect cost '^200 of model thread'
wait_for_status cost 0
columns cost
program cost measure_cost --model fork --count 200
expect cost '^200 of model fork'
wait_for_status cost 0
reveal "The 8 MiB of a stack are only an address range: memory is taken when it is written to. fork copies" \
  "memory only when somebody writes to it, but every process writes to some. What the kernel keeps for" \
  "each is not counted here."

title "5. A data race"
say "Threads share their memory. That makes it easy to share a counter: four threads each add 1 to it," \
  "200,000 times. The result should be 800,000."
ask "What will the counter hold?" \
  "800,000: each thread adds its part." \
  "Less: some updates are lost." \
  "More: some updates are counted twice." \
  --answer 2
columns counter
program counter show_race
expect counter ' lost [1-9]'
wait_for_status counter 0
columns counter
program counter show_race --lock mutex
expect counter ' lost 0$'
wait_for_status counter 0
columns counter
program counter show_race --lock atomic
expect counter ' lost 0$'
wait_for_status counter 0
reveal "To add 1 is three steps: load, add, store. If another thread stores between your load and your" \
  "store, its update is lost. A mutex lets only one thread at a time do the three steps. An atomic" \
  "makes them one step. The server counts its clients under a mutex."
