/*
 * send_file.h - sends a file, for `put` and `reput`. A part of lesson 12's client.
 */
#ifndef SEND_FILE_H
#define SEND_FILE_H

#include "remote.h"
#include "verify.h"

#include <stdbool.h>
#include <sys/types.h>

/* What is to be sent; and, below the line, what has come of it. */
struct send_file {
    const char *local;  /* the file here */
    const char *path;   /* on the server */
    bool is_resumed;    /* goes on behind the bytes that the server has */
    bool is_unverified; /* without a digest: only the size is compared */
    bool shows_progress;
    /* ---- */
    off_t size;   /* bytes that it has */
    off_t before; /* ... of which so many were there already */
    enum verify_result verified;
};

/*
 * Sends the file. Returns 0; or -1 with the reason: what the server has then, it may keep, and a sending
 * that is resumed asks for it.
 */
int send_file(struct remote *remote, struct send_file *sending);

#endif
