/*
 * connection.h - one connection of many: what has come, what is still to be sent, and calls
 * that never wait, for the programs of lesson 6.
 *
 * In lesson 5 each call had MSG_DONTWAIT. Here the socket itself is non-blocking: no call on
 * it waits. One that would have to wait returns -1, with errno EAGAIN.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <sys/types.h>

struct connection {
    int fd;
    char name[NET_NAME_SIZE]; /* of the peer */
    char *input;              /* what has come: the bytes from start to end still wait */
    size_t input_size;
    size_t start, end;
    bool skipping; /* the message that has begun is too long: its rest is thrown away */
    char *queue;   /* what is still to be sent */
    size_t queued, queue_size;
    bool ended; /* no more will come */
    int error;  /* the errno of a connection that is broken, or 0 */
};

/* Makes `fd` non-blocking. Returns 0, or -1 with errno set by fcntl(2). */
static inline int set_nonblocking(int fd)
{
    /* EXERCISE 3: add O_NONBLOCK to the flags that the descriptor has */
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    /* END EXERCISE */
}

/*
 * Takes the socket `fd`, connected with the peer `name`, for messages of at most
 * `max_message` bytes. Returns a connection that close_connection ends; or NULL with errno
 * set, and `fd` stays the caller's.
 */
static inline struct connection *open_connection(int fd, const char *name,
                                                 size_t max_message)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL)
        return NULL;
    connection->fd = fd;
    connection->input_size = max_message + 1; /* the longest, and its newline */
    connection->input = malloc(connection->input_size);
    if (connection->input == NULL || set_nonblocking(fd) == -1) {
        free(connection->input);
        free(connection);
        return NULL;
    }
    snprintf(connection->name, sizeof connection->name, "%s", name);
    return connection;
}

static inline void close_connection(struct connection *connection)
{
    close(connection->fd);
    free(connection->input);
    free(connection->queue);
    free(connection);
}

/*
 * Lets the kernel ask a peer, when it was silent for `seconds`, whether it is still there. It
 * asks 3 times, so far apart; without an answer, the connection is broken, with ETIMEDOUT.
 * Returns 0, or -1 with errno set by setsockopt(2).
 */
static inline int keep_alive(int fd, long seconds)
{
    int on = 1;
#ifdef TCP_KEEPIDLE /* elsewhere, the time stays the system's: about two hours */
    int idle = (int)seconds;
    int probes = 3;
    if (setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) == -1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle) == -1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes) == -1)
        return -1;
#else
    (void)seconds;
#endif
    return setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* Whether the call that just failed only had nothing to do: poll says when to try again. */
static inline bool would_wait(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* ---- receiving ---- */

/* Takes what has come, behind the bytes that wait; and notes if no more will come. */
static inline void receive(struct connection *connection)
{
    size_t waiting = connection->end - connection->start;

    if (waiting == connection->input_size)
        return; /* it is full, of messages: recv with no room would return 0, like the end */
    memmove(connection->input, connection->input + connection->start, waiting);
    connection->start = 0;
    connection->end = waiting;
    ssize_t received = recv(connection->fd, connection->input + waiting,
                            connection->input_size - waiting, 0);
    if (received > 0)
        connection->end += (size_t)received;
    else if (received == 0)
        connection->ended = true;
    else if (!would_wait()) {
        connection->ended = true;
        connection->error = errno;
    }
}

/*
 * Hands out the next complete message: a line, without its newline, and without a \r before
 * it. *message points into the buffer, until the next call of receive.
 * Returns 1; 0 if no message is complete; or -1 with errno EMSGSIZE, once for each message
 * that is too long. It is to be called until it returns 0: then the buffer has room.
 */
static inline int next_message(struct connection *connection, const char **message,
                               size_t *length)
{
    const char *waiting = connection->input + connection->start;
    size_t count = connection->end - connection->start;
    const char *newline = memchr(waiting, '\n', count);
    bool skipping = connection->skipping;

    if (newline == NULL && (skipping || count == connection->input_size)) {
        connection->start = connection->end = 0;
        connection->skipping = true;
        errno = EMSGSIZE;
        return skipping ? 0 : -1;
    }
    if (newline == NULL)
        return 0;
    *message = waiting;
    *length = (size_t)(newline - waiting);
    connection->start += *length + 1;
    if (*length > 0 && waiting[*length - 1] == '\r')
        --*length;
    if (!skipping)
        return 1;
    connection->skipping = false; /* this was the end of a message that is too long */
    return next_message(connection, message, length);
}

/* ---- sending ---- */

/*
 * Puts bytes behind those that wait; flush sends them. Where the connection is broken, there
 * is nobody to send them to.
 */
static inline void enqueue(struct connection *connection, const char *bytes,
                           size_t length)
{
    size_t needed = connection->queued + length;

    if (connection->error != 0)
        return;
    if (needed > connection->queue_size) {
        char *larger = realloc(connection->queue, 2 * needed);
        if (larger == NULL) {
            connection->ended = true;
            connection->error = errno;
            connection->queued = 0;
            return;
        }
        connection->queue = larger;
        connection->queue_size = 2 * needed;
    }
    memcpy(connection->queue + connection->queued, bytes, length);
    connection->queued = needed;
}

/* Sends what waits, as far as there is room; and notes if the connection is broken. */
static inline void flush(struct connection *connection)
{
    /* EXERCISE 4: send what the kernel takes of the queue; the rest moves to its front. What
     * waits for a peer that is gone is thrown away */
    ssize_t sent =
        send(connection->fd, connection->queue, connection->queued, MSG_NOSIGNAL);
    if (sent == -1 && would_wait())
        return;
    if (sent == -1) {
        connection->error = errno;
        sent = (ssize_t)connection->queued;
    }
    connection->queued -= (size_t)sent;
    memmove(connection->queue, connection->queue + sent, connection->queued);
    /* END EXERCISE */
}

#endif
