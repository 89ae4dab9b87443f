/*
 * dial.h - connects within a time limit. A part of lesson 12's client.
 *
 * net_connect waits for as long as the kernel likes, some two minutes; and Ctrl-C should end it here.
 */
#ifndef DIAL_H
#define DIAL_H

#include <sys/socket.h>

/*
 * Connects over TCP to an address, within `seconds` (0: no limit).
 * Returns the socket, which the caller closes, and which does not block; or -1 with errno ETIMEDOUT,
 * EINTR if the program is to stop, or set by connect(2).
 */
int dial_address(const struct sockaddr_storage *address, socklen_t length,
                 double seconds);

/* The same for a name or an address, and a port: every address of the host is tried in turn. Returns
 * the socket; or -1, with *reason set as by net_look_up, and errno. */
int dial_host(const char *host, long port, double seconds, const char **reason);

#endif
