/*
 * hasher.c - a digest in a thread of its own, as hasher.h says.
 *
 * The thread sleeps while there is less than a STEP to do, and its owner while there is more than
 * FAR: so never both, and whoever signals the condition variable wakes the other one.
 */
#include "hasher.h"

#include <errno.h>

enum {
    STEP = 1024 * 1024, /* to wake a thread takes time: not for less than this */
    FAR = 8 * STEP,     /* the thread is not to be further behind */
};

/* What a function here returns: 0, or -1 with errno set to `error`. */
static int check(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

static void *run_hasher(void *argument)
{
    struct hasher *hasher = argument;

    pthread_mutex_lock(&hasher->lock);
    while (hasher->error == 0) {
        /* While it sleeps, the mutex is not locked. It may wake for nothing: so it looks again. */
        while (hasher->written - hasher->added < STEP && !hasher->ended)
            pthread_cond_wait(&hasher->changed, &hasher->lock);
        const off_t from = hasher->added, to = hasher->written;
        if (from == to)
            break;
        /* What is written does not change any more: so the owner may go on in the meantime. */
        pthread_mutex_unlock(&hasher->lock);
        int error = 0;
        if (digest_add_file(hasher->digest, hasher->file, from, to) == -1)
            error = errno;
        pthread_mutex_lock(&hasher->lock);
        hasher->added = to;
        hasher->error = error;
        pthread_cond_signal(&hasher->changed);
    }
    pthread_mutex_unlock(&hasher->lock);
    return NULL;
}

int hasher_begin(struct hasher *hasher, struct digest *digest, int file, off_t from)
{
    *hasher =
        (struct hasher){.digest = digest, .file = file, .added = from, .written = from};
    if (digest == NULL)
        return 0;
    pthread_mutex_init(&hasher->lock, NULL);
    pthread_cond_init(&hasher->changed, NULL);
    int error = pthread_create(&hasher->thread, NULL, run_hasher, hasher);
    if (error != 0) {
        pthread_mutex_destroy(&hasher->lock);
        pthread_cond_destroy(&hasher->changed);
    }
    return check(error);
}

int hasher_written(struct hasher *hasher, off_t to)
{
    if (hasher->digest == NULL)
        return 0;
    pthread_mutex_lock(&hasher->lock);
    hasher->written = to;
    if (to - hasher->added >= STEP)
        pthread_cond_signal(&hasher->changed);
    while (to - hasher->added > FAR && hasher->error == 0)
        pthread_cond_wait(&hasher->changed, &hasher->lock);
    const int error = hasher->error;
    pthread_mutex_unlock(&hasher->lock);
    return check(error);
}

int hasher_end(struct hasher *hasher)
{
    if (hasher->digest == NULL)
        return 0;
    pthread_mutex_lock(&hasher->lock);
    hasher->ended = true;
    pthread_cond_signal(&hasher->changed);
    pthread_mutex_unlock(&hasher->lock);
    pthread_join(hasher->thread, NULL);
    pthread_mutex_destroy(&hasher->lock);
    pthread_cond_destroy(&hasher->changed);
    return check(hasher->error);
}
