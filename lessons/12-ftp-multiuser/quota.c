/*
 * quota.c - what users have on the disk, as quota.h says.
 */
#include "quota.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- counting ----
 *
 * A user can put directories into each other, as many as it likes: a function that calls itself for
 * each, with a descriptor for each, would run out of a thread's stack (256 KiB), or of descriptors.
 * So the way back up is kept in the heap, and only one directory is open. */

/* A directory that is still to be counted. */
struct name {
    struct name *next;
    char text[];
};

/* A directory that is being counted, below the one at `up`. */
struct level {
    struct level *up;
    struct name *names; /* directories in it that are still to be counted */
    struct stat about;
};

struct walk {
    int directory; /* that of the level */
    struct level *level;
    off_t total;
};

/* Whether errno says that a name has just been taken by something else, or by nothing. */
static bool has_gone(void)
{
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
}

static int remember(struct level *level, const char *text)
{
    struct name *name = malloc(sizeof *name + strlen(text) + 1);

    if (name == NULL)
        return -1;
    strcpy(name->text, text);
    name->next = level->names;
    level->names = name;
    return 0;
}

static void forget(struct level *level)
{
    struct name *name = level->names;

    level->names = name->next;
    free(name);
}

/* Counts one thing in the directory. Returns 0, or -1 with errno. */
static int count_entry(struct walk *walk, const char *name)
{
    struct stat about;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    if (fstatat(walk->directory, name, &about, AT_SYMLINK_NOFOLLOW) == -1)
        return has_gone() ? 0 : -1;
    if (S_ISREG(about.st_mode))
        walk->total += about.st_size;
    return S_ISDIR(about.st_mode) ? remember(walk->level, name) : 0;
}

