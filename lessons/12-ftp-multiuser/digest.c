/*
 * digest.c - SHA-256 by OpenSSL, as digest.h says. They are the words of lesson 11.
 */
#include "digest.h"

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

int digest_begin(struct digest *digest)
{
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL)
        return check(0);
    if (EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1)
        return 0;
    digest_end(digest);
    return check(0);
}

int digest_add(struct digest *digest, const void *bytes, size_t length)
{
    return check(EVP_DigestUpdate(digest->context, bytes, length));
}

int digest_add_file(struct digest *digest, int file, off_t from, off_t to)
{
    enum { PIECE = 128 * 1024 };
    char *piece = malloc(PIECE);
    ssize_t count = piece == NULL ? -1 : 1;

    while (from < to && count > 0) {
        size_t size = to - from < PIECE ? (size_t)(to - from) : PIECE;
        count = pread(file, piece, size, from);
        if (count > 0 && digest_add(digest, piece, (size_t)count) == -1)
            count = -1;
        from += count;
    }
    if (count == 0)
        errno = EIO;
    free(piece);
    return count > 0 ? 0 : -1;
}

int digest_text(const struct digest *digest, char text[DIGEST_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *copy =
        EVP_MD_CTX_new(); /* to finish a digest ends it, and more may follow */

    int success = copy != NULL && EVP_MD_CTX_copy_ex(copy, digest->context) == 1 &&
                  EVP_DigestFinal_ex(copy, bytes, NULL) == 1;
    EVP_MD_CTX_free(copy);
    for (size_t i = 0; success && i < DIGEST_LENGTH / 2; i++)
        sprintf(text + 2 * i, "%02x", bytes[i]);
    return check(success);
}

void digest_end(struct digest *digest)
{
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
}
