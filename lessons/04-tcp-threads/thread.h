/*
 * thread.h - a thread for each client, which ends when the client leaves.
 */
#ifndef THREAD_H
#define THREAD_H

/* Serves the client `name` on the socket `fd`, which it closes at the end, in a thread. If
 * there is no memory or no thread, this client is refused. */
void thread_start(int fd, const char *name);

/* Returns how many clients are being served. */
long thread_count(void);

#endif
