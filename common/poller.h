/*
 * poller.h - what the loop of asyncore.c waits with: select, poll and epoll, side by side, with
 * the same four methods. It is the loop's own: programs choose one with an enum asyncore_poller.
 */
#ifndef POLLER_H
#define POLLER_H

#include "asyncore.h"

struct poller_ops {
    /* The map changes over to this poller, which knows none of its objects yet.
     * Returns 0, or -1 with errno set. */
    int (*start)(struct socket_map *map);

    /*
     * An object has changed: takes note of what asyncore_ask says that it waits for now. It is
     * called before the next pass, and, for an object that was closed, before its descriptor is.
     * Returns 0, or -1 with errno set.
     */
    int (*watch)(struct dispatcher *d);

    /* Waits until something is ready, at most `wait` ms (-1: no limit), and calls
     * asyncore_dispatch for each object that is. Returns 0, or -1 with errno set. */
    int (*pass)(struct socket_map *map, int wait);

    /* The map leaves this poller. */
    void (*leave)(struct socket_map *map);
};

/* By their enum asyncore_poller. */
extern const struct poller_ops *const poller_table[];

#endif
