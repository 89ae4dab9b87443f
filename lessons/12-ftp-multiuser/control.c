/*
 * control.c - lines from the client, and replies to it, as control.h says.
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "control.h"

#include "net.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef POLLRDHUP /* not on Linux: there, who leaves is noticed later */
#define POLLRDHUP 0
#endif

/* Telnet's bytes that count here (RFC 854). */
enum { SE = 240, SB = 250, WILL = 251, DONT = 254, IAC = 255 };

int control_open(struct control *control, int fd, double timeout)
{
    const int yes = 1;

    *control = (struct control){.timeout = timeout};
    /* A client sends its ABOR as urgent data. By default one byte of it would be taken out of the
     * stream, and the command would lack a letter, or its end. */
    if (setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &yes, sizeof yes) == -1 ||
        net_set_nodelay(fd) == -1 || channel_open(&control->channel, fd) == -1)
        return -1;
    lines_init(&control->lines, CONTROL_LINE);
    return 0;
}

void control_close(struct control *control)
{
    SSL_free(control->channel.tls);
    lines_free(&control->lines);
    buffer_free(&control->replies);
    free(control->held);
}

/* ---- commands ---- */

/* Takes telnet's bytes out of those that have come, and the NUL behind a CR, which stands for a CR
 * alone. Returns how many are left. */
static size_t filter_telnet(struct control *control, unsigned char *bytes, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const unsigned char byte = bytes[i];
        switch (control->telnet) {
        case TELNET_CR:
            control->telnet = TELNET_BYTES;
            if (byte == '\0')
                break;
            /* fall through */
        case TELNET_BYTES:
            if (byte == IAC) {
                control->telnet = TELNET_IAC;
                break;
            }
            bytes[kept++] = byte;
            if (byte == '\r')
                control->telnet = TELNET_CR;
            break;
        case TELNET_IAC:
            control->telnet = TELNET_BYTES;
            if (byte == IAC) /* two stand for one */
                bytes[kept++] = byte;
            else if (byte == SB)
                control->telnet = TELNET_SUBNEGOTIATION;
            else if (byte >= WILL && byte <= DONT)
                control->telnet = TELNET_OPTION;
            break;
        case TELNET_OPTION:
            control->telnet = TELNET_BYTES;
            break;
        case TELNET_SUBNEGOTIATION:
            if (byte == IAC)
                control->telnet = TELNET_SUBNEGOTIATION_IAC;
            break;
        case TELNET_SUBNEGOTIATION_IAC:
            control->telnet = byte == SE ? TELNET_BYTES : TELNET_SUBNEGOTIATION;
            break;
        }
    }
    return kept;
}

int control_next(struct control *control, char **line, size_t *length)
{
    if (control->is_held) {
        control->is_held = false;
        *line = control->held;
        *length = control->held_length;
        return 1;
    }
    int result = lines_next(&control->lines, line, length);
    if (result == 1)
        (*line)[*length] = '\0'; /* in the place of its end */
    return result;
}

int control_fill(struct control *control)
{
    size_t size;
    char *room = lines_room(&control->lines, &size);

    if (room == NULL)
        return -1;
    if (size == 0)
        return 1;
    ssize_t received = channel_recv(&control->channel, room, size);
    if (received > 0)
        lines_added(&control->lines,
                    filter_telnet(control, (unsigned char *)room, (size_t)received));
    return received > 0 ? 1 : (int)received;
}

int control_receive(struct control *control, double seconds, char **line, size_t *length)
{
    const double end = net_now() + seconds;
    int result;

    while ((result = control_next(control, line, length)) == 0) {
        const double left = end - net_now();
        control->channel.waits_for = POLLIN;
        if (control_flush(control) == -1)
            return -1;
        /* A byte now and then is no line: the time does not begin anew. */
        errno = ETIMEDOUT;
        if (seconds > 0 && left <= 0)
            return -1;
        if (!channel_has_pending(&control->channel) &&
            channel_wait(&control->channel, seconds > 0 ? left : 0) == -1)
            return -1;
        int filled = control_fill(control);
        if (filled == 0 || (filled == -1 && errno != EAGAIN))
            return filled;
    }
    return result;
}

int control_hold(struct control *control, const char *line, size_t length)
{
    char *copy = malloc(length + 1);

    if (copy == NULL)
        return -1;
    memcpy(copy, line, length);
    copy[length] = '\0';
    free(control->held);
    control->held = copy;
    control->held_length = length;
    control->is_held = true;
    return 0;
}

int control_pause(const struct control *control, double seconds)
{
    struct pollfd wait = {.fd = control->channel.fd, .events = POLLRDHUP};
    const double end = net_now() + seconds;

    for (double left = seconds; left > 0; left = end - net_now())
        if (poll(&wait, 1, (int)(left * 1000) + 1) == 1) {
            errno = ECONNRESET;
            return -1;
        }
    return 0;
}

void control_discard(struct control *control)
{
    lines_free(&control->lines);
    lines_init(&control->lines, CONTROL_LINE);
    control->telnet = TELNET_BYTES;
    control->is_held = false;
}

/* ---- replies ---- */

/* Adds `prefix`, the text and the end of the line. */
static void add_line(struct control *control, const char *prefix, const char *format,
                     va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    const size_t length = (size_t)vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *room = buffer_append(&control->replies, prefix, strlen(prefix)) == 0
                     ? buffer_reserve(&control->replies, length + sizeof "\r\n")
                     : NULL;
    if (room == NULL) {
        control->is_incomplete = true;
        return;
    }
    vsnprintf(room, length + 1, format, arguments);
    for (char *at = room; at < room + length; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    memcpy(room + length, "\r\n", 2);
    buffer_added(&control->replies, length + 2);
}

/* A line with a code; `mark` is ' ' for the last line of a reply, and '-' for the first of several. */
static void add_coded(struct control *control, int code, char mark, const char *format,
                      va_list arguments)
{
    char prefix[16];

    snprintf(prefix, sizeof prefix, "%d%c", code, mark);
    add_line(control, prefix, format, arguments);
}

void control_reply(struct control *control, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_coded(control, code, ' ', format, arguments);
    va_end(arguments);
}

void control_begin(struct control *control, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_coded(control, code, '-', format, arguments);
    va_end(arguments);
}

void control_add(struct control *control, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_line(control, " ", format, arguments);
    va_end(arguments);
}

int control_flush(struct control *control)
{
    struct buffer *replies = &control->replies;
    const size_t length = buffer_length(replies);

    errno = ENOMEM;
    if (control->is_incomplete)
        return -1;
    if (length == 0)
        return 0;
    int result = channel_send_all(&control->channel, buffer_front(replies), length,
                                  control->timeout);
    const int error = errno;
    buffer_free(replies);
    errno = error;
    return result;
}
