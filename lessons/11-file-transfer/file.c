/*
 * file.c - regular files, as file.h says.
 */
#include "file.h"

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int file_open(int directory, const char *name, int flags, struct stat *about)
{
    /* O_NONBLOCK: to open a named pipe would wait for a writer. */
    int file = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags);

    if (file == -1)
        return -1;
    if (fstat(file, about) == -1)
        return net_close_keep_errno(file);
    if (S_ISREG(about->st_mode))
        return file;
    errno = ELOOP;
    return net_close_keep_errno(file);
}

int file_may_take(int directory, const char *name)
{
    struct stat about;

    if (fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) == -1)
        return errno == ENOENT ? 0 : -1;
    errno = ELOOP;
    return S_ISREG(about.st_mode) ? 0 : -1;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_has_changed(int file, const struct stat *before)
{
    struct stat now;

    if (fstat(file, &now) == -1)
        return true;
    /* ctime changes, too, when the file loses its name to a newer one: its bytes stay the same. */
    return now.st_size != before->st_size || !same_time(now.st_mtim, before->st_mtim) ||
           (!same_time(now.st_ctim, before->st_ctim) && now.st_nlink == before->st_nlink);
}

bool file_is_only_renamed(int file, const struct stat *before, struct stat *now)
{
    return fstat(file, now) == 0 && now->st_size == before->st_size &&
           same_time(now->st_mtim, before->st_mtim) &&
           !same_time(now->st_mtim, now->st_ctim);
}

const char *file_reason(int error)
{
    if (error == ELOOP)
        return "not a regular file";
    if (error == EBUSY)
        return "somebody else is transferring this file";
    return strerror(error);
}
