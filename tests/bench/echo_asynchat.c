/* echo_asynchat.c - an echo service on async_chat. Run it: build/bench/echo_asynchat PORT */
#include "asynchat.h"
#include "net.h"
#include <stdlib.h>

static int echo(struct async_chat *chat)
{
    size_t length;
    int result = async_chat_collect_incoming_data(chat, "\n", 1);
    char *line = async_chat_get_data(chat, &length);
    if (result == 0)
        result = async_chat_push(chat, line, length);
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
    struct async_chat_ops ops = {{.destroy = destroy}, .found_terminator = echo};
    struct async_chat *chat = malloc(sizeof *chat);
    (void)p;
    if (chat == NULL || async_chat_init(chat, &ops, fd, d->map) == -1)
        return net_close_failed(fd);
    async_chat_set_terminator(chat, "\n", 1);
    return 0;
}

int main(int argc, char **argv)
{
    const char *reason, *port = argc > 1 ? argv[1] : "0";
    struct dispatcher d = {.ops = {.handle_accepted = handle_accepted}};
    int fd = net_listen("127.0.0.1", atol(port), SOMAXCONN, &reason);
    return dispatcher_init(&d, &d.ops, fd, 0) || asyncore_loop(-1, ASYNCORE_EPOLL, 0, -1);
}
