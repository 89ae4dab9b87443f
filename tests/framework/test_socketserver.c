/*
 * test_socketserver.c - the tests of common/socketserver.
 *
 * Run it:       build/framework/test_socketserver [PART OF A NAME]
 */
#include "harness.h"
#include "net.h"
#include "socketserver.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- a server that counts what happens to it, and fails where it is told ---- */

struct probe {
    struct server base;
    pthread_t loop;
    atomic_int setups, handles, finishes, errors, timeouts, actions, verified;
    atomic_int last_error;
    int setup_fails, handle_fails, finish_fails; /* an errno, or 0 */
    bool reject, slow_finish, shut_down_in_handle;
    int shutdown_error; /* what server_shutdown said in handle */
    double client_timeout;
};

static struct probe *probe_of(struct server *server)
{
    return container_of(server, struct probe, base);
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static void sleep_ms(long milliseconds)
{
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) == -1)
        ;
}

/* Waits until `count` is at least `wanted`; the harness ends the test if it never is. */
static void await(atomic_int *count, int wanted)
{
    while (*count < wanted)
        sleep_ms(1);
}

static int echo_setup(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    struct probe *probe = probe_of(handler->server);

    probe->setups++;
    self->timeout = probe->client_timeout;
    if (probe->setup_fails != 0)
        return fail(probe->setup_fails);
    return handler->server->socket_type == SOCK_DGRAM
               ? datagram_request_handler_setup(handler)
               : stream_request_handler_setup(handler);
}

/* Sends each line back. */
static int echo_handle(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    struct probe *probe = probe_of(handler->server);
    ssize_t length = 0;
    char *line;

    probe->handles++;
    if (probe->handle_fails != 0)
        return fail(probe->handle_fails);
    if (probe->shut_down_in_handle && server_shutdown(handler->server) == -1)
        probe->shutdown_error = errno;
    while ((length = rfile_readline(&self->rfile, 1000, &line)) > 0)
        if (wfile_write(&self->wfile, line, (size_t)length) == -1)
            return -1;
    return (int)length;
}

static int echo_finish(struct request_handler *handler)
{
    struct probe *probe = probe_of(handler->server);

    int result = handler->server->socket_type == SOCK_DGRAM
                     ? datagram_request_handler_finish(handler)
                     : stream_request_handler_finish(handler);
    if (probe->slow_finish)
        sleep_ms(200);
    probe->finishes++;
    return probe->finish_fails != 0 ? fail(probe->finish_fails) : result;
}

static void probe_handle_error(struct server *server, const struct request *request,
                               int error)
{
    (void)request;
    probe_of(server)->last_error = error;
    probe_of(server)->errors++;
}

static void probe_handle_timeout(struct server *server)
{
    base_server_handle_timeout(server);
    probe_of(server)->timeouts++;
}

static void probe_service_actions(struct server *server)
{
    probe_of(server)->actions++;
}

static bool probe_verify_request(struct server *server, const struct request *request)
{
    probe_of(server)->verified++;
    return base_server_verify_request(server, request) && !probe_of(server)->reject;
}

static const struct server_ops probe_ops = {
    .verify_request = probe_verify_request,
    .handle_error = probe_handle_error,
    .handle_timeout = probe_handle_timeout,
};

static const struct server_ops active_probe_ops = {
    .handle_error = probe_handle_error,
    .service_actions = probe_service_actions,
};

static const struct request_handler_class echo_class = {
    .size = sizeof(struct stream_request_handler),
    .base = &stream_request_handler_class,
    .setup = echo_setup,
    .handle = echo_handle,
    .finish = echo_finish,
};

static const struct request_handler_class datagram_echo_class = {
    .size = sizeof(struct stream_request_handler),
    .base = &datagram_request_handler_class,
    .setup = echo_setup,
    .handle = echo_handle,
    .finish = echo_finish,
};

static void open_probe(struct probe *probe)
{
    const char *reason = "";
    if (server_open(&probe->base, "127.0.0.1", 0, &reason) == -1)
        printf("# server_open: %s\n", reason);
    CHECK(server_fileno(&probe->base) != -1);
}

/* A TCP server that is open. */
static struct probe *new_probe(const struct server_ops *ops)
{
    struct probe *probe = calloc(1, sizeof *probe);
    CHECK(probe != NULL);
    tcp_server_init(&probe->base, ops, &echo_class);
    open_probe(probe);
    return probe;
}

static struct probe *new_threading_probe(struct threading_mixin *threads)
{
    struct probe *probe = calloc(1, sizeof *probe);
    CHECK(probe != NULL);
    threading_tcp_server_init(&probe->base, threads, &probe_ops, &echo_class);
    open_probe(probe);
    return probe;
}

static struct probe *new_forking_probe(struct forking_mixin *children)
{
    struct probe *probe = calloc(1, sizeof *probe);
    CHECK(probe != NULL);
    forking_tcp_server_init(&probe->base, children, &probe_ops, &echo_class);
    open_probe(probe);
    return probe;
}

static void *run_loop(void *argument)
{
    struct probe *probe = argument;
    CHECK(server_serve_forever(&probe->base, 0.01) == 0);
    return NULL;
}

static void start_loop(struct probe *probe)
{
    CHECK(pthread_create(&probe->loop, NULL, run_loop, probe) == 0);
}

static void stop_loop(struct probe *probe)
{
    CHECK(server_shutdown(&probe->base) == 0);
    CHECK(pthread_join(probe->loop, NULL) == 0);
}

static void close_probe(struct probe *probe)
{
    CHECK(server_close(&probe->base) == 0);
    free(probe);
}

/* ---- a client ---- */

static int connect_to(const struct probe *probe)
{
    int fd = socket(probe->base.address.ss_family, probe->base.socket_type, 0);
    CHECK(fd != -1);
    CHECK(connect(fd, (const struct sockaddr *)&probe->base.address,
                  probe->base.address_length) == 0);
    return fd;
}

