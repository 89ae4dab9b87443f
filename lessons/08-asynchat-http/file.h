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
 * ends with / means the index.html there. It opens one directory after the other, and follows no
 * symbolic link: so no path leads outside, even if somebody changes the directories meanwhile.
 * about: becomes what fstat(2) says of the file
 * Returns the descriptor of a regular file, which the caller closes; or -1 with errno set: ELOOP
 * for a symbolic link, ENOENT for what is no regular file, or as openat(2) sets it.
 */
int file_open(int root, const char *path, struct stat *about);

/* Returns the media type of a file, by the end of its name: "text/css". */
const char *file_type(const char *path);

/*
 * Makes a producer of `length` bytes of the file `fd`, which it reads, and closes at its end. If
 * the file has become shorter, its `more` fails with EIO.
 * Returns NULL with errno ENOMEM if there is no memory; then `fd` stays the caller's.
 */
struct producer *file_producer(int fd, off_t length);

#endif
