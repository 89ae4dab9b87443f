/*
 * socketserver.h - Python's socketserver, told in C: servers that serve one request at a
 * time, and mixins that give each request a thread or a process of its own.
 *
 * A server is four decisions that do not know of each other: which socket (tcp_server_init
 * and its sisters), who serves a request (no mixin, threading_mixin, forking_mixin), which
 * requests are taken (the methods in struct server_ops), and what a request gets (a struct
 * request_handler_class).
 *
 *     static const struct request_handler_class ECHO = {
 *         .size = sizeof(struct stream_request_handler),
 *         .base = &stream_request_handler_class,
 *         .handle = echo,
 *     };
 *     struct server server;
 *     struct threading_mixin threads;
 *
 *     tcp_server_init(&server, NULL, &ECHO);
 *     threading_mixin(&server, &threads);
 *     if (server_open(&server, "127.0.0.1", 10001, &reason) == 0)
 *         server_serve_forever(&server, 0.5);
 *     server_close(&server);
 *
 * A class is a table of functions. What a table leaves out (NULL) is taken from its base
 * class. To override a method and still do what the base does, call the base's function: it
 * is public. An object's first member is its base; container_of leads from there to the
 * whole object.
 *
 * A method returns 0; or -1 with errno set, where Python raises an exception. Times are in
 * seconds. common/README.md says, name by name, what differs from Python, and why.
 */
#ifndef SOCKETSERVER_H
#define SOCKETSERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* From a pointer to a member to the object of type `type` that holds it. */
#ifndef container_of
#define container_of(pointer, type, member)                                              \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#endif

struct server;
struct request_handler;
struct threading_mixin;
struct forking_mixin;

/* ---- requests ---- */

/* What get_request returns: a connection, or a datagram. */
struct request {
    int fd;       /* of the connection; for a datagram, the server's own */
    char *packet; /* the datagram, owned by the request; NULL for a connection */
    size_t packet_length;
    struct sockaddr_storage client_address;
    socklen_t client_address_length;
};

/* Room for an address as text: the longest is the path of a Unix socket. */
enum { SERVER_NAME_SIZE = 128 };

/*
 * Writes an address into `name`: "127.0.0.1:21568", "[::1]:21568", the path of a Unix socket,
 * or "unnamed" for a Unix socket without one. Returns name.
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

/* ---- rfile and wfile ---- */

/* What the peer sends, through a buffer that is allocated when it is needed. */
struct rfile {
    int fd; /* -1: what is in `bytes` is all there is */
    char *bytes;
    size_t size, start, end; /* the bytes from start to end still wait */
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

/* What goes to the peer. */
struct wfile {
    int fd;         /* -1: nothing is sent; it stays in `bytes` */
    size_t bufsize; /* up to so many bytes wait for wfile_flush; 0: none */
    char *bytes;
    size_t length, size;
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
    double timeout;  /* for each wait on the connection; 0: none */
    size_t wbufsize; /* 0: each write is sent at once */
    bool disable_nagle_algorithm;
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

/* ---- servers ---- */

/* The methods of a server. Their names are Python's. */
struct server_ops {
    /* Binds server->fd to server->address, and stores there what it is bound to. */
    int (*server_bind)(struct server *);
    /* Lets clients come: listen(2). */
    int (*server_activate)(struct server *);
    /* Closes the socket. */
    int (*server_close)(struct server *);

    /* Fills in *request. It has come, so this does not wait; EAGAIN if it is gone again. */
    int (*get_request)(struct server *, struct request *request);
    /* Is the request to be served? It is closed if not. */
    bool (*verify_request)(struct server *, const struct request *);
    /* Sees to it that the request is finished, here or elsewhere, and then closed. If it
     * fails, the caller calls handle_error and shutdown_request. */
    int (*process_request)(struct server *, const struct request *);
    /* Makes a handler, and lets it serve the request. */
    int (*finish_request)(struct server *, const struct request *);
    /* Ends the connection in order, and calls close_request. */
    void (*shutdown_request)(struct server *, const struct request *);
    /* Gives back what the request holds. */
    void (*close_request)(struct server *, const struct request *);

