/*
 * socketserver.c - the servers, handlers and mixins that socketserver.h describes.
 */
#include "socketserver.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Sets errno, and returns -1. */
static int fail(int error)
{
    errno = error;
    return -1;
}

/* What recv and send call EAGAIN after a time-out, Python calls TimeoutError. */
static int fail_as_timeout(void)
{
    return fail(errno == EAGAIN || errno == EWOULDBLOCK ? ETIMEDOUT : errno);
}

/* ---- addresses ---- */

const char *server_format_address(const struct sockaddr_storage *address,
                                  socklen_t length, char name[SERVER_NAME_SIZE])
{
    if (address->ss_family == AF_INET || address->ss_family == AF_INET6)
        return net_format_address(address, name);

    /* A Unix socket that was not bound has no path; a path may fill all of sun_path. */
    const struct sockaddr_un *local = (const struct sockaddr_un *)address;
    size_t before = offsetof(struct sockaddr_un, sun_path);
    size_t room = length > before ? length - before : 0;
    size_t used = strnlen(local->sun_path, room);
    snprintf(name, SERVER_NAME_SIZE, "%.*s", (int)used, local->sun_path);
    return used > 0 ? name : strcpy(name, "unnamed");
}

/* ---- rfile and wfile ---- */

/* Makes room behind the bytes that wait. Returns 0, or -1 with errno ENOMEM. */
static int rfile_make_room(struct rfile *rfile)
{
    if (rfile->end < rfile->size)
        return 0;
    if (rfile->start > 0) {
        memmove(rfile->bytes, rfile->bytes + rfile->start, rfile->end - rfile->start);
        rfile->end -= rfile->start;
        rfile->start = 0;
        return 0;
    }
    size_t size = rfile->size == 0 ? 512 : 2 * rfile->size;
    char *bytes = realloc(rfile->bytes, size);
    if (bytes == NULL)
        return -1;
    rfile->bytes = bytes;
    rfile->size = size;
    return 0;
}

/* Receives more. Returns how many bytes, 0 at the end of the stream, or -1 with errno. */
static ssize_t rfile_fill(struct rfile *rfile)
{
    if (rfile->fd == -1)
        return 0;
    if (rfile_make_room(rfile) == -1)
        return -1;
    ssize_t received =
        net_recv(rfile->fd, rfile->bytes + rfile->end, rfile->size - rfile->end);
    if (received == -1)
        return fail_as_timeout();
    rfile->end += (size_t)received;
    return received;
}

ssize_t rfile_readline(struct rfile *rfile, size_t limit, char **line)
{
    size_t searched = 0; /* of the bytes that wait: there is no newline among them */
    size_t length = 0;
    const char *newline = NULL;

    while (newline == NULL && length < limit) {
        if (rfile->start + searched == rfile->end) {
            ssize_t received = rfile_fill(rfile);
            if (received == -1)
                return -1;
            if (received == 0)
                break;
        }
        length = rfile->end - rfile->start;
        if (length > limit)
            length = limit;
        newline = memchr(rfile->bytes + rfile->start + searched, '\n', length - searched);
        searched = length;
    }
    *line = rfile->bytes + rfile->start;
    if (newline != NULL)
        length = (size_t)(newline - *line) + 1;
    rfile->start += length;
    return (ssize_t)length;
}

static int wfile_send(struct wfile *wfile, const void *bytes, size_t length)
{
    if (net_send_all(wfile->fd, bytes, length) == -1)
        return fail_as_timeout();
    return 0;
}

/* Adds to the buffer. Returns 0, or -1 with errno ENOMEM. */
static int wfile_append(struct wfile *wfile, const void *bytes, size_t length)
{
    if (wfile->length + length > wfile->size) {
        size_t size = wfile->length + length + 128;
        char *larger = realloc(wfile->bytes, size);
        if (larger == NULL)
            return -1;
        wfile->bytes = larger;
        wfile->size = size;
    }
    memcpy(wfile->bytes + wfile->length, bytes, length);
    wfile->length += length;
    return 0;
}