/* close alone is not enough: children of this process have the descriptor, too. */
static void leave(int fd)
{
    shutdown(fd, SHUT_RDWR);
    close(fd);
}

static void tell(int fd, const char *text)
{
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/* Receives exactly this text. */
static void expect(int fd, const char *text)
{
    char answer[100] = "";
    CHECK(net_recv_all(fd, answer, strlen(text)) == (ssize_t)strlen(text));
    CHECK(strcmp(answer, text) == 0);
}

/* The connection has ended, in order or with a reset. */
static void expect_end(int fd)
{
    char byte;
    CHECK(net_recv(fd, &byte, 1) <= 0);
    close(fd);
}

/* Nothing comes for a moment. */
static bool is_silent(int fd, int milliseconds)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    return poll(&ready, 1, milliseconds) == 0;
}

/* ---- handlers ---- */

/* One request of a client that says "a\n", and leaves. */
static void serve_one(struct probe *probe)
{
    int fd = connect_to(probe);
    tell(fd, "a\n");
    shutdown(fd, SHUT_WR);
    CHECK(server_handle_request(&probe->base) == 0);
    if (probe->handle_fails == 0 && probe->setup_fails == 0)
        expect(fd, "a\n");
    expect_end(fd);
}

static void test_handler_succeeds(void)
{
    struct probe *probe = new_probe(&probe_ops);
    serve_one(probe);
    serve_one(probe);
    CHECK(probe->setups == 2 && probe->handles == 2 && probe->finishes == 2);
    CHECK(probe->errors == 0);
    close_probe(probe);
}

static void test_setup_fails(void)
{
    struct probe *probe = new_probe(&probe_ops);
    probe->setup_fails = EPROTO;
    probe->handle_fails = EBADMSG;
    serve_one(probe);
    CHECK(probe->setups == 1 && probe->handles == 0 && probe->finishes == 0);
    CHECK(probe->errors == 1 && probe->last_error == EPROTO);
    close_probe(probe);
}

static void test_handle_fails(void)
{
    struct probe *probe = new_probe(&probe_ops);
    probe->handle_fails = EBADMSG;
    serve_one(probe);
    CHECK(probe->handles == 1 && probe->finishes == 1);
    CHECK(probe->errors == 1 && probe->last_error == EBADMSG);
    close_probe(probe);
}

static void test_finish_fails(void)
{
    struct probe *probe = new_probe(&probe_ops);
    probe->finish_fails = EIO;
    serve_one(probe);
    CHECK(probe->errors == 1 && probe->last_error == EIO);
    close_probe(probe);
}

static void test_handle_and_finish_fail(void)
{
    struct probe *probe = new_probe(&probe_ops);
    probe->handle_fails = EBADMSG;
    probe->finish_fails = EIO;
    serve_one(probe);
    CHECK(probe->finishes == 1);
    CHECK(probe->errors == 1 && probe->last_error == EBADMSG);
    close_probe(probe);
}

static int twice_setup(struct request_handler *handler)
{
    probe_of(handler->server)->setups += 10;
    return echo_class.setup(handler);
}

/* Each method of the class in the middle runs once: its super is not found through the object. */
static void test_class_derived_twice(void)
{
    static const struct request_handler_class twice_class = {.base = &echo_class,
                                                             .setup = twice_setup};
    struct probe *probe = calloc(1, sizeof *probe);

    CHECK(probe != NULL);
    tcp_server_init(&probe->base, &probe_ops, &twice_class);
    open_probe(probe);
    serve_one(probe);
    CHECK(probe->setups == 11 && probe->handles == 1 && probe->finishes == 1);
    close_probe(probe);
}

static void test_empty_class(void)
{
    static const struct request_handler_class nothing_class = {0};
    struct server server;
    const char *reason;
    struct probe target = {0};

    tcp_server_init(&server, NULL, &nothing_class);
    CHECK(server.request_queue_size == 128);
    CHECK(server_open(&server, "127.0.0.1", 0, &reason) == 0);
    target.base.socket_type = SOCK_STREAM;
    target.base.address = server.address;
    target.base.address_length = server.address_length;
    int fd = connect_to(&target);
    CHECK(server_handle_request(&server) == 0);
    expect_end(fd);
    CHECK(server_close(&server) == 0);
}

static void test_client_timeout(void)
{
    struct probe *probe = new_probe(&probe_ops);
    probe->client_timeout = 0.05;
    int fd = connect_to(probe);
    CHECK(server_handle_request(&probe->base) == 0);
    CHECK(probe->errors == 1 && probe->last_error == ETIMEDOUT && probe->finishes == 1);
    expect_end(fd);
    close_probe(probe);
}

static int nagle_setup(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);

    self->disable_nagle_algorithm = true;
    return stream_request_handler_setup(handler);
}

/* Tells the client whether Nagle's algorithm is off. */
static int nagle_handle(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    int off = 0;
    socklen_t length = sizeof off;

    CHECK(getsockopt(self->wfile.fd, IPPROTO_TCP, TCP_NODELAY, &off, &length) == 0);
    return wfile_write(&self->wfile, off ? "off\n" : "on\n", off ? 4 : 3);
}

static const struct request_handler_class nagle_class = {
    .base = &stream_request_handler_class,
    .setup = nagle_setup,
    .handle = nagle_handle,
};

static void test_disable_nagle_algorithm(void)
{
    struct probe *probe = calloc(1, sizeof *probe);
    CHECK(probe != NULL);
    tcp_server_init(&probe->base, &probe_ops, &nagle_class);
    open_probe(probe);
    int fd = connect_to(probe);
    CHECK(server_handle_request(&probe->base) == 0);
    expect(fd, "off\n");
    expect_end(fd);
    close_probe(probe);
}

