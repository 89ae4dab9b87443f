/* echo_asynchat.c - sends back each line. Run it: build/common/examples/echo_asynchat PORT */
#include "asynchat.h"
#include "net.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int found_terminator(struct async_chat *chat)
{
    size_t length;
    int result = async_chat_collect_incoming_data(chat, "\n", 1);
    char *line = async_chat_get_data(chat, &length);
    result = result == 0 ? async_chat_push(chat, line, length) : -1;
    free(line);
    return result;
}

static void destroy(struct dispatcher *d)
{
    async_chat_destroy(d);
    free(async_chat_of(d));
}

static int handle_accepted(struct dispatcher *d, int fd, const struct sockaddr_storage *p)
{
    const struct async_chat_ops ops = {{.destroy = destroy}, NULL, found_terminator};
    struct async_chat *echo = malloc(sizeof *echo);
    if (echo == NULL || async_chat_init(echo, &ops, fd, d->map) == -1)
        return free(echo), dispatcher_handle_accepted(d, fd, p); /* closes it */
    async_chat_set_terminator(echo, "\n", 1);
    return 0;
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