    /* A method failed; errno says why. `request` is NULL if there was none to be had. May be
     * called by many threads at once. */
    void (*handle_error)(struct server *, const struct request *);
    /* No request came within server->timeout; only server_handle_request calls it. */
    void (*handle_timeout)(struct server *);
    /* Called in each round of server_serve_forever. */
    void (*service_actions)(struct server *);
};

/*
 * BaseServer and TCPServer. The first block is for you: the init functions set it, and you
 * may change it before server_open. The second is for methods to read. The third is private.
 */
struct server {
    struct server_ops ops;
    struct request_handler_class handler_class;
    int socket_type;    /* SOCK_STREAM or SOCK_DGRAM */
    int address_family; /* AF_UNSPEC (whatever the host is), AF_INET, AF_INET6, AF_UNIX */
    int request_queue_size;   /* how many connections may wait to be accepted: 128 */
    bool allow_reuse_address; /* SO_REUSEADDR */
    size_t max_packet_size;   /* of a datagram; what is longer is cut */
    double timeout;           /* of server_handle_request; 0: none */

    int fd;                          /* -1: not open */
    struct sockaddr_storage address; /* server_address */
    socklen_t address_length;
    struct threading_mixin *threading; /* the mixin that it has, or NULL */
    struct forking_mixin *forking;

    int wake[2];          /* a pipe: a byte in it ends the wait for a request */
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t stopped;
    bool serving, stop_requested, aborting;
    pthread_t loop; /* who is in server_serve_forever, if `serving` */
    struct ongoing *ongoing;
};

/*
 * TCPServer, UDPServer, UnixStreamServer, UnixDatagramServer: makes a server, which has no
 * socket yet. `ops` are the methods to override, or NULL. Both tables are copied.
 */
void tcp_server_init(struct server *server, const struct server_ops *ops,
                     const struct request_handler_class *handler_class);
void udp_server_init(struct server *server, const struct server_ops *ops,
                     const struct request_handler_class *handler_class);
void unix_stream_server_init(struct server *server, const struct server_ops *ops,
                             const struct request_handler_class *handler_class);
void unix_datagram_server_init(struct server *server, const struct server_ops *ops,
                               const struct request_handler_class *handler_class);

/*
 * Makes the socket, binds it to `host` and `port` (0: any free port), and activates it. For a
 * Unix server, `host` is the path, and `port` is without meaning.
 * Returns 0, and server_close closes it; or -1, with *reason set to a text that says why (it
 * needs no free).
 */
int server_open(struct server *server, const char *host, long port, const char **reason);

/* server.fileno(): the socket, for poll(2). */
int server_fileno(const struct server *server);

/*
 * serve_forever: serves requests until server_shutdown is called. While no request comes,
 * service_actions is called every `poll_interval` seconds, if it was overridden; if not, the
 * server sleeps. Whatever happens to one request goes to handle_error. When there are no
 * descriptors or no memory for the next one, it waits a second and tries again.
 * Returns 0 after server_shutdown; or -1 with errno set by poll(2).
 */
int server_serve_forever(struct server *server, double poll_interval);

/*
 * shutdown: ends server_serve_forever, and waits until it has returned. If it is not running,
 * the next one returns at once; or server_handle_request does, also one that waits already,
 * with ECANCELED. May be called by any other thread, not by a signal handler.
 * Returns 0; or -1 with errno EDEADLK for the thread that runs server_serve_forever, which
 * would wait for itself.
 */
int server_shutdown(struct server *server);

/*
 * handle_request: waits for one request, and handles it; if none comes within
 * server->timeout, calls handle_timeout. Returns 0; or -1 with errno ECANCELED if
 * server_shutdown was called, or set by poll(2).
 */
int server_handle_request(struct server *server);

/*
 * Lets nobody be served any longer: shuts down each connection that a handler serves now or
 * will, so that its rfile ends and its wfile fails; and lets server_close send SIGTERM to
 * children. Call it before server_shutdown, to stop without waiting for clients. Any thread
 * may. (Not in Python.)
 */
void server_abort_requests(struct server *server);

/*
 * How many threads or children serve a request now. With forking_mixin, only methods that
 * run in the loop's thread may call it, such as verify_request. (Not in Python.)
 */
size_t server_active_requests(struct server *server);

/*
 * server_close: closes the server, and removes the file of a Unix socket. With a mixin that
 * has block_on_close set, it waits for the threads or children before. Call it when
 * server_serve_forever has returned. Returns 0, or -1 with errno set.
 */
int server_close(struct server *server);

/* ---- what the classes do: call these for super() ---- */

bool base_server_verify_request(struct server *server, const struct request *request);
int base_server_process_request(struct server *server, const struct request *request);
int base_server_finish_request(struct server *server, const struct request *request);
/* Prints one line on stderr. */
void base_server_handle_error(struct server *server, const struct request *request);
void base_server_handle_timeout(struct server *server);
void base_server_service_actions(struct server *server);

int tcp_server_bind(struct server *server);
int tcp_server_activate(struct server *server);
int tcp_server_close(struct server *server);
int tcp_server_get_request(struct server *server, struct request *request);
void tcp_server_shutdown_request(struct server *server, const struct request *request);
void tcp_server_close_request(struct server *server, const struct request *request);

int udp_server_activate(struct server *server);
int udp_server_get_request(struct server *server, struct request *request);
void udp_server_shutdown_request(struct server *server, const struct request *request);
void udp_server_close_request(struct server *server, const struct request *request);

/* ---- mixins: who serves a request ---- */

/* ThreadingMixIn. It must live as long as its threads. */
struct threading_mixin {
    bool daemon_threads; /* server_close does not wait for them */
    bool block_on_close; /* server_close waits for them: the default */
    size_t stack_size;   /* of a thread, in bytes: 64 KiB. Your handler may need more */

