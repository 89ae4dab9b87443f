/*
 * table.h - who is connected, for the server of lesson 6: the array that poll is given, and
 * beside it the connections, in the same order.
 */
#ifndef TABLE_H
#define TABLE_H

#include "connection.h"

#include <poll.h>
#include <stddef.h>
#include <stdlib.h>

struct table {
    struct pollfd *polled;       /* [0] is the listener's */
    struct connection **clients; /* the one at [i] is watched at polled[i]; [0] is free */
    size_t count;                /* of places in use, with the listener's */
    size_t size;
};

/*
 * Makes a table with places for `listener` and `max_clients` clients. It lives as long as the
 * program. Returns 0, or -1 with errno ENOMEM.
 */
int table_init(struct table *table, int listener, size_t max_clients);

/* Adds a client behind the others. The table must not be full. */
void table_add(struct table *table, struct connection *client);

/* Takes out the client at `place`, which then holds another one: the last. */
void table_remove(struct table *table, size_t place);

#endif
