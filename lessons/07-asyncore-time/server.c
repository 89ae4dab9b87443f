/*
 * server.c - answers each message with the time, as in lesson 6; but here the loop calls you.
 *
 * Run it:       make server-7                            (then, elsewhere: make client-7)
 *               make server-7 ARGS="--poller select"
 * Its partner:  client.c, or telnet, or nc; its module is handler
 *
 * Two classes on common/asyncore.h: the listener, here, and a handler for each client. They
 * say what they wait for (readable, writable), and the loop calls them when it is there
 * (handle_accept, handle_read, handle_write, handle_close). None of their methods waits.
 */
#include "asyncore.h"
#include "cli.h"
#include "handler.h"
#include "net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

struct listener {
    struct dispatcher dispatcher;
    enum asyncore_poller poller;
    struct service service;
};

/* ---- the listener ---- */

/* Tells the client why it is not served, and closes its socket. */
static void refuse(int fd, const struct sockaddr_storage *peer, const char *reason)
{
    char name[NET_NAME_SIZE];

    printf("[%s] refused: %s\n", net_format_address(peer, name), reason);
    net_refuse(fd, reason);
}

/* A client was accepted: it gets a handler, or is refused. */
static int listener_handle_accepted(struct dispatcher *d, int fd,
                                    const struct sockaddr_storage *peer)
{
    struct listener *listener = container_of(d, struct listener, dispatcher);
    struct service *service = &listener->service;

    if (service->clients == service->max_clients) {
        refuse(fd, peer, "too many clients");
        return 0;
    }
    if (listener->poller == ASYNCORE_SELECT && fd >= FD_SETSIZE) {
        refuse(fd, peer, "too many clients"); /* for select, which can't wait for it */
        return 0;
    }
    if (handler_open(service, fd, peer) == -1)
        refuse(fd, peer, strerror(errno));
    return 0;
}

static const struct dispatcher_ops listener_ops = {
    .handle_accepted = listener_handle_accepted,
};

/* ---- the program ---- */

/* Each client needs a descriptor; the usual limit of 1024 may be raised. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Calls the handlers, until a signal asks the server to stop. */
static void serve(const struct listener *listener)
{
    int open = 1;

    while (open != 0 && !net_stopping) {
        open = asyncore_loop(-1, listener->poller, NULL, 1);
        if (open == -1 && errno != EINTR)
            cli_fail("%s: %s", asyncore_poller_names[listener->poller], strerror(errno));
    }
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1", *poller = "epoll", *reason;
    char name[NET_NAME_SIZE];
    long port = 10001;
    static struct listener listener = {
        .service = {.max_clients = 100000, .max_line = 4096, .max_queue = 65536}};
    struct service *service = &listener.service;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"poller", 'P', "select|poll|epoll", "what the loop waits with", .text = &poller,
         .choices = asyncore_poller_names},
        {"quiet", 'q', NULL, "do not print the messages", .flag = &service->quiet},
        {"max-clients", 0, "N", "clients at the same time",
         .number = &service->max_clients, .min = 1, .max = 1000000},
        {"max-line", 0, "N", "bytes of a message", .number = &service->max_line, .min = 1,
         .max = 65536},
        {"max-queue", 0, "N", "read on from a client until so many bytes wait for it",
         .number = &service->max_queue, .min = 1, .max = 1 << 30},
        {0},
    };
    cli_parse(argc, argv, NULL, "Answer each message with the time.", options);
    listener.poller = asyncore_poller_named(poller);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));
    raise_descriptor_limit();

    int fd = net_listen(host, port, SOMAXCONN, &reason);
    if (fd == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    if (net_local_name(fd, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    if (dispatcher_init(&listener.dispatcher, &listener_ops, fd, NULL) == -1)
        cli_fail("%s: %s", name, strerror(errno));
    printf("listening on %s\n", name);

    serve(&listener);
    asyncore_close_all(NULL);
    return EXIT_SUCCESS;
}
