/* echo_asyncore.c - sends back what comes. Run it: build/common/examples/echo_asyncore PORT */
#include "asyncore.h"
#include "net.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int handle_read(struct dispatcher *d)
{
    char data[8192];
    ssize_t length = d->ops.recv(d, data, sizeof data);
    return length < 0 || d->ops.send(d, data, (size_t)length) < 0 ? -1 : 0;
}

static void destroy(struct dispatcher *d)
{
    dispatcher_with_send_destroy(d);
    free(container_of(d, struct dispatcher_with_send, dispatcher));
}

static int handle_accepted(struct dispatcher *d, int fd, const struct sockaddr_storage *p)
{
    const struct dispatcher_ops ops = {.handle_read = handle_read, .destroy = destroy};
    struct dispatcher_with_send *echo = malloc(sizeof *echo);
    if (echo != NULL && dispatcher_with_send_init(echo, &ops, fd, d->map) == 0)
        return 0;
    free(echo);
    return dispatcher_handle_accepted(d, fd, p); /* closes it */
}

int main(int argc, char **argv)
{
    struct dispatcher server = {.ops.handle_accepted = handle_accepted};
    const char *reason;
    char name[NET_NAME_SIZE];
    int fd = net_listen("127.0.0.1", argc > 1 ? atol(argv[1]) : 0, SOMAXCONN, &reason);
    if (fd == -1 || dispatcher_init(&server, &server.ops, fd, NULL) == -1)
        return EXIT_FAILURE;
    dprintf(STDOUT_FILENO, "listening on %s\n", net_format_address(&server.addr, name));
    return asyncore_loop(-1, ASYNCORE_EPOLL, NULL, -1) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
