/*
 * progress.h - a line on the terminal that tells how far a transfer is. Lesson 11 writes it out.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Nothing is shown if stderr is no terminal. */
struct progress {
    char *name;   /* as it is printed; NULL: nothing is shown */
    off_t size;   /* of the whole file */
    off_t from;   /* so much was there before the transfer began */
    off_t done;   /* so much is there now */
    double began; /* when, as net_now tells */
    double drawn; /* when the line was drawn last */
};

/* Begins with `from` of `size` bytes. The name may have any bytes. progress_end ends it. */
void progress_begin(struct progress *progress, const char *name, off_t from, off_t size);

/* So many bytes more have moved. Draws at most ten times a second. `progress` may be NULL. */
void progress_add(struct progress *progress, size_t count);

/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