int wfile_flush(struct wfile *wfile)
{
    if (wfile->fd == -1 || wfile->length == 0)
        return 0;
    size_t length = wfile->length;
    wfile->length = 0; /* also if it fails: nobody knows how much of it has arrived */
    return wfile_send(wfile, wfile->bytes, length);
}

int wfile_write(struct wfile *wfile, const void *bytes, size_t length)
{
    if (length > wfile->bufsize - wfile->length && wfile_flush(wfile) == -1)
        return -1;
    if (length > wfile->bufsize)
        return wfile_send(wfile, bytes, length);
    return length == 0 ? 0 : wfile_append(wfile, bytes, length);
}

/* ---- handlers ---- */

static int do_nothing(struct request_handler *handler)
{
    (void)handler;
    return 0;
}

const struct request_handler_class request_handler_class = {
    .size = sizeof(struct request_handler),
    .setup = do_nothing,
    .handle = do_nothing,
    .finish = do_nothing,
};

int stream_request_handler_setup(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    int fd = handler->request->fd;
    int on = 1;

    if (self->timeout > 0 && net_set_timeout(fd, self->timeout) == -1)
        return -1;
    if (self->disable_nagle_algorithm &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
        return -1;
    self->rfile = (struct rfile){.fd = fd};
    self->wfile = (struct wfile){.fd = fd, .bufsize = self->wbufsize};
    return 0;
}

int stream_request_handler_finish(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);

    int result = wfile_flush(&self->wfile);
    free(self->rfile.bytes);
    free(self->wfile.bytes);
    return result;
}

const struct request_handler_class stream_request_handler_class = {
    .size = sizeof(struct stream_request_handler),
    .setup = stream_request_handler_setup,
    .handle = do_nothing,
    .finish = stream_request_handler_finish,
};

int datagram_request_handler_setup(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    const struct request *request = handler->request;

    self->rfile =
        (struct rfile){.fd = -1, .bytes = request->packet, .end = request->packet_length};
    self->wfile = (struct wfile){.fd = -1, .bufsize = SIZE_MAX};
    return 0;
}

int datagram_request_handler_finish(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    const struct request *request = handler->request;
    ssize_t sent = 0;

    /* To wait for one client that does not read would keep all others waiting. */
    if (self->wfile.length > 0)
        do
            sent = sendto(request->fd, self->wfile.bytes, self->wfile.length,
                          MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&request->client_address,
                          request->client_address_length);
        while (sent == -1 && errno == EINTR);
    free(self->wfile.bytes);
    return sent == -1 ? -1 : 0;
}

const struct request_handler_class datagram_request_handler_class = {
    .size = sizeof(struct stream_request_handler),
    .setup = datagram_request_handler_setup,
    .handle = do_nothing,
    .finish = datagram_request_handler_finish,
};

/* Fills what `class` leaves out from its base. */
static void inherit_handler(struct request_handler_class *class)
{
    if (class->base == NULL)
        class->base = &request_handler_class;
    if (class->size == 0)
        class->size = class->base->size;
    if (class->setup == NULL)
        class->setup = class->base->setup;
    if (class->handle == NULL)
        class->handle = class->base->handle;
    if (class->finish == NULL)
        class->finish = class->base->finish;
}

/* What Python does in the constructor. Returns 0, or -1 with errno set. */
static int run_handler(struct request_handler *handler)
{
    if (handler->class->setup(handler) == -1)
        return -1;
    /* EXERCISE 3: call handle, and then finish, whatever handle has returned. If one of them
     * fails, return -1; if both do, errno is that of handle */
    int result = handler->class->handle(handler);
    int error = errno;
    if (handler->class->finish(handler) == -1 && result == 0)
        return -1;
    errno = error;
    return result;
    /* END EXERCISE */
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
    struct request_handler *handler = calloc(1, server->handler_class.size);

    if (handler == NULL)
        return -1;
    handler->class = &server->handler_class;
    handler->server = server;
    handler->request = request;
    add_ongoing(server, &ongoing);
    int result = run_handler(handler);
    remove_ongoing(server, &ongoing);
    free(handler);
    return result;
}

