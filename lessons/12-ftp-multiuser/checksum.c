/*
 * checksum.c - SHA-256 by OpenSSL, as checksum.h says.
 */
#include "checksum.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int check(int success)
{
    if (success == 1)
        return 0;
    errno = ENOMEM;
    return -1;
}

int checksum_begin(struct checksum *checksum)
{
    checksum->context = EVP_MD_CTX_new();
    if (checksum->context != NULL &&
        EVP_DigestInit_ex(checksum->context, EVP_sha256(), NULL) == 1)
        return 0;
    checksum_end(checksum);
    return check(0);
}

int checksum_add(struct checksum *checksum, const void *bytes, size_t length)
{
    return check(EVP_DigestUpdate(checksum->context, bytes, length));
}

int checksum_add_file(struct checksum *checksum, int file, off_t length)
{
    enum { PIECE = 128 * 1024 };
    char *piece = malloc(PIECE);
    ssize_t count = piece == NULL ? -1 : 1;
    off_t at = 0;

    while (at < length && count > 0) {
        size_t size = length - at < PIECE ? (size_t)(length - at) : PIECE;
        count = pread(file, piece, size, at);
        if (count > 0 && checksum_add(checksum, piece, (size_t)count) == -1)
            count = -1;
        at += count;
    }
    if (count == 0)
        errno = EIO;
    free(piece);
    return count > 0 ? 0 : -1;
}

int checksum_text(const struct checksum *checksum, char text[CHECKSUM_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *copy = EVP_MD_CTX_new(); /* to finish it ends it, and more may follow */

    int success = copy != NULL && EVP_MD_CTX_copy_ex(copy, checksum->context) == 1 &&
                  EVP_DigestFinal_ex(copy, bytes, NULL) == 1;
    EVP_MD_CTX_free(copy);
    for (size_t i = 0; success && i < CHECKSUM_LENGTH / 2; i++)
        sprintf(text + 2 * i, "%02x", bytes[i]);
    return check(success);
}

void checksum_end(struct checksum *checksum)
{
    EVP_MD_CTX_free(checksum->context);
    checksum->context = NULL;
}
