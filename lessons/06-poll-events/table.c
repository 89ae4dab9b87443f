/*
 * table.c - who is connected, as table.h says.
 */
#include "table.h"

#include <stdlib.h>

int table_init(struct table *table, int listener, size_t max_clients)
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

void table_add(struct table *table, struct connection *client)
{
    table->polled[table->count] = (struct pollfd){.fd = client->fd, .events = POLLIN};
    table->clients[table->count] = client;
    table->count++;
}

void table_remove(struct table *table, size_t place)
{
    table->count--;
    /* EXERCISE 2: the last client takes the free place, in both arrays */
    table->clients[place] = table->clients[table->count];
    table->polled[place] = table->polled[table->count];
    /* END EXERCISE */
}
