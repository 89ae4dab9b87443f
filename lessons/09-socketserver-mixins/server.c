/*
 * server.c - answers each line with the time and the line. One handler says what a client
 * gets; which kind of socket it comes through, and who serves it, are two other decisions.
 *
 * Run it:       make server-9                            (then, elsewhere: make client-9)
 *               make server-9 ARGS="--mixin threading"   (or forking: many at once)
 *               make server-9 ARGS="--type udp"          (or unix, or unixgram)
 * Its partner:  client.c; its modules are handler, network and type
 *
 * It stands on common/socketserver.h, which makes the calls of the lessons before. What a
 * client gets is in handler.c.
 */
#include "cli.h"
#include "handler.h"
#include "net.h"
#include "network.h"
#include "socketserver.h"
#include "type.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- the server's methods ---- */

/* Tells a client why it is not served. It is the loop that does this, so it must not wait. */
static bool refuse(struct server *server, const struct request *request,
                   const char *reason)
{
    const bool stream = request->packet == NULL;
    char text[64];
    int length = snprintf(text, sizeof text, "error: %s\n", reason);

    time_server_log(server, request, "refused: ", reason, strlen(reason));
    sendto(request->fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL,
           stream ? NULL : (const struct sockaddr *)&request->client_address,
           stream ? 0 : request->client_address_length);
    if (stream) {
        shutdown(request->fd, SHUT_WR);
        recv(request->fd, text, sizeof text, MSG_DONTWAIT);
    }
    return false;
}

static bool verify_request(struct server *server, const struct request *request)
{
    struct time_server *self = time_server_of(server);

    /* EXERCISE 5: if clients are restricted, refuse one whose address is not in the network:
     * "not allowed"; refuse one if max_clients are active: "too many clients" */
    if (self->restricted && !network_has(&self->allowed, &request->client_address))
        return refuse(server, request, "not allowed");
    if (server_active_requests(server) >= (size_t)self->max_clients)
        return refuse(server, request, "too many clients");
    /* END EXERCISE */
    return base_server_verify_request(server, request);
}

static void handle_error(struct server *server, const struct request *request, int error)
{
    const char *reason = strerror(error);

    if (request == NULL)
        cli_warn("no client: %s", reason);
    else
        time_server_log(server, request, "failed: ", reason, strlen(reason));
}

static void handle_timeout(struct server *server)
{
    printf("nobody came for %g s\n", server->timeout);
    time_server_of(server)->idle_over = true;
}

/* ---- the decisions: the kind of socket, and who serves ---- */

static void init_server(struct time_server *self, const char *type)
{
    static const struct server_ops server_ops = {
        .verify_request = verify_request,
        .handle_error = handle_error,
        .handle_timeout = handle_timeout,
    };
    const struct request_handler_class handler =
        time_handler_class(type_is_datagram(type));

    if (strcmp(type, "tcp") == 0)
        tcp_server_init(&self->base, &server_ops, &handler);
    else if (strcmp(type, "udp") == 0)
        udp_server_init(&self->base, &server_ops, &handler);
    else if (strcmp(type, "unix") == 0)
        unix_stream_server_init(&self->base, &server_ops, &handler);
    else
        unix_datagram_server_init(&self->base, &server_ops, &handler);
    /* More than a thousand may come at once, before the loop has accepted the first. */
    self->base.request_queue_size = 1024;
    /* One byte more than a line may have: so one that is too long is known by that. */
    self->base.max_packet_size = (size_t)self->max_line + strlen("\r\n") + 1;
    self->base.timeout = self->idle;
}

static void choose_mixin(struct time_server *self, const char *mixin, long max_children)
{
    static struct threading_mixin threads;
    static struct forking_mixin children;

    if (strcmp(mixin, "threading") == 0) {
        threading_mixin(&self->base, &threads);
    } else if (strcmp(mixin, "forking") == 0) {
        forking_mixin(&self->base, &children);
        children.max_children = (size_t)max_children;
    }
}

