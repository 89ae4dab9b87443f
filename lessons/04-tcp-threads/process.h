/*
 * process.h - a process for each client, which ends when the client leaves.
 */
#ifndef PROCESS_H
#define PROCESS_H

/*
 * Prepares for at most `max` children at the same time. They serve clients of the socket
 * `listener`: accept gives up on it once a second from now on, with errno EAGAIN.
 * Returns 0, or -1 with errno set.
 */
int process_init(int listener, long max);

/*
 * Serves the client `name` in a new process, and closes the socket `fd` in this one. If the
 * system has no process or no memory for it, this client is refused. To be called only while
 * process_count() is less than the `max` of process_init.
 */
void process_start(int fd, const char *name);

/* Reaps every child that has ended. One that nobody waits for stays a zombie. */
void process_reap(void);

/* Returns how many children there are, of those that process_reap has not seen end. */
long process_count(void);

/* Ends every child, waits until all have ended, and frees what process_init has taken. */
void process_stop(void);

#endif
