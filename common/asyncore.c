/*
 * asyncore.c - the loop. asyncore.h says what each function does for its caller; here is how.
 *
 * Read it from the end: asyncore_poll, make_pass, settle; then asyncore_dispatch. How to wait is
 * in poller.c, and the objects are in dispatcher.c.
 *
 * No handler may run on an object that is gone. So dispatcher_close only marks an object and
 * puts it into the list `changed` of its map; settle, which runs between the passes, is the
 * only place where descriptors are closed and objects destroyed. It calls handlers, too, so it
 * runs only while the map is `passing`.
 */
#include "asyncore.h"
#include "net.h"
#include "poller.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the map ---- */

struct socket_map *asyncore_map(struct socket_map *map)
{
    static struct socket_map default_map;

    return map != NULL ? map : &default_map;
}

/* Makes room for the descriptor `fd`. Returns 0, or -1 with errno ENOMEM. */
static int grow(struct socket_map *map, size_t fd)
{
    size_t size = map->size > 0 ? map->size : 16;

    if (fd < map->size)
        return 0;
    while (size <= fd)
        size *= 2;
    struct dispatcher **objects = realloc(map->objects, size * sizeof *objects);
    if (objects == NULL)
        return -1;
    map->objects = objects;
    struct pollfd *polled = realloc(map->polled, size * sizeof *polled);
    if (polled == NULL)
        return -1;
    map->polled = polled;
    for (; map->size < size; map->size++)
        map->objects[map->size] = NULL;
    return 0;
}

int asyncore_add_channel(struct dispatcher *d, int fd)
{
    if (net_set_nonblocking(fd) == -1 || grow(d->map, (size_t)fd) == -1)
        return -1;
    if (d->fd != -1 || d->map->objects[fd] != NULL) {
        errno = EEXIST;
        return -1;
    }
    d->fd = fd;
    d->map->objects[fd] = d;
    d->map->count++;
    dispatcher_update(d);
    return 0;
}

/* Lets the loop look at each object of the map again, or only at each listener. */
static void update_all(struct socket_map *map, bool only_listeners)
{
    for (size_t fd = 0; fd < map->size; fd++)
        if (map->objects[fd] != NULL && (map->objects[fd]->accepting || !only_listeners))
            dispatcher_update(map->objects[fd]);
}

/* The listeners wait for clients again. */
static void end_rest(struct socket_map *map)
{
    map->rest_until = 0;
    update_all(map, true);
}

/* ---- an object: what it waits for, and what has happened to it ---- */

int asyncore_ask(struct dispatcher *d)
{
    int events = 0;

    if (d->closing)
        return 0;
    if (d->connecting)
        return POLLOUT;
    if (d->accepting && d->map->rest_until != 0)
        return 0;
    if (d->ops.readable(d)) {
        events |= POLLIN;
        /* Urgent data that nobody takes would wake the loop for ever. */
        if (d->ops.handle_expt != dispatcher_handle_expt)
            events |= POLLPRI;
    }
    if (!d->accepting && d->ops.writable(d))
        events |= POLLOUT;
    return events;
}

/* A method has failed: that is for handle_error, unless there was only nothing to do. */
static void check(struct dispatcher *d, int result)
{
    if (result == -1 && !net_would_wait())
        d->ops.handle_error(d, errno);
}

/*
 * After a hang-up or an error no call on the descriptor waits. So what the object waits for is
 * ready, and the call will say what has happened: recv does so after it has handed out all that
 * came before.
 *
 * Another object's handler may have closed this one in the same pass.
 */
void asyncore_dispatch(struct dispatcher *d, int ready)
{
    dispatcher_update(d);
    if (ready & (POLLHUP | POLLERR | POLLNVAL))
        ready |= d->wanted & (POLLIN | POLLOUT);
    /* EXERCISE 1: call dispatcher_handle_read_event for POLLIN in `ready`, ..._write_event for
     * POLLOUT, and ..._expt_event for POLLPRI; check what each returns; and call nothing more
     * when the object has been closed */
    if (ready & POLLIN && !d->closing)
        check(d, dispatcher_handle_read_event(d));
    if (ready & POLLOUT && !d->closing)
        check(d, dispatcher_handle_write_event(d));
    if (ready & POLLPRI && !d->closing)
        check(d, dispatcher_handle_expt_event(d));
    /* END EXERCISE */
}

/* ---- between the passes ---- */

