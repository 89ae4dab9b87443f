/*
 * dispatcher.c - the objects whose methods the loop calls. dispatcher.h says what each function
 * does for its caller; here is how.
 *
 * Closing, and every other change that concerns the loop, ends in dispatcher_update: the loop
 * looks at the object between two passes.
 */
#include "dispatcher.h"
#include "asyncore.h"
#include "buffer.h"
#include "class.h"
#include "net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const double REST = 1; /* seconds without accept when there are no descriptors */

/* Whether errno says that there is no connection any more. */
static bool is_disconnected(void)
{
    return errno == ECONNRESET || errno == ENOTCONN || errno == ESHUTDOWN ||
           errno == ECONNABORTED || errno == EPIPE || errno == EBADF;
}

/* ---- dispatcher: its life ---- */

void dispatcher_inherit(struct dispatcher_ops *ops, const struct dispatcher_ops *base)
{
    INHERIT(ops, base, readable);
    INHERIT(ops, base, writable);
    INHERIT(ops, base, handle_connect);
    INHERIT(ops, base, handle_accept);
    INHERIT(ops, base, handle_accepted);
    INHERIT(ops, base, handle_read);
    INHERIT(ops, base, handle_write);
    INHERIT(ops, base, handle_expt);
    INHERIT(ops, base, handle_close);
    INHERIT(ops, base, handle_error);
    INHERIT(ops, base, recv);
    INHERIT(ops, base, send);
    INHERIT(ops, base, destroy);
}

static const struct dispatcher_ops base_ops = {
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
    *d = (struct dispatcher){.ops = *ops, .map = asyncore_map(map), .fd = -1};
    dispatcher_inherit(&d->ops, &base_ops);
    if (fd == -1)
        return 0;
    return look_at_socket(d, fd) == -1 ? -1 : asyncore_add_channel(d, fd);
}

int dispatcher_create_socket(struct dispatcher *d, int family, int type)
{
    int fd = net_socket(family, type);
    if (fd == -1)
        return -1;
    return asyncore_add_channel(d, fd) == -1 ? net_close_keep_errno(fd) : 0;
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
    socklen_t length;

    int fd = net_accept_from(d->fd, peer, &length);
    if (fd != -1)
        return fd;
    switch (errno) {
    case ECONNABORTED: /* the client has left already */
    case EPROTO:
    case EPERM:    /* a firewall does not want it */
    case ENETDOWN: /* an error of the network was waiting on the new connection */
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
#ifdef __linux__
    case EHOSTDOWN:
    case ENONET:
#endif
        errno = EAGAIN;
        break;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: /* the client still waits: at once, accept would only fail again */
        d->map->rest_until = net_now() + REST;
        break;
    }
    return -1;
}

/* What recv(2) or read(2) returned, as asyncore.h says it of dispatcher_recv. */
static ssize_t received(struct dispatcher *d, ssize_t result)
{
    if (result > 0 || (result == -1 && !is_disconnected()))
        return result;
    return d->ops.handle_close(d);
}

/* The same for send(2) or write(2). */
static ssize_t sent(struct dispatcher *d, ssize_t result, size_t length)
{
    dispatcher_update(d);
    if (result != -1)
        return result;
    if (net_would_wait())
        return 0;
    if (!is_disconnected())
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

static const struct dispatcher_ops with_send_ops = {
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
    dispatcher_inherit(&all, &with_send_ops);
    return dispatcher_init(&w->dispatcher, &all, fd, map);
}

size_t dispatcher_with_send_waiting(const struct dispatcher_with_send *w)
{
    return buffer_length(&w->out_buffer);
}

int dispatcher_with_send_initiate_send(struct dispatcher_with_send *w)
{
    struct buffer *buffer = &w->out_buffer;

    if (buffer_length(buffer) == 0)
        return 0;
    ssize_t count =
        dispatcher_send(&w->dispatcher, buffer_front(buffer), buffer_length(buffer));
    if (count == -1)
        return -1;
    buffer_take(buffer, (size_t)count);
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
    if (buffer_append(&w->out_buffer, (const char *)bytes + count,
                      length - (size_t)count) == -1)
        return -1;
    return (ssize_t)length;
}

void dispatcher_with_send_destroy(struct dispatcher *d)
{
    buffer_free(&with_send_of(d)->out_buffer);
}

/* ---- file_dispatcher ---- */

static const struct dispatcher_ops file_ops = {
    .recv = file_dispatcher_recv,
    .send = file_dispatcher_send,
};

int file_dispatcher_init(struct dispatcher *d, const struct dispatcher_ops *ops, int fd,
                         struct socket_map *map)
{
    struct dispatcher_ops all = *ops;

    dispatcher_inherit(&all, &file_ops);
    dispatcher_init(d, &all, -1, map);
    int own = dup(fd);
    if (own == -1)
        return -1;
    d->connected = true;
    return asyncore_add_channel(d, own) == -1 ? net_close_keep_errno(own) : 0;
}

ssize_t file_dispatcher_recv(struct dispatcher *d, void *bytes, size_t size)
{
    return received(d, read(d->fd, bytes, size));
}

ssize_t file_dispatcher_send(struct dispatcher *d, const void *bytes, size_t length)
{
    return sent(d, write(d->fd, bytes, length), length);
}
