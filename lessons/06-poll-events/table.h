/*
 * table.h - who is connected, for the server of lesson 6: the array that poll is given, and
 * beside it the connections, in the same order. The table closes and frees no connection: each
 * stays the caller's.
 */
#ifndef TABLE_H
#define TABLE_H

#include "connection.h"

#include <poll.h>
#include <stddef.h>

struct table {
    struct pollfd *polled;       /* for poll; [0] is the listener's */
    struct connection **clients; /* polled[i] watches clients[i]; [0] is not used */
    size_t count;                /* places in use, with the listener's */
    size_t size;                 /* places there are; with count == size it is full */
};

/*
 * Makes a table with places for `listener` and `max_clients` clients. It lives as long as the
 * program. Returns 0, or -1 with errno ENOMEM.
 */
int table_init(struct table *table, int listener, size_t max_clients);

/* Adds a client behind the others, to be watched for POLLIN. The table must not be full. */
void table_add(struct table *table, struct connection *client);

/* Removes the client at `place`, from 1 to count - 1. The last client moves to this place. */
void table_remove(struct table *table, size_t place);

#endif
