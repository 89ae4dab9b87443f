/*
 * access_log.h - one line for each transfer, in the format xferlog, which programs that make statistics
 * can read. A part of lesson 12's server.
 *
 *     Thu Nov 26 12:00:00 2026 1 127.0.0.1 6 /alice/hello b _ o r alice ftp 0 * c
 *
 * The time is when the transfer has ended, in local time, as xferlog has it; then come the whole seconds
 * that it took, 1 at least.
 */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include <stdbool.h>
#include <sys/types.h>

/* What was transferred. */
struct access {
    double seconds;   /* that it took */
    const char *host; /* of the client: an address without a port */
    off_t bytes;
    const char *path; /* from the root of all homes: "/alice/hello" */
    bool is_ascii;    /* TYPE A */
    enum { ACCESS_IN = 'i', ACCESS_OUT = 'o', ACCESS_DELETED = 'd' } direction;
    const char *user;
    bool is_complete;
};

/* Opens the file, to add to its end; NULL opens none. It is made, if it is not there, for this user alone
 * (0600). Returns 0, or -1 with errno set by open(2); the log is the program's only one, and stays open.
 * To be called before there are threads. */
int access_log_open(const char *path);

/*
 * Adds a line, in one write(2), so that lines of several threads never mix. What stands in the path
 * and could end a word or a line (a space, a control character) becomes '_', as xferlog has it.
 * A write that fails is not told to the client. Without a file it does nothing. It may change errno.
 */
void access_log_add(const struct access *access);

#endif
