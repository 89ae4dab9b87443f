/*
 * upload.c - files that are being stored, as upload.h says.
 */
#include "upload.h"

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *upload_part_name(const char *name, char part_name[PATH_NAME_SIZE])
{
    const int most = PATH_NAME_SIZE - (int)sizeof PATH_PART_PREFIX;

    snprintf(part_name, PATH_NAME_SIZE, PATH_PART_PREFIX "%.*s", most, name);
    return part_name;
}

bool upload_has_part(int home, const char *path, struct stat *about)
{
    const char *name = path_name(path);
    char part_name[PATH_NAME_SIZE];
    int parent = path_open_parent(home, path);

    if (parent == -1)
        return false;
    bool has_part = path_may_be_named(name) == 0 &&
                    fstatat(parent, name, about, AT_SYMLINK_NOFOLLOW) == -1 &&
                    fstatat(parent, upload_part_name(name, part_name), about,
                            AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISREG(about->st_mode);
    close(parent);
    return has_part;
}

/* Cuts the part behind its first `size` bytes. Returns 0, or -1 with errno set by ftruncate(2). */
static int cut(struct upload *upload, off_t size)
{
    if (ftruncate(upload->part.file, size) == -1)
        return -1;
    quota_release(upload->quota, upload->part.size - size);
    upload->part.size = size;
    return 0;
}

int upload_open(struct upload *upload, int directory, const char *name,
                struct quota *quota)
{
    char part_name[PATH_NAME_SIZE];
    struct stat about;

    *upload = (struct upload){.quota = quota, .directory = directory};
    snprintf(upload->name, sizeof upload->name, "%s", name);
    if (part_open(&upload->part, directory, upload_part_name(name, part_name)) == -1)
        return -1;
    /* Only now: somebody else may just have finished it. */
    upload->replaces = fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0;
    if (!upload->replaces)
        return 0;
    errno = EISDIR;
    if (S_ISREG(about.st_mode) && cut(upload, 0) == 0)
        return 0;
    upload_close(upload);
    return -1;
}

off_t upload_size(const struct upload *upload)
{
    struct stat about;

    if (!upload->replaces)
        return upload->part.size;
    return fstatat(upload->directory, upload->name, &about, AT_SYMLINK_NOFOLLOW) == 0
               ? about.st_size
               : 0;
}

/* Copies the first `size` bytes of the whole file into the part. Returns 0, or -1 with errno. */
static int copy_whole(struct upload *upload, off_t size)
{
    char piece[8192];

    int file = openat(upload->directory, upload->name,
                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file == -1)
        return -1;
    while (upload->part.size < size) {
        off_t left = size - upload->part.size;
        ssize_t count =
            read(file, piece, left < (off_t)sizeof piece ? (size_t)left : sizeof piece);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == 0)
            errno = EIO; /* it has become shorter */
        if (count <= 0 || upload_add(upload, piece, (size_t)count) == -1)
            return net_close_keep_errno(file);
    }
    close(file);
    return 0;
}

int upload_begin(struct upload *upload, off_t offset)
{
    errno = EINVAL;
    if (offset > upload_size(upload))
        return -1;
    return upload->replaces ? copy_whole(upload, offset) : cut(upload, offset);
}

int upload_add(struct upload *upload, const char *bytes, size_t length)
{
    const off_t before = upload->part.size;

    /* EXERCISE 6: reserve as many of the bytes as the user may still have; add those to the part, and
     * give back what could not be written; if it was not room for all, fail with EDQUOT */
    const off_t granted = quota_reserve(upload->quota, (off_t)length);
    if (part_add(&upload->part, bytes, (size_t)granted) == -1) {
        const int error = errno;
        quota_release(upload->quota, before + granted - upload->part.size);
        errno = error;
        return -1;
    }
    errno = EDQUOT;
    return granted == (off_t)length ? 0 : -1;
    /* END EXERCISE */
}

int upload_finish(struct upload *upload, bool sync)
{
    struct part *part = &upload->part;

    if (sync && fsync(part->file) == -1)
        return -1;
    if (quota_rename(upload->quota, part->directory, part->name, upload->directory,
                     upload->name) == -1)
        return -1;
    upload->has_ended = true;
    return sync ? fsync(upload->directory) : 0;
}

void upload_delete(struct upload *upload)
{
    quota_unlink(upload->quota, upload->part.directory, upload->part.name);
    upload->has_ended = true;
}

void upload_close(struct upload *upload)
{
    const int error = errno;

    if (!upload->has_ended && upload->replaces)
        upload_delete(upload);
    errno = error;
    part_close(&upload->part);
}

void upload_drop_part(int directory, const char *name, struct quota *quota)
{
    char part_name[PATH_NAME_SIZE];
    struct upload upload;
    struct stat about;

    if (fstatat(directory, upload_part_name(name, part_name), &about,
                AT_SYMLINK_NOFOLLOW) == 0 &&
        upload_open(&upload, directory, name, quota) == 0)
        upload_close(&upload);
}
