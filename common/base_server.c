/*
 * base_server.c - the servers and their loop, as base_server.h describes them.
 *
 * Read it from the end: server_serve_forever, handle_one_request, and the methods that it calls.
 */
#include "base_server.h"
#include "class.h"
#include "net.h"
#include "request_handler.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Sets errno, and returns -1. */
static int fail(int error)
{
    errno = error;
    return -1;
}

/* ---- BaseServer: what is being served ---- */

/* A connection that a handler serves. It lives on the stack of who runs the handler. */
struct ongoing {
    int fd;
    struct ongoing *previous, *next;
};

static void end_connection(const struct server *server, int fd)
{
    if (fd != server->fd) /* a datagram is no connection */
        shutdown(fd, SHUT_RDWR);
}

static void add_ongoing(struct server *server, struct ongoing *ongoing)
{
    pthread_mutex_lock(&server->lock);
    ongoing->next = server->ongoing;
    if (ongoing->next != NULL)
        ongoing->next->previous = ongoing;
    server->ongoing = ongoing;
    if (server->aborting)
        end_connection(server, ongoing->fd);
    pthread_mutex_unlock(&server->lock);
}

static void remove_ongoing(struct server *server, struct ongoing *ongoing)
{
    pthread_mutex_lock(&server->lock);
    if (ongoing->next != NULL)
        ongoing->next->previous = ongoing->previous;
    if (ongoing->previous != NULL)
        ongoing->previous->next = ongoing->next;
    else
        server->ongoing = ongoing->next;
    pthread_mutex_unlock(&server->lock);
}

void server_abort_requests(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    server->aborting = true;
    for (struct ongoing *o = server->ongoing; o != NULL; o = o->next)
        end_connection(server, o->fd);
    pthread_mutex_unlock(&server->lock);
}

/* ---- BaseServer: its methods ---- */

bool base_server_verify_request(struct server *server, const struct request *request)
{
    (void)server;
    (void)request;
    return true;
}

int base_server_process_request(struct server *server, const struct request *request)
{
    if (server->ops.finish_request(server, request) == -1)
        return -1;
    server->ops.shutdown_request(server, request);
    return 0;
}

int base_server_finish_request(struct server *server, const struct request *request)
{
    struct ongoing ongoing = {.fd = request->fd};

    add_ongoing(server, &ongoing);
    int result = request_handler_run(&server->handler_class, server, request);
    int error = errno;
    remove_ongoing(server, &ongoing);
    errno = error;
    return result;
}

void base_server_handle_error(struct server *server, const struct request *request,
                              int error)
{
    char name[SERVER_NAME_SIZE];
    const char *reason = strerror(error);

    (void)server;
    if (request == NULL)
        fprintf(stderr, "no request: %s\n", reason);
    else
        fprintf(stderr, "request from %s: %s\n",
                server_format_address(&request->client_address,
                                      request->client_address_length, name),
                reason);
}

void base_server_handle_timeout(struct server *server)
{
    (void)server;
}

void base_server_service_actions(struct server *server)
{
    (void)server;
}

size_t base_server_active_requests(struct server *server)
{
    (void)server;
    return 0;
}

/* ---- TCPServer ---- */

static void close_wake(struct server *server)
{
    for (int i = 0; i < 2; i++) {
        close(server->wake[i]);
        server->wake[i] = -1;
    }
}

