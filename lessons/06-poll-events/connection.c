/*
 * connection.c - one connection of many, and calls that never wait, as connection.h says.
 */
#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int connection_set_nonblocking(int fd)
{
    /* EXERCISE 3: add O_NONBLOCK to the flags that the descriptor has */
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    /* END EXERCISE */
}

int connection_keep_alive(int fd, long seconds)
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

struct connection *connection_open(int fd, const char *name, size_t max_message)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL)
        return NULL;
    if (connection_set_nonblocking(fd) == -1) {
        free(connection);
        return NULL;
    }
    net_set_nodelay(fd); /* if it fails, what is sent may come later */
    connection->fd = fd;
    lines_init(&connection->lines, max_message);
    snprintf(connection->name, sizeof connection->name, "%s", name);
    return connection;
}

void connection_close(struct connection *connection)
{
    close(connection->fd);
    lines_free(&connection->lines);
    queue_free(&connection->queue);
    free(connection);
}

/* Notes that the connection can't go on, as errno says: what waits will not be sent. */
static void note_error(struct connection *connection)
{
    connection->error = errno;
    queue_free(&connection->queue);
}

void connection_receive(struct connection *connection)
{
    size_t size;
    char *room = lines_room(&connection->lines, &size);

    if (size == 0)
        return; /* full of messages: a recv of at most 0 bytes would return 0, as at the end */
    if (room == NULL) {
        connection->ended = true; /* no memory: it can't go on */
        note_error(connection);
        return;
    }
    ssize_t received = recv(connection->fd, room, size, 0);
    /* EXERCISE 4: bytes are added to the lines; 0 is the end of the stream; and after -1, unless
     * the call only had nothing to do, the connection is broken */
    if (received > 0) {
        lines_added(&connection->lines, (size_t)received);
    } else if (received == 0) {
        connection->ended = true;
    } else if (!net_would_wait()) {
        connection->ended = true;
        note_error(connection);
    }
    /* END EXERCISE */
}

void connection_send(struct connection *connection, const char *bytes, size_t length)
{
    if (connection->error != 0 ||
        queue_send(&connection->queue, connection->fd, bytes, length) == 0)
        return;
    note_error(connection);
    /* If it is broken, recv will say so, after what the peer has sent before. If there is no
     * memory, recv knows nothing of it: so it ends here. */
    if (connection->error == ENOMEM)
        connection->ended = true;
}

void connection_flush(struct connection *connection)
{
    if (queue_flush(&connection->queue, connection->fd) == -1)
        note_error(connection);
}
