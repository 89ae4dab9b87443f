/*
 * part.h - a file that is on its way: it grows under another name, and gets its own when it is
 * whole. Lesson 11 writes it out.
 *
 * What was written stays when the program ends, however it ends, and the next one goes on there.
 */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Room for a name, with the NUL byte: the longest of most file systems. */
enum { PART_NAME_SIZE = 256 };

struct part {
    int file;
    int directory;             /* in which it lies */
    char name[PART_NAME_SIZE]; /* under which it grows */
    off_t size;                /* bytes that it has */
};

/*
 * Opens the part `name`, of less than PART_NAME_SIZE bytes, in `directory`, or makes it, and locks
 * it: nobody else can open it until it is closed, or the program has ended. For a second it waits
 * for who has it now.
 * Returns 0, and part_close closes it; or -1 with errno EBUSY, if somebody else has it; ELOOP, if
 * it is no regular file; or set by openat(2).
 */
int part_open(struct part *part, int directory, const char *name);

/* Throws away what it has. Returns 0, or -1 with errno set by ftruncate(2). */
int part_restart(struct part *part);

/*
 * Adds `length` bytes at its end.
 * Returns 0; or -1 with errno set by write(2): then part->size tells how much was written.
 */
int part_add(struct part *part, const void *bytes, size_t length);

/*
 * The part is whole: gives it the name `name` in `directory`, in the same file system, and so
 * replaces what had that name. With `sync`, it is on the disk when this returns 0.
 * Returns 0; or -1 with errno set by fsync(2) or renameat(2).
 */
int part_finish(struct part *part, int directory, const char *name, bool sync);

/* Deletes it. It is still to be closed. */
void part_delete(struct part *part);

/* Closes it, and keeps errno. What it has stays; if that is nothing, it is deleted. */
void part_close(struct part *part);

#endif