void base_server_handle_error(struct server *server, const struct request *request)
{
    char name[SERVER_NAME_SIZE];
    const char *reason = strerror(errno);

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
    request->client_address_length = sizeof request->client_address;
    request->fd = accept(server->fd, (struct sockaddr *)&request->client_address,
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

static const struct server_ops TCP_SERVER = {
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
};

static const struct server_ops UDP_SERVER = {
    .server_activate = udp_server_activate,
    .get_request = udp_server_get_request,
    .shutdown_request = udp_server_shutdown_request,
    .close_request = udp_server_close_request,
};

/* Fills what `ops` leaves out from `base`. */
static void inherit_ops(struct server_ops *ops, const struct server_ops *base)
{
#define INHERIT(method) ops->method = ops->method == NULL ? base->method : ops->method
    INHERIT(server_bind);
    INHERIT(server_activate);
    INHERIT(server_close);
    INHERIT(get_request);
    INHERIT(verify_request);
    INHERIT(process_request);
    INHERIT(finish_request);
    INHERIT(shutdown_request);
    INHERIT(close_request);
    INHERIT(handle_error);
    INHERIT(handle_timeout);
    INHERIT(service_actions);
#undef INHERIT
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
    inherit_ops(&server->ops, &TCP_SERVER);
    inherit_handler(&server->handler_class);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->stopped, NULL);
}

void udp_server_init(struct server *server, const struct server_ops *ops,
                     const struct request_handler_class *handler_class)
{
    struct server_ops udp = {0};

    if (ops != NULL)
        udp = *ops;
    inherit_ops(&udp, &UDP_SERVER);
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
    server->fd = socket(address->sa_family, server->socket_type, 0);
    if (server->fd == -1)
        return -1;
    /* A client that poll has told of may be gone again: accept must not wait for the next. */
    if ((server->socket_type == SOCK_STREAM &&
         fcntl(server->fd, F_SETFL, O_NONBLOCK) == -1) ||
        server->ops.server_bind(server) == -1 ||
        server->ops.server_activate(server) == -1)
        server->fd = net_close_failed(server->fd);
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
    fcntl(server->wake[0], F_SETFL, O_NONBLOCK);
    fcntl(server->wake[1], F_SETFL, O_NONBLOCK);
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

/* Seconds on a clock that never jumps. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

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
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED ||
        errno == EINTR)
        return;
    server->ops.handle_error(server, NULL);
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
        server->ops.handle_error(server, &request);
        server->ops.shutdown_request(server, &request);
    }
}

static bool is_stop_requested(struct server *server)
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

    while (result != -1 && !is_stop_requested(server)) {
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
    const double end = now() + server->timeout;
    double left = server->timeout > 0 ? server->timeout : -1;
    int result = 0;

    while (result == 0) {
        if (take_stop_request(server))
            return fail(ECANCELED);
        if (server->timeout > 0 && left < 0)
            break;
        result = wait_for_request(server, left);
        if (server->timeout > 0)
            left = end - now();
    }
    if (result == -1)
        return -1;
    if (result == 1)
        handle_one_request(server);
    else
        server->ops.handle_timeout(server);
    return 0;
}

size_t server_active_requests(struct server *server)
{
    size_t active = 0;

    if (server->threading != NULL) {
        pthread_mutex_lock(&server->threading->lock);
        active = server->threading->active;
        pthread_mutex_unlock(&server->threading->lock);
    } else if (server->forking != NULL) {
        forking_mixin_collect_children(server, false);
        active = server->forking->count;
    }
    return active;
}

int server_close(struct server *server)
{
    return server->ops.server_close(server);
}

/* ---- ThreadingMixIn ---- */

/* What a thread must know. It owns this. */
struct request_thread {
    struct server *server;
    struct request request;
};

static void count_threads(struct threading_mixin *mixin, int change)
{
    pthread_mutex_lock(&mixin->lock);
    mixin->active += (size_t)change;
    if (change < 0)
        pthread_cond_broadcast(&mixin->ended);
    pthread_mutex_unlock(&mixin->lock);
}

/* process_request_thread */
static void *run_request_thread(void *argument)
{
    struct request_thread *thread = argument;
    struct server *server = thread->server;

    if (server->ops.finish_request(server, &thread->request) == -1)
        server->ops.handle_error(server, &thread->request);
    server->ops.shutdown_request(server, &thread->request);
    free(thread);
    count_threads(server->threading, -1);
    return NULL;
}

/*
 * Starts a thread that owns `thread`. It is detached, so that its stack is given back as soon
 * as it ends, and takes no signals: they are for the program's own threads.
 * Returns 0, or an error number.
 */
static int start_request_thread(struct request_thread *thread, size_t stack_size)
{
    pthread_t id;
    pthread_attr_t attributes;
    sigset_t all, before;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_attr_setstacksize(&attributes, stack_size);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error == 0)
        error = pthread_create(&id, &attributes, run_request_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static int threading_process_request(struct server *server, const struct request *request)
{
    struct request_thread *thread = malloc(sizeof *thread);

    if (thread == NULL)
        return -1;
    /* EXERCISE 4: fill *thread with the server and a copy of the request, count the thread,
     * and start it. If that fails, take both back, and return -1 with the error in errno */
    *thread = (struct request_thread){server, *request};
    count_threads(server->threading, +1);
    int error = start_request_thread(thread, server->threading->stack_size);
    if (error != 0) {
        count_threads(server->threading, -1);
        free(thread);
        return fail(error);
    }
    return 0;
    /* END EXERCISE */
}

/* The threads come first: for datagrams, they answer on the server's own socket. */
static int threading_server_close(struct server *server)
{
    struct threading_mixin *mixin = server->threading;

    if (mixin->block_on_close && !mixin->daemon_threads) {
        pthread_mutex_lock(&mixin->lock);
        while (mixin->active > 0)
            pthread_cond_wait(&mixin->ended, &mixin->lock);
        pthread_mutex_unlock(&mixin->lock);
    }
    return mixin->super.server_close(server);
}

void threading_mixin(struct server *server, struct threading_mixin *mixin)
{
    *mixin = (struct threading_mixin){
        .block_on_close = true,
        .stack_size = 64 * 1024,
        .super = server->ops,
    };
    pthread_mutex_init(&mixin->lock, NULL);
    pthread_cond_init(&mixin->ended, NULL);
    server->threading = mixin;
    server->ops.process_request = threading_process_request;
    server->ops.server_close = threading_server_close;
}

/* ---- ForkingMixIn ---- */

void forking_mixin_collect_children(struct server *server, bool blocking)
{
    struct forking_mixin *mixin = server->forking;
    size_t i = 0;

    while (i < mixin->count) {
        pid_t id = waitpid(mixin->active_children[i], NULL, blocking ? 0 : WNOHANG);
        if (id > 0 || (id == -1 && errno == ECHILD)) /* (somebody else has reaped it) */
            mixin->active_children[i] = mixin->active_children[--mixin->count];
        else if (id == 0)
            i++;
    }
}

/* Returns 0 with room for one more child, or -1 with errno ENOMEM. */
static int reserve_child(struct forking_mixin *mixin)
{
    if (mixin->count < mixin->size)
        return 0;
    size_t size = mixin->size == 0 ? 16 : 2 * mixin->size;
    pid_t *children = realloc(mixin->active_children, size * sizeof *children);
    if (children == NULL)
        return -1;
    mixin->active_children = children;
    mixin->size = size;
    return 0;
}

/*
 * Forks. In the child, SIGTERM has its default action, from the first moment on: until then,
 * all signals are blocked. The lock is held, so that the child does not get one that another
 * thread holds, and that nobody would ever release there.
 * Returns as fork(2) does.
 */
static pid_t fork_child(struct server *server)
{
    struct sigaction ends = {.sa_handler = SIG_DFL};
    sigset_t all, mask;

    sigemptyset(&ends.sa_mask);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    pthread_mutex_lock(&server->lock);
    pid_t id = fork();
    pthread_mutex_unlock(&server->lock);
    if (id == 0) {
        sigaction(SIGTERM, &ends, NULL);
        sigdelset(&mask, SIGTERM);
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return id;
}

/* The child's life. It must not go back into the server's loop, so it ends here. */
static _Noreturn void run_child(struct server *server, const struct request *request)
{
    int status = EXIT_SUCCESS;

    /* The parent's listener: with the child, it would outlive the parent, and clients would
     * connect to it, whom nobody accepts. A datagram is answered on the server's socket. */
    if (request->fd != server->fd)
        close(server->fd);
    close_wake(server);

    if (server->ops.finish_request(server, request) == -1) {
        server->ops.handle_error(server, request);
        status = EXIT_FAILURE;
    }
    server->ops.shutdown_request(server, request);
    _exit(status); /* exit would also do what the parent does at its end */
}

/*
 * Waits until there may be one child more. To be told of a child's end takes SIGCHLD, which
 * belongs to the program: so this looks every 10 ms.
 * Returns 0, or -1 with errno ECANCELED if server_shutdown was called.
 */
static int wait_for_place(struct server *server)
{
    struct forking_mixin *mixin = server->forking;
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};

    forking_mixin_collect_children(server, false);
    while (mixin->count >= mixin->max_children) {
        if (is_stop_requested(server))
            return fail(ECANCELED);
        nanosleep(&moment, NULL);
        forking_mixin_collect_children(server, false);
    }
    return 0;
}

static int forking_process_request(struct server *server, const struct request *request)
{
    struct forking_mixin *mixin = server->forking;

    if (wait_for_place(server) == -1 || reserve_child(mixin) == -1)
        return -1;
    pid_t id = fork_child(server);
    if (id == -1)
        return -1;
    if (id == 0)
        run_child(server, request);
    mixin->active_children[mixin->count++] = id;
    server->ops.close_request(server, request);
    return 0;
}

static void forking_service_actions(struct server *server)
{
    forking_mixin_collect_children(server, false);
    server->forking->super.service_actions(server);
}

static void forking_handle_timeout(struct server *server)
{
    forking_mixin_collect_children(server, false);
    server->forking->super.handle_timeout(server);
}

static int forking_server_close(struct server *server)
{
    struct forking_mixin *mixin = server->forking;

    if (server->aborting)
        for (size_t i = 0; i < mixin->count; i++)
            kill(mixin->active_children[i], SIGTERM);
    forking_mixin_collect_children(server, mixin->block_on_close);
    free(mixin->active_children);
    mixin->active_children = NULL;
    mixin->count = mixin->size = 0;
    return mixin->super.server_close(server);
}

void forking_mixin(struct server *server, struct forking_mixin *mixin)
{
    *mixin = (struct forking_mixin){
        .max_children = 40,
        .block_on_close = true,
        .super = server->ops,
    };
    server->timeout = 300;
    server->forking = mixin;
    server->ops.process_request = forking_process_request;
    server->ops.server_close = forking_server_close;
    server->ops.service_actions = forking_service_actions;
    server->ops.handle_timeout = forking_handle_timeout;
}

/* ---- the ready-made combinations ---- */

#define COMBINE(mixin, kind)                                                             \
    void mixin##_##kind##_server_init(struct server *server, struct mixin##_mixin *m,    \
                                      const struct server_ops *ops,                      \
                                      const struct request_handler_class *handler_class) \
    {                                                                                    \
        kind##_server_init(server, ops, handler_class);                                  \
        mixin##_mixin(server, m);                                                        \
    }

COMBINE(threading, tcp)
COMBINE(threading, udp)
COMBINE(threading, unix_stream)
COMBINE(threading, unix_datagram)
COMBINE(forking, tcp)
COMBINE(forking, udp)
COMBINE(forking, unix_stream)
COMBINE(forking, unix_datagram)
