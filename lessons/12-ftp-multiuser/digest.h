/*
 * digest.h - the SHA-256 of bytes while they move, for HASH and the client that checks it. As in lesson
 * 11.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <openssl/evp.h>
#include <stddef.h>
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

/* Adds `length` bytes behind those that were added before. Returns as digest_begin does. */
int digest_add(struct digest *digest, const void *bytes, size_t length);

/* Adds the bytes of a file from `from` up to `to`; its offset stays as it is.
 * Returns 0, or -1 with errno set by pread(2); EIO, if the file is shorter. */
int digest_add_file(struct digest *digest, int file, off_t from, off_t to);

/* Writes the digest of all bytes so far into `text`; more may be added afterwards.
 * Returns as digest_begin does. */
int digest_text(const struct digest *digest, char text[DIGEST_SIZE]);

void digest_end(struct digest *digest);

#endif
