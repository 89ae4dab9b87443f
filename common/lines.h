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
 *     char *room = lines_room(&lines, &size);       (NULL: there is no memory)
 *     ssize_t received = recv(fd, room, size, 0);   (0: the end; -1: an error)
 *     if (received > 0)
 *         lines_added(&lines, (size_t)received);
 *     while ((result = lines_next(&lines, &line, &length)) != 0)
 *         ...                                       (1: a line; -1: one that is too long)
 */
#ifndef LINES_H
#define LINES_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* The lines of one connection. lines_room asks for memory, and lines_next gives it back when it
 * returns 0 and not even half a line waits: so ten thousand silent connections need none. */
struct lines {
    struct buffer buffer;
    size_t max;    /* bytes of the longest line, without its end */
    bool skipping; /* the line that has begun is too long: its rest is thrown away */
};

/* Begins with nothing, for lines of at most `max` bytes. lines_free ends it. */
void lines_init(struct lines *lines, size_t max);

/* Gives the memory back; what waits is lost. lines_init begins again. */
void lines_free(struct lines *lines);

/*
 * Returns where to receive the next bytes, and sets *size to how many fit there. That is at least 1
 * if lines_next has returned 0 since bytes were added; else it may be 0, because the buffer is full
 * of lines. The memory stays the lines', until the next call of lines_next or lines_free.
 * Returns NULL with errno ENOMEM if there is no memory; then what waits stays.
 */
char *lines_room(struct lines *lines, size_t *size);

/* `received` bytes, at most *size, were received where lines_room said. */
void lines_added(struct lines *lines, size_t received);

/*
 * Hands out the next complete line, without its end. *line points into the buffer, and may be
 * changed, until the next call of any of these functions.
 * Returns 1 with *line and *length set; 0 if no line is complete; or -1 with errno EMSGSIZE, once
 * for each line that is too long, whose bytes are thrown away. To be called until it returns 0.
 */
int lines_next(struct lines *lines, char **line, size_t *length);

/* Whether the beginning of a line waits, once lines_next has returned 0. At the end of a stream,
 * that is half a line. */
bool lines_has_part(const struct lines *lines);

/*
 * For a program that waits: receives from the socket `fd` until a line is complete.
 * Returns 1 with *line and *length set, as lines_next; 0 when the peer has ended the stream between
 * two lines; or -1 with errno set: EMSGSIZE if the line is too long, EBADMSG if the stream ended
 * inside a line, EAGAIN after the time-out of net_set_timeout, EINTR if the program is to stop,
 * ENOMEM, or what recv(2) says.
 */
int lines_receive(struct lines *lines, int fd, char **line, size_t *length);

#endif
