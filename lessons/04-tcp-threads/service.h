/*
 * service.h - what one client gets, whoever serves it: server.c calls serve_client in a
 * thread of its own, or in a process of its own. There is little new in here, except that
 * it runs many times at once: everything it writes to is its own, but the log.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "cli.h"
#include "line.h"
#include "net.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <time.h>

/* What clients may take. main sets it before the first one comes; then it is only read. */
static struct {
    long max_clients; /* at the same time */
    double timeout;   /* seconds of silence; 0: no limit */
    long max_line;    /* bytes of a message */
} limits = {512, 60, 1024};

static bool quiet; /* clients are not logged; set by main, too */

/*
 * Logs one event of the client `name`. The lock of stdout is held for the whole line, so
 * that no other thread's line comes between its parts.
 */
__attribute__((format(printf, 2, 3))) static inline void
log_event(const char *name, const char *format, ...)
{
    va_list arguments;

    if (quiet)
        return;
    va_start(arguments, format);
    flockfile(stdout);
    printf("[%s] ", name);
    vprintf(format, arguments);
    putchar('\n');
    funlockfile(stdout);
    va_end(arguments);
}

/* Logs a message. A long one is cut: the log is for people. */
static inline void log_message(const char *name, const char *message, size_t length)
{
    enum { SHOWN = 60 };

    if (quiet)
        return;
    flockfile(stdout);
    printf("[%s] received: ", name);
    cli_print_bytes(stdout, message, length < SHOWN ? length : SHOWN);
    puts(length > SHOWN ? "..." : "");
    funlockfile(stdout);
}

/* Sends one line of text. Returns 0, or -1 with errno set by send(2). */
static inline int send_line(int fd, const char *text)
{
    char line[100];
    int length = snprintf(line, sizeof line, "%s\r\n", text);
    return net_send_all(fd, line, (size_t)length);
}

/* Sends the local time. Returns 0, or -1 with errno set; ETIMEDOUT if nobody reads it. */
static inline int send_time(int fd)
{
    char text[26]; /* as much as ctime_r writes */
    time_t now = time(NULL);

    /* ctime would write into one buffer for the whole process, and so for all threads. */
    ctime_r(&now, text);
    text[strcspn(text, "\n")] = '\0';
    if (send_line(fd, text) == 0)
        return 0;
    return lines_fail(errno == EAGAIN ? ETIMEDOUT : errno);
}

/*
 * Reads what the client still sends, but not for ever: lesson 3 says why. To close with
 * bytes unread would reset the connection, and the client might lose the error message.
 */
static inline void wait_for_end(int fd)
{
    enum { AT_MOST = 16 * 1024 * 1024 };
    char unread[4096];
    ssize_t received;

    shutdown(fd, SHUT_WR);
    for (ssize_t total = 0; total < AT_MOST; total += received) {
        received = net_recv(fd, unread, sizeof unread);
        if (received <= 0)
            return;
    }
}

/*
 * Logs why no more is received from a client; errno says it. If it was the server that gave
 * up, tells the client so. Whatever it is, it concerns this client alone.
 */
static inline void end_with_error(int fd, const char *name)
{
    char reason[64];

    if (errno == EMSGSIZE) {
        snprintf(reason, sizeof reason, "error: message longer than %ld bytes",
                 limits.max_line);
        log_event(name, "dropped: message longer than %ld bytes", limits.max_line);
        if (send_line(fd, reason) == 0)
            wait_for_end(fd);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        snprintf(reason, sizeof reason, "error: nothing received for %g s",
                 limits.timeout);
        log_event(name, "timed out");
        send_line(fd, reason); /* if it fails, the client has left */
    } else if (errno == EBADMSG) {
        log_event(name, "left in the middle of a message");
    } else if (errno != EINTR) {
        log_event(name, "left: %s", strerror(errno));
    }
}

/* Answers each message of a client with the time, until the client leaves. */
static inline void serve_client(int fd, const char *name)
{
    struct lines lines;
    char *message;
    size_t length;
    int result = -1;

    if (lines_init(&lines, fd, (size_t)limits.max_line) == 0 &&
        net_set_timeout(fd, limits.timeout) == 0)
        while ((result = receive_line(&lines, &message, &length)) == 1) {
            log_message(name, message, length);
            if (send_time(fd) == -1) {
                result = -1;
                break;
            }
        }
    if (result == 0)
        log_event(name, "left");
    else
        end_with_error(fd, name);
    lines_free(&lines);
}

/*
 * Tells a client why it is not served, and closes its socket. main does this while others
 * wait, so it must not block: one line fits into the empty buffer of a new connection. It
 * takes what has come from the client: to close with bytes unread would reset the connection.
 */
static inline void refuse_client(int client, const char *name, const char *reason)
{
    char text[100];
    int length = snprintf(text, sizeof text, "error: %s\r\n", reason);

    log_event(name, "refused: %s", reason);
    send(client, text, (size_t)length, MSG_NOSIGNAL);
    shutdown(client, SHUT_WR);
    recv(client, text, sizeof text, MSG_DONTWAIT);
    close(client);
}

#endif
