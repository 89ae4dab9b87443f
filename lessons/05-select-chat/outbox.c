/*
 * outbox.c - sends without waiting, as outbox.h describes it.
 */
#include "outbox.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

int outbox_set_nodelay(int fd)
{
    int on = 1;
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void outbox_free(struct outbox *outbox)
{
    free(outbox->bytes);
    *outbox = (struct outbox){.max = outbox->max};
}

/*
 * Sends as much of `length` bytes as the kernel takes at once. That may be nothing: EAGAIN, or
 * EWOULDBLOCK, which is the same on Linux, says that send would have to wait for room; EINTR,
 * that a signal came first. Neither is an error of the connection. After the other calls that
 * must not wait, net_would_wait asks this (net.h).
 * Returns the number of bytes, or -1 with errno set by send(2).
 */
static ssize_t send_some(int fd, const char *bytes, size_t length)
{
    ssize_t sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    return sent;
}

/* Puts bytes behind those that wait. Returns 0, or -1 with errno ENOBUFS if more than the
 * max would wait, or ENOMEM. */
static int append(struct outbox *outbox, const char *bytes, size_t length)
{
    size_t needed = outbox->length + length;

    if (needed > outbox->max) {
        errno = ENOBUFS;
        return -1;
    }
    if (needed > outbox->size) {
        char *larger = realloc(outbox->bytes, 2 * needed);
        if (larger == NULL)
            return -1;
        outbox->bytes = larger;
        outbox->size = 2 * needed;
    }
    if (length > 0)
        memcpy(outbox->bytes + outbox->length, bytes, length);
    outbox->length = needed;
    return 0;
}

int outbox_send(struct outbox *outbox, int fd, const char *bytes, size_t length)
{
    /* EXERCISE 4: if nothing waits, send what the kernel takes at once; the rest is appended
     * to what waits */
    ssize_t sent = 0;
    if (outbox->length == 0)
        sent = send_some(fd, bytes, length);
    if (sent == -1)
        return -1;
    return append(outbox, bytes + sent, length - (size_t)sent);
    /* END EXERCISE */
}

int outbox_flush(struct outbox *outbox, int fd)
{
    ssize_t sent = send_some(fd, outbox->bytes, outbox->length);
    if (sent == -1)
        return -1;
    outbox->length -= (size_t)sent;
    memmove(outbox->bytes, outbox->bytes + sent, outbox->length);
    return 0;
}