static int count_entries(struct walk *walk)
{
    /* Another descriptor, because closedir(3) closes it. */
    int copy = openat(walk->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = copy == -1 ? NULL : fdopendir(copy);
    struct dirent *entry;
    int result = 0;

    if (directory == NULL) {
        int error = errno;
        if (copy != -1)
            close(copy);
        errno = error;
        return -1;
    }
    while (result == 0 && (errno = 0, entry = readdir(directory)) != NULL)
        result = count_entry(walk, entry->d_name);
    int error = errno;
    closedir(directory);
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Goes into a directory of the current one, or begins, and counts what lies there. If it is not
 * there any more, the walk stays where it is. Returns 0, or -1 with errno. */
static int go_down(struct walk *walk, int from, const char *name)
{
    int directory = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct level *level = directory == -1 ? NULL : calloc(1, sizeof *level);

    if (directory == -1)
        return has_gone() ? 0 : -1;
    if (level == NULL) {
        close(directory);
        errno = ENOMEM;
        return -1;
    }
    if (walk->directory != -1)
        close(walk->directory);
    level->up = walk->level;
    walk->directory = directory;
    walk->level = level;
    return fstat(directory, &level->about) == -1 ? -1 : count_entries(walk);
}

static void leave_level(struct walk *walk)
{
    struct level *level = walk->level;

    walk->level = level->up;
    while (level->names != NULL)
        forget(level);
    free(level);
}

/* Goes back to where the walk came from. ".." leads elsewhere if the directory was moved meanwhile:
 * then it fails with ESTALE. */
static int go_up(struct walk *walk)
{
    struct stat about;

    leave_level(walk);
    if (walk->level == NULL)
        return 0;
    int directory = openat(walk->directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory == -1)
        return -1;
    close(walk->directory);
    walk->directory = directory;
    if (fstat(directory, &about) == -1)
        return -1;
    errno = ESTALE;
    return about.st_ino == walk->level->about.st_ino &&
                   about.st_dev == walk->level->about.st_dev
               ? 0
               : -1;
}

/* Counts the bytes of all regular files below the directory `home`; a file with two names counts
 * twice, as each of them is deleted alone. Returns 0, or -1 with errno. */
static int count(int home, off_t *total)
{
    struct walk walk = {.directory = -1};
    int result = go_down(&walk, home, ".");

    while (result == 0 && walk.level != NULL) {
        struct name *name = walk.level->names;
        if (name == NULL) {
            result = go_up(&walk);
            continue;
        }
        walk.level->names = name->next;
        result = go_down(&walk, walk.directory, name->text);
        free(name);
    }
    int error = errno;
    while (walk.level != NULL)
        leave_level(&walk);
    if (walk.directory != -1)
        close(walk.directory);
    errno = error;
    *total = walk.total;
    return result;
}

/* ---- sessions ---- */

/* Finds the user's quota, or makes it. */
static struct quota *find(struct quotas *quotas, const char *name)
{
    struct quota *quota = quotas->first;

    while (quota != NULL && strcmp(quota->name, name) != 0)
        quota = quota->next;
    if (quota != NULL)
        return quota;
    quota = calloc(1, sizeof *quota);
    if (quota == NULL)
        return NULL;
    strcpy(quota->name, name);
    pthread_mutex_init(&quota->lock, NULL);
    quota->next = quotas->first;
    quotas->first = quota;
    return quota;
}

struct quota *quota_enter(struct quotas *quotas, const struct account *account, int home)
{
    pthread_mutex_lock(&quotas->lock);
    struct quota *quota = find(quotas, account->name);
    if (quota != NULL)
        quota->sessions++; /* so it stays, without this lock */
    pthread_mutex_unlock(&quotas->lock);
    if (quota == NULL)
        return NULL;

    pthread_mutex_lock(&quota->lock);
    quota->limit = account->quota;
    if (!quota->is_counted)
        quota->is_counted = count(home, &quota->used) == 0;
    int error = errno;
    bool is_counted = quota->is_counted;
    pthread_mutex_unlock(&quota->lock);
    if (is_counted)
        return quota;
    quota_leave(quotas, quota);
    errno = error;
    return NULL;
}

void quota_leave(struct quotas *quotas, struct quota *quota)
{
    if (quota == NULL)
        return;
    pthread_mutex_lock(&quotas->lock);
    bool is_last = --quota->sessions == 0;
    if (is_last) {
        struct quota **place = &quotas->first;
        while (*place != quota)
            place = &(*place)->next;
        *place = quota->next;
    }
    pthread_mutex_unlock(&quotas->lock);
    if (!is_last)
        return;
    pthread_mutex_destroy(&quota->lock);
    free(quota);
}

/* ---- bytes; the lock is held ---- */

static off_t available(const struct quota *quota)
{
    return quota->used < quota->limit ? quota->limit - quota->used : 0;
}

static void give_back(struct quota *quota, off_t bytes)
{
    /* Who changes the home without the server may make them more than were counted. */
    quota->used = bytes < quota->used ? quota->used - bytes : 0;
}

/* ---- bytes ---- */

off_t quota_reserve(struct quota *quota, off_t wanted)
{
    if (wanted <= 0)
        return 0;
    pthread_mutex_lock(&quota->lock);
    if (quota->limit != -1 && wanted > available(quota))
        wanted = available(quota);
    quota->used += wanted;
    pthread_mutex_unlock(&quota->lock);
    return wanted;
}

void quota_release(struct quota *quota, off_t bytes)
{
    pthread_mutex_lock(&quota->lock);
    give_back(quota, bytes);
    pthread_mutex_unlock(&quota->lock);
}

off_t quota_available(struct quota *quota)
{
    pthread_mutex_lock(&quota->lock);
    off_t bytes = quota->limit == -1 ? -1 : available(quota);
    pthread_mutex_unlock(&quota->lock);
    return bytes;
}

void quota_read(struct quota *quota, off_t *used, off_t *limit)
{
    pthread_mutex_lock(&quota->lock);
    *used = quota->used;
    *limit = quota->limit;
    pthread_mutex_unlock(&quota->lock);
}

/* ---- files ---- */

/* How many bytes a name has, as `count` counts them; 0 if nothing has it. */
static off_t size_of(int directory, const char *name, struct stat *about)
{
    if (fstatat(directory, name, about, AT_SYMLINK_NOFOLLOW) == -1)
        *about = (struct stat){0};
    return S_ISREG(about->st_mode) ? about->st_size : 0;
}

int quota_unlink(struct quota *quota, int directory, const char *name)
{
    struct stat about;

    pthread_mutex_lock(&quota->lock);
    off_t size = size_of(directory, name, &about);
    int result = unlinkat(directory, name, 0);
    if (result == 0)
        give_back(quota, size);
    pthread_mutex_unlock(&quota->lock);
    return result;
}

int quota_rename(struct quota *quota, int from, const char *old_name, int to,
                 const char *new_name)
{
    struct stat moved, replaced;

    pthread_mutex_lock(&quota->lock);
    size_of(from, old_name, &moved);
    off_t size = size_of(to, new_name, &replaced);
    int result = renameat(from, old_name, to, new_name);
    /* To rename a file to itself, or to another name that it has, changes nothing. */
    if (result == 0 &&
        (moved.st_ino != replaced.st_ino || moved.st_dev != replaced.st_dev))
        give_back(quota, size);
    pthread_mutex_unlock(&quota->lock);
    return result;
}
