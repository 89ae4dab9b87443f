/*
 * checksum.h - the SHA-256 of bytes while they move, for lesson 12.
 */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <openssl/evp.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    CHECKSUM_LENGTH = 64, /* as text: two hexadecimal digits for each byte */
    CHECKSUM_SIZE = CHECKSUM_LENGTH + 1, /* room for one, with the NUL byte */
};

/* One that is being computed. checksum_begin makes it, checksum_end gives it back. */
struct checksum {
    EVP_MD_CTX *context; /* from OpenSSL, whose functions fail only for lack of memory */
};

/* Begins with no bytes. Returns 0, or -1 with errno ENOMEM. */
int checksum_begin(struct checksum *checksum);

/* Adds `length` bytes behind those that were added before. Returns as checksum_begin. */
int checksum_add(struct checksum *checksum, const void *bytes, size_t length);

/* Adds the first `length` bytes of a file; its offset stays as it is. Returns 0, or -1 with errno set by
 * pread(2); EIO, if the file is shorter; ENOMEM. */
int checksum_add_file(struct checksum *checksum, int file, off_t length);

/* Writes it into `text`, in small letters; more may be added afterwards. Returns as checksum_begin. */
int checksum_text(const struct checksum *checksum, char text[CHECKSUM_SIZE]);

void checksum_end(struct checksum *checksum);

#endif
