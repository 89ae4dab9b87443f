/*
 * poller.c - select, poll and epoll, with the methods that poller.h describes.
 *
 * select and poll remember nothing: they ask all objects in each pass. epoll is told what has
 * changed, and its pass costs only what is ready. All three hand what is ready to
 * asyncore_dispatch, as events of poll(2).
 */
#include "poller.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/select.h>
#include <sys/time.h>

/* FD_SET is a macro, and gcc warns of the arithmetic in the one of musl. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* ---- who remembers nothing has nothing to do between the passes ---- */

static int start_nothing(struct socket_map *map)
{
    (void)map;
    return 0;
}

static int watch_nothing(struct dispatcher *d)
{
    (void)d;
    return 0;
}

static void leave_nothing(struct socket_map *map)
{
    (void)map;
}

/* ---- select ---- */

static int pass_select(struct socket_map *map, int wait)
{
    fd_set reading, writing, urgent;
    int highest = -1;

    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_ZERO(&urgent);
    for (int fd = 0; (size_t)fd < map->size; fd++) {
        struct dispatcher *d = map->objects[fd];
        if (d == NULL || d->closing)
            continue;
        if (fd >= FD_SETSIZE) { /* FD_SET would write behind the end of the set */
            d->ops.handle_error(d, EMFILE);
            continue;
        }
        d->wanted = asyncore_ask(d);
        if (d->wanted & POLLIN)
            FD_SET(fd, &reading);
        if (d->wanted & POLLOUT)
            FD_SET(fd, &writing);
        if (d->wanted & POLLPRI)
            FD_SET(fd, &urgent);
        highest = fd;
    }
    /* For want of a place, an object was closed just now: it is to be destroyed. */
    if (map->changed != NULL)
        wait = 0;
    struct timeval limit = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    if (select(highest + 1, &reading, &writing, &urgent, wait < 0 ? NULL : &limit) == -1)
        return -1;
    for (int fd = 0; fd <= highest; fd++) {
        int ready = (FD_ISSET(fd, &reading) ? POLLIN : 0) |
                    (FD_ISSET(fd, &writing) ? POLLOUT : 0) |
                    (FD_ISSET(fd, &urgent) ? POLLPRI : 0);
        if (ready != 0)
            asyncore_dispatch(map->objects[fd], ready);
    }
    return 0;
}

static const struct poller_ops select_ops = {
    .start = start_nothing,
    .watch = watch_nothing,
    .pass = pass_select,
    .leave = leave_nothing,
};

/* ---- poll ---- */

static int pass_poll(struct socket_map *map, int wait)
{
    nfds_t count = 0;

    /* EXERCISE 3: ask every object that is in the map and not closed what it waits for; note
     * that in its `wanted`, and, if it is not nothing, put it into map->polled */
    for (size_t fd = 0; fd < map->size; fd++) {
        struct dispatcher *d = map->objects[fd];
        if (d == NULL || d->closing)
            continue;
        d->wanted = asyncore_ask(d);
        if (d->wanted != 0)
            map->polled[count++] =
                (struct pollfd){.fd = d->fd, .events = (short)d->wanted};
    }
    /* END EXERCISE */
    if (poll(map->polled, count, wait) == -1)
        return -1;
    for (nfds_t i = 0; i < count; i++)
        if (map->polled[i].revents != 0)
            asyncore_dispatch(map->objects[map->polled[i].fd], map->polled[i].revents);
    return 0;
}

static const struct poller_ops poll_ops = {
    .start = start_nothing,
    .watch = watch_nothing,
    .pass = pass_poll,
    .leave = leave_nothing,
};

/* ---- epoll ---- */

#ifdef __linux__

#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

_Static_assert(EPOLLIN == POLLIN && EPOLLPRI == POLLPRI && EPOLLOUT == POLLOUT &&
                   EPOLLERR == POLLERR && EPOLLHUP == POLLHUP,
               "the events of epoll are those of poll");

static int start_epoll(struct socket_map *map)
{
    map->epoll = epoll_create1(EPOLL_CLOEXEC);
    return map->epoll == -1 ? -1 : 0;
}

/* Tells epoll what the object waits for now, if that has changed. An object that waits for
 * nothing is taken out: epoll would report even then that the other side has hung up. So is one
 * that was closed: close would not do, if another descriptor is a duplicate of its own. */
static int watch_epoll(struct dispatcher *d)
{
    int wanted = asyncore_ask(d);
    struct epoll_event event = {.events = (uint32_t)wanted, .data.ptr = d};

    if (wanted == d->wanted)
        return 0;
    /* EXERCISE 2: epoll knows the descriptor already, unless d->wanted is 0. Add it, change
     * what is wanted, or take it out */
    int operation = d->wanted == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (wanted == 0)
        operation = EPOLL_CTL_DEL;
    if (epoll_ctl(d->map->epoll, operation, d->fd, &event) == -1)
        return -1;
    /* END EXERCISE */
    d->wanted = wanted;
    return 0;
}

static int pass_epoll(struct socket_map *map, int wait)
{
    struct epoll_event events[256]; /* what is ready beyond them comes in the next pass */

    int count = epoll_wait(map->epoll, events, 256, wait);
    for (int i = 0; i < count; i++)
        asyncore_dispatch(events[i].data.ptr, (int)events[i].events);
    return count == -1 ? -1 : 0;
}

static void leave_epoll(struct socket_map *map)
{
    close(map->epoll);
}

static const struct poller_ops epoll_ops = {
    .start = start_epoll,
    .watch = watch_epoll,
    .pass = pass_epoll,
    .leave = leave_epoll,
};

#else
#define epoll_ops poll_ops
#endif

const struct poller_ops *const poller_table[] = {
    [ASYNCORE_SELECT] = &select_ops,
    [ASYNCORE_POLL] = &poll_ops,
    [ASYNCORE_EPOLL] = &epoll_ops,
};
