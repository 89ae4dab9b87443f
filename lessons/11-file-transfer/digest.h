/*
 * digest.h - the SHA-256 of bytes while they move, and digests that are kept for files that have
 * not changed, for lesson 11.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

enum {
    DIGEST_LENGTH = 64, /* a digest as text: two hexadecimal digits for each byte */
    DIGEST_SIZE = DIGEST_LENGTH + 1, /* room for one, with the NUL byte */
};

/* A digest that is being computed. digest_begin makes it, digest_end gives it back. */
struct digest {
    EVP_MD_CTX *context; /* from OpenSSL, whose functions fail only for lack of memory */
};

/* Begins with no bytes. Returns 0, or -1 with errno ENOMEM. */
int digest_begin(struct digest *digest);

/* Begins anew. Returns as digest_begin does. */
int digest_restart(struct digest *digest);

/* Adds `length` bytes behind those that were added before. Returns as digest_begin does. */
int digest_add(struct digest *digest, const void *bytes, size_t length);

/* Adds the bytes of a file from `from` up to `to`; its offset stays as it is.
 * Returns 0, or -1 with errno set by pread(2); EIO, if the file is shorter. */
int digest_add_file(struct digest *digest, int file, off_t from, off_t to);

/* Writes the digest of all bytes so far into `text`; more may be added afterwards.
 * Returns as digest_begin does. */
int digest_text(const struct digest *digest, char text[DIGEST_SIZE]);

void digest_end(struct digest *digest);

/* Writes the digest of `length` bytes into `text`. Returns as digest_begin does. */
int digest_of(const void *bytes, size_t length, char text[DIGEST_SIZE]);

/* ---- digests that are kept ---- */

/*
 * Takes the digest of the file `name` from the directory `kept`. It counts only for as long as the
 * inode, the size and the times of the file are those in `about`.
 * Returns whether there is one, in `text`.
 */
bool digest_recall(int kept, const char *name, const struct stat *about,
                   char text[DIGEST_SIZE]);

/* Keeps it there. If that fails, it will be computed again: nobody has to be told. */
void digest_keep(int kept, const char *name, const struct stat *about,
                 const char text[DIGEST_SIZE]);

#endif