    struct server_ops super; /* what it has replaced */
    pthread_mutex_t lock;    /* of `active` */
    pthread_cond_t ended;    /* one of the threads has */
    size_t active;           /* how many there are */
};

/*
 * Gives each request a thread of its own: replaces process_request and server_close of an
 * initialised server. Its attributes may be changed until the first request. A thread takes
 * no signals.
 */
void threading_mixin(struct server *server, struct threading_mixin *mixin);

/* ForkingMixIn. It must live as long as the server. */
struct forking_mixin {
    size_t max_children; /* when there are so many, all newcomers wait: 40 */
    bool block_on_close; /* server_close waits for them: the default */

    struct server_ops super; /* what it has replaced */
    pid_t *active_children;
    size_t count; /* of active_children */
    size_t size;  /* for how many there is room */
};

/*
 * Gives each request a process of its own: replaces process_request, server_close,
 * service_actions and handle_timeout of an initialised server, and sets its timeout to 300.
 * Its attributes may be changed until the first request. The child has no descriptor of the
 * listener, and SIGTERM ends it, whatever the program has made of that signal.
 */
void forking_mixin(struct server *server, struct forking_mixin *mixin);

/* collect_children: reaps the children that have ended; with `blocking`, waits for all. */
void forking_mixin_collect_children(struct server *server, bool blocking);

/* ThreadingTCPServer and its seven sisters: the server's init function, and then the mixin. */
void threading_tcp_server_init(struct server *server, struct threading_mixin *mixin,
                               const struct server_ops *ops,
                               const struct request_handler_class *handler_class);
void threading_udp_server_init(struct server *server, struct threading_mixin *mixin,
                               const struct server_ops *ops,
                               const struct request_handler_class *handler_class);
void threading_unix_stream_server_init(struct server *server,
                                       struct threading_mixin *mixin,
                                       const struct server_ops *ops,
                                       const struct request_handler_class *handler_class);
void threading_unix_datagram_server_init(
    struct server *server, struct threading_mixin *mixin, const struct server_ops *ops,
    const struct request_handler_class *handler_class);
void forking_tcp_server_init(struct server *server, struct forking_mixin *mixin,
                             const struct server_ops *ops,
                             const struct request_handler_class *handler_class);
void forking_udp_server_init(struct server *server, struct forking_mixin *mixin,
                             const struct server_ops *ops,
                             const struct request_handler_class *handler_class);
void forking_unix_stream_server_init(struct server *server, struct forking_mixin *mixin,
                                     const struct server_ops *ops,
                                     const struct request_handler_class *handler_class);
void forking_unix_datagram_server_init(struct server *server, struct forking_mixin *mixin,
                                       const struct server_ops *ops,
                                       const struct request_handler_class *handler_class);

#endif
