/*
 * service.c - what one client gets, as service.h describes it. There is little new in here,
 * except that it runs many times at once: everything it writes to is its own, but the log.
 */
#include "service.h"
#include "cli.h"
#include "lines.h"
#include "net.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct service_settings settings;

void service_init(const struct service_settings *chosen)
{
    settings = *chosen;
    /* The local time needs the rules of its zone, which are read from a file the first time.
     * Read now, they are in memory that all children share; else each would read its own. */
    tzset();
}

/* ---- the log: the lock of stdout is held for a whole line, so that no other thread's line
 *      comes between its parts ---- */

void service_log(const char *name, const char *format, ...)
{
    va_list arguments;

    if (settings.quiet)
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
static void log_message(const char *name, const char *message, size_t length)
{
    enum { SHOWN = 60 };

    if (settings.quiet)
        return;
    flockfile(stdout);
    printf("[%s] received: ", name);
    cli_print_bytes(stdout, message, length < SHOWN ? length : SHOWN);
    puts(length > SHOWN ? "..." : "");
    funlockfile(stdout);
}

/* ---- what is sent ---- */

/* Sends one line of text. Returns 0, or -1 with errno set by send(2). */
static int send_line(int fd, const char *text)
{
    char line[100];
    int length = snprintf(line, sizeof line, "%s\r\n", text);
    return net_send_all(fd, line, (size_t)length);
}

/* Sends the local time. Returns 0, or -1 with errno set. But errno is ETIMEDOUT, and not EAGAIN, if
 * the client did not read it in time: lines_receive has EAGAIN for a client that sends nothing. */
static int send_time(int fd)
{
    char text[26]; /* as much as ctime_r writes */
    time_t now = time(NULL);

    /* ctime would write into one buffer for the whole process, and so for all threads. */
    ctime_r(&now, text);
    text[strcspn(text, "\n")] = '\0';
    int result = send_line(fd, text);
    if (result == -1 && errno == EAGAIN)
        errno = ETIMEDOUT;
    return result;
}

void service_refuse(int fd, const char *name, const char *reason)
{
    char text[4096]; /* for the line, and then for what the client has sent */
    int length = snprintf(text, sizeof text, "error: %.100s\r\n", reason);

    service_log(name, "refused: %s", reason);
    send(fd, text, (size_t)length, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    /* To close with bytes unread would reset the connection, and the client might lose the line.
     * A client that goes on sending is not waited for: 64 KiB are enough. */
    for (int i = 0; i < 16 && recv(fd, text, sizeof text, MSG_DONTWAIT) > 0; i++)
        ;
    close(fd);
}

/* ---- a client, from its first message to its end ---- */

/*
 * Logs why no more is received from a client; errno says it. If it was the server that gave
 * up, tells the client so. Whatever it is, it concerns this client alone.
 */
static void end_with_error(int fd, const char *name)
{
    char reason[80];

    if (errno == EMSGSIZE) {
        snprintf(reason, sizeof reason, "error: message longer than %ld bytes",
                 settings.max_line);
        service_log(name, "dropped: message longer than %ld bytes", settings.max_line);
        if (send_line(fd, reason) == 0)
            net_linger(fd);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        snprintf(reason, sizeof reason, "error: nothing received for %g s",
                 settings.timeout);
        service_log(name, "timed out");
        send_line(fd, reason); /* if it fails, the client has left */
    } else if (errno == ETIMEDOUT) {
        service_log(name, "dropped: it does not read");
    } else if (errno == EBADMSG) {
        service_log(name, "left in the middle of a message");
    } else if (errno == ENOMEM) {
        cli_warn("[%s] dropped: out of memory", name); /* it is we who can't go on */
    } else if (errno != EINTR) {                       /* EINTR: the server is to stop */
        /* strerror may write into one buffer for the whole process, as ctime does. */
        strerror_r(errno, reason, sizeof reason);
        service_log(name, "left: %s", reason);
    }
}

/*
 * Answers messages until there are no more. Returns 0 at the end of the stream, or -1 with
 * errno set; EINTR if the server is to stop.
 */
static int answer_messages(int fd, const char *name, struct lines *lines)
{
    char *message;
    size_t length;
    int result;

    if (net_set_timeout(fd, settings.timeout) == -1)
        return -1;
    while ((result = lines_receive(lines, fd, &message, &length)) == 1) {
        log_message(name, message, length);
        if (send_time(fd) == -1)
            return -1;
    }
    return result;
}

void service_serve(int fd, const char *name)
{
    struct lines lines;

    lines_init(&lines, (size_t)settings.max_line);
    if (answer_messages(fd, name, &lines) == 0)
        service_log(name, "left");
    else
        end_with_error(fd, name);
    lines_free(&lines);
}