/* ---- running it ---- */

/* The thread of the loop. When it ends by itself, it wakes main, which waits for a signal. */
static void *run_loop(void *argument)
{
    struct time_server *self = argument;
    int result = 0;

    if (self->idle == 0)
        result = server_serve_forever(&self->base, 0.5);
    else
        while (result == 0 && !self->idle_over)
            result = server_handle_request(&self->base);
    if (result == -1 && errno != ECANCELED)
        cli_fail("poll: %s", strerror(errno));
    kill(getpid(), SIGTERM);
    return NULL;
}

/*
 * Serves until SIGINT or SIGTERM. Both are blocked, in all threads, and so they wait until
 * main takes them with sigwait: server_shutdown waits for the loop, and so neither a signal
 * handler nor the loop's own thread may call it.
 */
static void serve(struct time_server *self)
{
    pthread_t loop;
    sigset_t stop;
    int number;

    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    int error = pthread_create(&loop, NULL, run_loop, self);
    if (error != 0)
        cli_fail("pthread_create: %s", strerror(error));
    /* EXERCISE 6: wait for one of the signals in `stop`; then abort the requests that are
     * being served, shut the server down, and join its thread */
    sigwait(&stop, &number);
    server_abort_requests(&self->base);
    server_shutdown(&self->base);
    pthread_join(loop, NULL);
    /* END EXERCISE */
}

int main(int argc, char **argv)
{
    static const char *const MIXINS[] = {"none", "threading", "forking", NULL};
    static struct time_server server = {
        .max_line = 1024, .max_clients = 512, .timeout = 6};
    const char *host = NULL, *type = "tcp", *mixin = "none", *allow = NULL, *reason;
    char name[SERVER_NAME_SIZE];
    long port = 21568, max_children = 40;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind; unix, unixgram: a path",
         .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"type", 0, "tcp|udp|unix|unixgram", "the kind of socket", .text = &type,
         .choices = type_names},
        {"mixin", 'x', "none|threading|forking", "who serves clients", .text = &mixin,
         .choices = MIXINS},
        {"allow", 0, "CIDR", "serve only addresses like 127.0.0.0/8", .text = &allow},
        {"max-clients", 0, "N", "clients at the same time; more are refused",
         .number = &server.max_clients, .min = 1, .max = 100000},
        {"max-children", 0, "N", "children at the same time; more clients wait",
         .number = &max_children, .min = 1, .max = 100000},
        {"max-line", 0, "N", "bytes of a line to accept", .number = &server.max_line,
         .min = 1, .max = 1 << 20},
        {"timeout", 't', "SEC", "give up on a silent client; 0 never does",
         .seconds = &server.timeout},
        {"idle", 0, "SEC", "stop when nobody came for so long; 0 never does",
         .seconds = &server.idle},
        {"quiet", 'q', NULL, "do not log what clients do", .flag = &server.quiet},
        {0},
    };
    cli_parse(argc, argv, NULL, "Answer each line with the time and the line.", options);
    if (allow != NULL &&
        (type_is_unix(type) || network_parse(&server.allowed, allow) == -1))
        cli_fail_usage("--allow %s: not a network such as 127.0.0.0/8, with tcp or udp",
                       allow);
    server.restricted = allow != NULL;
    if (host == NULL)
        host = type_default_host(type);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        cli_fail("signal: %s", strerror(errno));

    tzset(); /* reads the time zone, once for all: else each child would do that anew */

    init_server(&server, type);
    choose_mixin(&server, mixin, max_children);
    if (server_open(&server.base, host, port, &reason) == -1) {
        if (type_is_unix(type))
            cli_fail("bind %s: %s", host, reason);
        cli_fail("bind %s:%ld: %s", host, port, reason);
    }
    printf("listening on %s\n",
           server_format_address(&server.base.address, server.base.address_length, name));
    serve(&server);
    if (server_close(&server.base) == -1)
        cli_fail("close %s: %s", name, strerror(errno));
    return EXIT_SUCCESS;
}
