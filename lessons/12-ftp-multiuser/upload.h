/*
 * upload.h - a file that is being stored: it grows beside its name, under a name of its own, and gets
 * its name when it is whole. A part of lesson 12's server.
 *
 * What has come of an interrupted upload stays, so that the client can go on there; but not if a whole
 * file has the name: then it would be in nobody's sight, and it is deleted.
 */
#ifndef UPLOAD_H
#define UPLOAD_H

#include "part.h"
#include "path.h"
#include "quota.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct upload {
    struct part part;
    struct quota *quota;
    int directory; /* in which it will be */
    char name[PATH_NAME_SIZE];
    bool replaces;  /* a whole file had the name at the beginning */
    bool has_ended; /* the part is finished or deleted */
};

/* Writes the name under which an upload of the file `name` grows. `name` has at most
 * PATH_NAME_SIZE - 1 - strlen(PATH_PART_PREFIX) bytes. Returns part_name. */
const char *upload_part_name(const char *name, char part_name[PATH_NAME_SIZE]);

/* Whether there is a part of the file with this virtual path, but nothing that has the name itself; fills in
 * *about of the part. */
bool upload_has_part(int home, const char *path, struct stat *about);

/*
 * Opens the part of the file `name`, or makes one, and locks it. `directory` stays the caller's, and
 * must stay open.
 * Returns 0, and upload_close closes it; or -1 with errno EBUSY (somebody is storing this file), EISDIR
 * (something that is no file has the name), or set by the system.
 */
int upload_open(struct upload *upload, int directory, const char *name,
                struct quota *quota);

/* So many bytes are there to go on behind: those of the whole file, or those of the part. */
off_t upload_size(const struct upload *upload);

/*
 * Keeps the first `offset` bytes, of at most upload_size: the part is cut there; or, if a whole file has
 * the name, gets a copy of so many of its bytes.
 * Returns 0; or -1 with errno EINVAL, if there are fewer, or as upload_add.
 */
int upload_begin(struct upload *upload, off_t offset);

/* Adds bytes. Returns 0; or -1 with errno EDQUOT, if the user has no room for all of them; or set by
 * write(2). */
int upload_add(struct upload *upload, const char *bytes, size_t length);

/* Gives the file its name; with `sync` it is on the disk then. Returns 0, or -1 with errno set. */
int upload_finish(struct upload *upload, bool sync);

/* The file `name` has just got its name in another way: what has come of an upload of it, which nobody could see
 * any more, is deleted, unless somebody is storing it. */
void upload_drop_part(int directory, const char *name, struct quota *quota);

/* Deletes what has come. It is still to be closed. */
void upload_delete(struct upload *upload);

/* Closes it, and keeps errno. If it was neither finished nor deleted, what has come stays, unless that is
 * nothing, or it was to replace a whole file. */
void upload_close(struct upload *upload);

#endif