int tcp_server_bind(struct server *server)
{
    int on = 1;

    if (server->allow_reuse_address &&
        setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        return -1;
    if (bind(server->fd, (const struct sockaddr *)&server->address,
             server->address_length) == -1)
        return -1;
    server->address_length = sizeof server->address;
    return getsockname(server->fd, (struct sockaddr *)&server->address,
                       &server->address_length);
}

int tcp_server_activate(struct server *server)
{
    return listen(server->fd, server->request_queue_size);
}

int tcp_server_close(struct server *server)
{
    struct sockaddr_un *local = (struct sockaddr_un *)&server->address;
    int result = 0;

    if (server->fd == -1)
        return 0;
    if (server->address.ss_family == AF_UNIX)
        result = unlink(local->sun_path);
    close(server->fd);
    server->fd = -1;
    close_wake(server);
    return result;
}

int tcp_server_get_request(struct server *server, struct request *request)
{
    request->fd = net_accept_from(server->fd, &request->client_address,
                                  &request->client_address_length);
    return request->fd == -1 ? -1 : 0;
}

void tcp_server_shutdown_request(struct server *server, const struct request *request)
{
    /* close alone says nothing to the client while another process has the socket, too. */
    shutdown(request->fd, SHUT_WR);
    server->ops.close_request(server, request);
}

void tcp_server_close_request(struct server *server, const struct request *request)
{
    (void)server;
    close(request->fd);
}

/* ---- UDPServer ---- */

int udp_server_activate(struct server *server)
{
    (void)server;
    return 0;
}

int udp_server_get_request(struct server *server, struct request *request)
{
    char *packet = malloc(server->max_packet_size);
    if (packet == NULL)
        return -1;
    request->client_address_length = sizeof request->client_address;
    ssize_t length = recvfrom(server->fd, packet, server->max_packet_size, MSG_DONTWAIT,
                              (struct sockaddr *)&request->client_address,
                              &request->client_address_length);
    if (length == -1) {
        int error = errno;
        free(packet);
        return fail(error);
    }
    request->fd = server->fd;
    request->packet = packet;
    request->packet_length = (size_t)length;
    return 0;
}

void udp_server_shutdown_request(struct server *server, const struct request *request)
{
    server->ops.close_request(server, request);
}

void udp_server_close_request(struct server *server, const struct request *request)
{
    (void)server;
    free(request->packet);
}

/* ---- making a server ---- */

static const struct server_ops tcp_server_ops = {
    .server_bind = tcp_server_bind,
    .server_activate = tcp_server_activate,
    .server_close = tcp_server_close,
    .get_request = tcp_server_get_request,
    .verify_request = base_server_verify_request,
    .process_request = base_server_process_request,
    .finish_request = base_server_finish_request,
    .shutdown_request = tcp_server_shutdown_request,
    .close_request = tcp_server_close_request,
    .handle_error = base_server_handle_error,
    .handle_timeout = base_server_handle_timeout,
    .service_actions = base_server_service_actions,
    .active_requests = base_server_active_requests,
};

static const struct server_ops udp_server_ops = {
    .server_activate = udp_server_activate,
    .get_request = udp_server_get_request,
    .shutdown_request = udp_server_shutdown_request,
    .close_request = udp_server_close_request,
};

void server_inherit(struct server_ops *ops, const struct server_ops *base)
{
    INHERIT(ops, base, server_bind);
    INHERIT(ops, base, server_activate);
    INHERIT(ops, base, server_close);
    INHERIT(ops, base, get_request);
    INHERIT(ops, base, verify_request);
    INHERIT(ops, base, process_request);
    INHERIT(ops, base, finish_request);
    INHERIT(ops, base, shutdown_request);
    INHERIT(ops, base, close_request);
    INHERIT(ops, base, handle_error);
    INHERIT(ops, base, handle_timeout);
    INHERIT(ops, base, service_actions);
    INHERIT(ops, base, active_requests);
}

void tcp_server_init(struct server *server, const struct server_ops *ops,
                     const struct request_handler_class *handler_class)
{
    *server = (struct server){
        .handler_class = *handler_class,
        .socket_type = SOCK_STREAM,
        .address_family = AF_UNSPEC,
        /* Python's 5 is too few when many come at once: the kernel drops the SYN of a client
         * that finds no place, and that client tries again only after a second. */
        .request_queue_size = 128,
        .allow_reuse_address = true,
        .max_packet_size = 8192,
        .fd = -1,
        .wake = {-1, -1},
    };
    if (ops != NULL)
        server->ops = *ops;
    server_inherit(&server->ops, &tcp_server_ops);
    request_handler_inherit(&server->handler_class);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->stopped, NULL);
}

void udp_server_init(struct server *server, const struct server_ops *ops,
                     const struct request_handler_class *handler_class)
{
    struct server_ops udp = {0};

    if (ops != NULL)
        udp = *ops;
    server_inherit(&udp, &udp_server_ops);
    tcp_server_init(server, &udp, handler_class);
    server->socket_type = SOCK_DGRAM;
    server->allow_reuse_address = false;
}

