/*
 * lines.h - puts lines together, however their bytes arrive, for the programs of lesson 7.
 *
 * It is the one of lesson 5, with two differences. The receiving is left to the dispatcher:
 * lines_room says where to, lines_add how much it was. And there is a buffer only while half
 * a line waits in it: ten thousand silent connections need none.
 */
#ifndef LINES_H
#define LINES_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Begins as {.size = the longest line + 1}. lines_free ends it. */
struct lines {
    char *bytes; /* what was received: the bytes from start to end still wait; or NULL */
    size_t size;
    size_t start, end;
    bool skipping; /* the line that has begun is too long: its rest is thrown away */
};

static inline void lines_free(struct lines *lines)
{
    free(lines->bytes);
    lines->bytes = NULL;
    lines->start = lines->end = 0;
}

/* Returns where to receive, `*size` bytes at most; or NULL with errno ENOMEM. */
static inline char *lines_room(struct lines *lines, size_t *size)
{
    size_t waiting = lines->end - lines->start;

    if (lines->bytes == NULL)
        lines->bytes = malloc(lines->size);
    if (lines->bytes == NULL)
        return NULL;
    memmove(lines->bytes, lines->bytes + lines->start, waiting);
    lines->start = 0;
    lines->end = waiting;
    *size = lines->size - waiting;
    return lines->bytes + waiting;
}

/* So many bytes were received into the room. */
static inline void lines_add(struct lines *lines, size_t received)
{
    lines->end += received;
}

/*
 * Hands out the next complete line, without its newline, and without a \r before it. *line
 * points into the buffer, until the next call. To be called until it returns 0.
 * Returns 1; 0 if no line is complete; or -1 with errno EMSGSIZE, once for each line that is
 * too long.
 */
static inline int lines_next(struct lines *lines, const char **line, size_t *length)
{
    const char *waiting = lines->bytes + lines->start;
    size_t count = lines->end - lines->start;
    const char *newline = count > 0 ? memchr(waiting, '\n', count) : NULL;
    bool skipping = lines->skipping;

    if (newline == NULL && (skipping || count == lines->size)) {
        lines->start = lines->end;
        lines->skipping = true;
        errno = EMSGSIZE;
        return skipping ? 0 : -1;
    }
    if (newline == NULL) {
        if (count == 0)
            lines_free(lines);
        return 0;
    }
    *line = waiting;
    *length = (size_t)(newline - waiting);
    lines->start += *length + 1;
    if (*length > 0 && waiting[*length - 1] == '\r')
        --*length;
    if (!skipping)
        return 1;
    lines->skipping = false; /* this was the end of a line that is too long */
    return lines_next(lines, line, length);
}

#endif
