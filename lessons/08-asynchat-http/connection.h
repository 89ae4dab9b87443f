/*
 * connection.h - the connections of clients, for the server of lesson 8.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "idle.h"

#include <stdbool.h>
#include <sys/socket.h>

/* What all connections share. `idle` begins with idle_init. */
struct service {
    int root; /* a directory; -1: there are no files */
    long clients, max_clients;
    long max_body;    /* bytes */
    double timeout;   /* seconds of silence; 0: no limit */
    bool quiet;       /* no line for each request */
    struct idle idle; /* the list of the connections */
};

/*
 * Begins a connection with the client `peer` on the socket `fd`, which is the connection's from
 * now on. If there are max_clients already, the client gets 503, and the connection is closed.
 * Returns 0, or -1 with errno set: then `fd` stays the caller's.
 */
int connection_open(struct service *service, int fd, const struct sockaddr_storage *peer);

/* Ends the connections that have been silent for too long. Returns how long the loop may wait, in
 * seconds; -1: nobody's time will be over. */
double connection_end_silent(struct service *service);

#endif
