/*
 * line.h - lines on a TCP stream, for both programs of lesson 4. It is lesson 3's framing
 * `line`, and nothing in it is new.
 *
 * A line ends with \n. A \r before it belongs to the end, and not to the line, as telnet
 * and many protocols have it.
 */
#ifndef LINE_H
#define LINE_H

#include "net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What was received from `fd`: the bytes from start to end still wait. */
struct lines {
    int fd;
    size_t max; /* the longest line to receive, in bytes */
    char *bytes;
    size_t start, end;
};

/* The longest line, and the \r\n behind it. */
static inline size_t lines_size(const struct lines *lines)
{
    return lines->max + strlen("\r\n");
}

/*
 * Begins to receive lines of at most `max` bytes from the connected socket `fd`, which
 * stays the caller's. lines_free ends it. Returns 0, or -1 with errno ENOMEM.
 */
static inline int lines_init(struct lines *lines, int fd, size_t max)
{
    *lines = (struct lines){.fd = fd, .max = max};
    lines->bytes = malloc(lines_size(lines));
    return lines->bytes == NULL ? -1 : 0;
}

static inline void lines_free(struct lines *lines)
{
    free(lines->bytes);
}

/* Sets errno, and returns -1. */
static inline int lines_fail(int error)
{
    errno = error;
    return -1;
}

/*
 * Receives the next line. *line points into the buffer, and is gone at the next call.
 *
 * Returns 1 with *line and *length set, without the end of the line; 0 when the peer has
 * ended the stream between two lines; or -1 with errno set: EMSGSIZE if the line is longer
 * than the max, EBADMSG if the stream ended inside a line, EAGAIN after a time-out, or
 * what recv(2) says.
 */
static inline int receive_line(struct lines *lines, char **line, size_t *length)
{
    for (;;) {
        char *waiting = lines->bytes + lines->start;
        size_t count = lines->end - lines->start;
        char *newline = memchr(waiting, '\n', count);
        if (newline != NULL) {
            *line = waiting;
            *length = (size_t)(newline - waiting);
            lines->start += *length + 1; /* what follows stays, for the next call */
            if (*length > 0 && newline[-1] == '\r')
                --*length;
            return *length <= lines->max ? 1 : lines_fail(EMSGSIZE);
        }
        if (count == lines_size(lines))
            return lines_fail(EMSGSIZE);

        memmove(lines->bytes, waiting, count);
        lines->start = 0;
        lines->end = count;
        ssize_t received =
            net_recv(lines->fd, lines->bytes + count, lines_size(lines) - count);
        if (received == 0 && count > 0)
            return lines_fail(EBADMSG);
        if (received <= 0)
            return received == 0 ? 0 : -1;
        lines->end += (size_t)received;
    }
}

#endif
