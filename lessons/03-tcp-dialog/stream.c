/*
 * stream.c - messages on a TCP stream, as stream.h describes them.
 */
#include "stream.h"
#include "net.h" /* net_stopping, net_now */

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

const char *const STREAM_FRAMINGS[] = {"raw", "line", "nul", "length", NULL};

enum stream_framing stream_framing_named(const char *name)
{
    int i = 0;
    while (strcmp(STREAM_FRAMINGS[i], name) != 0)
        i++;
    return (enum stream_framing)i;
}

/* Makes room for `needed` bytes in a buffer. Returns 0, or -1 with errno ENOMEM. */
static int grow(char **buffer, size_t *size, size_t needed)
{
    if (needed <= *size)
        return 0;
    char *larger = realloc(*buffer, needed);
    if (larger == NULL)
        return -1;
    *buffer = larger;
    *size = needed;
    return 0;
}

int stream_init(struct stream *stream, int fd, enum stream_framing framing, size_t max)
{
    *stream = (struct stream){.fd = fd, .framing = framing, .max = max};
    return grow(&stream->in, &stream->in_size, max < 4096 ? max + 1 : 4096);
}

void stream_free(struct stream *stream)
{
    free(stream->in);
    free(stream->out);
}

/* ---- the two loops: a call may move only a part ---- */

/*
 * Receives what has come, at most `size` bytes. A signal that does not ask to stop does
 * not end the wait. Returns the number of bytes, 0 at the end of the stream, or -1 with errno
 * set by recv(2); EINTR if the program is to stop, also if bytes are there.
 */
static ssize_t receive(int fd, void *bytes, size_t size)
{
    /* Also before the first recv: if the peer never stops sending, none is ever interrupted. */
    while (!net_stopping) {
        ssize_t received = recv(fd, bytes, size, 0);
        if (received != -1 || errno != EINTR)
            return received;
    }
    errno = EINTR;
    return -1;
}

/*
 * Receives exactly `length` bytes.
 * Returns length; less at the end of the stream; or -1 with errno set by recv(2).
 */
static ssize_t receive_all(int fd, void *bytes, size_t length)
{
    /* EXERCISE 4: receive may return only a part; call it until all has come, or the stream
     * has ended */
    size_t done = 0;
    while (done < length) {
        ssize_t received = receive(fd, (char *)bytes + done, length - done);
        if (received == -1)
            return -1;
        if (received == 0)
            break;
        done += (size_t)received;
    }
    return (ssize_t)done;
    /* END EXERCISE */
}

/*
 * Sends all of `length` bytes, in as many calls as it takes.
 * Returns 0, or -1 with errno set by send(2); then nobody knows how much has arrived.
 */
static int send_all(int fd, const void *bytes, size_t length)
{
    /* EXERCISE 2: send may take only a part; call it until all is sent, and again after a
     * signal that does not ask to stop */
    size_t done = 0;
    while (done < length) {
        ssize_t sent = send(fd, (const char *)bytes + done, length - done, MSG_NOSIGNAL);
        if (sent >= 0)
            done += (size_t)sent;
        else if (errno != EINTR || net_stopping)
            return -1;
    }
    return 0;
    /* END EXERCISE */
}

/* ---- receiving a message ---- */

/* Sets errno to `error`. Returns -1. */
static int fail_with(int error)
{
    errno = error;
    return -1;
}

/* No framing: whatever has come is the message. */
static int receive_raw(struct stream *stream, char **message, size_t *length)
{
    if (grow(&stream->in, &stream->in_size, stream->max) == -1)
        return -1;
    ssize_t received = receive(stream->fd, stream->in, stream->max);
    if (received <= 0)
        return received == 0 ? 0 : -1;
    *message = stream->in;
    *length = (size_t)received;
    return 1;
}

/*
 * Moves the bytes that wait to the front of the buffer, and receives more behind them.
 * Returns what receive returns; or -1 with errno EMSGSIZE if as many wait already as the longest
 * message has with its terminator, or ENOMEM.
 */
static ssize_t receive_more(struct stream *stream)
{
    size_t waiting = stream->end - stream->start;
    size_t most = stream->max + 1; /* the longest message, and its terminator */

    if (waiting == most)
        return fail_with(EMSGSIZE);
    memmove(stream->in, stream->in + stream->start, waiting);
    stream->start = 0;
    stream->end = waiting;
    if (waiting == stream->in_size && grow(&stream->in, &stream->in_size,
                                           most < 2 * waiting ? most : 2 * waiting) == -1)
        return -1;

    ssize_t received =
        receive(stream->fd, stream->in + waiting, stream->in_size - waiting);
    if (received > 0)
        stream->end += (size_t)received;
    return received;
}

