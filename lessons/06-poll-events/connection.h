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
    bool ended;               /* no more will come */
    int error;                /* the errno of a connection that is broken, or 0 */
};

/* Makes `fd` non-blocking. Returns 0, or -1 with errno set by fcntl(2). */
int connection_set_nonblocking(int fd);

/*
 * Lets the kernel ask a peer, when it was silent for `seconds`, whether it is still there. It
 * asks 3 times, so far apart; without an answer, the connection is broken, with ETIMEDOUT.
 * Returns 0, or -1 with errno set by setsockopt(2).
 */
int connection_keep_alive(int fd, long seconds);

/*
 * Takes the socket `fd`, connected with the peer `name`, for messages of at most
 * `max_message` bytes. Returns a connection that connection_close ends; or NULL with errno
 * set, and `fd` stays the caller's.
 */
struct connection *connection_open(int fd, const char *name, size_t max_message);

/* Closes the socket, and frees all memory. */
void connection_close(struct connection *connection);

/* Takes what has come, behind the bytes that wait; and notes if no more will come. Then
 * lines_next hands out the messages, which are to be taken until there are no more. */
void connection_receive(struct connection *connection);

/*
 * Sends bytes behind those that wait, and keeps what does not fit: connection_flush is to be
 * called when poll says that there is room. Where the connection is broken, there is nobody to
 * send them to.
 */
void connection_send(struct connection *connection, const char *bytes, size_t length);

/* Sends what waits, as far as there is room; and notes if the connection is broken. */
void connection_flush(struct connection *connection);

#endif