/* The base's handle_error prints one line, with the name of the client if there is one. */
static void test_base_handle_error(void)
{
    struct probe *probe = new_probe(NULL);
    struct sockaddr_in client;
    socklen_t length = sizeof client;
    char expected[100];
    char text[sizeof expected] = "";
    int err[2];

    CHECK(pipe(err) == 0 && dup2(err[1], STDERR_FILENO) != -1);
    probe->handle_fails = EBADMSG;
    int fd = connect_to(probe);
    CHECK(getsockname(fd, (struct sockaddr *)&client, &length) == 0);
    CHECK(server_handle_request(&probe->base) == 0);
    snprintf(expected, sizeof expected, "request from 127.0.0.1:%u: Bad message\n",
             ntohs(client.sin_port));
    CHECK(read(err[0], text, sizeof text - 1) == (ssize_t)strlen(expected));
    CHECK(strcmp(text, expected) == 0);
    errno = 0;
    probe->base.ops.handle_error(&probe->base, NULL, EMFILE);
    CHECK(read(err[0], text, sizeof text - 1) > 0);
    CHECK(strncmp(text, "no request: Too many open files\n", 32) == 0);
    expect_end(fd);
    close_probe(probe);
}

static void check_name(const struct sockaddr_un *address, size_t path_length,
                       const char *expected)
{
    struct sockaddr_storage storage = {0};
    char name[SERVER_NAME_SIZE];

    memcpy(&storage, address, sizeof *address);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length);
    CHECK(strcmp(server_format_address(&storage, length, name), expected) == 0);
}

static void test_format_address(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char longest[sizeof address.sun_path + 1] = "";
    char name[SERVER_NAME_SIZE];

    check_name(&address, 0, "unnamed");
    strcpy(address.sun_path, "/tmp/a");
    check_name(&address, sizeof "/tmp/a", "/tmp/a");
    strcpy(address.sun_path, "\x1b[2J\\\xff");
    check_name(&address, sizeof "\x1b[2J\\\xff", "\\x1b[2J\\x5c\\xff");
    memset(address.sun_path, 'x', sizeof address.sun_path); /* without a NUL byte */
    memset(longest, 'x', sizeof address.sun_path);
    check_name(&address, sizeof address.sun_path, longest);
    /* What recvfrom stores for a Unix socket without a path: nothing. */
    struct sockaddr_storage nothing = {0};
    CHECK(strcmp(server_format_address(&nothing, 0, name), "unnamed") == 0);
}

/* ---- rfile and wfile ---- */

static void check_line(struct rfile *rfile, size_t limit, const char *expected)
{
    char *line;
    CHECK(rfile_readline(rfile, limit, &line) == (ssize_t)strlen(expected));
    CHECK(memcmp(line, expected, strlen(expected)) == 0);
}

static void test_readline(void)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    struct rfile rfile = {.fd = pair[0]};

    tell(pair[1], "one\ntwo\n\nfour");
    check_line(&rfile, 100, "one\n");
    check_line(&rfile, 100, "two\n");
    check_line(&rfile, 100, "\n");
    tell(pair[1], "teen\n12345\n123456\n");
    check_line(&rfile, 100, "fourteen\n");
    check_line(&rfile, 6, "12345\n");
    check_line(&rfile, 6, "123456");
    check_line(&rfile, 6, "\n");
    tell(pair[1], "the rest");
    close(pair[1]);
    check_line(&rfile, 100, "the rest");
    check_line(&rfile, 100, "");
    buffer_free(&rfile.buffer);
    close(pair[0]);
}

/* A line that is much longer than the buffer at first is, with another one behind it. */
static void test_long_line(void)
{
    enum { LENGTH = 100000 };
    static char text[LENGTH + 5];
    int pair[2];
    char *line;
    struct rfile rfile = {0};

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    rfile.fd = pair[0];
    memset(text, 'x', LENGTH);
    strcpy(text + LENGTH, "\nab\n");
    tell(pair[1], text);
    CHECK(rfile_readline(&rfile, LENGTH + 1, &line) == LENGTH + 1);
    CHECK(memcmp(line, text, LENGTH + 1) == 0);
    check_line(&rfile, LENGTH, "ab\n");
    /* As much again: what was read has given its room back. */
    size_t size = rfile.buffer.size;
    tell(pair[1], text);
    CHECK(rfile_readline(&rfile, LENGTH + 1, &line) == LENGTH + 1);
    CHECK(rfile.buffer.size <= size);
    buffer_free(&rfile.buffer);
    close(pair[0]);
    close(pair[1]);
}

static void check_read1(struct rfile *rfile, size_t size, const char *expected)
{
    char bytes[100];
    CHECK(rfile_read1(rfile, bytes, size) == (ssize_t)strlen(expected));
    CHECK(memcmp(bytes, expected, strlen(expected)) == 0);
}

/* What the buffer has comes first, and then what the connection has; at most `size` bytes. */
static void test_read1(void)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    struct rfile rfile = {.fd = pair[0]};

    tell(pair[1], "line\nbytes");
    check_line(&rfile, 100, "line\n");
    check_read1(&rfile, 0, "");
    check_read1(&rfile, 2, "by");
    tell(pair[1], "more\nand");
    check_read1(&rfile, 100, "tes");
    check_read1(&rfile, 4, "more");
    check_line(&rfile, 100, "\n");
    check_read1(&rfile, 100, "and");
    CHECK(net_set_timeout(pair[0], 0.01) == 0);
    errno = 0;
    CHECK(rfile_read1(&rfile, (char[1]){0}, 1) == -1 && errno == ETIMEDOUT);
    close(pair[1]);
    check_read1(&rfile, 100, "");
    buffer_free(&rfile.buffer);
    close(pair[0]);

    char packet[] = "datagram";
    struct rfile datagram = {.fd = -1, .buffer = {.bytes = packet, .end = 8}};
    check_read1(&datagram, 4, "data");
    check_read1(&datagram, 100, "gram");
    check_read1(&datagram, 100, "");
}

