/*
 * request_handler.c - rfile, wfile, and the classes of handlers, as request_handler.h describes
 * them.
 */
#include "request_handler.h"
#include "buffer.h"
#include "class.h"
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- addresses ---- */

const char *server_format_address(const struct sockaddr_storage *address,
                                  socklen_t length, char name[SERVER_NAME_SIZE])
{
    if (address->ss_family == AF_INET || address->ss_family == AF_INET6)
        return net_format_address(address, name);

    /* A Unix socket that was not bound has no path; a path may fill all of sun_path. */
    const struct sockaddr_un *local = (const struct sockaddr_un *)address;
    size_t before = offsetof(struct sockaddr_un, sun_path);
    size_t room = length > before ? length - before : 0;
    size_t used = strnlen(local->sun_path, room);
    char *end = name;
    for (size_t i = 0; i < used; i++) {
        unsigned char byte = (unsigned char)local->sun_path[i];
        bool is_plain = byte >= ' ' && byte <= '~' && byte != '\\';
        end += sprintf(end, is_plain ? "%c" : "\\x%02x", byte);
    }
    return used > 0 ? name : strcpy(name, "unnamed");
}

/* ---- rfile and wfile ---- */

enum { PIECE = 512 }; /* bytes that rfile has room for, at least, when it receives */

/* What recv and send call EAGAIN after a time-out, Python calls TimeoutError. Returns -1. */
static int fail_as_timeout(void)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        errno = ETIMEDOUT;
    return -1;
}

/* Receives more. Returns how many bytes, 0 at the end of the stream, or -1 with errno. */
static ssize_t rfile_fill(struct rfile *rfile)
{
    struct buffer *buffer = &rfile->buffer;

    if (rfile->fd == -1)
        return 0;
    char *room = buffer_reserve(buffer, PIECE);
    if (room == NULL)
        return -1;
    ssize_t received = net_recv(rfile->fd, room, buffer->size - buffer->end);
    if (received == -1)
        return fail_as_timeout();
    buffer_added(buffer, (size_t)received);
    return received;
}

ssize_t rfile_readline(struct rfile *rfile, size_t limit, char **line)
{
    struct buffer *buffer = &rfile->buffer;
    size_t searched = 0; /* of the bytes that wait: there is no newline among them */
    size_t length = 0;
    const char *newline = NULL;

    while (newline == NULL && length < limit) {
        if (searched == buffer_length(buffer)) {
            ssize_t received = rfile_fill(rfile);
            if (received == -1)
                return -1;
            if (received == 0)
                break;
        }
        length = buffer_length(buffer);
        if (length > limit)
            length = limit;
        newline = memchr(buffer_front(buffer) + searched, '\n', length - searched);
        searched = length;
    }
    *line = buffer_front(buffer);
    if (newline != NULL)
        length = (size_t)(newline - *line) + 1;
    buffer_take(buffer, length);
    return (ssize_t)length;
}

ssize_t rfile_read1(struct rfile *rfile, void *bytes, size_t size)
{
    struct buffer *buffer = &rfile->buffer;
    size_t waiting = buffer_length(buffer);

    if (waiting == 0 && rfile->fd != -1 && size > 0) {
        ssize_t received = net_recv(rfile->fd, bytes, size);
        return received == -1 ? fail_as_timeout() : received;
    }
    if (size > waiting)
        size = waiting;
    if (size > 0)
        memcpy(bytes, buffer_front(buffer), size);
    buffer_take(buffer, size);
    return (ssize_t)size;
}

static int wfile_send(struct wfile *wfile, const void *bytes, size_t length)
{
    return net_send_all(wfile->fd, bytes, length) == -1 ? fail_as_timeout() : 0;
}

int wfile_flush(struct wfile *wfile)
{
    struct buffer *buffer = &wfile->buffer;
    size_t length = buffer_length(buffer);

    if (wfile->fd == -1 || length == 0)
        return 0;
    int result = wfile_send(wfile, buffer_front(buffer), length);
    buffer_take(buffer, length); /* also if it fails: nobody knows how much has arrived */
    return result;
}

