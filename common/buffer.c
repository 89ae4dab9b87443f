/*
 * buffer.c - bytes that wait, in memory that grows, as buffer.h describes them.
 */
#include "buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Moves the bytes that wait to the beginning of the memory. */
static void move_to_front(struct buffer *buffer)
{
    size_t waiting = buffer_length(buffer);

    if (buffer->start > 0 && waiting > 0)
        memmove(buffer->bytes, buffer->bytes + buffer->start, waiting);
    buffer->start = 0;
    buffer->end = waiting;
}

/* Makes the memory as large as `needed` bytes, the first time: often it is the last. Later it makes
 * it twice as large as that, but no larger than the limit; `needed` is at most the limit.
 * Returns 0, or -1 with errno ENOMEM. */
static int grow(struct buffer *buffer, size_t needed)
{
    size_t size = buffer->bytes != NULL && needed < SIZE_MAX / 2 ? 2 * needed : needed;

    if (buffer->limit > 0 && size > buffer->limit)
        size = buffer->limit;
    if (size <= buffer->size)
        return 0;
    char *larger = realloc(buffer->bytes, size);
    if (larger == NULL)
        return -1;
    buffer->bytes = larger;
    buffer->size = size;
    return 0;
}

char *buffer_reserve(struct buffer *buffer, size_t count)
{
    size_t waiting = buffer_length(buffer);

    if (count > (buffer->limit > 0 ? buffer->limit : SIZE_MAX) - waiting) {
        errno = ENOBUFS;
        return NULL;
    }
    if (count > buffer->size - buffer->end || buffer->bytes == NULL) {
        size_t needed = waiting + count;
        move_to_front(buffer);
        /* Unless half of the memory is free now, this grows: else all that wait would be moved
         * again for every few bytes that are added. */
        if (needed >= buffer->size / 2 && grow(buffer, needed) == -1 &&
            needed > buffer->size)
            return NULL;
    }
    return buffer->bytes + buffer->end;
}

void buffer_added(struct buffer *buffer, size_t count)
{
    buffer->end += count;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length == 0)
        return 0;
    char *room = buffer_reserve(buffer, length);
    if (room == NULL)
        return -1;
    memcpy(room, bytes, length);
    buffer_added(buffer, length);
    return 0;
}

void buffer_take(struct buffer *buffer, size_t count)
{
    buffer->start += count;
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){.limit = buffer->limit};
}