static void test_wfile(void)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    struct wfile direct = {.fd = pair[0]};
    struct wfile buffered = {.fd = pair[0], .bufsize = 6};

    CHECK(wfile_write(&direct, "now", 3) == 0);
    expect(pair[1], "now");
    CHECK(wfile_write(&buffered, "abc", 3) == 0);
    CHECK(wfile_write(&buffered, "def", 3) == 0);
    CHECK(is_silent(pair[1], 0));
    CHECK(wfile_write(&buffered, "g", 1) == 0);
    expect(pair[1], "abcdef");
    CHECK(wfile_write(&buffered, "longer than 6", 13) == 0);
    expect(pair[1], "glonger than 6");
    CHECK(wfile_write(&buffered, "end", 3) == 0);
    CHECK(wfile_flush(&buffered) == 0);
    expect(pair[1], "end");
    buffer_free(&buffered.buffer);
    close(pair[0]);
    close(pair[1]);
}

static void test_wfile_timeout(void)
{
    int pair[2];
    int result = 0;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(net_set_timeout(pair[0], 0.05) == 0);
    struct wfile wfile = {.fd = pair[0]};

    while (result == 0)
        result = wfile_write(&wfile, "nobody reads this", 17);
    CHECK(errno == ETIMEDOUT);
    close(pair[0]);
    close(pair[1]);
}

static void test_wfile_peer_gone(void)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    struct wfile wfile = {.fd = pair[0], .bufsize = 4};

    close(pair[1]);
    CHECK(wfile_write(&wfile, "abc", 3) == 0);
    CHECK(wfile_write(&wfile, "def", 3) == -1 && errno == EPIPE);
    CHECK(wfile_flush(&wfile) == 0); /* what could not be sent is not kept */
    buffer_free(&wfile.buffer);
    close(pair[0]);
}

/* ---- the loop ---- */

static void test_verify_request_false(void)
{
    struct probe *probe = new_probe(&probe_ops);
    probe->reject = true;
    int fd = connect_to(probe);
    CHECK(server_handle_request(&probe->base) == 0);
    CHECK(probe->verified == 1 && probe->setups == 0 && probe->errors == 0);
    expect_end(fd);
    close_probe(probe);
}

static void test_handle_timeout(void)
{
    struct probe *probe = new_probe(&probe_ops);
    probe->base.timeout = 0.1;
    double begin = net_now();
    CHECK(server_handle_request(&probe->base) == 0);
    CHECK(probe->timeouts == 1 && net_now() - begin >= 0.1);
    serve_one(probe);
    CHECK(probe->timeouts == 1 && probe->finishes == 1);
    close_probe(probe);
}

static void ignore_signal(int number)
{
    (void)number;
}

/* Signals come while it waits; they end neither the wait nor the time-out. */
static void test_handle_request_and_signals(void)
{
    struct probe *probe = new_probe(&probe_ops);
    struct sigaction ignore = {.sa_handler = ignore_signal};

    CHECK(sigaction(SIGUSR1, &ignore, NULL) == 0);
    probe->base.timeout = 0.1;
    double begin = net_now();
    pid_t id = fork();
    if (id == 0) {
        for (int i = 0; i < 20; i++) {
            kill(getppid(), SIGUSR1);
            sleep_ms(1);
        }
        _exit(EXIT_SUCCESS);
    }
    CHECK(server_handle_request(&probe->base) == 0);
    CHECK(probe->timeouts == 1 && net_now() - begin >= 0.1);
    while (waitpid(id, NULL, 0) == -1)
        CHECK(errno == EINTR);
    close_probe(probe);
}

/* The client has left again, before the request was taken: that is no error, and no wait. */
static void test_request_is_gone(void)
{
    struct probe *probe = new_probe(&probe_ops);
    struct probe *datagrams = calloc(1, sizeof *datagrams);
    struct request request = {0};

    CHECK(probe->base.ops.get_request(&probe->base, &request) == -1 && errno == EAGAIN);
    CHECK(datagrams != NULL);
    udp_server_init(&datagrams->base, &probe_ops, &datagram_echo_class);
    open_probe(datagrams);
    CHECK(datagrams->base.ops.get_request(&datagrams->base, &request) == -1);
    CHECK(errno == EAGAIN && probe->errors == 0 && datagrams->errors == 0);
    close_probe(datagrams);
    close_probe(probe);
}

static void test_shutdown_wakes(void)
{
    struct probe *probe =
        new_probe(&probe_ops); /* no service_actions: it waits for ever */
    start_loop(probe);
    int fd = connect_to(probe);
    leave(fd);
    await(&probe->finishes, 1);
    stop_loop(probe);
    start_loop(probe);
    fd = connect_to(probe);
    leave(fd);
    await(&probe->finishes, 2);
    stop_loop(probe);
    close_probe(probe);
}

/* A signal comes while a client is being served, who stays. */
static void *signal_while_serving(void *argument)
{
    struct probe *probe = argument;
    int fd = connect_to(probe);

    tell(fd, "still here\n");
    expect(fd, "still here\n");
    CHECK(kill(getpid(), SIGTERM) == 0);
    await(&probe->finishes, 1);
    close(fd);
    return NULL;
}