/* The message ends where `terminator` stands; what follows it belongs to the next one. */
static int receive_terminated(struct stream *stream, char terminator, char **message,
                              size_t *length)
{
    size_t searched = 0; /* so many of the bytes that wait are known to be none */

    for (;;) {
        char *waiting = stream->in + stream->start;
        size_t count = stream->end - stream->start;
        char *found = memchr(waiting + searched, terminator, count - searched);
        if (found != NULL) {
            /* EXERCISE 1: hand out the bytes before the terminator, no more; what follows
             * it stays in the buffer, for the next message */
            *message = waiting;
            *length = (size_t)(found - waiting);
            stream->start += *length + 1;
            return 1;
            /* END EXERCISE */
        }
        searched = count;

        ssize_t received = receive_more(stream);
        if (received == 0 && count > 0)
            return fail_with(EBADMSG);
        if (received <= 0)
            return received == 0 ? 0 : -1;
    }
}

/* The message is as long as the 4 bytes before it say, in network byte order. */
static int receive_counted(struct stream *stream, char **message, size_t *length)
{
    uint32_t header;
    ssize_t received = receive_all(stream->fd, &header, sizeof header);
    if (received <= 0)
        return received == 0 ? 0 : -1;
    if (received < (ssize_t)sizeof header)
        return fail_with(EBADMSG);

    /* The peer may claim 4 GiB. The number is checked before any memory is asked for. */
    *length = ntohl(header);
    /* EXERCISE 5: a message longer than the stream's max fails with EMSGSIZE */
    if (*length > stream->max)
        return fail_with(EMSGSIZE);
    /* END EXERCISE */
    if (grow(&stream->in, &stream->in_size, *length) == -1)
        return -1;
    received = receive_all(stream->fd, stream->in, *length);
    if (received == -1)
        return -1;
    if ((size_t)received < *length)
        return fail_with(EBADMSG);
    *message = stream->in;
    return 1;
}

int stream_receive(struct stream *stream, char **message, size_t *length)
{
    switch (stream->framing) {
    case STREAM_LINE:
        return receive_terminated(stream, '\n', message, length);
    case STREAM_NUL:
        return receive_terminated(stream, '\0', message, length);
    case STREAM_LENGTH:
        return receive_counted(stream, message, length);
    default:
        return receive_raw(stream, message, length);
    }
}

/* ---- sending a message ---- */

/* The message and its framing are put together first, and leave in one send: TCP delays a
 * second small packet until the first is acknowledged. */
int stream_send(struct stream *stream, const char *message, size_t length)
{
    uint32_t header;
    size_t framed = 0;

    if (grow(&stream->out, &stream->out_size, sizeof header + length + 1) == -1)
        return -1;
    if (stream->framing == STREAM_LENGTH) {
        /* EXERCISE 3: put the length before the message: 4 bytes, in network byte order */
        header = htonl((uint32_t)length);
        memcpy(stream->out, &header, sizeof header);
        framed = sizeof header;
        /* END EXERCISE */
    }
    memcpy(stream->out + framed, message, length);
    framed += length;
    if (stream->framing == STREAM_LINE)
        stream->out[framed++] = '\n';
    if (stream->framing == STREAM_NUL)
        stream->out[framed++] = '\0';
    return send_all(stream->fd, stream->out, framed);
}

/* ---- time-outs, and the end of a connection ---- */

int stream_set_timeout(struct stream *stream, double seconds)
{
    struct timeval limit = {.tv_sec = (time_t)seconds};
    limit.tv_usec = (suseconds_t)((seconds - (double)limit.tv_sec) * 1e6);

    /* Lesson 2 sets a limit for recv. A peer that does not read keeps send waiting, too. */
    if (setsockopt(stream->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1)
        return -1;
    return setsockopt(stream->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

void stream_linger(struct stream *stream)
{
    const double end = net_now() + 2;
    char unread[4096];

    shutdown(stream->fd, SHUT_WR);
    /* A time-out of 0 would wait for ever. */
    for (double left = 2; left > 0.001; left = end - net_now())
        if (stream_set_timeout(stream, left) == -1 ||
            receive(stream->fd, unread, sizeof unread) <= 0)
            return;
}
