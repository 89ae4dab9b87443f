/*
 * verify.h - whether the server has the same bytes as this machine. A part of lesson 12's client.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "digest.h"
#include "remote.h"

#include <stdbool.h>
#include <sys/types.h>

enum verify_result {
    VERIFY_FAILED = -1, /* the reason tells why nobody knows */
    VERIFY_DIFFERS,     /* the reason tells what */
    VERIFY_UNKNOWN,     /* the server can't tell */
    VERIFY_SIZE,        /* it tells only the size, which is right */
    VERIFY_SAME,        /* the digest is right */
};

/*
 * Asks the server for the SHA-256 of the file `path` (HASH, draft-bryan-ftpext-hash), and compares it with
 * `digest`; if it has no such command, or `digest` is NULL, for its size, and compares that.
 */
enum verify_result verify_file(struct remote *remote, const char *path,
                               const struct digest *digest, off_t size);

/* The size that the server says a file has; -1 if it does not say one. It fails with -2, and the
 * reason, if the connection is lost, or Ctrl-C was pressed. */
off_t verify_ask_size(struct remote *remote, const char *path);

/* What a result is called, as in "50 bytes, verified". */
const char *verify_word(enum verify_result result);

#endif
