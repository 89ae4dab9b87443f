/*
 * fetch.h - receives a file, for `get`, `reget` and `cat`. A part of lesson 12's client.
 *
 * It grows as LOCAL.part, and gets its name when it is whole: a file that has the name is not touched
 * before.
 */
#ifndef FETCH_H
#define FETCH_H

#include "remote.h"
#include "verify.h"

#include <stdbool.h>
#include <sys/types.h>

/* What is to be fetched; and, below the line, what has come of it. */
struct fetch {
    const char *path;   /* on the server */
    const char *local;  /* the file here; NULL: stdout */
    bool is_resumed;    /* goes on where LOCAL.part ends */
    bool is_unverified; /* without a digest: only the size is compared */
    bool shows_progress;
    /* ---- */
    off_t size;   /* bytes that it has */
    off_t before; /* ... of which so many were here already */
    char last;    /* its last byte, if there was one */
    enum verify_result verified;
};

/*
 * Fetches the file. A file that differs from the server's is not given its name. Returns 0; or -1 with
 * the reason: what has come stays in LOCAL.part, and a fetch that is resumed goes on there, unless it
 * is of no use.
 */
int fetch_file(struct remote *remote, struct fetch *fetch);

#endif
