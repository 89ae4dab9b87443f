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
    char *bytes; /* what is still to be sent */
    size_t length;
    size_t size; /* how much fits; it grows when more has to wait */
    size_t max;  /* so many bytes may wait at most */
};

/* Gives the memory back. What waits is lost. */
void outbox_free(struct outbox *outbox);

/*
 * Sends `length` bytes to `fd`, behind those that wait; what can't leave at once waits, too.
 * Returns 0; or -1 with errno ENOBUFS if more than the max would wait, ENOMEM, or as send(2)
 * sets it: EPIPE, ECONNRESET. Then the connection can only be closed: nobody knows how much
 * of the bytes has left.
 */
int outbox_send(struct outbox *outbox, int fd, const char *bytes, size_t length);

/*
 * Sends what waits, as far as there is room. To be called when select says that `fd` is
 * ready for writing. Returns 0, or -1 with errno set by send(2).
 */
int outbox_flush(struct outbox *outbox, int fd);

#endif
