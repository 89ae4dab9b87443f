/*
 * asyncore.c - the loop, and the objects whose methods it calls. asyncore.h says what each
 * function does for its caller; here is how.
 *
 * Read it from the middle: dispatch, the three passes, and asyncore_poll. Above them is what
 * they stand on; below, the classes.
 *
 * No handler may run on an object that is gone. So dispatcher_close only marks an object and
 * puts it into the list `changed` of its map; settle, which runs between the passes, is the
 * only place where descriptors are closed and objects destroyed.
 */
#include "asyncore.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif

/* FD_SET is a macro, and gcc warns of the arithmetic in the one of musl. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

enum { REST = 1000 }; /* ms without accept when there are no descriptors */

static struct socket_map default_map;

static struct socket_map *map_or_default(struct socket_map *map)
{
    return map != NULL ? map : &default_map;
}

/* Whether a call only had nothing to do: the loop says when to try again. */
static bool would_wait(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Whether an error says that there is no connection any more. */
static bool is_disconnected(int error)
{
    return error == ECONNRESET || error == ENOTCONN || error == ESHUTDOWN ||
           error == ECONNABORTED || error == EPIPE || error == EBADF;
}

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- the map ---- */

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

/* Makes `fd` non-blocking, and the object's. Returns 0, or -1 with errno set. */
static int add_channel(struct dispatcher *d, int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
        grow(d->map, (size_t)fd) == -1)
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

/* The listeners wait for clients again. */
static void end_rest(struct socket_map *map)
{
    map->rest_until = 0;
    for (size_t fd = 0; fd < map->size; fd++)
        if (map->objects[fd] != NULL && map->objects[fd]->accepting)
            dispatcher_update(map->objects[fd]);
}

/* ---- what an object waits for ---- */

/* Asks it. Returns events of poll(2). */
static int ask(struct dispatcher *d)
{
    int events = 0;

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

#ifdef __linux__

_Static_assert(EPOLLIN == POLLIN && EPOLLPRI == POLLPRI && EPOLLOUT == POLLOUT &&
                   EPOLLERR == POLLERR && EPOLLHUP == POLLHUP,
               "the events of epoll are those of poll");

/* Tells epoll what the object waits for now, if that has changed. An object that waits for
 * nothing is taken out: epoll would report even then that the other side has hung up.
 * Returns 0, or -1 with errno set by epoll_ctl(2). */
static int watch(struct dispatcher *d, int wanted)
{
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

#endif

/* ---- between the passes ---- */

/* A method has failed: that is for handle_error, unless there was only nothing to do. */
static void check(struct dispatcher *d, int result)
{
    if (result == -1 && !would_wait(errno))
        d->ops.handle_error(d, errno);
}

/* The end of an object. */
static void finish(struct dispatcher *d)
{
    struct socket_map *map = d->map;

    if (d->fd != -1) {
#ifdef __linux__
        /* close would not do, if another descriptor is a duplicate of this one. */
        if (map->poller == ASYNCORE_EPOLL)
            watch(d, 0);
#endif
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
#ifdef __linux__
    else if (d->map->poller == ASYNCORE_EPOLL && d->fd != -1 && watch(d, ask(d)) == -1)
        d->ops.handle_error(d, errno);
#endif
}

static void leave_poller(struct socket_map *map)
{
    if (map->poller == ASYNCORE_EPOLL)
        close(map->epoll);
    map->poller = ASYNCORE_SELECT;
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
    if (map->count == 0) {
        leave_poller(map);
        free(map->objects);
        free(map->polled);
        *map = (struct socket_map){0};
    }
}

/* Goes over to another poller: it knows none of the objects yet. Returns 0, or -1 with errno
 * set by epoll_create1(2). */
static int use_poller(struct socket_map *map, enum asyncore_poller poller)
{
    if (map->poller == poller)
        return 0;
    leave_poller(map);
#ifdef __linux__
    if (poller == ASYNCORE_EPOLL && (map->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
        return -1;
#endif
    map->poller = poller;
    for (size_t fd = 0; fd < map->size; fd++)
        if (map->objects[fd] != NULL) {
            map->objects[fd]->wanted = 0;
            dispatcher_update(map->objects[fd]);
        }
    return 0;
}

/* ---- a pass ---- */

/*
 * Calls the handlers of an object for the events `ready`. After a hang-up or an error no
 * call on the descriptor waits. So what the object waits for is ready, and the call will say
 * what has happened: recv does so after it has handed out all that came before.
 *
 * Another object's handler may have closed this one in the same pass.
 */
static void dispatch(struct dispatcher *d, int ready)
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

/* A pass with select. `wait` is in ms, -1 for no limit. Returns 0, or -1 with errno set. */
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
        d->wanted = ask(d);
        if (d->wanted & POLLIN)
            FD_SET(fd, &reading);
        if (d->wanted & POLLOUT)
            FD_SET(fd, &writing);
        if (d->wanted & POLLPRI)
            FD_SET(fd, &urgent);
        highest = fd;
    }
    if (map->changed != NULL)
        wait = 0; /* somebody was closed just now */
    struct timeval limit = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    if (select(highest + 1, &reading, &writing, &urgent, wait < 0 ? NULL : &limit) == -1)
        return -1;
    for (int fd = 0; fd <= highest; fd++) {
        int ready = (FD_ISSET(fd, &reading) ? POLLIN : 0) |
                    (FD_ISSET(fd, &writing) ? POLLOUT : 0) |
                    (FD_ISSET(fd, &urgent) ? POLLPRI : 0);
        if (ready != 0)
            dispatch(map->objects[fd], ready);
    }
    return 0;
}

/* A pass with poll, as above. */
static int pass_poll(struct socket_map *map, int wait)
{
    nfds_t count = 0;

    /* EXERCISE 3: ask every object that is in the map and not closed what it waits for; note
     * that in its `wanted`, and, if it is not nothing, put it into map->polled */
    for (size_t fd = 0; fd < map->size; fd++) {
        struct dispatcher *d = map->objects[fd];
        if (d == NULL || d->closing)
            continue;
        d->wanted = ask(d);
        if (d->wanted != 0)
            map->polled[count++] =
                (struct pollfd){.fd = d->fd, .events = (short)d->wanted};
    }
    /* END EXERCISE */
    if (poll(map->polled, count, wait) == -1)
        return -1;
    for (nfds_t i = 0; i < count; i++)
        if (map->polled[i].revents != 0)
            dispatch(map->objects[map->polled[i].fd], map->polled[i].revents);
    return 0;
}

#ifdef __linux__

/* A pass with epoll, as above. It costs only what is ready: settle has told epoll already
 * what the objects wait for. */
static int pass_epoll(struct socket_map *map, int wait)
{
    struct epoll_event events[256]; /* what is ready beyond them comes in the next pass */

    int count = epoll_wait(map->epoll, events, 256, wait);
    for (int i = 0; i < count; i++)
        dispatch(events[i].data.ptr, (int)events[i].events);
    return count == -1 ? -1 : 0;
}

#else
#define pass_epoll pass_poll
#endif

static int (*const passes[])(struct socket_map *map, int wait) = {
    [ASYNCORE_SELECT] = pass_select,
    [ASYNCORE_POLL] = pass_poll,
    [ASYNCORE_EPOLL] = pass_epoll,
};

/* Returns how long a pass may wait, in ms: `timeout` seconds, but no longer than the
 * listeners rest. A part of a ms becomes a whole one: to wait too little would be to spin. */
static int time_to_wait(const struct socket_map *map, double timeout)
{
    int wait = timeout < 0 ? -1 : INT_MAX;

    if (timeout >= 0 && timeout * 1000 < INT_MAX - 1)
        wait = (int)(timeout * 1000 + 0.999);
    if (map->rest_until == 0)
        return wait;
    long long rest = map->rest_until - now_ms();
    if (rest < 0)
        rest = 0;
    return wait == -1 || rest < wait ? (int)rest : wait;
}

int asyncore_poll(double timeout, enum asyncore_poller poller, struct socket_map *map)
{
    map = map_or_default(map);
    if (map->passing) {
        errno = EDEADLK;
        return -1;
    }
    if (use_poller(map, poller) == -1)
        return -1;
    if (map->rest_until != 0 && now_ms() >= map->rest_until)
        end_rest(map);
    settle(map);
    if (map->count == 0)
        return 0;
    map->passing = true;
    int result = passes[poller](map, time_to_wait(map, timeout));
    int error = errno;
    map->passing = false;
    settle(map);
    errno = error;
    return result;
}

int asyncore_loop(double timeout, enum asyncore_poller poller, struct socket_map *map,
                  long count)
{
    map = map_or_default(map);
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
    map = map_or_default(map);
    for (size_t fd = 0; fd < map->size; fd++)
        if (map->objects[fd] != NULL)
            dispatcher_close(map->objects[fd]);
    if (!map->passing)
        settle(map);
}

const char *const asyncore_poller_names[] = {"select", "poll", "epoll", NULL};

enum asyncore_poller asyncore_poller_named(const char *name)
{
    enum asyncore_poller poller = ASYNCORE_SELECT;
    while (poller < ASYNCORE_EPOLL && strcmp(asyncore_poller_names[poller], name) != 0)
        poller++;
    return poller;
}

/* ---- dispatcher: its life ---- */

#define INHERIT(slot)                                                                    \
    if (ops->slot == NULL)                                                               \
        ops->slot = base->slot;

void dispatcher_inherit(struct dispatcher_ops *ops, const struct dispatcher_ops *base)
{
    INHERIT(readable)
    INHERIT(writable)
    INHERIT(handle_connect)
    INHERIT(handle_accept)
    INHERIT(handle_accepted)
    INHERIT(handle_read)
    INHERIT(handle_write)
    INHERIT(handle_expt)
    INHERIT(handle_close)
    INHERIT(handle_error)
    INHERIT(recv)
    INHERIT(send)
    INHERIT(destroy)
}

static const struct dispatcher_ops dispatcher_methods = {
    .readable = dispatcher_readable,
    .writable = dispatcher_writable,
    .handle_connect = dispatcher_handle_connect,
    .handle_accept = dispatcher_handle_accept,
    .handle_accepted = dispatcher_handle_accepted,
    .handle_read = dispatcher_handle_read,
    .handle_write = dispatcher_handle_write,
    .handle_expt = dispatcher_handle_expt,
    .handle_close = dispatcher_handle_close,
    .handle_error = dispatcher_handle_error,
    .recv = dispatcher_recv,
    .send = dispatcher_send,
    .destroy = dispatcher_destroy,
};

/* Notes whether the socket `fd` is connected, and with whom, or listens. Returns 0, or -1
 * with errno set by getpeername(2). */
static int look_at_socket(struct dispatcher *d, int fd)
{
    socklen_t length = sizeof d->addr;
    int listens = 0;

    d->connected = getpeername(fd, (struct sockaddr *)&d->addr, &length) == 0;
    if (d->connected)
        return 0;
    if (errno != ENOTCONN && errno != EINVAL)
        return -1;
    length = sizeof listens;
    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
    d->accepting = listens != 0;
    length = sizeof d->addr;
    return getsockname(fd, (struct sockaddr *)&d->addr, &length);
}

int dispatcher_init(struct dispatcher *d, const struct dispatcher_ops *ops, int fd,
                    struct socket_map *map)
{
    *d = (struct dispatcher){.ops = *ops, .map = map_or_default(map), .fd = -1};
    dispatcher_inherit(&d->ops, &dispatcher_methods);
    if (fd == -1)
        return 0;
    return look_at_socket(d, fd) == -1 ? -1 : add_channel(d, fd);
}

int dispatcher_create_socket(struct dispatcher *d, int family, int type)
{
    int fd = socket(family, type, 0);
    if (fd == -1)
        return -1;
    return add_channel(d, fd) == -1 ? net_close_failed(fd) : 0;
}

void dispatcher_close(struct dispatcher *d)
{
    d->connected = d->accepting = d->connecting = false;
    d->closing = true;
    dispatcher_update(d);
}

void dispatcher_update(struct dispatcher *d)
{
    if (d->is_changed)
        return;
    d->is_changed = true;
    d->next = d->map->changed;
    d->map->changed = d;
}

/* ---- dispatcher: calls on its socket ---- */

int dispatcher_set_reuse_addr(struct dispatcher *d)
{
    int on = 1;
    return setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

int dispatcher_bind(struct dispatcher *d, const struct sockaddr *address,
                    socklen_t length)
{
    if (bind(d->fd, address, length) == -1)
        return -1;
    memcpy(&d->addr, address, length);
    return 0;
}

int dispatcher_listen(struct dispatcher *d, int backlog)
{
    if (listen(d->fd, backlog) == -1)
        return -1;
    d->accepting = true;
    dispatcher_update(d);
    return 0;
}

int dispatcher_connect(struct dispatcher *d, const struct sockaddr *address,
                       socklen_t length)
{
    d->connected = false;
    int result = connect(d->fd, address, length);
    if (result == -1 && errno != EINPROGRESS && errno != EALREADY && errno != EINTR &&
        errno != EISCONN)
        return -1;
    memcpy(&d->addr, address, length);
    d->connecting = true;
    dispatcher_update(d);
    if (result == -1 && errno != EISCONN)
        return 0;
    return dispatcher_handle_connect_event(d);
}

int dispatcher_accept(struct dispatcher *d, struct sockaddr_storage *peer)
{
    socklen_t length = sizeof *peer;

    int fd = accept(d->fd, (struct sockaddr *)peer, &length);
    if (fd != -1)
        return fd;
    switch (errno) {
    case ECONNABORTED: /* the client has left already */
    case EPROTO:
    case EPERM: /* a firewall does not want it */
        errno = EAGAIN;
        break;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: /* the client still waits: at once, accept would only fail again */
        d->map->rest_until = now_ms() + REST;
        break;
    }
    return -1;
}

/* What recv(2) or read(2) returned, as asyncore.h says it of dispatcher_recv. */
static ssize_t received(struct dispatcher *d, ssize_t result)
{
    if (result > 0 || (result == -1 && !is_disconnected(errno)))
        return result;
    return d->ops.handle_close(d);
}

/* The same for send(2) or write(2). */
static ssize_t sent(struct dispatcher *d, ssize_t result, size_t length)
{
    dispatcher_update(d);
    if (result != -1)
        return result;
    if (would_wait(errno))
        return 0;
    if (!is_disconnected(errno))
        return -1;
    d->broken = true;
    return (ssize_t)length;
}

ssize_t dispatcher_recv(struct dispatcher *d, void *bytes, size_t size)
{
    return received(d, recv(d->fd, bytes, size, 0));
}

ssize_t dispatcher_send(struct dispatcher *d, const void *bytes, size_t length)
{
    return sent(d, send(d->fd, bytes, length, MSG_NOSIGNAL), length);
}

/* ---- dispatcher: events ---- */

int dispatcher_handle_read_event(struct dispatcher *d)
{
    return d->accepting ? d->ops.handle_accept(d) : d->ops.handle_read(d);
}

int dispatcher_handle_write_event(struct dispatcher *d)
{
    if (d->connecting) {
        if (dispatcher_handle_connect_event(d) == -1)
            return -1;
        if (d->closing || !d->ops.writable(d))
            return 0; /* only the loop wanted to know that there is room */
    }
    return d->ops.handle_write(d);
}

/* Returns the error that waits on the socket; 0 if there is none, or if it is a file. */
static int pending_error(const struct dispatcher *d)
{
    int error = 0;
    socklen_t length = sizeof error;

    getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}

int dispatcher_handle_connect_event(struct dispatcher *d)
{
    int error = pending_error(d);
    if (error != 0) {
        errno = error;
        return -1;
    }
    d->connected = true;
    d->connecting = false;
    return d->ops.handle_connect(d);
}

int dispatcher_handle_expt_event(struct dispatcher *d)
{
    return pending_error(d) != 0 ? d->ops.handle_close(d) : d->ops.handle_expt(d);
}

/* ---- dispatcher: its methods ---- */

bool dispatcher_readable(struct dispatcher *d)
{
    (void)d;
    return true;
}

bool dispatcher_writable(struct dispatcher *d)
{
    (void)d;
    return true;
}

int dispatcher_handle_connect(struct dispatcher *d)
{
    (void)d;
    return 0;
}

int dispatcher_handle_accept(struct dispatcher *d)
{
    struct sockaddr_storage peer;

    int fd = dispatcher_accept(d, &peer);
    return fd == -1 ? -1 : d->ops.handle_accepted(d, fd, &peer);
}

int dispatcher_handle_accepted(struct dispatcher *d, int fd,
                               const struct sockaddr_storage *peer)
{
    (void)d;
    (void)peer;
    close(fd);
    return 0;
}

int dispatcher_handle_read(struct dispatcher *d)
{
    (void)d;
    return 0;
}

int dispatcher_handle_write(struct dispatcher *d)
{
    (void)d;
    return 0;
}

int dispatcher_handle_expt(struct dispatcher *d)
{
    (void)d;
    return 0;
}

int dispatcher_handle_close(struct dispatcher *d)
{
    dispatcher_close(d);
    return 0;
}

void dispatcher_handle_error(struct dispatcher *d, int error)
{
    char name[NET_NAME_SIZE];

    if (d->addr.ss_family == AF_INET || d->addr.ss_family == AF_INET6)
        net_format_address(&d->addr, name);
    else
        snprintf(name, sizeof name, "descriptor %d", d->fd);
    fprintf(stderr, "error: %s: %s\n", name, strerror(error));
    bool rests = d->accepting && d->map->rest_until != 0;
    if (!rests && !d->closing)
        d->ops.handle_close(d);
}

void dispatcher_destroy(struct dispatcher *d)
{
    (void)d;
}

/* ---- dispatcher_with_send ---- */

static struct dispatcher_with_send *with_send_of(struct dispatcher *d)
{
    return container_of(d, struct dispatcher_with_send, dispatcher);
}

static const struct dispatcher_ops with_send_methods = {
    .writable = dispatcher_with_send_writable,
    .handle_write = dispatcher_with_send_handle_write,
    .send = dispatcher_with_send_send,
    .destroy = dispatcher_with_send_destroy,
};

int dispatcher_with_send_init(struct dispatcher_with_send *w,
                              const struct dispatcher_ops *ops, int fd,
                              struct socket_map *map)
{
    struct dispatcher_ops all = *ops;

    *w = (struct dispatcher_with_send){0};
    dispatcher_inherit(&all, &with_send_methods);
    return dispatcher_init(&w->dispatcher, &all, fd, map);
}

size_t dispatcher_with_send_waiting(const struct dispatcher_with_send *w)
{
    return w->out_end - w->out_start;
}

int dispatcher_with_send_initiate_send(struct dispatcher_with_send *w)
{
    size_t waiting = dispatcher_with_send_waiting(w);
    if (waiting == 0)
        return 0;
    ssize_t count =
        dispatcher_send(&w->dispatcher, w->out_buffer + w->out_start, waiting);
    if (count == -1)
        return -1;
    w->out_start += (size_t)count;
    if (w->out_start == w->out_end)
        w->out_start = w->out_end = 0;
    return 0;
}

/* Puts bytes behind those that wait. Returns 0, or -1 with errno ENOMEM. */
static int append(struct dispatcher_with_send *w, const char *bytes, size_t length)
{
    size_t waiting = dispatcher_with_send_waiting(w);

    if (w->out_start > 0 && w->out_size - w->out_end < length) {
        memmove(w->out_buffer, w->out_buffer + w->out_start, waiting);
        w->out_start = 0;
        w->out_end = waiting;
    }
    if (w->out_size - w->out_end < length) {
        size_t size = 2 * (waiting + length);
        char *larger = realloc(w->out_buffer, size);
        if (larger == NULL)
            return -1;
        w->out_buffer = larger;
        w->out_size = size;
    }
    memcpy(w->out_buffer + w->out_end, bytes, length);
    w->out_end += length;
    return 0;
}

bool dispatcher_with_send_writable(struct dispatcher *d)
{
    return !d->connected || dispatcher_with_send_waiting(with_send_of(d)) > 0;
}

int dispatcher_with_send_handle_write(struct dispatcher *d)
{
    return dispatcher_with_send_initiate_send(with_send_of(d));
}

ssize_t dispatcher_with_send_send(struct dispatcher *d, const void *bytes, size_t length)
{
    struct dispatcher_with_send *w = with_send_of(d);
    ssize_t count = 0;

    if (dispatcher_with_send_waiting(w) == 0)
        count = dispatcher_send(d, bytes, length);
    if (count == -1)
        return -1;
    size_t rest = length - (size_t)count;
    if (rest > 0 && append(w, (const char *)bytes + count, rest) == -1)
        return -1;
    return (ssize_t)length;
}

void dispatcher_with_send_destroy(struct dispatcher *d)
{
    free(with_send_of(d)->out_buffer);
}

/* ---- file_dispatcher ---- */

static const struct dispatcher_ops file_methods = {
    .recv = file_dispatcher_recv,
    .send = file_dispatcher_send,
};

int file_dispatcher_init(struct dispatcher *d, const struct dispatcher_ops *ops, int fd,
                         struct socket_map *map)
{
    struct dispatcher_ops all = *ops;

    dispatcher_inherit(&all, &file_methods);
    dispatcher_init(d, &all, -1, map);
    int own = dup(fd);
    if (own == -1)
        return -1;
    d->connected = true;
    return add_channel(d, own) == -1 ? net_close_failed(own) : 0;
}

ssize_t file_dispatcher_recv(struct dispatcher *d, void *bytes, size_t size)
{
    return received(d, read(d->fd, bytes, size));
}

ssize_t file_dispatcher_send(struct dispatcher *d, const void *bytes, size_t length)
{
    return sent(d, write(d->fd, bytes, length), length);
}