int wfile_write(struct wfile *wfile, const void *bytes, size_t length)
{
    if (length > wfile->bufsize - buffer_length(&wfile->buffer) &&
        wfile_flush(wfile) == -1)
        return -1;
    if (length > wfile->bufsize)
        return wfile_send(wfile, bytes, length);
    return buffer_append(&wfile->buffer, bytes, length);
}

/* ---- handlers ---- */

static int do_nothing(struct request_handler *handler)
{
    (void)handler;
    return 0;
}

const struct request_handler_class request_handler_class = {
    .size = sizeof(struct request_handler),
    .setup = do_nothing,
    .handle = do_nothing,
    .finish = do_nothing,
};

int stream_request_handler_setup(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    int fd = handler->request->fd;
    sa_family_t family = handler->request->client_address.ss_family;
    bool is_tcp = family == AF_INET || family == AF_INET6;

    if (self->timeout > 0 && net_set_timeout(fd, self->timeout) == -1)
        return -1;
    if (self->disable_nagle_algorithm && is_tcp && net_set_nodelay(fd) == -1)
        return -1;
    self->rfile = (struct rfile){.fd = fd};
    self->wfile = (struct wfile){.fd = fd, .bufsize = self->wbufsize};
    return 0;
}

int stream_request_handler_finish(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);

    int result = wfile_flush(&self->wfile);
    buffer_free(&self->rfile.buffer);
    buffer_free(&self->wfile.buffer);
    return result;
}

const struct request_handler_class stream_request_handler_class = {
    .size = sizeof(struct stream_request_handler),
    .setup = stream_request_handler_setup,
    .handle = do_nothing,
    .finish = stream_request_handler_finish,
};

int datagram_request_handler_setup(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    const struct request *request = handler->request;

    /* The packet is the request's. */
    self->rfile = (struct rfile){
        .fd = -1, .buffer = {.bytes = request->packet, .end = request->packet_length}};
    self->wfile = (struct wfile){.fd = -1, .bufsize = SIZE_MAX};
    return 0;
}

int datagram_request_handler_finish(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    const struct request *request = handler->request;
    size_t length = buffer_length(&self->wfile.buffer);
    ssize_t sent = 0;

    /* To wait for one client that does not read would keep all others waiting. */
    if (length > 0)
        do
            sent = sendto(request->fd, buffer_front(&self->wfile.buffer), length,
                          MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&request->client_address,
                          request->client_address_length);
        while (sent == -1 && errno == EINTR);
    buffer_free(&self->wfile.buffer);
    return sent == -1 ? -1 : 0;
}

const struct request_handler_class datagram_request_handler_class = {
    .size = sizeof(struct stream_request_handler),
    .setup = datagram_request_handler_setup,
    .handle = do_nothing,
    .finish = datagram_request_handler_finish,
};

void request_handler_inherit(struct request_handler_class *class)
{
    if (class->base == NULL)
        class->base = &request_handler_class;
    INHERIT(class, class->base, size);
    INHERIT(class, class->base, setup);
    INHERIT(class, class->base, handle);
    INHERIT(class, class->base, finish);
}

/* Returns 0, or -1 with errno set. */
static int run_handler(struct request_handler *handler)
{
    if (handler->class->setup(handler) == -1)
        return -1;
    /* EXERCISE 3: call handle, and then finish, whatever handle has returned. If one of them
     * fails, return -1; if both do, errno is that of handle */
    int result = handler->class->handle(handler);
    int error = errno;
    if (handler->class->finish(handler) == -1 && result == 0)
        return -1;
    errno = error;
    return result;
    /* END EXERCISE */
}

int request_handler_run(const struct request_handler_class *class, struct server *server,
                        const struct request *request)
{
    struct request_handler *handler = calloc(1, class->size);

    if (handler == NULL)
        return -1;
    handler->class = class;
    handler->server = server;
    handler->request = request;
    int result = run_handler(handler);
    int error = errno;
    free(handler);
    errno = error;
    return result;
}
