/*
 * remote.c - commands and replies, as remote.h says.
 */
#include "remote.h"

#include "dial.h"
#include "net.h"
#include "tls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- reasons ---- */

int remote_blame(struct remote *remote, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(remote->reason, sizeof remote->reason, format, arguments);
    va_end(arguments);
    remote->reason_length = (size_t)(length > 0 ? length : 0);
    if (remote->reason_length >= sizeof remote->reason)
        remote->reason_length = sizeof remote->reason - 1;
    return -1;
}

int remote_blame_reply(struct remote *remote)
{
    size_t length;
    const char *text = remote_reply_last(&remote->reply, &length);

    remote_blame(remote, "%d ", remote->reply.code);
    if (length > sizeof remote->reason - remote->reason_length)
        length = sizeof remote->reason - remote->reason_length;
    memcpy(remote->reason + remote->reason_length, text, length);
    remote->reason_length += length;
    return -1;
}

void remote_calm(void)
{
    alarm(0); /* net_handle_signals repeats it each second */
    net_stopping = 0;
}

int remote_blame_errno(struct remote *remote, const char *what)
{
    const int error = errno;

    if (error == EINTR && net_stopping) {
        remote_calm();
        remote->was_interrupted = true;
        return remote_blame(remote, "interrupted");
    }
    const char *text = error == ETIMEDOUT ? "the server is silent"
                       : error == EPROTO  ? tls_reason()
                                          : strerror(error);
    return remote_blame(remote, "%s%s%s", what, *what != '\0' ? ": " : "", text);
}

int remote_lose(struct remote *remote)
{
    channel_close(&remote->control);
    remote->is_open = false;
    return -1;
}

/* ---- the connection ---- */

int remote_open(struct remote *remote)
{
    const char *reason;

    lines_init(&remote->lines, REMOTE_LINE);
    remote->control.fd = -1;
    remote->was_interrupted = false;
    int fd = dial_host(remote->host, remote->port, remote->timeout, &reason);
    if (fd == -1 && errno == EINTR)
        return remote_blame_errno(remote, "");
    if (fd == -1)
        return remote_blame(remote, "connect %s:%ld: %s", remote->host, remote->port,
                            reason);
    remote->peer_length = sizeof remote->peer;
    if (getpeername(fd, (struct sockaddr *)&remote->peer, &remote->peer_length) == -1 ||
        net_set_nodelay(fd) == -1 || channel_open(&remote->control, fd) == -1) {
        net_close_keep_errno(fd);
        return remote_blame_errno(remote, "connect");
    }
    remote->is_open = true;
    int code;
    do /* "120 ready in 5 minutes" */
        code = remote_receive(remote);
    while (code >= 100 && code < 200);
    if (code == -1)
        return -1;
    return code < 300 ? 0 : remote_blame_reply(remote);
}

void remote_close(struct remote *remote)
{
    const double enough = 5;

    remote_calm();
    if (remote->is_open) {
        if (remote->timeout == 0 || remote->timeout > enough)
            remote->timeout = enough;
        remote_ask(remote, "QUIT", NULL);
        if (remote->is_open)
            channel_end(&remote->control);
        remote_lose(remote);
    }
    lines_free(&remote->lines);
    buffer_free(&remote->reply.text);
}

/* ---- commands ---- */

/* Writes the command as it is sent. Returns 0, or -1 if there is no room. */
static int write_command(char *line, size_t size, size_t *length, const char *verb,
                         const char *argument)
{
    size_t used = (size_t)snprintf(line, size, "%s%s", verb, argument != NULL ? " " : "");

    for (; argument != NULL && *argument != '\0'; argument++) {
        if (used + 4 > size)
            return -1;
        line[used++] = *argument;
        /* The control connection is one of Telnet, where a byte 255 begins a command; two are one
         * byte of text (RFC 959, 3.1; RFC 854). */
        if (*argument == '\xff')
            line[used++] = '\xff';
    }
    memcpy(line + used, "\r\n", 2);
    *length = used + 2;
    return 0;
}

int remote_send(struct remote *remote, const char *verb, const char *argument)
{
    char line[REMOTE_LINE];
    size_t length;

    remote->was_interrupted = false;
    if (!remote->is_open)
        return remote_blame(remote, "the connection is lost");
    if (argument != NULL && strpbrk(argument, "\r\n") != NULL)
        return remote_blame(remote, "a line feed in a name would begin another command");
    if (write_command(line, sizeof line, &length, verb, argument) == -1)
        return remote_blame(remote, "the name is too long");
    if (channel_send_all(&remote->control, line, length, remote->timeout) == 0)
        return 0;
    /* Nobody knows how much of it was sent: so no other command may follow. But if the server has left,
     * it may have said why, and that can still be read. */
    if (errno == EPIPE || errno == ECONNRESET)
        return 0;
    remote_blame_errno(remote, "");
    return remote_lose(remote);
}

/* ---- replies ---- */

/* Receives a line. Returns 0, or -1 with errno: ECONNRESET, if the server has closed the connection. */
static int receive_line(struct remote *remote, char **line, size_t *length)
{
    int result;

    while ((result = lines_next(&remote->lines, line, length)) == 0) {
        size_t size;
        char *room = lines_room(&remote->lines, &size);
        if (room == NULL)
            return -1;
        ssize_t received = channel_recv(&remote->control, room, size);
        if (received > 0) {
            lines_added(&remote->lines, (size_t)received);
        } else if (received == 0) {
            errno = ECONNRESET;
            return -1;
        } else if (errno != EAGAIN ||
                   channel_wait(&remote->control, remote->timeout) == -1) {
            return -1;
        }
    }
    return result == 1 ? 0 : -1;
}

/* Why no reply has come, by errno. Returns -1. */
static int fail_receive(struct remote *remote)
{
    if (errno == EINTR) {
        /* It may still come: then nobody takes it for the answer to the next command. */
        remote->owed++;
        return remote_blame_errno(remote, "");
    }
    if (errno == ECONNRESET || errno == EPIPE)
        remote_blame(remote, "the server has closed the connection");
    else if (errno == EBADMSG || errno == EMSGSIZE)
        remote_blame(remote, "this is no answer of an FTP server");
    else
        remote_blame_errno(remote, "");
    return remote_lose(remote);
}

int remote_receive(struct remote *remote)
{
    char *line;
    size_t length;
    int result;

    remote->was_interrupted = false;
    if (!remote->is_open)
        return remote_blame(remote, "the connection is lost");
    for (;;) {
        do {
            if (receive_line(remote, &line, &length) == -1)
                return fail_receive(remote);
            result = remote_reply_add(&remote->reply, line, length);
            if (result == -1)
                return fail_receive(remote);
        } while (result == 0);
        if (remote->reply.code == 421) {
            /* It closes the connection, whatever was asked. */
            remote_blame_reply(remote);
            return remote_lose(remote);
        }
        if (remote->owed == 0)
            return remote->reply.code;
        if (remote->reply.code >= 200)
            remote->owed--;
    }
}

int remote_ask(struct remote *remote, const char *verb, const char *argument)
{
    if (remote_send(remote, verb, argument) == -1)
        return -1;
    return remote_receive(remote);
}

int remote_demand(struct remote *remote, const char *verb, const char *argument,
                  int class)
{
    int code = remote_ask(remote, verb, argument);

    if (code == -1)
        return -1;
    return code / 100 == class ? 0 : remote_blame_reply(remote);
}
