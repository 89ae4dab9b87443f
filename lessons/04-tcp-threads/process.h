/*
 * process.h - a process for each client, which ends when the client leaves.
 */
#ifndef PROCESS_H
#define PROCESS_H

/*
 * Prepares for at most `max` children, of clients of `listener`, whose accept gives up once a
 * second from now on. process_stop ends it. Returns 0, or -1 with errno set.
 */
int process_init(int listener, long max);

/* Serves the client `name` on the socket `fd`, which it closes, in a process. If there is
 * none to be had, this client is refused. */
void process_start(int fd, const char *name);

/* Reaps every child that has ended. One that nobody waits for stays a zombie. */
void process_reap(void);

/* Returns how many children there are, of those that process_reap has not seen end. */
long process_count(void);

/* Ends every child, and waits until all have ended. */
void process_stop(void);

#endif
