/*
 * connection.h - one connection of many: what has come, what is still to be sent, and calls
 * that never wait, for the programs of lesson 6.
 *
 * In lesson 5 each call had MSG_DONTWAIT. Here the socket itself is non-blocking: no call on
 * it waits. One that would have to wait returns -1, with errno EAGAIN.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "lines.h"
#include "net.h"
#include "queue.h"

#include <stdbool.h>
#include <stddef.h>

struct connection {
    int fd;
    char name[NET_NAME_SIZE]; /* of the peer */
    struct lines lines;       /* what has come */
    struct queue queue;       /* what the peer has not taken yet */
    bool ended;               /* no more will come: close it when the queue is empty */
    int error;                /* why it can't go on, an errno; or 0 */
};

/* Makes `fd` non-blocking. Returns 0, or -1 with errno set by fcntl(2). */
int connection_set_nonblocking(int fd);

/*
 * Lets the kernel ask a peer, when it was silent for `seconds`, whether it is still there. It
 * asks 3 times, `seconds` (1 to 32767) apart; without an answer, the connection is broken, with ETIMEDOUT.
 * Returns 0, or -1 with errno set by setsockopt(2).
 */
int connection_keep_alive(int fd, long seconds);

/*
 * Makes a connection of the socket `fd`, which is connected with the peer `name` (it is
 * copied), for messages of at most `max_message` bytes. Returns it, until connection_close,
 * and `fd` is its own; or NULL with errno ENOMEM or as fcntl(2) sets it, and `fd` stays the
 * caller's.
 */
struct connection *connection_open(int fd, const char *name, size_t max_message);

/* Closes the socket, and frees the connection. */
void connection_close(struct connection *connection);

/*
 * Receives what has come, behind the bytes that wait in `lines`, without waiting. Sets `ended` if
 * no more will come, and `error` if that is an error. Then lines_next hands out the messages, which
 * are to be taken until there are no more.
 */
void connection_receive(struct connection *connection);

/*
 * Sends `length` bytes behind those that wait. What does not fit is copied into the queue:
 * connection_flush is to be called when poll says that there is room. Sets `error` if it fails, and
 * empties the queue; without memory, sets `ended`, too. If `error` is set already, nothing is sent.
 */
void connection_send(struct connection *connection, const char *bytes, size_t length);

/* Sends what waits in the queue, as far as there is room. If it fails, sets `error`, and empties
 * the queue. */
void connection_flush(struct connection *connection);

#endif
