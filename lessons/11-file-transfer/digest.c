/*
 * digest.c - SHA-256 by OpenSSL, and digests in files, as digest.h says.
 */
#include "digest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    if (digest_restart(digest) == 0)
        return 0;
    digest_end(digest);
    return check(0);
}

int digest_restart(struct digest *digest)
{
    return check(EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
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

int digest_of(const void *bytes, size_t length, char text[DIGEST_SIZE])
{
    struct digest digest;

    if (digest_begin(&digest) == -1)
        return -1;
    int result = digest_add(&digest, bytes, length);
    if (result == 0)
        result = digest_text(&digest, text);
    digest_end(&digest);
    return result;
}

/* ---- digests that are kept ---- */

enum { NOTE_SIZE = 256 }; /* room for a note, which is a line of text */

/* Writes which file this is, and its digest. If one byte of the file changes, so does its ctime,
 * which nobody can set. Returns the length. */
static size_t write_note(char note[NOTE_SIZE], const struct stat *about, const char *text)
{
    return (size_t)snprintf(
        note, NOTE_SIZE, "%ju %jd %jd.%ld %jd.%ld %s\n", (uintmax_t)about->st_ino,
        (intmax_t)about->st_size, (intmax_t)about->st_mtim.tv_sec, about->st_mtim.tv_nsec,
        (intmax_t)about->st_ctim.tv_sec, about->st_ctim.tv_nsec, text);
}

bool digest_recall(int kept, const char *name, const struct stat *about,
                   char text[DIGEST_SIZE])
{
    char found[NOTE_SIZE], expected[NOTE_SIZE];
    int file = openat(kept, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (file == -1)
        return false;
    ssize_t length = read(file, found, sizeof found);
    close(file);
    if (length <= DIGEST_LENGTH || found[length - 1] != '\n')
        return false;
    memcpy(text, found + length - 1 - DIGEST_LENGTH, DIGEST_LENGTH);
    text[DIGEST_LENGTH] = '\0';
    return write_note(expected, about, text) == (size_t)length &&
           memcmp(found, expected, (size_t)length) == 0;
}

void digest_keep(int kept, const char *name, const struct stat *about,
                 const char text[DIGEST_SIZE])
{
    char note[NOTE_SIZE];
    int file =
        openat(kept, name,
               O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);

    if (file == -1)
        return;
    /* Half a note is no note: so nothing has to be done if not all of it could be written. */
    ssize_t written = write(file, note, write_note(note, about, text));
    (void)written;
    close(file);
}
