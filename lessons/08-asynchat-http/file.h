/*
 * file.h - files for the server of lesson 8: it opens only what is beneath a directory, and a
 * producer reads them piece by piece, as there is room to send.
 */
#ifndef FILE_H
#define FILE_H

#include "asynchat.h"

#include <sys/stat.h>
#include <sys/types.h>

/*
 * Opens the file `path` ("/a/b.html"; it has no "..") beneath the directory `root`. A path that
 * ends with / means the index.html there. The way goes from directory to directory, and a
 * symbolic link is not followed: so nothing leads outside, also if somebody changes the
 * directories meanwhile.
 * Returns a descriptor of a regular file, which the caller closes, with *about set; or -1 with errno set: ELOOP for a symbolic link,
 * ENOENT for what is no regular file, or as openat(2) sets it.
 */
int file_open(int root, const char *path, struct stat *about);

/* Returns the media type of a file, by the end of its name: "text/css". */
const char *file_type(const char *path);

/*
 * Makes a producer of the first `length` bytes of the file `fd`, which it closes. If the file has
 * become shorter, it fails with EIO.
 * Returns NULL with errno ENOMEM if there is no memory; then `fd` stays the caller's.
 */
struct producer *file_producer(int fd, off_t length);

#endif
