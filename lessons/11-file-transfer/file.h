/*
 * file.h - regular files in a directory, for lesson 11.
 */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Opens the regular file `name` in the directory with the descriptor `directory`, to read it, and
 * fills in *about. `flags` is 0, or O_NOFOLLOW: then a symbolic link is no regular file. It never
 * waits, not even for a named pipe.
 * Returns a descriptor, which the caller closes; or -1 with errno ELOOP, if it is something else
 * than a regular file, or set by openat(2).
 */
int file_open(int directory, const char *name, int flags, struct stat *about);

/* Whether a file may take this name there: nothing has it, or a regular file, which is replaced.
 * Returns 0; or -1 with errno as file_open. */
int file_may_take(int directory, const char *name);

/* Whether the file was written to since *before was filled in, as its size and its times tell. A
 * chmod counts, too: it changes the ctime. */
bool file_has_changed(int file, const struct stat *before);

/*
 * Whether nobody has written to the file since *before was filled in, although it has got its name
 * meanwhile, which has changed its ctime. Fills in *now. When the last write and the name fall into
 * the same tick of the file system's clock, nobody can tell: it returns false.
 */
bool file_is_only_renamed(int file, const struct stat *before, struct stat *now);

/* As strerror(3); but ELOOP and EBUSY mean here what file_open and part_open say. */
const char *file_reason(int error);

#endif
