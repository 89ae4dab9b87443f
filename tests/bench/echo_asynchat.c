/* echo_asynchat.c - an echo service on async_chat. Run it: build/bench/echo_asynchat PORT */
#include "asynchat.h"
#include "net.h"
#include <stdlib.h>

static int found_terminator(struct async_chat *chat)
{
    size_t length;
    char *line = async_chat_get_data(chat, &length);
    int result = async_chat_push(chat, line, length);
    free(line);
    return result == -1 ? -1 : async_chat_push(chat, "\n", 1);
}

static void destroy(struct dispatcher *d)
{
    async_chat_destroy(d);
    free(async_chat_of(d));
}

static int handle_accepted(struct dispatcher *d, int fd, const struct sockaddr_storage *p)
{
    static const struct async_chat_ops ops = {.dispatcher.destroy = destroy,
                                              .found_terminator = found_terminator};
    struct async_chat *chat = malloc(sizeof *chat);
    (void)d, (void)p;
    if (chat == NULL || async_chat_init(chat, &ops, fd, NULL) == -1)
        return net_close_failed(fd);
    async_chat_set_terminator(chat, "\n", 1);
    return 0;
}

int main(int argc, char **argv)
{
    struct dispatcher_ops ops = {.handle_accepted = handle_accepted};
    struct dispatcher d;
    const char *reason;
    int fd = net_listen("127.0.0.1", argc > 1 ? atol(argv[1]) : 0, SOMAXCONN, &reason);
    return dispatcher_init(&d, &ops, fd, NULL) ||
           asyncore_loop(-1, ASYNCORE_EPOLL, 0, -1);
}
