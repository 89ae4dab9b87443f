/*
 * libevent.c - sends back what comes, on libevent: a bufferevent for each client, as its
 * manual does it.
 *
 * Run it:       build/bench/libevent 10000
 * Its partner:  build/tools/swarm; the script asyncore, beside this file, runs both
 */
#include "net.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_read(struct bufferevent *client, void *unused)
{
    (void)unused;
    bufferevent_write_buffer(client, bufferevent_get_input(client));
}

static void on_end(struct bufferevent *client, short what, void *unused)
{
    (void)what;
    (void)unused;
    bufferevent_free(client);
}

static void on_accept(struct evconnlistener *listener, int fd, struct sockaddr *peer,
                      int length, void *unused)
{
    struct bufferevent *client = bufferevent_socket_new(evconnlistener_get_base(listener),
                                                        fd, BEV_OPT_CLOSE_ON_FREE);

    (void)peer;
    (void)length;
    (void)unused;
    if (client == NULL) {
        close(fd);
        return;
    }
    bufferevent_setcb(client, on_read, NULL, on_end, NULL);
    bufferevent_enable(client, EV_READ | EV_WRITE);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    char name[NET_NAME_SIZE];
    const char *reason;
    int fd = net_listen("127.0.0.1", argc > 1 ? atol(argv[1]) : 0, SOMAXCONN, &reason);

    if (base == NULL || fd == -1 || net_local_name(fd, name) == -1 ||
        evutil_make_socket_nonblocking(fd) == -1 ||
        evconnlistener_new(base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 0, fd) == NULL)
        return EXIT_FAILURE;
    dprintf(STDOUT_FILENO, "listening on %s\n", name);
    return event_base_dispatch(base) == -1;
}
