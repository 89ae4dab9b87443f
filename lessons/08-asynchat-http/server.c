/*
 * server.c - an HTTP/1.1 server: the time, an echo, and the files of a directory.
 *
 * Run it:       make server-8                            (then, elsewhere: make client-8)
 *               make server-8 ARGS="--root /usr/share/doc"
 * Its partner:  client.c, or curl, or a browser; its modules are connection, response, http,
 *               slice, file and idle
 *
 * Here is the listener, as in lesson 7. connection.c is the protocol, and response.c makes the
 * responses.
 */
#include "asyncore.h"
#include "cli.h"
#include "connection.h"
#include "idle.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the listener ---- */

struct listener {
    struct dispatcher dispatcher;
    struct service service;
};

/* A client was accepted: it gets a connection. If there is no memory for one, only this client is
 * lost. */
static int handle_accepted(struct dispatcher *d, int fd,
                           const struct sockaddr_storage *peer)
{
    struct listener *listener = container_of(d, struct listener, dispatcher);

    if (connection_open(&listener->service, fd, peer) == -1) {
        cli_warn("a client is refused: %s", strerror(errno));
        close(fd);
    }
    return 0;
}

static const struct dispatcher_ops listener_ops = {
    .handle_accepted = handle_accepted,
};

/* ---- the program ---- */

/* Calls the handlers, until a signal asks the server to stop. */
static void serve(struct listener *listener, enum asyncore_poller poller)
{
    int open = 1;

    while (open != 0 && !net_stopping) {
        open = asyncore_loop(connection_end_slow(&listener->service), poller, NULL, 1);
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
        .service =
            {
                .root = -1,
                .max_clients = 100000,
                .max_fd = INT_MAX,
                .max_body = 1 << 20,
                .timeout = 30,
                .min_rate = 256,
            },
    };
    struct service *service = &listener.service;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"root", 'r', "DIR", "serve the files beneath this directory", .text = &root},
        {"poller", 'P', "select|poll|epoll", "what the loop waits with", .text = &poller,
         .choices = asyncore_poller_names},
        {"quiet", 'q', NULL, "do not print the requests", .flag = &service->quiet},
        {"max-clients", 0, "N", "clients at the same time",
         .number = &service->max_clients, .min = 1, .max = 1000000},
        {"max-body", 0, "N", "bytes of a request's body", .number = &service->max_body,
         .min = 0, .max = 1 << 30},
        {"timeout", 't', "SEC", "end who makes no progress for so long; 0: nobody",
         .seconds = &service->timeout},
        {"min-rate", 0, "N",
         "bytes a second of a body or a response; slower is no progress",
         .number = &service->min_rate, .min = 0, .max = 1 << 30},
        {0},
    };
    cli_parse(argc, argv, NULL, "Answer HTTP: /time, /echo, and files.", options);
    enum asyncore_poller waits_with = asyncore_poller_named(poller);
    if (waits_with == ASYNCORE_SELECT)
        service->max_fd = FD_SETSIZE - 1; /* a set has no place for a greater one */
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
    if (net_local_name(fd, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    if (dispatcher_init(&listener.dispatcher, &listener_ops, fd, NULL) == -1)
        cli_fail("%s: %s", name, strerror(errno));
    printf("listening on %s\n", name);

    serve(&listener, waits_with);
    asyncore_close_all(NULL);
    return EXIT_SUCCESS;
}