void unix_stream_server_init(struct server *server, const struct server_ops *ops,
                             const struct request_handler_class *handler_class)
{
    tcp_server_init(server, ops, handler_class);
    server->address_family = AF_UNIX;
}

void unix_datagram_server_init(struct server *server, const struct server_ops *ops,
                               const struct request_handler_class *handler_class)
{
    udp_server_init(server, ops, handler_class);
    server->address_family = AF_UNIX;
}

/* ---- opening a server ---- */

/* Makes the socket for one address. Returns 0; or -1 with errno set, and no socket. */
static int open_socket(struct server *server, const struct sockaddr *address,
                       socklen_t length)
{
    memcpy(&server->address, address, length);
    server->address_length = length;
    server->fd = net_socket(address->sa_family, server->socket_type);
    if (server->fd == -1)
        return -1;
    /* A client that poll has told of may be gone again: accept must not wait for the next. */
    if ((server->socket_type == SOCK_STREAM && net_set_nonblocking(server->fd) == -1) ||
        server->ops.server_bind(server) == -1 ||
        server->ops.server_activate(server) == -1)
        server->fd = net_close_keep_errno(server->fd);
    return server->fd == -1 ? -1 : 0;
}

static int open_unix(struct server *server, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path)
        return fail(ENAMETOOLONG);
    if (path[0] == '\0') /* the kernel would choose a name, which is no file */
        return fail(ENOENT);
    strcpy(address.sun_path, path);
    return open_socket(server, (const struct sockaddr *)&address, sizeof address);
}

/* Tries every address of the host that is of the server's family. */
static int open_internet(struct server *server, const char *host, long port,
                         const char **reason)
{
    struct addrinfo *list = net_look_up(host, port, true, reason);

    if (list == NULL)
        return -1;
    errno = EAFNOSUPPORT;
    for (struct addrinfo *a = list; a != NULL && server->fd == -1; a = a->ai_next)
        if (server->address_family == AF_UNSPEC || server->address_family == a->ai_family)
            open_socket(server, a->ai_addr, a->ai_addrlen);
    *reason = strerror(errno);
    freeaddrinfo(list);
    return server->fd == -1 ? -1 : 0;
}

int server_open(struct server *server, const char *host, long port, const char **reason)
{
    int result;

    if (pipe(server->wake) == -1) {
        *reason = strerror(errno);
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(server->wake[i], F_SETFD, FD_CLOEXEC);
        net_set_nonblocking(server->wake[i]);
    }
    if (server->address_family == AF_UNIX) {
        result = open_unix(server, host);
        *reason = strerror(errno);
    } else {
        result = open_internet(server, host, port, reason);
    }
    if (result == -1)
        close_wake(server);
    return result;
}

int server_fileno(const struct server *server)
{
    return server->fd;
}

/* ---- the loop ---- */

/* For poll, which takes at most so many; a wait that ends too early begins again. */
static int milliseconds(double seconds)
{
    const double most = 86400;

    if (seconds < 0)
        return -1;
    return (int)((seconds < most ? seconds : most) * 1000) + 1; /* rounded up */
}

/*
 * Waits until there is a request, or so many seconds (less than 0: for ever), or until
 * server_shutdown wakes it. Returns 1 if there is a request, 0 if not, or -1 with errno set.
 */
static int wait_for_request(struct server *server, double seconds)
{
    struct pollfd ready[] = {{.fd = server->wake[0], .events = POLLIN},
                             {.fd = server->fd, .events = POLLIN}};
    char bytes[16];

    int count = poll(ready, 2, milliseconds(seconds));
    if (count == -1)
        return errno == EINTR ? 0 : -1;
    if (ready[0].revents != 0)
        while (read(server->wake[0], bytes, sizeof bytes) > 0)
            ;
    return ready[1].revents != 0;
}

/* Without descriptors or memory the request stays where it is: at once, the next attempt
 * would only fail again. Threads and children go on meanwhile. */
