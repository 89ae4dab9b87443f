/*
 * request_handler.h - what a request gets: the classes of handlers, and the rfile and the wfile
 * through which a handler talks with its client. A part of socketserver.h, which says more.
 */
#ifndef REQUEST_HANDLER_H
#define REQUEST_HANDLER_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

struct server;
struct request_handler;

/* ---- requests ---- */

/* What get_request returns: a connection, or a datagram. */
struct request {
    int fd;       /* of the connection; for a datagram, the server's own */
    char *packet; /* the datagram, owned by the request; NULL for a connection */
    size_t packet_length;
    struct sockaddr_storage client_address;
    socklen_t client_address_length;
};

/* Room for an address as text: the longest is the path of a Unix socket, of which each byte may
 * become four. */
enum { SERVER_NAME_SIZE = 512 };

/*
 * Writes an address into `name`: "127.0.0.1:21568", "[::1]:21568", the path of a Unix socket,
 * or "unnamed" for a Unix socket without one. The client chooses its path: what is not printable in
 * it becomes \x1b. Returns name.
 */
const char *server_format_address(const struct sockaddr_storage *address,
                                  socklen_t length, char name[SERVER_NAME_SIZE]);

/* ---- handlers: what a request gets ---- */

/*
 * A class of handlers. For each request, an object of `size` bytes is made, all of them 0
 * but its struct request_handler, and then
 *
 *   setup    comes first. If it fails, it undoes what it has done: nothing else is called.
 *   handle   serves the request.
 *   finish   is called after setup, also when handle has failed.
 *
 * If handle and finish both fail, errno tells why handle did.
 */
struct request_handler_class {
    size_t size;
    /* One of the three classes below, which leave nothing out; NULL: request_handler_class. */
    const struct request_handler_class *base;
    int (*setup)(struct request_handler *);
    int (*handle)(struct request_handler *);
    int (*finish)(struct request_handler *);
};

/* BaseRequestHandler. The first member of every handler. */
struct request_handler {
    const struct request_handler_class *class;
    struct server *server;
    const struct request *request;
};

/* Its methods do nothing. */
extern const struct request_handler_class request_handler_class;

/* Fills what `class` leaves out from its base. For the init of a server. */
void request_handler_inherit(struct request_handler_class *class);

/* Makes a handler of the class, has it serve the request, and destroys it: what Python does in
 * the constructor. Returns 0, or -1 with errno ENOMEM, or set by a method. */
int request_handler_run(const struct request_handler_class *class, struct server *server,
                        const struct request *request);

/* ---- rfile and wfile ---- */

/* What the peer sends, through a buffer that is allocated when it is needed. */
struct rfile {
    int fd; /* -1: what is in the buffer is all there is */
    struct buffer buffer;
};

/*
 * rfile.readline(limit): reads up to a newline, but at most `limit` bytes. *line points to
 * them, and is valid until the next call; there is no NUL byte behind them.
 *
 * Returns their number, the newline included; 0 at the end of the stream. If the last one is
 * no newline, the line is longer than the limit, or the stream has ended inside it. Returns
 * -1 with errno ETIMEDOUT if nothing came within the handler's timeout, ENOMEM, or what
 * recv(2) says. A signal does not end the wait.
 */
ssize_t rfile_readline(struct rfile *rfile, size_t limit, char **line);

/*
 * rfile.read1(size): reads what has come, at most `size` bytes, into `bytes`; it waits only if
 * nothing has come. Large pieces do not go through the buffer.
 *
 * Returns their number, 1 or more; 0 at the end of the stream, or if `size` is 0; or -1 with errno
 * as rfile_readline. With an errno no bytes are lost: what came before was returned before.
 */
ssize_t rfile_read1(struct rfile *rfile, void *bytes, size_t size);

/* What goes to the peer. */
struct wfile {
    int fd;         /* -1: nothing is sent; it stays in the buffer */
    size_t bufsize; /* up to so many bytes wait for wfile_flush; 0: none */
    struct buffer buffer;
};

/*
 * wfile.write(bytes): sends all of them, or keeps them in the buffer.
 * Returns 0; or -1 with errno ETIMEDOUT if the peer did not read within the handler's
 * timeout, ENOMEM, or what send(2) says.
 */
int wfile_write(struct wfile *wfile, const void *bytes, size_t length);

/* wfile.flush(): sends what is in the buffer. Returns as wfile_write does. */
int wfile_flush(struct wfile *wfile);

/* ---- handlers with an rfile and a wfile ---- */

/*
 * StreamRequestHandler and DatagramRequestHandler: one struct, two classes, so that one
 * handle can serve both. Set the options in your setup, before you call the base's.
 */
struct stream_request_handler {
    struct request_handler base;
    struct rfile rfile;
    struct wfile wfile;
    double timeout;               /* for each wait on the connection; 0: none */
    size_t wbufsize;              /* 0: each write is sent at once */
    bool disable_nagle_algorithm; /* a Unix socket has none: then it is without effect */
};

/* StreamRequestHandler: rfile and wfile are the connection. finish flushes wfile. */
extern const struct request_handler_class stream_request_handler_class;
int stream_request_handler_setup(struct request_handler *handler);
int stream_request_handler_finish(struct request_handler *handler);

/*
 * DatagramRequestHandler: rfile is the datagram, and what is written to wfile is sent as one
 * datagram by finish. finish does not wait: if there is no room at once, it fails with EAGAIN.
 * The options are without effect.
 */
extern const struct request_handler_class datagram_request_handler_class;
int datagram_request_handler_setup(struct request_handler *handler);
int datagram_request_handler_finish(struct request_handler *handler);

#endif
