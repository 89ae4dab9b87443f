/*
 * handler.h - what a client gets: the same text for TCP and for datagrams, and whether the
 * server serves its clients one at a time, by threads or by processes.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include "cli.h"
#include "net.h"
#include "network.h"
#include "socketserver.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

/* class TimeServer(TCPServer), or another server: main decides. */
struct time_server {
    struct server base;
    long max_line;          /* bytes, without the end of the line */
    long max_clients;       /* that threads or children may serve at the same time */
    double timeout;         /* seconds of silence; 0: no limit */
    struct network allowed; /* clients from elsewhere are not served, if `restricted` */
    bool restricted;
    double idle;    /* stop when nobody came for so many seconds; 0: never */
    bool idle_over; /* that was so long ago */
    bool quiet;
};

static inline struct time_server *time_server_of(struct server *server)
{
    return container_of(server, struct time_server, base);
}

/* Logs one event of a client. `bytes`, at most 60 of them, may stand behind it. */
static inline void log_event(struct server *server, const struct request *request,
                             const char *event, const char *bytes, size_t length)
{
    enum { SHOWN = 60 };
    char name[SERVER_NAME_SIZE];

    if (time_server_of(server)->quiet)
        return;
    server_format_address(&request->client_address, request->client_address_length, name);
    flockfile(stdout);
    printf("[%s] %s", name, event);
    cli_print_bytes(stdout, bytes, length < SHOWN ? length : SHOWN);
    puts(length > SHOWN ? "..." : "");
    funlockfile(stdout);
}

/* ---- the handler: class TimeHandler(StreamRequestHandler), or DatagramRequestHandler ---- */

static inline int setup(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);

    /* EXERCISE 2: log that the client has "connected"; set the time-out of self to the
     * server's, and wbufsize to 512, so that a short answer is sent in one piece; then call
     * the setup of the base class */
    log_event(handler->server, handler->request, "connected", NULL, 0);
    self->timeout = time_server_of(handler->server)->timeout;
    self->wbufsize = 512;
    return handler->class->base->setup(handler);
    /* END EXERCISE */
}

/*
 * Receives a line; its text may have at most `max` bytes, its end ("\n" or "\r\n") comes on
 * top. Returns its length with its end; 0 when the client has left; or -1 with errno
 * EMSGSIZE (too long), EBADMSG (the stream has ended inside it), ETIMEDOUT (too slow), or
 * what recv(2) says.
 */
static inline ssize_t receive_line(struct rfile *rfile, size_t max, char **line)
{
    const size_t limit = max + strlen("\r\n");

    ssize_t length = rfile_readline(rfile, limit, line);
    if (length <= 0)
        return length;
    size_t text = (size_t)length;
    const bool whole = (*line)[text - 1] == '\n';
    if (whole)
        text--;
    if (whole && text > 0 && (*line)[text - 1] == '\r')
        text--;
    if (whole && text <= max)
        return length;
    /* It is too long, or the stream has ended inside it. */
    errno = whole || text == limit ? EMSGSIZE : EBADMSG;
    return -1;
}

/* Answers "[Sat Nov 21 05:26:38 2026] LINE". The line has its own end. */
static inline int answer(struct wfile *wfile, const char *line, size_t length)
{
    char text[26];
    char head[sizeof text + sizeof "[] "];
    time_t now = time(NULL);

    ctime_r(&now, text);
    int count = snprintf(head, sizeof head, "[%.24s] ", text);
    if (wfile_write(wfile, head, (size_t)count) == -1 ||
        wfile_write(wfile, line, length) == -1)
        return -1;
    return wfile_flush(wfile);
}

/* Tells the client why it is no longer served, if it can still hear that. Keeps errno. */
static inline void tell_why(struct stream_request_handler *self)
{
    enum { AT_MOST = 16 * 1024 * 1024 };
    const struct request *request = self->base.request;
    const int error = errno;
    char text[4096];
    ssize_t received = 1;

    if (error == EMSGSIZE || error == ETIMEDOUT) {
        snprintf(text, sizeof text, "error: %s\n", strerror(error));
        if (wfile_write(&self->wfile, text, strlen(text)) == 0)
            wfile_flush(&self->wfile);
    }
    /* Lesson 3: to close with bytes unread would reset the connection, and the client might
     * lose the message. A datagram has no rest. */
    if (error == EMSGSIZE && request->packet == NULL) {
        shutdown(request->fd, SHUT_WR);
        for (ssize_t total = 0; total < AT_MOST && received > 0; total += received)
            received = net_recv(request->fd, text, sizeof text);
    }
    errno = error;
}

static inline int handle(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    const size_t max = (size_t)time_server_of(handler->server)->max_line;
    ssize_t length;
    char *line;

    /* EXERCISE 1: answer not only one line, but all, until the client leaves; log each as
     * "received: ", without its newline; if something fails, tell the client why, and return -1 */
    while ((length = receive_line(&self->rfile, max, &line)) > 0) {
        log_event(handler->server, handler->request, "received: ", line,
                  (size_t)length - 1); /* without the newline */
        if (answer(&self->wfile, line, (size_t)length) == -1)
            return -1;
    }
    if (length == -1)
        tell_why(self);
    return (int)length;
    /* END EXERCISE */
}

static inline int finish(struct request_handler *handler)
{
    log_event(handler->server, handler->request, "left", NULL, 0);
    return handler->class->base->finish(handler);
}

#endif
