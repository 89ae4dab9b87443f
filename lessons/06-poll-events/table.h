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
static inline int table_init(struct table *table, int listener, size_t max_clients)
{
    table->size = max_clients + 1;
    table->polled = calloc(table->size, sizeof *table->polled);
    table->clients = calloc(table->size, sizeof *table->clients);
    if (table->polled == NULL || table->clients == NULL)
        return -1;
    table->polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    table->count = 1;
    return 0;
}

/* Adds a client behind the others. The table must not be full. */
static inline void table_add(struct table *table, struct connection *client)
{
    table->polled[table->count] = (struct pollfd){.fd = client->fd, .events = POLLIN};
    table->clients[table->count] = client;
    table->count++;
}

/* Takes out the client at `place`, which then holds another one: the last. */
static inline void table_remove(struct table *table, size_t place)
{
    table->count--;
    /* EXERCISE 2: the last client takes the free place, in both arrays */
    table->clients[place] = table->clients[table->count];
    table->polled[place] = table->polled[table->count];
    /* END EXERCISE */
}

#endif
