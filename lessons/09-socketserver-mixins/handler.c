/*
 * handler.c - what a client gets: each line, with the time before it.
 *
 * Nothing here knows which kind of socket the bytes come through, or who else is served
 * meanwhile, except that nothing more can come of a datagram.
 */
#include "handler.h"
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

struct time_server *time_server_of(struct server *server)
{
    return container_of(server, struct time_server, base);
}

void time_server_log(struct server *server, const struct request *request,
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

/* Python's super(): the class that TimeHandler is derived from. handler->class->base is not always that:
 * in a class derived from TimeHandler it is TimeHandler, whose setup would call itself for ever. */
static const struct request_handler_class *super(const struct request_handler *handler)
{
    return handler->server->socket_type == SOCK_DGRAM ? &datagram_request_handler_class
                                                      : &stream_request_handler_class;
}

static int setup(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);

    self->disable_nagle_algorithm = true; /* a long answer is sent in two pieces */
    /* EXERCISE 2: log that the client has "connected"; set the time-out of self to the
     * server's, and wbufsize to 512, so that a short answer is sent in one piece; then call
     * the setup of the base class */
    time_server_log(handler->server, handler->request, "connected", NULL, 0);
    self->timeout = time_server_of(handler->server)->timeout;
    self->wbufsize = 512;
    return super(handler)->setup(handler);
    /* END EXERCISE */
}

/*
 * Receives a line; its text may have at most `max` bytes, its end ("\n" or "\r\n") comes on
 * top. Returns its length with its end; 0 when the client has left; or -1 with errno
 * EMSGSIZE (too long), EBADMSG (the stream has ended inside it), ETIMEDOUT (too slow), or
 * what recv(2) says.
 */
static ssize_t receive_line(struct rfile *rfile, size_t max, char **line)
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
static int answer(struct wfile *wfile, const char *line, size_t length)
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
static void tell_why(struct stream_request_handler *self)
{
    const struct time_server *server = time_server_of(self->base.server);
    const int error = errno;
    char text[80] = "";

    if (error == EMSGSIZE)
        snprintf(text, sizeof text, "error: message longer than %ld bytes\n",
                 server->max_line);
    else if (error == ETIMEDOUT)
        snprintf(text, sizeof text, "error: nothing received for %g s\n",
                 server->timeout);
    if (wfile_write(&self->wfile, text, strlen(text)) == 0)
        wfile_flush(&self->wfile);
    if (error == EMSGSIZE && self->base.request->packet == NULL)
        net_linger(self->base.request->fd); /* of a datagram nothing more comes */
    errno = error;
}

static int handle(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    const size_t max = (size_t)time_server_of(handler->server)->max_line;
    ssize_t length;
    char *line;

    /* EXERCISE 1: answer not only one line, but all, until the client leaves; log each as
     * "received: ", without its newline; if something fails, tell the client why, and return -1 */
    while ((length = receive_line(&self->rfile, max, &line)) > 0) {
        time_server_log(handler->server, handler->request, "received: ", line,
                        (size_t)length - 1); /* without the newline */
        if (answer(&self->wfile, line, (size_t)length) == -1)
            return -1;
    }
    if (length == -1)
        tell_why(self);
    return (int)length;
    /* END EXERCISE */
}

static int finish(struct request_handler *handler)
{
    time_server_log(handler->server, handler->request, "left", NULL, 0);
    return super(handler)->finish(handler);
}

struct request_handler_class time_handler_class(bool datagrams)
{
    return (struct request_handler_class){
        .size = sizeof(struct stream_request_handler),
        .base =
            datagrams ? &datagram_request_handler_class : &stream_request_handler_class,
        .setup = setup,
        .handle = handle,
        .finish = finish,
    };
}
