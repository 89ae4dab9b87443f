/*
 * access_log.c - the log of transfers, as access_log.h says.
 */
#include "access_log.h"

#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    SHOWN_SIZE = PATH_SIZE + PATH_NAME_SIZE, /* room for the path of a user's file */
    LINE_SIZE = SHOWN_SIZE + 512,
};

static int log_file = -1; /* -1: there is none */

int access_log_open(const char *path)
{
    if (path == NULL)
        return 0;
    /* O_APPEND: each write goes to the end, also when another program has written, or has begun a
     * new file by emptying this one. */
    log_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return log_file == -1 ? -1 : 0;
}

/* Copies a path as one word. Returns `shown`. */
static const char *as_word(const char *path, char shown[SHOWN_SIZE])
{
    size_t length = 0;

    for (; length < SHOWN_SIZE - 1 && path[length] != '\0'; length++) {
        unsigned char byte = (unsigned char)path[length];
        shown[length] = byte <= ' ' || byte == 0x7f ? '_' : (char)byte;
    }
    shown[length] = '\0';
    return shown;
}

void access_log_add(const struct access *access)
{
    char shown[SHOWN_SIZE], line[LINE_SIZE], when[26];
    const time_t now = time(NULL);

    if (log_file == -1)
        return;
    /* The format is that of ctime(3), in local time: "Thu Nov 26 12:00:00 2026\n". */
    if (ctime_r(&now, when) == NULL)
        return;
    /* Whole seconds, and at least one: programs divide by them. */
    int length = snprintf(
        line, sizeof line, "%.24s %.0f %.64s %jd %s %c _ %c r %.32s ftp 0 * %c\n", when,
        access->seconds < 1 ? 1 : access->seconds, access->host, (intmax_t)access->bytes,
        as_word(access->path, shown), access->is_ascii ? 'a' : 'b', access->direction,
        access->user, access->is_complete ? 'c' : 'i');
    while (write(log_file, line, (size_t)length) == -1 && errno == EINTR)
        continue;
}
