/*
 * lines.h - puts lines together, however their bytes arrive: lesson 3's framing `line`.
 *
 * A line ends with \n. A \r before it belongs to the end, and not to the line, as telnet and many
 * protocols have it.
 *
 * There is no descriptor in here. Whoever receives asks for room, receives into it, and says how
 * much it was; then come the lines that are complete, and half a line waits. So it serves a
 * program that waits in recv, and one that asks select, poll or asyncore first:
 *
 *     char *room = lines_room(&lines, &size);
 *     ssize_t received = recv(fd, room, size, 0);
 *     lines_added(&lines, (size_t)received);
 *     while ((result = lines_next(&lines, &line, &length)) != 0)
 *         ...
 */
#ifndef LINES_H
#define LINES_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* The lines of one connection. It has memory from lines_room until lines_next finds nothing that
 * waits: so ten thousand silent connections that are not being received from need none. */
struct lines {
    struct buffer buffer;
    size_t max;    /* bytes of the longest line, without its end */
    bool skipping; /* the line that has begun is too long: its rest is thrown away */
};

/* Begins with nothing, for lines of at most `max` bytes. lines_free ends it. */
void lines_init(struct lines *lines, size_t max);

/* Gives the memory back; what waits is lost. Then it can be used again. */
void lines_free(struct lines *lines);

/*
 * Returns where to receive, and sets *size to how much at most, which is at least 1 if lines_next
 * has returned 0 before. Returns NULL with errno ENOMEM if there is no memory.
 */
char *lines_room(struct lines *lines, size_t *size);

/* So many bytes were received into the room. */
void lines_added(struct lines *lines, size_t received);

/*
 * Hands out the next complete line, without its end. *line points into the buffer, and may be
 * changed, until the next call of any of these functions.
 * Returns 1 with *line and *length set; 0 if no line is complete; or -1 with errno EMSGSIZE, once
 * for each line that is too long, whose bytes are thrown away. To be called until it returns 0.
 */
int lines_next(struct lines *lines, char **line, size_t *length);

/* Whether the beginning of a line waits. At the end of a stream, that is half a line. */
bool lines_has_part(const struct lines *lines);

/*
 * For a program that waits: receives from the socket `fd` until a line is complete.
 * Returns 1 with *line and *length set, as lines_next; 0 when the peer has ended the stream between
 * two lines; or -1 with errno set: EMSGSIZE if the line is too long, EBADMSG if the stream ended
 * inside a line, EAGAIN after the time-out of net_set_timeout, ENOMEM, or what recv(2) says.
 */
int lines_receive(struct lines *lines, int fd, char **line, size_t *length);

#endif
