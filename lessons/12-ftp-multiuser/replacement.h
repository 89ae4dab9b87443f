/*
 * replacement.h - a small file that is replaced by a new version of itself, for the program `users` of
 * lesson 12. Who reads it meanwhile has the old one or the new one, never a half, whatever happens.
 */
#ifndef REPLACEMENT_H
#define REPLACEMENT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/* The file is locked, so programs that replace it at once do so one after the other. */
struct replacement {
    int directory;                         /* in which it lies */
    const char *name;                      /* there; it points into the caller's path */
    char beside[NAME_MAX + sizeof ".new"]; /* the new one's; "": it has the file's name */
    FILE *before;                          /* the file, to be read */
    FILE *after;                           /* the new one, to be written */
};

/*
 * Locks the file, for which it may wait, and makes a new one beside it, with the name FILE.new, for
 * this user alone (0600). With `makes`, the file is made if it is not there, and is empty.
 * Returns 0, and replacement_end ends it; or -1 with errno ELOOP, if the file is no regular one (a
 * symbolic link is none), or set by open(2), flock(2) or malloc(3).
 */
int replacement_begin(struct replacement *self, const char *path, bool makes);

/* The new one is written: brings it to the disk, and then gives it the file's name. Its owner is the
 * file's. Returns 0, or -1 with errno. */
int replacement_finish(struct replacement *self);

/* Closes both, and keeps errno. If the new one was not finished, it is deleted. */
void replacement_end(struct replacement *self);

#endif
