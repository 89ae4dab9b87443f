/*
 * thread.h - a thread for each client, which ends when the client leaves.
 */
#ifndef THREAD_H
#define THREAD_H

/*
 * Serves the client `name` on the socket `fd` in a new thread, which closes `fd` at the end.
 * `name` (of at most NET_NAME_SIZE bytes) is copied. If the system has no thread or no memory for it, this client is refused.
 */
void thread_start(int fd, const char *name);

/* Returns how many clients are being served. */
long thread_count(void);

#endif
