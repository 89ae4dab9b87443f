/*
 * lines.h - puts lines together, however their bytes arrive, for the programs of lesson 5.
 *
 * In lesson 3 the program waited inside recv until a line was complete. With many
 * connections in one thread it must not wait for one of them. So each connection has a
 * buffer of its own: lines_receive takes what has come, lines_next hands out the lines that
 * are complete, and half a line waits here until select says that more has come.
 */
#ifndef LINES_H
#define LINES_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

struct lines {
    char *bytes; /* what was received: the bytes from start to end still wait */
    size_t size;
    size_t start, end;
    bool skipping; /* the line that has begun is too long: its rest is thrown away */
};

/*
 * Begins with an empty buffer for lines of at most `max` bytes. lines_free ends it.
 * Returns 0, or -1 with errno ENOMEM.
 */
static inline int lines_init(struct lines *lines, size_t max)
{
    *lines = (struct lines){.size = max + 1}; /* the longest line, and its newline */
    lines->bytes = malloc(lines->size);
    return lines->bytes != NULL ? 0 : -1;
}

static inline void lines_free(struct lines *lines)
{
    free(lines->bytes);
}

/*
 * Receives what has come on `fd`, behind the bytes that wait. It never waits itself: select
 * said that the socket is ready, but that may be wrong (`man 2 select`, under BUGS).
 * Returns the number of bytes; 0 at the end of the stream; or -1 with errno set by recv(2).
 */
static inline ssize_t lines_receive(struct lines *lines, int fd)
{
    size_t waiting = lines->end - lines->start;

    memmove(lines->bytes, lines->bytes + lines->start, waiting);
    lines->start = 0;
    lines->end = waiting;
    ssize_t received =
        recv(fd, lines->bytes + waiting, lines->size - waiting, MSG_DONTWAIT);
    if (received > 0)
        lines->end += (size_t)received;
    return received;
}

/* Throws the waiting bytes away. Returns whether they begin a line that is too long. */
static inline bool lines_skip(struct lines *lines)
{
    bool begins = !lines->skipping;

    lines->start = lines->end = 0;
    lines->skipping = true;
    return begins;
}

/*
 * Hands out the next complete line, without its newline, and without a \r before it, which
 * telnet sends. *line points into the buffer, until the next lines_receive.
 * Returns 1; 0 if no line is complete; or -1 with errno EMSGSIZE, once for each line that
 * is too long. It is to be called until it returns 0, or the buffer has no room for more.
 */
static inline int lines_next(struct lines *lines, const char **line, size_t *length)
{
    const char *waiting = lines->bytes + lines->start;
    size_t count = lines->end - lines->start;
    const char *newline = memchr(waiting, '\n', count);

    if (newline == NULL && (lines->skipping || count == lines->size)) {
        errno = EMSGSIZE;
        return lines_skip(lines) ? -1 : 0;
    }
    if (newline == NULL)
        return 0;
    /* EXERCISE 3: hand out the bytes before the newline, without a \r at their end; what
     * follows the newline stays in the buffer, for the next line */
    *line = waiting;
    *length = (size_t)(newline - waiting);
    lines->start += *length + 1;
    if (*length > 0 && waiting[*length - 1] == '\r')
        --*length;
    /* END EXERCISE */
    if (!lines->skipping)
        return 1;
    lines->skipping = false; /* this was the end of a line that is too long */
    return lines_next(lines, line, length);
}

#endif