static void test_serve_until_signal(void)
{
    struct probe *probe = new_probe(&probe_ops);
    pthread_t client;
    sigset_t stop, before;

    /* Blocked before the thread is there: it would take the signal, and end the program. */
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    CHECK(pthread_create(&client, NULL, signal_while_serving, probe) == 0);
    CHECK(server_serve_until_signal(&probe->base) == 0);
    pthread_join(client, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close_probe(probe);
}

static void test_shutdown_before_the_loop(void)
{
    struct probe *probe = new_probe(&probe_ops);
    CHECK(server_shutdown(&probe->base) == 0);
    CHECK(server_serve_forever(&probe->base, 0.5) == 0);
    close_probe(probe);
}

static void *run_handle_request(void *argument)
{
    struct probe *probe = argument;
    CHECK(server_handle_request(&probe->base) == -1 && errno == ECANCELED);
    return NULL;
}

static void test_shutdown_of_handle_request(void)
{
    struct probe *probe = new_probe(&probe_ops);
    CHECK(pthread_create(&probe->loop, NULL, run_handle_request, probe) == 0);
    stop_loop(probe);
    serve_one(probe);
    close_probe(probe);
}

static void test_shutdown_from_the_loop(void)
{
    struct probe *probe = new_probe(&probe_ops);
    probe->shut_down_in_handle = true;
    start_loop(probe);
    int fd = connect_to(probe);
    tell(fd, "still here\n");
    expect(fd, "still here\n");
    leave(fd);
    stop_loop(probe);
    CHECK(probe->shutdown_error == EDEADLK);
    close_probe(probe);
}

static void test_service_actions(void)
{
    struct probe *probe = new_probe(&active_probe_ops);
    start_loop(probe);
    await(&probe->actions, 5); /* though no request comes */
    stop_loop(probe);
    close_probe(probe);
}

static void test_idle(void)
{
    struct probe *probe = new_probe(&probe_ops);
    struct rusage before, after;

    start_loop(probe);
    leave(connect_to(probe));
    await(&probe->finishes, 1);
    getrusage(RUSAGE_SELF, &before);
    sleep_ms(300); /* this is what is measured */
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_nvcsw - before.ru_nvcsw < 10);
    stop_loop(probe);
    close_probe(probe);
}

/* Takes every descriptor there is, but at most 200. Returns the last one. */
static int take_all_descriptors(void)
{
    struct rlimit limit = {200, 200};
    int last = 0;
    int fd;

    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while ((fd = dup(0)) != -1)
        last = fd;
    CHECK(errno == EMFILE);
    return last;
}

static void test_emfile(void)
{
    struct probe *probe = new_probe(&probe_ops);
    struct rusage before, after;

    int waiting = connect_to(probe);
    int last = take_all_descriptors();
    start_loop(probe);
    await(&probe->errors, 1);
    CHECK(probe->last_error == EMFILE);
    getrusage(RUSAGE_SELF, &before);
    CHECK(is_silent(waiting, 300)); /* it is not closed, either */
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_nvcsw - before.ru_nvcsw < 20);
    CHECK(probe->errors <= 2);
    close(last);
    tell(waiting, "at last\n");
    expect(waiting, "at last\n");
    leave(waiting);
    stop_loop(probe);
    close_probe(probe);
}

static void test_port_in_use(void)
{
    struct probe *probe = new_probe(&probe_ops);
    struct sockaddr_storage address = probe->base.address;
    const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)&address;
    struct server second;
    const char *reason = NULL;

    tcp_server_init(&second, NULL, &echo_class);
    CHECK(server_open(&second, "127.0.0.1", ntohs(ipv4->sin_port), &reason) == -1);
    CHECK(strcmp(reason, "Address already in use") == 0);
    second.address_family = AF_INET6;
    CHECK(server_open(&second, "127.0.0.1", 0, &reason) == -1);
    CHECK(server_close(&second) == 0);
    close_probe(probe);
}

static void check_open_fails(struct server *server, const char *host, const char *why)
{
    const char *reason = NULL;

    CHECK(server_open(server, host, 0, &reason) == -1);
    CHECK(why == NULL || strcmp(reason, why) == 0);
    CHECK(reason != NULL && server_fileno(server) == -1);
    CHECK(server_close(server) == 0);
}

static void test_bad_addresses(void)
{
    char path[200];
    struct server server;

    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    tcp_server_init(&server, NULL, &echo_class);
    check_open_fails(&server, "no.such.name.invalid", NULL);
    unix_stream_server_init(&server, NULL, &echo_class);
    check_open_fails(&server, path, "File name too long");
    check_open_fails(&server, "", "No such file or directory");
    server.socket_type = -1;
    check_open_fails(&server, "/tmp/x", "Invalid argument");
    int last = take_all_descriptors();
    check_open_fails(&server, "/tmp/x", "Too many open files");
    close(last);
}

/* ---- threads ---- */

static void test_threads(void)
{
    struct threading_mixin threads;
    struct probe *probe = new_threading_probe(&threads);

    start_loop(probe);
    int slow = connect_to(probe);
    tell(slow, "first\n");
    expect(slow, "first\n");
    for (int i = 0; i < 20; i++) {
        int fd = connect_to(probe);
        tell(fd, "quick\n");
        expect(fd, "quick\n");
        leave(fd);
    }
    await(&probe->finishes, 20);
    CHECK(server_active_requests(&probe->base) >= 1);
    tell(slow, "last\n");
    expect(slow, "last\n");
    leave(slow);
    stop_loop(probe);
    close_probe(probe);
}

static void test_block_on_close(void)
{
    struct threading_mixin threads;
    struct probe *probe = new_threading_probe(&threads);

    probe->slow_finish = true;
    start_loop(probe);
    int fd = connect_to(probe);
    await(&probe->handles, 1);
    leave(fd);
    stop_loop(probe);
    CHECK(server_close(&probe->base) == 0);
    CHECK(probe->finishes == 1 && threads.active == 0);
    free(probe);
}

