/*
 * asyncore.h - many connections in one thread: a loop that waits, and objects whose methods
 * it calls. It retells Python's module asyncore (gone since 3.12) in C; common/README.md has
 * a table of what is named how, and what differs.
 *
 * A class is a struct whose first member is its base, and a table of methods:
 *
 *     struct echo {
 *         struct dispatcher dispatcher;
 *         ...
 *     };
 *     static const struct dispatcher_ops echo_ops = {
 *         .handle_read = echo_handle_read,
 *         .destroy = echo_destroy,
 *     };
 *
 * What the table leaves out is inherited: dispatcher_init fills it in. The methods of the
 * base are functions that anyone can call, so Python's super().handle_close() is here
 * dispatcher_handle_close(d). dispatcher.h has them all.
 *
 * A method returns 0, or -1 with errno set, which stands for an exception: the loop calls
 * handle_error. Only EAGAIN, EWOULDBLOCK and EINTR mean that there was nothing to do.
 *
 * An object lives until dispatcher_close and the end of that pass of the loop: until then it
 * is there, and its descriptor is open, so its number can't pass to another; but none of its
 * handlers is called again. Then the loop closes the descriptor, and calls destroy.
 */
#ifndef ASYNCORE_H
#define ASYNCORE_H

#include "dispatcher.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* What the loop waits with. Where there is no epoll, poll does its work. */
enum asyncore_poller { ASYNCORE_SELECT, ASYNCORE_POLL, ASYNCORE_EPOLL };

/* The objects of one loop. It begins as {0}, and needs no free: an empty map has nothing.
 * All is the framework's own, but for `count`. */
struct socket_map {
    size_t count;                /* the objects in it that have a descriptor */
    struct dispatcher **objects; /* by descriptor; NULL where there is none */
    struct pollfd *polled;       /* room for as many */
    size_t size;                 /* of both */
    struct dispatcher *changed;  /* a list: to be looked at before the loop waits again */
    double rest_until;           /* by net_now, listeners rest; 0: they do not */
    enum asyncore_poller poller; /* the one of the last pass */
    int epoll;                   /* the descriptor of epoll, if it was that */
    bool passing;                /* a pass is under way: handlers may be running */
};

/* ---- the loop ---- */

/*
 * Waits until objects of `map` (NULL: the default map) are ready, and calls their handlers;
 * then it destroys those that were closed. Python: poll, poll2.
 * timeout: seconds to wait at most; negative: no limit
 * Returns 0; or -1 with errno EINTR, when a signal came while it waited; EDEADLK, when it is
 * called from a handler of the same map; or as select(2), poll(2), epoll_wait(2) set it.
 *
 * select and poll ask every object, in every pass, what it waits for. epoll asks a new one,
 * one that had an event, and one for which dispatcher_update or dispatcher_send was called.
 * With select, an object whose descriptor is FD_SETSIZE or more gets handle_error(EMFILE).
 */
int asyncore_poll(double timeout, enum asyncore_poller poller, struct socket_map *map);

/*
 * Makes passes of asyncore_poll, until the map is empty or `count` were made (negative: no
 * limit). Returns 0 if the map is empty, 1 if it is not, or -1 with errno set as above; then
 * it can be called again. Python: loop.
 */
int asyncore_loop(double timeout, enum asyncore_poller poller, struct socket_map *map,
                  long count);

/* Closes every object of the map. Called from a handler, they live until the pass is over.
 * Python: close_all. */
void asyncore_close_all(struct socket_map *map);

/* The names of the pollers, in their order, ended by NULL; and the poller of a name. */
extern const char *const asyncore_poller_names[];
enum asyncore_poller asyncore_poller_named(const char *name);

/* ---- for dispatcher.c and poller.c ---- */

/* Returns the map; the default map for NULL. */
struct socket_map *asyncore_map(struct socket_map *map);

/* Makes `fd` non-blocking, and the object's, in its map. Returns 0; or -1 with errno EEXIST if the
 * object has one, or the descriptor another object; ENOMEM; or set by fcntl(2). Python:
 * add_channel. */
int asyncore_add_channel(struct dispatcher *d, int fd);

/* Asks an object what it waits for. Returns events of poll(2); 0 if it was closed. */
int asyncore_ask(struct dispatcher *d);

/* Calls the handlers of an object for the events `ready`, which are those of poll(2). */
void asyncore_dispatch(struct dispatcher *d, int ready);

#endif
