/*
 * guard.h - what keeps one address from being a burden to all: a limit of connections, and a delay
 * after wrong passwords. A part of lesson 12's server.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * All functions can be called by several threads at once. An address is compared as a whole; one of
 * IPv4 is the same if it comes as ::ffff:a.b.c.d. A peer without one (a Unix socket) is like any other
 * without one.
 */

/* ---- connections of an address ---- */

/*
 * Counts a new connection, the descriptor `fd`, of the address `peer` (its port does not count).
 * Returns 0; or -1 with errno EUSERS, if that address has `max` already (0: no limit), or ENOMEM.
 */
int guard_enter(int fd, const struct sockaddr_storage *peer, long max);

/* The connection is about to be closed. Does nothing if it was not counted. */
void guard_leave(int fd);

/* ---- wrong passwords ---- */

/*
 * How long a password from this address has to wait now before it is looked at, in seconds: 0 if
 * none was wrong lately. After the first wrong one `base` seconds, then twice as long each time,
 * but 30 at most; forgotten a minute after the last. The time since the last wrong one counts: who
 * asks again after the wait is told 0, or how long to wait for what was wrong meanwhile. It never
 * waits itself.
 */
double guard_delay(const struct sockaddr_storage *peer);

/* A password from this address was wrong. The memory for addresses is bounded: the one that has
 * been quiet for longest is forgotten. */
void guard_count_failure(const struct sockaddr_storage *peer, double base);

/* A password from this address was right: forget its failures. */
void guard_forget(const struct sockaddr_storage *peer);

#endif