/* What the two flags that do not block have in common. */
static void check_does_not_block(struct probe *probe, struct threading_mixin *threads)
{
    start_loop(probe);
    int fd = connect_to(probe);
    await(&probe->handles, 1);
    stop_loop(probe);
    CHECK(server_close(&probe->base) == 0);
    CHECK(probe->finishes == 0);
    leave(fd);
    while (server_active_requests(&probe->base) > 0)
        sleep_ms(1);
    CHECK(threads->active == 0);
    free(probe);
}

static void test_no_block_on_close(void)
{
    struct threading_mixin threads;
    struct probe *probe = new_threading_probe(&threads);
    threads.block_on_close = false;
    check_does_not_block(probe, &threads);
}

static void test_daemon_threads(void)
{
    struct threading_mixin threads;
    struct probe *probe = new_threading_probe(&threads);
    threads.daemon_threads = true;
    check_does_not_block(probe, &threads);
}

static void test_handler_fails_in_thread(void)
{
    struct threading_mixin threads;
    struct probe *probe = new_threading_probe(&threads);

    probe->handle_fails = EBADMSG;
    start_loop(probe);
    expect_end(connect_to(probe));
    await(&probe->errors, 1);
    CHECK(probe->last_error == EBADMSG && probe->finishes == 1);
    stop_loop(probe);
    close_probe(probe);
}

static void test_no_thread(void)
{
    struct threading_mixin threads;
    struct probe *probe = new_threading_probe(&threads);

    threads.stack_size = 1; /* no thread can have that */
    start_loop(probe);
    expect_end(connect_to(probe));
    await(&probe->errors, 1);
    CHECK(probe->last_error == EINVAL && threads.active == 0);
    stop_loop(probe);
    close_probe(probe);
}

static void test_stack_size(void)
{
    struct server server;
    struct threading_mixin threads;

    threading_tcp_server_init(&server, &threads, NULL, &echo_class);
    CHECK(threads.stack_size >= 64 * 1024);
    CHECK((long)threads.stack_size >= sysconf(_SC_THREAD_STACK_MIN));
}

/* ---- a third mixin, from outside: it turns away who comes while `max` are served ---- */

struct limit_mixin {
    struct server_mixin base;
    size_t max;
    atomic_int served, refused;
};

static struct limit_mixin *limit_of(const struct server *server)
{
    return container_of(server_mixin_named(server, "limit"), struct limit_mixin, base);
}

static bool limit_verify_request(struct server *server, const struct request *request)
{
    struct limit_mixin *mixin = limit_of(server);

    if (server_active_requests(server) < mixin->max)
        return mixin->base.super.verify_request(server, request);
    mixin->refused++;
    return false;
}

static int limit_process_request(struct server *server, const struct request *request)
{
    struct limit_mixin *mixin = limit_of(server);

    mixin->served++;
    return mixin->base.super.process_request(server, request);
}

static const struct server_ops limit_ops = {
    .verify_request = limit_verify_request,
    .process_request = limit_process_request,
};

static void limit_mixin(struct server *server, struct limit_mixin *mixin, size_t max)
{
    *mixin = (struct limit_mixin){.max = max};
    server_mix_in(server, &mixin->base, "limit", &limit_ops);
}

/* Two are served, the third is turned away; when one leaves, there is a place again. */
static void check_limit(struct probe *probe, const struct limit_mixin *limit, int served)
{
    int clients[3];

    start_loop(probe);
    for (int i = 0; i < 2; i++) {
        clients[i] = connect_to(probe);
        tell(clients[i], "here\n");
        expect(clients[i], "here\n");
    }
    expect_end(connect_to(probe));
    CHECK(limit->refused == 1 && probe->verified == 2); /* super() was called */
    leave(clients[0]);
    while (server_active_requests(&probe->base) > 1)
        sleep_ms(1);
    clients[2] = connect_to(probe);
    tell(clients[2], "me too\n");
    expect(clients[2], "me too\n");
    leave(clients[1]);
    leave(clients[2]);
    stop_loop(probe);
    CHECK(limit->refused == 1 && limit->served == served);
    close_probe(probe);
}

static void test_third_mixin(void)
{
    struct threading_mixin threads;
    struct limit_mixin limit;
    struct probe *probe = new_threading_probe(&threads);

    CHECK(server_mixin_named(&probe->base, "limit") == NULL);
    limit_mixin(&probe->base, &limit, 2);
    CHECK(server_mixin_named(&probe->base, "limit") == &limit.base);
    CHECK(server_mixin_named(&probe->base, "threading") == &threads.base);
    check_limit(probe, &limit, 3);
}

/* Mixed in before: it is asked after threading_mixin, which has a process_request of its own. */
static void test_third_mixin_below(void)
{
    struct threading_mixin threads;
    struct limit_mixin limit;
    struct probe *probe = new_probe(&probe_ops);

    limit_mixin(&probe->base, &limit, 2);
    threading_mixin(&probe->base, &threads);
    check_limit(probe, &limit, 0);
}

/* Alone, nobody is served elsewhere than in the loop. */
static void test_third_mixin_alone(void)
{
    struct limit_mixin limit;
    struct probe *probe = new_probe(&probe_ops);

    limit_mixin(&probe->base, &limit, 1);
    CHECK(server_active_requests(&probe->base) == 0);
    serve_one(probe);
    serve_one(probe);
    CHECK(limit.served == 2 && limit.refused == 0);
    close_probe(probe);
}

/* ---- processes ---- */

