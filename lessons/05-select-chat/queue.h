/*
 * queue.h - sends without waiting, for the programs of lesson 5.
 *
 * A send that waits for one peer keeps all others waiting. So this one never waits: what
 * the kernel does not take at once stands in a queue, and is sent when select says that
 * there is room again. The queue has a limit: memory must not grow with a peer that does
 * not read.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Begins as {0}. Whoever is done with it frees `bytes`. */
struct queue {
    char *bytes; /* what is still to be sent */
    size_t length;
    size_t size;
};

/*
 * Sends as much of `length` bytes as the kernel takes at once. That may be nothing.
 * Returns the number of bytes, or -1 with errno set by send(2): EPIPE, ECONNRESET.
 */
static inline ssize_t send_some(int fd, const char *bytes, size_t length)
{
    ssize_t sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    return sent;
}

/* Puts bytes at the end of the queue. Returns 0, or -1 with errno ENOBUFS if more than
 * `max` bytes would wait, or ENOMEM. */
static inline int queue_append(struct queue *queue, const char *bytes, size_t length,
                               size_t max)
{
    size_t needed = queue->length + length;

    if (needed > max) {
        errno = ENOBUFS;
        return -1;
    }
    if (needed > queue->size) {
        char *larger = realloc(queue->bytes, 2 * needed);
        if (larger == NULL)
            return -1;
        queue->bytes = larger;
        queue->size = 2 * needed;
    }
    if (length > 0)
        memcpy(queue->bytes + queue->length, bytes, length);
    queue->length = needed;
    return 0;
}

/*
 * Sends `length` bytes to `fd`, behind those that wait; what can't leave at once waits, too.
 * Returns 0; or -1 with errno set as by send_some or queue_append. Then the connection can
 * only be closed: nobody knows how much of the bytes has left.
 */
static inline int queue_send(struct queue *queue, int fd, const char *bytes,
                             size_t length, size_t max)
{
    /* EXERCISE 4: if nothing waits, send what the kernel takes at once; the rest goes to the
     * end of the queue */
    ssize_t sent = 0;
    if (queue->length == 0)
        sent = send_some(fd, bytes, length);
    if (sent == -1)
        return -1;
    return queue_append(queue, bytes + sent, length - (size_t)sent, max);
    /* END EXERCISE */
}

/*
 * Sends what waits, as far as there is room. To be called when select says that `fd` is
 * ready for writing. Returns 0, or -1 with errno set as by send_some.
 */
static inline int queue_flush(struct queue *queue, int fd)
{
    ssize_t sent = send_some(fd, queue->bytes, queue->length);
    if (sent == -1)
        return -1;
    queue->length -= (size_t)sent;
    memmove(queue->bytes, queue->bytes + sent, queue->length);
    return 0;
}

#endif
