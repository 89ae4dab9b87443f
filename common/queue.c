/*
 * queue.c - sends without waiting, as queue.h describes it.
 */
#include "queue.h"
#include "net.h"

#include <sys/socket.h>
#include <sys/types.h>

void queue_free(struct queue *queue)
{
    buffer_free(&queue->buffer);
}

/* Sends as much of `length` bytes as the kernel takes at once; that may be nothing.
 * Returns the number of bytes, or -1 with errno set by send(2). */
static ssize_t send_some(int fd, const void *bytes, size_t length)
{
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    return sent == -1 && net_would_wait() ? 0 : sent;
}

int queue_send(struct queue *queue, int fd, const void *bytes, size_t length)
{
    ssize_t sent = 0;

    if (queue_length(queue) == 0)
        sent = send_some(fd, bytes, length);
    if (sent == -1)
        return -1;
    return buffer_append(&queue->buffer, (const char *)bytes + sent,
                         length - (size_t)sent);
}

int queue_flush(struct queue *queue, int fd)
{
    ssize_t sent = send_some(fd, buffer_front(&queue->buffer), queue_length(queue));
    if (sent == -1)
        return -1;
    buffer_take(&queue->buffer, (size_t)sent);
    return 0;
}
