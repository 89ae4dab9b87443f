/*
 * token.c - the file of the token, and the proof.
 *
 * The file holds the token as 64 hexadecimal digits and a newline, so that it can be copied by hand.
 */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_SIZE = 2 * TOKEN_SIZE + 1 }; /* with the newline */

/* The value of a variable of the environment, or NULL if it is not set, or empty. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value == NULL || *value == '\0' ? NULL : value;
}

const char *token_path(const char *given)
{
    static char path[PATH_MAX];
    const char *directory = variable("XDG_RUNTIME_DIR"), *below = "";

    if (given != NULL)
        return given;
    if (directory == NULL)
        directory = variable("XDG_STATE_HOME");
    if (directory == NULL) {
        directory = variable("HOME");
        below = "/.local/state";
    }
    if (directory == NULL || snprintf(path, sizeof path, "%s%s/twelve-sockets/token",
                                      directory, below) >= (int)sizeof path)
        return NULL;
    return path;
}

/* ---- making the file ---- */

/* Makes each directory that leads to `path`, and is not there. */
static int make_directories(const char *path)
{
    char directory[PATH_MAX];

    if (snprintf(directory, sizeof directory, "%s", path) >= (int)sizeof directory) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *slash = strchr(directory + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(directory, 0700) == -1 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return 0;
}

/* Writes a new token into the file `fd`. */
static int write_token(int fd)
{
    unsigned char key[TOKEN_SIZE];
    char text[TEXT_SIZE + 1];

    if (RAND_bytes(key, sizeof key) != 1) {
        errno = EIO;
        return -1;
    }
    for (size_t i = 0; i < sizeof key; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned int)key[i]);
    text[TEXT_SIZE - 1] = '\n';
    ssize_t written = write(fd, text, TEXT_SIZE);
    if (written >= 0 && written < TEXT_SIZE)
        errno = ENOSPC;
    return written == TEXT_SIZE ? 0 : -1;
}

int token_make(const char *path)
{
    char temporary[PATH_MAX];

    if (access(path, F_OK) == 0)
        return 0;
    if (make_directories(path) == -1)
        return -1;
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >=
        (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return -1;
    }
    /* mkstemp makes the file with mode 0600. To make it with another, and to change that then, would
     * leave a moment in which others can open it. */
    int fd = mkstemp(temporary);
    if (fd == -1)
        return -1;
    int result = write_token(fd);
    close(fd);
    /* The name appears when the file is whole. If another server was faster, its token holds. */
    if (result == 0 && link(temporary, path) == -1 && errno != EEXIST)
        result = -1;
    const int error = errno;
    unlink(temporary);
    errno = error;
    return result;
}

/* ---- reading it ---- */

/* The value of a hexadecimal digit, or -1. */
static int digit_value(char digit)
{
    static const char DIGITS[] = "0123456789abcdef";
    const char *found = digit == '\0' ? NULL : strchr(DIGITS, digit);

    return found == NULL ? -1 : (int)(found - DIGITS);
}

static int parse_token(const char text[TEXT_SIZE], struct token *token)
{
    for (size_t i = 0; i < TOKEN_SIZE; i++) {
        const int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
        if (high == -1 || low == -1)
            return -1;
        token->key[i] = (unsigned char)(16 * high + low);
    }
    return 0;
}

/* Why the file may not be used, whoever reads it; or NULL. */
static const char *objection(int fd)
{
    struct stat file;

    if (fstat(fd, &file) == -1)
        return strerror(errno);
    if (!S_ISREG(file.st_mode))
        return "not a file";
    if (file.st_uid != geteuid())
        return "it belongs to another user";
    if ((file.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return "others may use it; chmod 600 takes that from them";
    return NULL;
}

int token_read(const char *path, struct token *token, const char **reason)
{
    char text[TEXT_SIZE];

    /* O_NONBLOCK: to open a FIFO must not wait for somebody who writes into it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1) {
        *reason = strerror(errno);
        return -1;
    }
    *reason = objection(fd);
    if (*reason == NULL &&
        (read(fd, text, TEXT_SIZE) < TEXT_SIZE - 1 || parse_token(text, token) == -1))
        *reason = "it does not hold 64 hexadecimal digits";
    close(fd);
    return *reason == NULL ? 0 : -1;
}

/* ---- the proof ---- */

int token_challenge(unsigned char challenge[TOKEN_CHALLENGE_SIZE])
{
    if (RAND_bytes(challenge, TOKEN_CHALLENGE_SIZE) == 1)
        return 0;
    errno = EIO;
    return -1;
}

int token_answer(const struct token *token,
                 const unsigned char challenge[TOKEN_CHALLENGE_SIZE],
                 unsigned char answer[TOKEN_ANSWER_SIZE])
{
    if (HMAC(EVP_sha256(), token->key, TOKEN_SIZE, challenge, TOKEN_CHALLENGE_SIZE,
             answer, NULL) != NULL)
        return 0;
    errno = ENOMEM;
    return -1;
}

bool token_is_answer(const struct token *token,
                     const unsigned char challenge[TOKEN_CHALLENGE_SIZE],
                     const void *bytes, size_t length)
{
    unsigned char answer[TOKEN_ANSWER_SIZE];

    /* EXERCISE 3: compare all of the answer with the bytes. memcmp stops at the first byte that
     * differs: who measures its time could find one byte after the other. CRYPTO_memcmp does not */
    return length == TOKEN_ANSWER_SIZE && token_answer(token, challenge, answer) == 0 &&
           CRYPTO_memcmp(answer, bytes, TOKEN_ANSWER_SIZE) == 0;
    /* END EXERCISE */
}
