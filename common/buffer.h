/*
 * buffer.h - bytes that wait, in memory that grows: added at the end, taken from the front.
 *
 * Lesson 3's stream and lesson 5's outbox are such buffers, written out. From lesson 4 on, lines.h
 * puts lines together in one, and from lesson 6 on, queue.h keeps in one what a peer has not taken.
 *
 *        .   .   o   n   e  \n   t   w   .   .   .
 *        ^ bytes ^ start                 ^ end     ^ size
 *
 * To take bytes only moves `start`, and to add bytes moves `end`: the bytes themselves are moved
 * now and then, when there is no room behind them.
 */
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>

/* Begins as {0}, or as {.limit = N}, and has no memory yet. buffer_free ends it. */
struct buffer {
    char *bytes;       /* from malloc, or NULL */
    size_t size;       /* how many fit */
    size_t start, end; /* those from start to end wait */
    size_t limit;      /* so many may wait at most; 0: there is no limit */
};

/* Returns how many bytes wait. */
static inline size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* Returns where the bytes that wait begin; NULL if the buffer has no memory. They stay there until
 * the next call of buffer_reserve, buffer_append or buffer_free. */
static inline char *buffer_front(const struct buffer *buffer)
{
    return buffer->bytes != NULL ? buffer->bytes + buffer->start : NULL;
}

/*
 * Makes room for `count` bytes, 1 or more, behind those that wait, at least.
 * Returns where to write them, before buffer_added says how many they were; or NULL with errno
 * ENOBUFS, if more than the limit would wait, or ENOMEM. Then the same bytes wait as before.
 */
char *buffer_reserve(struct buffer *buffer, size_t count);

/* `count` bytes, at most what was reserved, were written where buffer_reserve said: they wait. */
void buffer_added(struct buffer *buffer, size_t count);

/* Puts a copy of `length` bytes behind those that wait. Returns 0, or -1 with errno as
 * buffer_reserve. */
int buffer_append(struct buffer *buffer, const void *bytes, size_t length);

/* Takes `count` bytes away from the front: at least so many must wait. */
void buffer_take(struct buffer *buffer, size_t count);

/* Gives the memory back. The buffer is empty then, keeps its limit, and can be used again. */
void buffer_free(struct buffer *buffer);

#endif
