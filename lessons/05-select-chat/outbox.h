/*
 * outbox.h - sends without waiting, for the programs of lesson 5.
 *
 * A send that waits for one peer keeps all others waiting. So this one never waits: what
 * the kernel does not take at once stands in the outbox, and is sent when select says that
 * there is room again. The outbox has a limit: memory must not grow with a peer that does
 * not read.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stddef.h>

/* What one peer has not taken yet. Begins as {.max = N}; outbox_free ends it. */
struct outbox {
    char *bytes;   /* what waits to be sent; from malloc, or NULL */
    size_t length; /* so many bytes wait */
    size_t size;   /* so many fit; it grows when more have to wait */
    size_t max;    /* so many may wait at most */
};

/*
 * Asks the kernel not to wait either. It keeps a small piece back while the one before it is not
 * acknowledged, and the peer's kernel may wait 40 ms and more before it acknowledges
 * (TCP_NODELAY). To be called once for a connected socket. Returns 0, or -1 with errno set by
 * setsockopt(2): then what is sent may come later, and that is all.
 */
int outbox_set_nodelay(int fd);

/* Gives the memory back; what waits is lost. The outbox is empty then, keeps its max, and can be
 * used again. */
void outbox_free(struct outbox *outbox);

/*
 * Sends `length` bytes to the socket `fd`, behind those that wait; what can't leave at once is
 * copied, and waits, too. Returns 0; or -1 with errno
 *
 *   ENOBUFS   more than the max would wait, or
 *   ENOMEM    there is no memory for what has to wait. Then send no more: a part of the bytes
 *             may have left, and the rest is lost;
 *   another   from send(2), such as EPIPE or ECONNRESET: the connection is broken. Whatever is
 *             sent after that is lost, too, and does no harm.
 */
int outbox_send(struct outbox *outbox, int fd, const char *bytes, size_t length);

/*
 * Sends what waits, as far as there is room: `length` is 0 when all has been sent. To be called
 * when something waits and select says that `fd` is ready for writing. Returns 0, or -1 with errno
 * set by send(2): the connection is broken, and nothing is taken from what waits.
 */
int outbox_flush(struct outbox *outbox, int fd);

#endif
