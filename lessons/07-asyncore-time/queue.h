/*
 * queue.h - what is still to be sent on a connection, for the programs of lesson 7. It is the
 * one of lesson 5; the sending is left to the dispatcher.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stdlib.h>
#include <string.h>

/* Begins as {0}. Whoever is done with it frees `bytes`. */
struct queue {
    char *bytes;
    size_t length;
    size_t size;
};

/* Puts bytes at the end. Returns 0, or -1 with errno ENOMEM. */
static inline int queue_append(struct queue *queue, const char *bytes, size_t length)
{
    size_t needed = queue->length + length;

    if (needed > queue->size) {
        char *larger = realloc(queue->bytes, 2 * needed);
        if (larger == NULL)
            return -1;
        queue->bytes = larger;
        queue->size = 2 * needed;
    }
    memcpy(queue->bytes + queue->length, bytes, length);
    queue->length = needed;
    return 0;
}

/* Takes `count` bytes from the front: they were sent. */
static inline void queue_remove(struct queue *queue, size_t count)
{
    queue->length -= count;
    memmove(queue->bytes, queue->bytes + count, queue->length);
}

#endif
