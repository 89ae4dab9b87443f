/* echo_asyncore.c - sends back what comes. Run it: build/bench/echo_asyncore 10000 */
#include "asyncore.h"
#include "net.h"

#include <stdlib.h>

static int echo_handle_read(struct dispatcher *d)
{
    char data[8192];
    ssize_t length = d->ops.recv(d, data, sizeof data);
    if (length > 0)
        length = d->ops.send(d, data, (size_t)length);
    return length == -1 ? -1 : 0;
}

static void echo_destroy(struct dispatcher *d)
{
    dispatcher_with_send_destroy(d);
    free(container_of(d, struct dispatcher_with_send, dispatcher));
}

static const struct dispatcher_ops echo_ops = {.handle_read = echo_handle_read,
                                               .destroy = echo_destroy};

static int server_handle_accepted(struct dispatcher *d, int fd,
                                  const struct sockaddr_storage *peer)
{
    struct dispatcher_with_send *echo = malloc(sizeof *echo);
    if (echo != NULL && dispatcher_with_send_init(echo, &echo_ops, fd, NULL) == 0)
        return 0;
    free(echo);
    return dispatcher_handle_accepted(d, fd, peer); /* closes it */
}

static const struct dispatcher_ops server_ops = {.handle_accepted =
                                                     server_handle_accepted};

int main(int argc, char **argv)
{
    struct dispatcher server;
    const char *reason;
    char name[NET_NAME_SIZE];
    int fd = net_listen("127.0.0.1", argc > 1 ? atol(argv[1]) : 0, SOMAXCONN, &reason);
    if (fd == -1 || dispatcher_init(&server, &server_ops, fd, NULL) == -1)
        return EXIT_FAILURE;
    dprintf(STDOUT_FILENO, "listening on %s\n", net_format_address(&server.addr, name));
    return asyncore_loop(-1, ASYNCORE_EPOLL, NULL, -1) == -1;
}
