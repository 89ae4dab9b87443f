/*
 * hasher.h - a thread that computes the digest of a file while the file grows, for lesson 11.
 *
 * To receive bytes, to write them, and to add them to a digest, one after the other, takes one
 * thread about 1.6 times as long as without the digest. The hasher does the third: it reads the bytes
 * again, soon after they were written, when they are still in memory. So the digest is that of the
 * bytes that the file has, and not of those that it should have.
 *
 *     the file   |############################|==============|
 *                                           added         written
 *                  in the digest                still to do
 */
#ifndef HASHER_H
#define HASHER_H

#include "digest.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

/* Private. hasher_begin makes it, hasher_end gives it back. */
struct hasher {
    struct digest *digest; /* NULL: there is no thread */
    int file;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    off_t added, written;
    bool ended; /* no more is written */
    int error;  /* errno, when the thread has failed and ended; else 0 */
};

/*
 * Begins to add the bytes of `file` behind `from` to the digest, which belongs to the thread until
 * hasher_end. With NULL for a digest there is nothing to do, here and in the functions below.
 * Returns 0, and hasher_end has to follow; or -1 with errno EAGAIN, if there can be no thread, and
 * then it must not.
 */
int hasher_begin(struct hasher *hasher, struct digest *digest, int file, off_t from);

/*
 * The file has been written up to `to`. If the thread is far behind, this waits for it: so it is
 * done soon after the last byte.
 * Returns 0; or -1 with errno as digest_add_file, if the thread has failed.
 */
int hasher_written(struct hasher *hasher, off_t to);

/* Waits until all that was written is in the digest, and the thread has ended. Returns as
 * hasher_written does. */
int hasher_end(struct hasher *hasher);

#endif
