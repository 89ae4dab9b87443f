/*
 * manage.c - files and directories, as manage.h says.
 */
#include "manage.h"

#include "digest.h"
#include "net.h"
#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* ---- where the client is ---- */

/* A path inside of quotes: each quote in it is written twice (RFC 959, appendix II). Returns `quoted`. */
static const char *quote(const char *path, char quoted[2 * PATH_SIZE])
{
    char *to = quoted;

    for (; *path != '\0'; path++) {
        if (*path == '"')
            *to++ = '"';
        *to++ = *path;
    }
    *to = '\0';
    return quoted;
}

void handle_cwd(struct session *self, const char *argument)
{
    char path[PATH_SIZE];

    if (!session_resolve(self, argument, path))
        return;
    int directory = path_open_directory(self->home, path);
    if (directory == -1) {
        session_refuse(self, 550, path, errno);
        return;
    }
    close(directory);
    if (session_set_path(self, &self->directory, path))
        control_reply(&self->control, 250, "now in %s", path);
}

void handle_cdup(struct session *self, const char *argument)
{
    (void)argument;
    handle_cwd(self, "..");
}

void handle_pwd(struct session *self, const char *argument)
{
    char quoted[2 * PATH_SIZE];

    (void)argument;
    control_reply(&self->control, 257, "\"%s\" is where you are",
                  quote(session_directory(self), quoted));
}

/* ---- directories and names ---- */

/* A name in a directory that is open. */
struct place {
    int directory;
    char path[PATH_SIZE]; /* the virtual path of the name */
    char name[PATH_NAME_SIZE];
};

/* Finds the place of something that is there; or that is to be new. Returns whether it can be; then
 * place->directory is to be closed; else the reply was sent. */
static bool find_place(struct session *self, const char *argument, bool is_new,
                       struct place *place)
{
    if (!session_resolve(self, argument, place->path))
        return false;
    const char *name = path_name(place->path);
    place->directory = path_open_parent(self->home, place->path);
    if (place->directory != -1 && is_new && path_may_be_named(name) == 0) {
        snprintf(place->name, sizeof place->name, "%s", name);
        return true;
    }
    if (place->directory != -1 && !is_new && *name != '\0' &&
        path_actual_name(place->directory, name, place->name) == 0)
        return true;
    const int error = errno;
    if (place->directory != -1)
        close(place->directory);
    if (is_new)
        control_reply(&self->control, 553, "%s: this can't be a name here", place->path);
    else
        session_refuse(self, 550, place->path, *name == '\0' ? EPERM : error);
    return false;
}

void handle_mkd(struct session *self, const char *argument)
{
    char quoted[2 * PATH_SIZE];
    struct place place;

    if (!find_place(self, argument, true, &place))
        return;
    if (mkdirat(place.directory, place.name, 0777) == -1)
        session_refuse(self, 550, place.path, errno);
    else
        control_reply(&self->control, 257, "\"%s\" is made", quote(place.path, quoted));
    close(place.directory);
}

void handle_rmd(struct session *self, const char *argument)
{
    struct place place;

    if (!find_place(self, argument, false, &place))
        return;
    if (unlinkat(place.directory, place.name, AT_REMOVEDIR) == -1)
        session_refuse(self, 550, place.path, errno);
    else
        control_reply(&self->control, 250, "%s is removed", place.path);
    close(place.directory);
}

/* Deletes what has come of an upload, if nobody is storing it now. Returns 0, or -1 with errno. */
static int delete_part(struct session *self, const char *path)
{
    struct upload upload;

    int directory = path_open_parent(self->home, path);
    if (directory == -1)
        return -1;
    int result = upload_open(&upload, directory, path_name(path), self->quota);
    if (result == 0) {
        upload_delete(&upload);
        upload_close(&upload);
    }
    net_close_keep_errno(directory);
    return result;
}

void handle_dele(struct session *self, const char *argument)
{
    char path[PATH_SIZE];
    struct place place;
    struct stat about;
    int result;

    if (!session_resolve(self, argument, path))
        return;
    if (upload_has_part(self->home, path, &about)) {
        result = delete_part(self, path);
    } else {
        if (!find_place(self, argument, false, &place))
            return;
        result = quota_unlink(self->quota, place.directory, place.name);
        net_close_keep_errno(place.directory);
    }
    if (result == 0)
        control_reply(&self->control, 250, "%s is deleted", path);
    else
        session_refuse(self, errno == EBUSY ? 450 : 550, path, errno);
}

void handle_rnfr(struct session *self, const char *argument)
{
    char path[PATH_SIZE];
    struct stat about;

    if (!session_resolve(self, argument, path))
        return;
    errno = EPERM; /* the root has no name that could be changed */
    if (*path_name(path) == '\0' || path_stat(self->home, path, &about) == -1) {
        session_refuse(self, 550, path, errno);
        return;
    }
    if (session_set_path(self, &self->rename_from, path))
        control_reply(&self->control, 350, "now RNTO, with the new name");
}

