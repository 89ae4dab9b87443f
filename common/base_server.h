/*
 * base_server.h - the servers, and the loop that waits for requests. A part of socketserver.h,
 * which says more.
 */
#ifndef BASE_SERVER_H
#define BASE_SERVER_H

#include "request_handler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

struct server;
struct server_mixin;

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

    /* A method failed, with the errno `error`. `request` is NULL if there was none to be had.
     * May be called by many threads at once. */
    void (*handle_error)(struct server *, const struct request *request, int error);
    /* No request came within server->timeout; only server_handle_request calls it. */
    void (*handle_timeout)(struct server *);
    /* Called in each round of server_serve_forever. */
    void (*service_actions)(struct server *);
    /* How many requests are being served now, elsewhere than in the loop. (Not in Python.) */
    size_t (*active_requests)(struct server *);
};

/*
 * BaseServer and TCPServer. The first block is for you: the init functions set it, and you
 * may change it until server_open, before a mixin is put over the server or after. The second is
 * for methods to read. The third is private.
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
    struct server_mixin *mixins; /* a list: the last one that was mixed in comes first */

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
 * Serves in a second thread until SIGINT or SIGTERM comes; then aborts the requests that
 * are being served, and shuts the server down. Lesson 9 writes it out, and says why a signal
 * handler can't do that. Both signals are blocked in the calling thread from here on, and so
 * in those that it starts.
 * Returns 0; or -1 with errno set by pthread_create(3) or poll(2). (Not in Python.)
 */
int server_serve_until_signal(struct server *server);

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
 * The method active_requests: how many threads or children serve a request now. With
 * forking_mixin, only methods that run in the loop's thread may call it, such as verify_request.
 */
size_t server_active_requests(struct server *server);

/*
 * server_close: closes the server, and removes the file of a Unix socket. With a mixin that
 * has block_on_close set, it waits for the threads or children before. Call it when
 * server_serve_forever has returned. Returns 0, or -1 with errno set.
 */
int server_close(struct server *server);

/* ---- for mixins: server_mixin.h ---- */

/* Fills each slot of `ops` that is NULL from `base`. */
void server_inherit(struct server_ops *ops, const struct server_ops *base);

/* Whether server_shutdown was called, and nobody has acted on it yet. */
bool server_stop_requested(struct server *server);

/* In a child after fork(2): closes the listener, which with the child would outlive the parent, so
 * that clients would connect to it, whom nobody accepts; but not for a datagram, which is answered
 * on the server's socket. */
void server_leave_to_parent(struct server *server, const struct request *request);

/* ---- what the classes do: call these for super() ---- */

bool base_server_verify_request(struct server *server, const struct request *request);
int base_server_process_request(struct server *server, const struct request *request);
int base_server_finish_request(struct server *server, const struct request *request);
/* Prints one line on stderr. */
void base_server_handle_error(struct server *server, const struct request *request,
                              int error);
void base_server_handle_timeout(struct server *server);
void base_server_service_actions(struct server *server);
size_t base_server_active_requests(struct server *server); /* 0 */

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

#endif