static void test_children(void)
{
    struct forking_mixin children;
    struct probe *probe = new_forking_probe(&children);

    start_loop(probe);
    int slow = connect_to(probe);
    tell(slow, "first\n");
    expect(slow, "first\n");
    for (int i = 0; i < 5; i++) {
        int fd = connect_to(probe);
        tell(fd, "quick\n");
        expect(fd, "quick\n");
        shutdown(fd, SHUT_WR);
        expect_end(fd);
    }
    CHECK(probe->handles == 0); /* not in this process */
    leave(slow);
    stop_loop(probe);
    close_probe(probe);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void test_children_are_reaped(void)
{
    struct forking_mixin children;
    struct probe *probe = new_forking_probe(&children);

    start_loop(probe);
    int fd = connect_to(probe);
    shutdown(fd, SHUT_WR);
    expect_end(fd);
    /* The loop reaps it, though no other request comes. */
    int status;
    while ((status = waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT)) == 0)
        sleep_ms(1);
    CHECK(status == -1 && errno == ECHILD);
    stop_loop(probe);
    CHECK(children.count == 0);
    close_probe(probe);
}

static void test_child_closes_the_listener(void)
{
    struct forking_mixin children;
    struct probe *probe = new_forking_probe(&children);

    children.block_on_close = false;
    start_loop(probe);
    int fd = connect_to(probe);
    tell(fd, "there\n");
    expect(fd, "there\n");
    stop_loop(probe);
    struct probe closed = *probe;
    CHECK(server_close(&probe->base) == 0);
    tell(fd, "still served\n");
    expect(fd, "still served\n");
    int second = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(second, (const struct sockaddr *)&closed.base.address,
                  closed.base.address_length) == -1);
    CHECK(errno == ECONNREFUSED);
    leave(second);
    leave(fd);
    CHECK(wait(NULL) > 0);
    free(probe);
}

static void test_max_children(void)
{
    struct forking_mixin children;
    struct probe *probe = new_forking_probe(&children);
    int clients[4];

    children.max_children = 2;
    start_loop(probe);
    for (int i = 0; i < 3; i++) {
        clients[i] = connect_to(probe);
        tell(clients[i], "here\n");
        if (i < 2)
            expect(clients[i], "here\n");
    }
    CHECK(is_silent(clients[2], 200));
    leave(clients[0]);
    expect(clients[2], "here\n");
    /* Full again, one waits, and nobody leaves: that does not keep the server from stopping. */
    clients[3] = connect_to(probe);
    await(&probe->verified, 4);
    stop_loop(probe);
    CHECK(probe->errors == 1 && probe->last_error == ECANCELED);
    expect_end(clients[3]);
    leave(clients[1]);
    leave(clients[2]);
    close_probe(probe);
}

/* handle_request, too: a second client waits until the first one's child has ended. */
static void test_max_children_of_handle_request(void)
{
    struct forking_mixin children;
    struct probe *probe = new_forking_probe(&children);

    children.max_children = 1;
    for (int i = 0; i < 3; i++) {
        int fd = connect_to(probe);
        tell(fd, "here\n");
        shutdown(fd, SHUT_WR);
        CHECK(server_handle_request(&probe->base) == 0);
        CHECK(children.count == 1);
        CHECK(server_active_requests(&probe->base) <= 1);
        expect(fd, "here\n");
        close(fd);
    }
    close_probe(probe);
}

static void test_forking_handle_timeout(void)
{
    struct forking_mixin children;
    struct probe *probe = new_forking_probe(&children);

    CHECK(probe->base.timeout == 300);
    probe->base.timeout = 0.05;
    int fd = connect_to(probe);
    CHECK(server_handle_request(&probe->base) == 0);
    CHECK(children.count == 1);
    leave(fd);
    while (children.count > 0)
        CHECK(server_handle_request(&probe->base) == 0);
    CHECK(probe->timeouts > 0); /* super() was called */
    close_probe(probe);
}

/* A server's options may be set before a mixin is put over it, or after. */
static void test_options_before_mixin(void)
{
    struct forking_mixin children;
    struct server server;

    tcp_server_init(&server, NULL, &echo_class);
    server.timeout = 2;
    server.request_queue_size = 3;
    forking_mixin(&server, &children);
    CHECK(server.timeout == 2 && server.request_queue_size == 3);
    CHECK(server_close(&server) == 0);
}

/* ---- abort ---- */

/* A client is served, and says nothing; the server stops all the same. */
static void check_abort(struct probe *probe)
{
    start_loop(probe);
    int fd = connect_to(probe);
    tell(fd, "there\n");
    expect(fd, "there\n");
    server_abort_requests(&probe->base);
    stop_loop(probe);
    close_probe(probe);
    expect_end(fd);
}

static void test_abort(void)
{
    check_abort(new_probe(&probe_ops));
}

static void test_abort_threads(void)
{
    struct threading_mixin threads;
    check_abort(new_threading_probe(&threads));
}

static void test_abort_children(void)
{
    struct forking_mixin children;
    check_abort(new_forking_probe(&children));
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void test_abort_beforehand(void)
{
    struct probe *probe = new_probe(&probe_ops);
    start_loop(probe);
    server_abort_requests(&probe->base);
    expect_end(connect_to(probe));
    await(&probe->finishes, 1);
    stop_loop(probe);
    close_probe(probe);
}

/* ---- every kind of server, with every mixin ---- */

enum { PATH_SIZE = 64 };

/* A path that no other test uses. */
static void make_path(char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "/tmp/test_socketserver.%ld.XXXXXX", (long)getpid());
    int fd = mkstemp(path);
    CHECK(fd != -1);
    close(fd);
    CHECK(unlink(path) == 0);
}

/* A datagram client of a Unix server is answered at the path that it is bound to. */
static void bind_client(int fd, const char *path)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    strcpy(own.sun_path, path);
    CHECK(bind(fd, (const struct sockaddr *)&own, sizeof own) == 0);
}