/* The end of an object. */
static void finish(struct dispatcher *d)
{
    struct socket_map *map = d->map;

    if (d->fd != -1) {
        poller_table[map->poller]->watch(d);
        close(d->fd);
        map->objects[d->fd] = NULL;
        map->count--;
        if (map->rest_until != 0)
            end_rest(map); /* a descriptor is free */
    }
    d->ops.destroy(d);
}

/* Looks at one object that has changed. */
static void settle_one(struct dispatcher *d)
{
    if (d->closing)
        finish(d);
    else if (d->broken && !d->ops.readable(d))
        check(d, d->ops.handle_close(d));
    else if (d->fd != -1 && poller_table[d->map->poller]->watch(d) == -1)
        d->ops.handle_error(d, errno);
}

/* Looks at all objects that have changed; what it calls may change more of them. */
static void settle(struct socket_map *map)
{
    while (map->changed != NULL) {
        struct dispatcher *d = map->changed;
        map->changed = d->next;
        d->is_changed = false;
        settle_one(d);
    }
}

static void leave_poller(struct socket_map *map)
{
    poller_table[map->poller]->leave(map);
    map->poller = ASYNCORE_SELECT; /* select has nothing to give back */
}

/* From now on the map may be used from outside again. An empty one gives back what it has. */
static void end_passing(struct socket_map *map)
{
    map->passing = false;
    if (map->count == 0) {
        leave_poller(map);
        free(map->objects);
        free(map->polled);
        *map = (struct socket_map){0};
    }
}

/* Changes to another poller: it knows none of the objects yet. Returns 0, or -1 with errno. */
static int use_poller(struct socket_map *map, enum asyncore_poller poller)
{
    if (map->poller == poller)
        return 0;
    leave_poller(map);
    if (poller_table[poller]->start(map) == -1)
        return -1;
    map->poller = poller;
    for (size_t fd = 0; fd < map->size; fd++)
        if (map->objects[fd] != NULL)
            map->objects[fd]->wanted = 0;
    update_all(map, false);
    return 0;
}

/* ---- a pass ---- */

/* Returns how long a pass may wait, in ms: `timeout` seconds, but no longer than the
 * listeners rest. A part of a ms becomes a whole one: to wait too little would be to spin. */
static int time_to_wait(const struct socket_map *map, double timeout)
{
    if (map->rest_until != 0) {
        double rest = map->rest_until - net_now();
        if (rest < 0)
            rest = 0;
        if (timeout < 0 || rest < timeout)
            timeout = rest;
    }
    if (timeout < 0)
        return -1;
    return timeout * 1000 < INT_MAX - 1 ? (int)(timeout * 1000 + 0.999) : INT_MAX;
}

/* As asyncore_poll, while the map is passing. */
static int make_pass(struct socket_map *map, double timeout, enum asyncore_poller poller)
{
    if (use_poller(map, poller) == -1)
        return -1;
    if (map->rest_until != 0 && net_now() >= map->rest_until)
        end_rest(map);
    settle(map);
    if (map->count == 0)
        return 0;
    int result = poller_table[poller]->pass(map, time_to_wait(map, timeout));
    int error = errno;
    settle(map);
    errno = error;
    return result;
}

int asyncore_poll(double timeout, enum asyncore_poller poller, struct socket_map *map)
{
    map = asyncore_map(map);
    if (map->passing) {
        errno = EDEADLK;
        return -1;
    }
    map->passing = true;
    int result = make_pass(map, timeout, poller);
    int error = errno;
    end_passing(map);
    errno = error;
    return result;
}

int asyncore_loop(double timeout, enum asyncore_poller poller, struct socket_map *map,
                  long count)
{
    map = asyncore_map(map);
    for (; count != 0; count -= count > 0) {
        if (asyncore_poll(timeout, poller, map) == -1)
            return -1;
        if (map->count == 0)
            return 0;
    }
    return map->count > 0;
}

void asyncore_close_all(struct socket_map *map)
{
    map = asyncore_map(map);
    for (size_t fd = 0; fd < map->size; fd++)
        if (map->objects[fd] != NULL)
            dispatcher_close(map->objects[fd]);
    if (!map->passing) {
        map->passing = true;
        settle(map);
        end_passing(map);
    }
}

const char *const asyncore_poller_names[] = {"select", "poll", "epoll", NULL};

enum asyncore_poller asyncore_poller_named(const char *name)
{
    enum asyncore_poller poller = ASYNCORE_SELECT;
    while (poller < ASYNCORE_EPOLL && strcmp(asyncore_poller_names[poller], name) != 0)
        poller++;
    return poller;
}
