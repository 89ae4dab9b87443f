/*
 * connection.h - the connections of clients, for the server of lesson 8.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "idle.h"

#include <stdbool.h>
#include <sys/socket.h>

/* What all connections share. Before the first one, the caller sets it, with `clients` 0 and
 * `idle` begun by idle_init. */
struct service {
    int root;         /* the directory of the files; -1: there are none */
    long clients;     /* connections that are open */
    long max_clients; /* more than these get 503 */
    int max_fd;       /* so does a client with a greater descriptor */
    long max_body;    /* bytes; a longer body gets 413 */
    double timeout;   /* seconds; see connection_end_slow. 0: no limit */
    long min_rate;    /* bytes a second; there, too */
    bool quiet;       /* no line for each request */
    struct idle idle; /* the list of the connections */
};

/*
 * Begins a connection with the client `peer` on the socket `fd`, which is the connection's from
 * now on. If there are max_clients already, or `fd` is greater than max_fd, the client gets 503, and the
 * connection ends.
 * Returns 0, or -1 with errno set: then `fd` stays the caller's.
 */
int connection_open(struct service *service, int fd, const struct sockaddr_storage *peer);

/*
 * Ends the connections that are too slow. Within `timeout` seconds
 * - a head must be whole, after its first byte;
 * - of a body or of a response, timeout * min_rate bytes must come or be sent, or all that is left;
 * - the next request must begin, or, after the last one, the client must end the connection.
 * Those in the middle of a request get 408 first.
 * Returns how long the loop may wait, in seconds; -1: for ever.
 */
double connection_end_slow(struct service *service);

#endif
