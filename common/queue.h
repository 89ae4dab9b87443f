/*
 * queue.h - sends without waiting: lesson 5's outbox, for the lessons after it.
 *
 * A send that waits for one peer keeps all others waiting. So the socket must be non-blocking
 * (lesson 6): what the kernel does not take at once stands in a queue, and is sent when select or
 * poll says that there is room again. The queue has a limit: memory must not grow with a peer that
 * does not read.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "buffer.h"

#include <stddef.h>

/* What one peer has not taken yet. Begins as {0}, or as {.buffer.limit = N}; queue_free ends it. */
struct queue {
    struct buffer buffer;
};

/* Gives the memory back; what waits is lost. The queue is empty then, keeps its limit, and can be
 * used again. */
void queue_free(struct queue *queue);

/* Returns how many bytes wait. */
static inline size_t queue_length(const struct queue *queue)
{
    return buffer_length(&queue->buffer);
}

/*
 * Sends `length` bytes to the non-blocking socket `fd`, behind those that wait; what can't leave at once waits,
 * too. Returns 0; or -1 with errno ENOBUFS if more than the limit would wait, ENOMEM, or as send(2)
 * sets it: EPIPE, ECONNRESET. After -1 send no more: a part of the bytes may have left, and the
 * rest is lost.
 */
int queue_send(struct queue *queue, int fd, const void *bytes, size_t length);

/*
 * Sends what waits, as far as there is room. To be called when something waits and `fd` is ready
 * for writing. Returns 0, or -1 with errno set by send(2); then nothing is taken from what waits.
 */
int queue_flush(struct queue *queue, int fd);

#endif
