/*
 * lines.c - puts lines together, as lines.h describes it.
 */
#include "lines.h"
#include "net.h"

#include <errno.h>
#include <string.h>

static const char LONGEST_END[] = "\r\n";

void lines_init(struct lines *lines, size_t max)
{
    *lines = (struct lines){.max = max};
    lines->buffer.limit = max + strlen(LONGEST_END);
}

void lines_free(struct lines *lines)
{
    buffer_free(&lines->buffer);
}

char *lines_room(struct lines *lines, size_t *size)
{
    *size = lines->buffer.limit - buffer_length(&lines->buffer);
    return buffer_reserve(&lines->buffer, *size);
}

void lines_added(struct lines *lines, size_t received)
{
    buffer_added(&lines->buffer, received);
}

/* The line that has begun is too long. Throws away what has come of it, and says so only once. */
static int skip_line(struct lines *lines)
{
    bool was_skipping = lines->skipping;

    lines_free(lines);
    lines->skipping = true;
    if (was_skipping)
        return 0;
    errno = EMSGSIZE;
    return -1;
}

int lines_next(struct lines *lines, char **line, size_t *length)
{
    size_t waiting = buffer_length(&lines->buffer);
    char *front = buffer_front(&lines->buffer);
    char *newline = waiting > 0 ? memchr(front, '\n', waiting) : NULL;

    if (newline == NULL) {
        if (lines->skipping || waiting == lines->buffer.limit)
            return skip_line(lines);
        if (waiting == 0)
            lines_free(lines);
        return 0;
    }
    *line = front;
    *length = (size_t)(newline - front);
    buffer_take(&lines->buffer, *length + 1); /* what follows stays, for the next line */
    if (*length > 0 && newline[-1] == '\r')
        --*length;
    if (lines->skipping) { /* this was the end of a line that is too long */
        lines->skipping = false;
        return lines_next(lines, line, length);
    }
    if (*length > lines->max) {
        errno = EMSGSIZE;
        return -1;
    }
    return 1;
}

bool lines_has_part(const struct lines *lines)
{
    return lines->skipping || buffer_length(&lines->buffer) > 0;
}

int lines_receive(struct lines *lines, int fd, char **line, size_t *length)
{
    int result;

    while ((result = lines_next(lines, line, length)) == 0) {
        size_t size;
        char *room = lines_room(lines, &size);
        if (room == NULL)
            return -1;
        ssize_t received = net_recv(fd, room, size);
        if (received == -1)
            return -1;
        if (received == 0 && lines_has_part(lines)) {
            errno = EBADMSG;
            return -1;
        }
        if (received == 0)
            return 0;
        lines_added(lines, (size_t)received);
    }
    return result;
}
