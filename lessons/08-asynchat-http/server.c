/*
 * server.c - an HTTP/1.1 server: the time, an echo, and the files of a directory.
 *
 * Run it:       make server-8                            (then, elsewhere: make client-8)
 *               make server-8 ARGS="--root /usr/share/doc"
 * Its partner:  client.c, or curl, or a browser; connection.h, answer.h and http.h are parts of it
 *
 * It stands on common/asynchat.h, which puts messages together, and sends what is pushed. Here
 * is the protocol: collect_incoming_data, and found_terminator.
 */
#include "answer.h"
#include "asynchat.h"
#include "asyncore.h"
#include "cli.h"
#include "connection.h"
#include "http.h"
#include "idle.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the protocol ---- */

/* A head has come. Its request is answered at once, if it has no body. */
static int begin_request(struct connection *c, char *head, size_t length)
{
    free(c->head);
    c->head = head;
    if (length == 0) { /* empty lines between two requests */
        expect_head(c);
        return 0;
    }
    int status = http_parse_request(head, length, &c->request);
    if (status == 0 && c->request.content_length > c->service->max_body)
        status = 413;
    if (status != 0)
        return refuse(c, status);
    if (c->request.content_length > 0) {
        expect_body(c);
        const char *go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        return c->request.expects_continue
                   ? async_chat_push(&c->chat, go_on, strlen(go_on))
                   : 0;
    }
    if (answer(c, NULL, 0) == -1)
        return -1;
    end_request(c);
    return 0;
}

/* A piece of a message has come. A head must have an end, and must be no longer than MAX_HEAD:
 * then it is looked at before its end has come. */
static int connection_collect_incoming_data(struct async_chat *chat, const char *bytes,
                                            size_t length)
{
    struct connection *c = container_of(chat, struct connection, chat);

    if (c->state == LEAVING)
        return 0;
    if (async_chat_collect_incoming_data(chat, bytes, length) == -1)
        return -1;
    bool is_bare = c->state == HEAD && http_has_bare_newline(c->last, bytes, length);
    c->collected += length;
    c->last = bytes[length - 1];
    if (c->state == BODY || (!is_bare && c->collected <= MAX_HEAD))
        return 0;
    c->head = async_chat_get_data(chat, &length);
    c->request.line = (struct text){c->head, length};
    bool has_line = memchr(c->head, '\n', length < MAX_HEAD ? length : MAX_HEAD) != NULL;
    return refuse(c, is_bare ? 400 : has_line ? 431 : 414);
}

/* A message is complete: a head, or a body. */
static int connection_found_terminator(struct async_chat *chat)
{
    struct connection *c = container_of(chat, struct connection, chat);
    size_t length;

    if (c->state == LEAVING)
        return 0;
    char *bytes = async_chat_get_data(chat, &length);
    if (c->state == HEAD)
        return begin_request(c, bytes, length);
    int result = answer(c, bytes, length);
    free(bytes);
    if (result == 0)
        end_request(c);
    return result;
}

static const struct async_chat_ops connection_ops = {
    .dispatcher.readable = connection_readable,
    .dispatcher.handle_read = connection_handle_read,
    .dispatcher.handle_write = connection_handle_write,
    .dispatcher.handle_close = connection_handle_close,
    .dispatcher.handle_error = connection_handle_error,
    .dispatcher.destroy = connection_destroy,
    .collect_incoming_data = connection_collect_incoming_data,
    .found_terminator = connection_found_terminator,
};

/* ---- the listener ---- */

struct listener {
    struct dispatcher dispatcher;
    struct service service;
};

/* Begins a connection on the socket `fd`. Returns 0, or -1 with errno set. */
static int open_connection(struct service *service, int fd,
                           const struct sockaddr_storage *peer)
{
    struct connection *c = calloc(1, sizeof *c);
    int on = 1;

    if (c == NULL)
        return -1;
    if (async_chat_init(&c->chat, &connection_ops, fd, NULL) == -1) {
        free(c);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->chat.dispatcher.addr = *peer; /* also if it has left already */
    c->service = service;
    idle_init(&c->idle);
    idle_touch(&service->idle, &c->idle);
    expect_head(c);
    if (service->clients++ >= service->max_clients && refuse(c, 503) == -1)
        dispatcher_close(&c->chat.dispatcher);
    return 0;
}

static int listener_handle_accepted(struct dispatcher *d, int fd,
                                    const struct sockaddr_storage *peer)
{
    struct listener *listener = container_of(d, struct listener, dispatcher);

    return open_connection(&listener->service, fd, peer) == -1 ? net_close_failed(fd) : 0;
}

static const struct dispatcher_ops listener_ops = {
    .handle_accepted = listener_handle_accepted,
};

/* ---- the program ---- */

/* Ends who has been silent for too long. Returns how long the loop may wait, in seconds;
 * -1: nobody's time will be over. */
static double end_silent(struct service *service)
{
    struct idle *oldest;

    while (service->timeout > 0 && (oldest = service->idle.after) != &service->idle) {
        double left = oldest->since + service->timeout - idle_now();
        if (left > 0)
            return left;
        connection_time_out(container_of(oldest, struct connection, idle));
    }
    return -1;
}

/* Calls the handlers, until a signal asks the server to stop. */
static void serve(struct listener *listener, enum asyncore_poller poller)
{
    int open = 1;

    while (open != 0 && !net_stopping) {
        open = asyncore_loop(end_silent(&listener->service), poller, NULL, 1);
        if (open == -1 && errno != EINTR)
            cli_fail("%s: %s", asyncore_poller_names[poller], strerror(errno));
    }
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1", *poller = "epoll", *root = NULL, *reason;
    char name[NET_NAME_SIZE];
    long port = 8080;
    static struct listener listener = {
        .service = {
            .root = -1, .max_clients = 100000, .max_body = 1 << 20, .timeout = 30}};
    struct service *service = &listener.service;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"root", 'r', "DIR", "serve the files beneath this directory", .text = &root},
        {"poller", 'P', "select|poll|epoll", "what the loop waits with", .text = &poller,
         .choices = asyncore_poller_names},
        {"quiet", 'Q', NULL, "do not print the requests", .flag = &service->quiet},
        {"max-clients", 'c', "N", "clients at the same time",
         .number = &service->max_clients, .min = 1, .max = 1000000},
        {"max-body", 'b', "N", "bytes of a request's body", .number = &service->max_body,
         .min = 0, .max = 1 << 30},
        {"timeout", 't', "SEC", "end who neither sends nor takes for so long; 0: nobody",
         .seconds = &service->timeout},
        {0},
    };
    cli_parse(argc, argv, NULL, "Answer HTTP: /time, /echo, and files.", options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));
    net_raise_descriptor_limit();
    idle_init(&service->idle);
    if (root != NULL &&
        (service->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
        cli_fail("%s: %s", root, strerror(errno));

    int fd = net_listen(host, port, SOMAXCONN, &reason);
    if (fd == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    if (net_local_name(fd, name) == -1 ||
        dispatcher_init(&listener.dispatcher, &listener_ops, fd, NULL) == -1)
        cli_fail("%s: %s", name, strerror(errno));
    printf("listening on %s\n", name);

    serve(&listener, asyncore_poller_named(poller));
    asyncore_close_all(NULL);
    return EXIT_SUCCESS;
}