static void check_kind(struct probe *probe)
{
    bool local = probe->base.address_family == AF_UNIX;
    char path[PATH_SIZE];
    char client_path[PATH_SIZE];
    const char *reason;

    make_path(path);
    make_path(client_path);
    CHECK(server_open(&probe->base, local ? path : "127.0.0.1", 0, &reason) == 0);
    start_loop(probe);
    int fd = socket(probe->base.address.ss_family, probe->base.socket_type, 0);
    if (local)
        bind_client(fd, client_path);
    CHECK(connect(fd, (const struct sockaddr *)&probe->base.address,
                  probe->base.address_length) == 0);
    tell(fd, "hello\n");
    expect(fd, "hello\n");
    CHECK(!local || access(path, F_OK) == 0);
    leave(fd);
    CHECK(!local || unlink(client_path) == 0);
    stop_loop(probe);
    CHECK(server_close(&probe->base) == 0);
    CHECK(!local || access(path, F_OK) == -1);
    free(probe);
}

static struct probe *empty_probe(void)
{
    struct probe *probe = calloc(1, sizeof *probe);
    CHECK(probe != NULL);
    return probe;
}

#define CHECK_KIND(kind, handler)                                                        \
    do {                                                                                 \
        struct probe *probe = empty_probe();                                             \
        struct threading_mixin threads;                                                  \
        struct forking_mixin children;                                                   \
        kind##_server_init(&probe->base, &probe_ops, handler);                           \
        check_kind(probe);                                                               \
        probe = empty_probe();                                                           \
        threading_##kind##_server_init(&probe->base, &threads, &probe_ops, handler);     \
        check_kind(probe);                                                               \
        probe = empty_probe();                                                           \
        forking_##kind##_server_init(&probe->base, &children, &probe_ops, handler);      \
        check_kind(probe);                                                               \
    } while (0)

static void test_tcp(void)
{
    CHECK_KIND(tcp, &echo_class);
}

static void test_udp(void)
{
    CHECK_KIND(udp, &datagram_echo_class);
}

static void test_unix_stream(void)
{
    CHECK_KIND(unix_stream, &echo_class);
}

static void test_unix_datagram(void)
{
    CHECK_KIND(unix_datagram, &datagram_echo_class);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"handler: setup, handle and finish, once for each request",
         test_handler_succeeds},
        {"handler: setup fails: nothing else is called", test_setup_fails},
        {"handler: handle fails: finish is called", test_handle_fails},
        {"handler: finish fails", test_finish_fails},
        {"handler: both fail: errno is handle's", test_handle_and_finish_fail},
        {"handler: a class derived twice", test_class_derived_twice},
        {"handler: an empty class does nothing", test_empty_class},
        {"handler: disable_nagle_algorithm", test_disable_nagle_algorithm},
        {"handle_error: the base's prints one line", test_base_handle_error},
        {"addresses: paths, and none", test_format_address},
        {"handler: timeout: a silent client ends with ETIMEDOUT", test_client_timeout},
        {"rfile: readline with its limit", test_readline},
        {"rfile: a line of 100,000 bytes", test_long_line},
        {"rfile: read1 with its limit", test_read1},
        {"wfile: with a buffer, and without", test_wfile},
        {"wfile: who does not read ends it with ETIMEDOUT", test_wfile_timeout},
        {"wfile: the peer is gone", test_wfile_peer_gone},
        {"verify_request: false closes the request", test_verify_request_false},
        {"handle_request: handle_timeout after the time-out", test_handle_timeout},
        {"handle_request: signals do not end the wait", test_handle_request_and_signals},
        {"get_request: the client is gone again", test_request_is_gone},
        {"shutdown: wakes the loop at once", test_shutdown_wakes},
        {"serve until a signal: aborts who is served, and returns",
         test_serve_until_signal},
        {"shutdown: before the loop, ends it at its start",
         test_shutdown_before_the_loop},
        {"shutdown: ends handle_request", test_shutdown_of_handle_request},
        {"shutdown: from the loop's own thread, fails with EDEADLK",
         test_shutdown_from_the_loop},
        {"service_actions: called while no request comes", test_service_actions},
        {"idle: the loop sleeps", test_idle},
        {"EMFILE: neither ends nor spins the server", test_emfile},
        {"open: a failure says why, and leaves nothing open", test_port_in_use},
        {"open: addresses that are none", test_bad_addresses},
        {"threading: a slow client delays nobody", test_threads},
        {"threading: block_on_close: server_close waits", test_block_on_close},
        {"threading: without block_on_close it does not", test_no_block_on_close},
        {"threading: with daemon_threads it does not", test_daemon_threads},
        {"threading: a failure is its thread's alone", test_handler_fails_in_thread},
        {"threading: no thread to be had", test_no_thread},
        {"threading: a stack that the system allows", test_stack_size},
        {"a third mixin: over threading", test_third_mixin},
        {"a third mixin: below threading", test_third_mixin_below},
        {"a third mixin: alone", test_third_mixin_alone},
        {"forking: a slow client delays nobody", test_children},
        {"forking: children are reaped", test_children_are_reaped},
        {"forking: a child closes the listener", test_child_closes_the_listener},
        {"forking: max_children: newcomers wait", test_max_children},
        {"forking: max_children: handle_request waits",
         test_max_children_of_handle_request},
        {"forking: handle_timeout reaps", test_forking_handle_timeout},
        {"forking: keeps the options that were set before it", test_options_before_mixin},
        {"abort: the request of the loop itself", test_abort},
        {"abort: requests of threads", test_abort_threads},
        {"abort: requests of children", test_abort_children},
        {"abort: requests that come later", test_abort_beforehand},
        {"TCP: alone, with threads, with processes", test_tcp},
        {"UDP: alone, with threads, with processes", test_udp},
        {"Unix stream: alone, with threads, with processes", test_unix_stream},
        {"Unix datagram: alone, with threads, with processes", test_unix_datagram},
        {0},
    };
    return run_tests(tests, argc, argv);
}
