/*
 * part.c - files on their way, as part.h says.
 */
#include "part.h"

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the file has still the name under which it was opened: who had it locked before may have
 * finished or deleted it. */
static bool has_its_name(const struct part *part, const struct stat *about)
{
    struct stat named;

    return fstatat(part->directory, part->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           named.st_ino == about->st_ino && named.st_dev == about->st_dev;
}

/* Opens and locks it. Returns 0, or -1 with errno; EAGAIN, if it is to be tried again. */
static int try_open(struct part *part)
{
    struct stat about;

    part->file =
        openat(part->directory, part->name,
               O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (part->file == -1)
        return -1;
    if (flock(part->file, LOCK_EX | LOCK_NB) == -1 || fstat(part->file, &about) == -1)
        return net_close_keep_errno(part->file);
    errno = ELOOP;
    if (!S_ISREG(about.st_mode))
        return net_close_keep_errno(part->file);
    errno = EAGAIN;
    if (!has_its_name(part, &about))
        return net_close_keep_errno(part->file);
    part->size = about.st_size;
    return 0;
}

int part_open(struct part *part, int directory, const char *name)
{
    /* Who has just been cut off may have it for a moment, until it notices. */
    const double end = net_now() + 1;

    part->directory = directory;
    snprintf(part->name, sizeof part->name, "%s", name);
    while (try_open(part) == -1) {
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return -1;
        if (net_now() >= end) {
            errno = EBUSY;
            return -1;
        }
        net_sleep(0.01);
    }
    return 0;
}

int part_restart(struct part *part)
{
    if (ftruncate(part->file, 0) == -1)
        return -1;
    part->size = 0;
    return 0;
}

int part_add(struct part *part, const void *bytes, size_t length)
{
    size_t done = 0;

    /* EXERCISE 3: write all of `length` bytes, in as many calls as it takes, and count in
     * part->size what was written; a signal (EINTR) does not end it */
    while (done < length) {
        ssize_t written = write(part->file, (const char *)bytes + done, length - done);
        if (written == -1 && errno == EINTR)
            continue;
        if (written == -1)
            return -1;
        done += (size_t)written;
        part->size += written;
    }
    /* END EXERCISE */
    return 0;
}

int part_finish(struct part *part, int directory, const char *name, bool sync)
{
    /* EXERCISE 4: if `sync`, bring the bytes to the disk; then give the file its name; then, if
     * `sync`, bring the directory with the new name to the disk */
    if (sync && fsync(part->file) == -1)
        return -1;
    if (renameat(part->directory, part->name, directory, name) == -1)
        return -1;
    if (sync && fsync(directory) == -1)
        return -1;
    /* END EXERCISE */
    return 0;
}

void part_delete(struct part *part)
{
    unlinkat(part->directory, part->name, 0);
}

void part_close(struct part *part)
{
    const int error = errno;
    struct stat about;

    if (part->size == 0 && fstat(part->file, &about) == 0 && has_its_name(part, &about))
        part_delete(part);
    close(part->file);
    errno = error;
}
