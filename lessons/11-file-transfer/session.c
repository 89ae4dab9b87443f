/*
 * session.c - the client's connection, as session.h says.
 */
#include "session.h"

#include "cli.h"
#include "net.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void session_open(struct session *session)
{
    const char *reason;

    if (session->is_open)
        return;
    int fd = net_connect(session->host, session->port, &reason);
    if (fd == -1)
        cli_fail("connect %s:%ld: %s", session->host, session->port, reason);
    if (net_set_timeout(fd, session->timeout) == -1 || net_set_nodelay(fd) == -1)
        cli_fail("setsockopt: %s", strerror(errno));
    session->rfile = (struct rfile){.fd = fd};
    session->wfile = (struct wfile){.fd = fd, .bufsize = 32 * 1024};
    session->transfer.rfile = &session->rfile;
    session->transfer.wfile = &session->wfile;
    session->transfer.progress = &session->progress;
    session->is_open = true;
}

void session_close(struct session *session)
{
    if (!session->is_open)
        return;
    session->is_open = false;
    net_close_keep_errno(session->rfile.fd);
    buffer_free(&session->rfile.buffer);
    buffer_free(&session->wfile.buffer);
}

int session_give_up(struct session *session, const char *reason, struct reply *reply)
{
    *reply = (struct reply){.reason = reason, .reason_length = strlen(reason)};
    session_close(session);
    return -1;
}

int session_receive(struct session *session, struct reply *reply)
{
    const char *line;
    size_t length;

    if (!session->is_open)
        return session_give_up(session, "the connection is lost", reply);
    /* If what waits can't be sent, the server has left; it may have said why, so read on. */
    wfile_flush(&session->wfile);
    int result = transfer_receive_line(&session->transfer, &line, &length);
    if (result == 0)
        return session_give_up(session, "the server has closed the connection", reply);
    if (result == -1)
        return session_give_up(session, strerror(errno), reply);
    if (protocol_parse_reply(line, length, reply) == -1)
        return session_give_up(session, "this is no answer of such a server", reply);
    return 0;
}

bool session_complain_reply(const struct session *session, const char *name,
                            const struct reply *reply)
{
    char text[PROTOCOL_LINE + NAME_SIZE + 2];
    size_t length = (size_t)snprintf(text, sizeof text - PROTOCOL_LINE, "%s: ", name);

    if (length >= sizeof text - PROTOCOL_LINE)
        length = sizeof text - PROTOCOL_LINE - 1; /* a path may be longer than a name */
    memcpy(text + length, reply->reason, reply->reason_length);
    cli_warn_bytes(session->verb, text, length + reply->reason_length);
    return false;
}

bool session_complain(const struct session *session, const char *name, const char *reason)
{
    const struct reply reply = {.reason = reason, .reason_length = strlen(reason)};

    return session_complain_reply(session, name, &reply);
}

bool session_tell(const struct session *session, const char *name, off_t size,
                  off_t before)
{
    printf("%s ", session->verb);
    cli_print_bytes(stdout, name, strlen(name));
    printf(": %jd bytes", (intmax_t)size);
    if (before > 0)
        printf(", %jd of them were there already", (intmax_t)before);
    putchar('\n');
    return true;
}
