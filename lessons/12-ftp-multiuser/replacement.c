/*
 * replacement.c - a file that is replaced, as replacement.h says.
 */
#include "replacement.h"

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens the directory of the file, and finds its name there. Returns a descriptor, or -1 with errno. */
static int open_directory(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    char directory[PATH_MAX] = ".";

    *name = slash == NULL ? path : slash + 1;
    errno = ENAMETOOLONG;
    if (slash != NULL && slash - path >= PATH_MAX - 1)
        return -1;
    if (slash != NULL)
        snprintf(directory, sizeof directory, "%.*s", (int)(slash + 1 - path), path);
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens the file and waits for its lock. Returns it; or -1 with errno; EAGAIN, if who had the lock
 * has put another file in its place. */
static int try_lock(const struct replacement *self, int flags)
{
    struct stat about, named;
    int file = openat(self->directory, self->name,
                      O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);

    if (file == -1)
        return -1;
    if (fstat(file, &about) == -1)
        return net_close_keep_errno(file);
    errno = ELOOP;
    if (!S_ISREG(about.st_mode))
        return net_close_keep_errno(file);
    while (flock(file, LOCK_EX) == -1)
        if (errno != EINTR)
            return net_close_keep_errno(file);
    errno = EAGAIN;
    if (fstatat(self->directory, self->name, &named, AT_SYMLINK_NOFOLLOW) == -1 ||
        named.st_ino != about.st_ino || named.st_dev != about.st_dev)
        return net_close_keep_errno(file);
    return file;
}

/* Makes the new one. Returns a descriptor, or -1 with errno. */
static int make_beside(struct replacement *self)
{
    snprintf(self->beside, sizeof self->beside, "%s.new", self->name);
    /* A program that was killed has left one behind. Nobody writes it: we have the lock. */
    if (unlinkat(self->directory, self->beside, 0) == -1 && errno != ENOENT)
        return -1;
    return openat(self->directory, self->beside,
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* As fdopen(3), but if that fails, the descriptor is closed. */
static FILE *open_stream(int file, const char *mode)
{
    FILE *stream = file == -1 ? NULL : fdopen(file, mode);

    if (stream == NULL && file != -1)
        net_close_keep_errno(file);
    return stream;
}

int replacement_begin(struct replacement *self, const char *path, bool makes)
{
    int file;

    *self = (struct replacement){.directory = -1};
    self->directory = open_directory(path, &self->name);
    if (self->directory == -1)
        return -1;
    do
        file = try_lock(self, makes ? O_CREAT : 0);
    while (file == -1 && errno == EAGAIN);
    self->before = open_stream(file, "r");
    if (self->before != NULL)
        self->after = open_stream(make_beside(self), "w");
    if (self->after != NULL)
        return 0;
    replacement_end(self);
    return -1;
}

int replacement_finish(struct replacement *self)
{
    const int after = fileno(self->after);
    struct stat about, now;

    if (fflush(self->after) == EOF || fstat(fileno(self->before), &about) == -1 ||
        fstat(after, &now) == -1)
        return -1;
    /* If root changes it, it stays its owner's: a server that runs as that user reads it. */
    if (now.st_uid != about.st_uid && fchown(after, about.st_uid, about.st_gid) == -1)
        return -1;
    if (fsync(after) == -1 ||
        renameat(self->directory, self->beside, self->directory, self->name) == -1)
        return -1;
    /* From here on the name .new may be that of another program's file. */
    self->beside[0] = '\0';
    return fsync(self->directory);
}

void replacement_end(struct replacement *self)
{
    const int error = errno;

    /* The lock goes last, with `before`. */
    if (self->after != NULL && self->beside[0] != '\0')
        unlinkat(self->directory, self->beside, 0);
    if (self->after != NULL)
        fclose(self->after);
    if (self->before != NULL)
        fclose(self->before);
    if (self->directory != -1)
        close(self->directory);
    errno = error;
}
