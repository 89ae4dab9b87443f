/*
 * quota.h - how many bytes each user has on the disk, over all of its sessions, and how many it may
 * have. A part of lesson 12's server.
 *
 * Bytes are reserved before they are written, so two uploads at once can't share the last ones. When a
 * user's first session begins, its home is counted anew; parts of uploads count like files.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include "account.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

/* What one user has. Made by quota_enter; all its sessions have the same. */
struct quota {
    char name[ACCOUNT_NAME_SIZE];
    int sessions;
    pthread_mutex_t lock; /* of all below */
    bool is_counted;
    off_t limit; /* -1: none */
    off_t used;
    struct quota *next;
};

/* A list of them, and its lock. Begins as {.lock = PTHREAD_MUTEX_INITIALIZER}. */
struct quotas {
    pthread_mutex_t lock; /* of the list, and of `sessions` in each */
    struct quota *first;
};

/*
 * A session of the user begins. If it is the only one, the files below the directory `home` are
 * counted, and nobody of this user is served meanwhile; others are. The limit is the account's now.
 * Returns the user's quota, and quota_leave gives it back; or NULL with errno set: ENOMEM, or why the
 * home can't be counted.
 */
struct quota *quota_enter(struct quotas *quotas, const struct account *account, int home);

/* The session has ended. `quota` may be NULL. */
void quota_leave(struct quotas *quotas, struct quota *quota);

/* Reserves up to `wanted` bytes. Returns how many there were, 0 or more. */
off_t quota_reserve(struct quota *quota, off_t wanted);

/* Gives bytes back that were not written, or are deleted. */
void quota_release(struct quota *quota, off_t bytes);

/* How many bytes may still come; -1: there is no limit. */
off_t quota_available(struct quota *quota);

/* How many bytes there are, and how many there may be (-1: no limit). */
void quota_read(struct quota *quota, off_t *used, off_t *limit);

/* As unlinkat(2) and renameat(2), of files of this user. What disappears, the file that is deleted or
 * replaced, is given back; no other session of the user can come between. Return 0, or -1 with errno. */
int quota_unlink(struct quota *quota, int directory, const char *name);
int quota_rename(struct quota *quota, int from, const char *old_name, int to,
                 const char *new_name);

#endif