void handle_rnto(struct session *self, const char *argument)
{
    struct place from, to;

    if (self->rename_from == NULL) {
        control_reply(&self->control, 503, "first RNFR, with the old name");
        return;
    }
    if (!find_place(self, self->rename_from, false, &from))
        return;
    if (find_place(self, argument, true, &to)) {
        if (quota_rename(self->quota, from.directory, from.name, to.directory, to.name) ==
            0) {
            upload_drop_part(to.directory, to.name, self->quota);
            control_reply(&self->control, 250, "%s is %s now", from.path, to.path);
        } else {
            session_refuse(self, 553, to.path, errno);
        }
        close(to.directory);
    }
    close(from.directory);
}

/* ---- what a file has ---- */

/* Fills in *about of a regular file, or, if `or_part`, of what has come of one. Returns whether it is there; else
 * the reply was sent. */
static bool look_at_file(struct session *self, const char *path, bool or_part,
                         struct stat *about)
{
    if (path_stat(self->home, path, about) == 0) {
        if (S_ISREG(about->st_mode))
            return true;
        control_reply(&self->control, 550, "%s: not a regular file", path);
        return false;
    }
    const int error = errno;
    if (or_part && upload_has_part(self->home, path, about))
        return true;
    session_refuse(self, 550, path, error);
    return false;
}

/* SIZE: how many bytes RETR would send. In TYPE A the file would have to be read for that. */
void handle_size(struct session *self, const char *argument)
{
    char path[PATH_SIZE];
    struct stat about;

    if (!session_resolve(self, argument, path))
        return;
    if (!self->is_binary)
        control_reply(&self->control, 550, "%s: SIZE is known in TYPE I only", path);
    else if (look_at_file(self, path, true, &about))
        control_reply(&self->control, 213, "%jd", (intmax_t)about.st_size);
}

void handle_mdtm(struct session *self, const char *argument)
{
    char path[PATH_SIZE], text[32];
    struct stat about;
    struct tm parts;

    if (!session_resolve(self, argument, path) || !look_at_file(self, path, true, &about))
        return;
    if (gmtime_r(&about.st_mtime, &parts) == NULL)
        parts = (struct tm){.tm_year = 70, .tm_mday = 1};
    strftime(text, sizeof text, "%Y%m%d%H%M%S", &parts);
    control_reply(&self->control, 213, "%s", text);
}

/* Computes the digest of a file. Returns 0, or -1 with errno. */
static int compute_digest(int file, off_t size, char text[DIGEST_SIZE])
{
    struct digest digest;

    if (digest_begin(&digest) == -1)
        return -1;
    int result = digest_add_file(&digest, file, 0, size);
    if (result == 0)
        result = digest_text(&digest, text);
    const int error = errno;
    digest_end(&digest);
    errno = error;
    return result;
}

/* HASH PATH (draft-bryan-ftpext-hash): the digest of the whole file, so that a client can tell whether
 * what it has is the same. */
void handle_hash(struct session *self, const char *argument)
{
    char path[PATH_SIZE], text[DIGEST_SIZE];
    struct stat about;

    if (!session_resolve(self, argument, path))
        return;
    int file = path_open_file(self->home, path, &about);
    if (file == -1 || compute_digest(file, about.st_size, text) == -1)
        session_refuse(self, 550, path, errno);
    else
        control_reply(&self->control, 213, "SHA-256 0-%jd %s %s", (intmax_t)about.st_size,
                      text, argument);
    if (file != -1)
        close(file);
}

/* ---- room ---- */

/* AVBL: how many bytes may still be stored, of the quota or of the disk, whichever is less. */
void handle_avbl(struct session *self, const char *argument)
{
    const off_t available = quota_available(self->quota);
    struct statvfs disk;
    char path[PATH_SIZE];

    if (!session_resolve(self, *argument != '\0' ? argument : ".", path))
        return;
    int directory = path_open_directory(self->home, path);
    if (directory == -1 || fstatvfs(directory, &disk) == -1) {
        session_refuse(self, 550, path, errno);
    } else {
        intmax_t room = (intmax_t)disk.f_bavail * (intmax_t)disk.f_frsize;
        control_reply(&self->control, 213, "%jd",
                      available >= 0 && available < room ? (intmax_t)available : room);
    }
    if (directory != -1)
        close(directory);
}

void handle_site_quota(struct session *self, const char *argument)
{
    off_t used, limit;

    (void)argument;
    quota_read(self->quota, &used, &limit);
    if (limit >= 0)
        control_reply(&self->control, 200, "%jd of %jd bytes are used", (intmax_t)used,
                      (intmax_t)limit);
    else
        control_reply(&self->control, 200, "%jd bytes are used; there is no limit",
                      (intmax_t)used);
}