static void no_request(struct server *server)
{
    if (net_would_wait() || errno == ECONNABORTED)
        return;
    server->ops.handle_error(server, NULL, errno);
    sleep(1);
}

static void handle_one_request(struct server *server)
{
    struct request request = {0};

    if (server->ops.get_request(server, &request) == -1) {
        no_request(server);
        return;
    }
    if (!server->ops.verify_request(server, &request)) {
        server->ops.shutdown_request(server, &request);
    } else if (server->ops.process_request(server, &request) == -1) {
        server->ops.handle_error(server, &request, errno);
        server->ops.shutdown_request(server, &request);
    }
}

bool server_stop_requested(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    bool requested = server->stop_requested;
    pthread_mutex_unlock(&server->lock);
    return requested;
}

int server_serve_forever(struct server *server, double poll_interval)
{
    int result = 0;

    if (server->ops.service_actions == base_server_service_actions)
        poll_interval = -1; /* there is nothing to wake for */
    pthread_mutex_lock(&server->lock);
    server->serving = true;
    server->loop = pthread_self();
    pthread_mutex_unlock(&server->lock);

    while (result != -1 && !server_stop_requested(server)) {
        result = wait_for_request(server, poll_interval);
        if (result == 1)
            handle_one_request(server);
        server->ops.service_actions(server);
    }

    pthread_mutex_lock(&server->lock);
    server->serving = false;
    server->stop_requested = false;
    pthread_cond_broadcast(&server->stopped);
    pthread_mutex_unlock(&server->lock);
    return result == -1 ? -1 : 0;
}

int server_shutdown(struct server *server)
{
    int result = 0;

    pthread_mutex_lock(&server->lock);
    if (server->serving && pthread_equal(server->loop, pthread_self())) {
        result = fail(EDEADLK);
    } else {
        server->stop_requested = true;
        /* If the pipe is full, there is a byte in it. */
        (void)!write(server->wake[1], "", 1);
        while (server->serving)
            pthread_cond_wait(&server->stopped, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    return result;
}

/* Takes back what server_shutdown has asked for. Returns whether it had. */
static bool take_stop_request(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    bool requested = server->stop_requested;
    server->stop_requested = false;
    pthread_mutex_unlock(&server->lock);
    return requested;
}

int server_handle_request(struct server *server)
{
    const double end = net_now() + server->timeout;
    double left = server->timeout > 0 ? server->timeout : -1;
    int result = 0;

    while (result == 0) {
        if (take_stop_request(server))
            return fail(ECANCELED);
        if (server->timeout > 0 && left < 0)
            break;
        result = wait_for_request(server, left);
        if (server->timeout > 0)
            left = end - net_now();
    }
    if (result == -1)
        return -1;
    if (result == 1)
        handle_one_request(server);
    else
        server->ops.handle_timeout(server);
    return 0;
}

struct loop {
    struct server *server;
    pthread_t waiter; /* who waits for a signal */
    int error;        /* that has ended the loop, or 0 */
};

/* The thread of the loop. If the loop fails, it wakes the one that waits for a signal. */
static void *run_loop(void *argument)
{
    struct loop *loop = argument;

    if (server_serve_forever(loop->server, 0.5) == -1) {
        loop->error = errno;
        pthread_kill(loop->waiter, SIGTERM);
    }
    return NULL;
}

int server_serve_until_signal(struct server *server)
{
    struct loop loop = {.server = server, .waiter = pthread_self()};
    pthread_t thread;
    sigset_t stop;
    int number;

    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    int error = pthread_create(&thread, NULL, run_loop, &loop);
    if (error != 0)
        return fail(error);
    sigwait(&stop, &number);
    server_abort_requests(server);
    server_shutdown(server);
    pthread_join(thread, NULL);
    return loop.error == 0 ? 0 : fail(loop.error);
}

size_t server_active_requests(struct server *server)
{
    return server->ops.active_requests(server);
}

void server_leave_to_parent(struct server *server, const struct request *request)
{
    if (request->fd != server->fd)
        close(server->fd);
    close_wake(server);
}

int server_close(struct server *server)
{
    return server->ops.server_close(server);
}
