/*
 * path.h - paths as a client writes them, and the walk from its home to what they name. A part of
 * lesson 12's server.
 *
 * A client's root directory is its home. A virtual path is absolute, "/", "/a" or "/a/b": without
 * ".", "..", empty components and a slash at its end. So nothing in it leads upward; and the
 * walk follows no symbolic link, so nothing on the disk leads outside, whoever moves it meanwhile.
 */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* An upload grows beside its name, under a name that begins so. No client can name it. */
#define PATH_PART_PREFIX ".ftp-part."

enum {
    PATH_SIZE = 4096,     /* room for a virtual path, with the NUL byte */
    PATH_NAME_SIZE = 256, /* room for a component, with the NUL byte */
    /* room for the name of something new: the prefix fits before it */
    PATH_NEW_NAME_SIZE = PATH_NAME_SIZE - (sizeof PATH_PART_PREFIX - 1),
};

/*
 * Makes a virtual path of what a client wrote: `argument`, which is absolute, or begins in the
 * virtual path `directory`, which is other memory than `path`. ".." in the root stays in the root
 * (RFC 3659, 6, TVFS).
 * Returns 0; or -1 with errno EINVAL (it is empty), or ENAMETOOLONG (the path, or a component).
 */
int path_resolve(const char *directory, const char *argument, char path[PATH_SIZE]);

/* The last component of a virtual path; "" for the root. It points into `path`. */
const char *path_name(const char *path);

/*
 * Opens the directory in which the last component of a virtual path lies (for the root: itself),
 * one component after the other from the descriptor `home`.
 * Returns a descriptor, which the caller closes; or -1 with errno ENOTDIR, also for a symbolic
 * link, or set by openat(2).
 */
int path_open_parent(int home, const char *path);

/* Opens a directory, to read it. Returns as path_open_parent. */
int path_open_directory(int home, const char *path);

/*
 * Opens a regular file, to read it, and fills in *about. It never waits.
 * Returns a descriptor, which the caller closes; or -1 with errno EISDIR, ELOOP (a symbolic
 * link), EACCES (something else), or set by openat(2).
 */
int path_open_file(int home, const char *path, struct stat *about);

/* Fills in *about of whatever has the name; of a symbolic link itself. Returns 0, or -1 with errno as
 * path_open_parent. */
int path_stat(int home, const char *path, struct stat *about);

/*
 * A name as it stands in a listing: each control character of it is a '?', so it can't forge a
 * line. All other bytes are as they are, whether they are UTF-8 or not. Returns `shown`.
 */
const char *path_shown_name(const char *name, char shown[PATH_NAME_SIZE]);

/*
 * The name in `directory` that a client means with `name`: that name, whether anything has it or not; but if it
 * has a '?' in it and nothing has it, the only one there that is shown like that. So a file with a line
 * feed in its name can be read, renamed and deleted. All functions above do this for each component.
 * Returns 0; or -1 with errno ENOENT (`name` is that of a part; or no name is shown like that, or more than one), or set by
 * the system.
 */
int path_actual_name(int directory, const char *name, char actual[PATH_NAME_SIZE]);

/* Whether a name, of whatever length, is that of a part: it begins so. */
bool path_is_part(const char *name);

/* Whether something new may get this name. Returns 0; or -1 with errno EINVAL, if it has control
 * characters, or is that of a part; ENAMETOOLONG, if its part could have no name; or EEXIST for "", the
 * root. */
int path_may_be_named(const char *name);

#endif
