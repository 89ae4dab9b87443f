/*
 * bare_epoll.c - sends back what comes, with epoll and nothing between: the least that an echo
 * for many clients costs.
 *
 * Run it:       build/bench/bare_epoll 10000
 * Its partner:  build/tools/swarm; the script asyncore, beside this file, runs both
 */
#define _GNU_SOURCE /* accept4 */
#include "net.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct client {
    int fd;
    char *rest; /* what could not be sent; or NULL */
    size_t length;
};

static int epoll;

static void watch(int operation, int fd, uint32_t events, void *client)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(epoll, operation, fd, &event) == -1)
        exit(EXIT_FAILURE);
}

static void leave(struct client *client)
{
    close(client->fd); /* epoll forgets it */
    free(client->rest);
    free(client);
}

/* Sends what it can; the rest waits, and nothing more is read until it is sent. */
static void answer(struct client *client, const char *bytes, size_t length)
{
    ssize_t sent = send(client->fd, bytes, length, MSG_NOSIGNAL);
    if (sent == -1 && errno != EAGAIN) {
        leave(client);
        return;
    }
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done == length && client->rest == NULL)
        return;
    char *rest = done < length ? malloc(length - done) : NULL;
    if (rest != NULL)
        memcpy(rest, bytes + done, length - done);
    free(client->rest);
    client->rest = rest;
    client->length = length - done;
    watch(EPOLL_CTL_MOD, client->fd, rest != NULL ? EPOLLOUT : EPOLLIN, client);
}

static void serve(struct client *client)
{
    char bytes[8192];

    if (client->rest != NULL) {
        answer(client, client->rest, client->length);
        return;
    }
    ssize_t received = recv(client->fd, bytes, sizeof bytes, 0);
    if (received > 0)
        answer(client, bytes, (size_t)received);
    else if (received == 0 || errno != EAGAIN)
        leave(client);
}

static void accept_client(int listener)
{
    struct client *client = calloc(1, sizeof *client);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

    if (client == NULL || fd == -1) {
        free(client);
        return;
    }
    client->fd = fd;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, client);
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];
    char name[NET_NAME_SIZE];
    const char *reason;
    int listener =
        net_listen("127.0.0.1", argc > 1 ? atol(argv[1]) : 0, SOMAXCONN, &reason);

    epoll = epoll_create1(0);
    if (listener == -1 || epoll == -1 || net_local_name(listener, name) == -1)
        return EXIT_FAILURE;
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    dprintf(STDOUT_FILENO, "listening on %s\n", name);
    while (true) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr != NULL)
                serve(events[i].data.ptr);
            else
                accept_client(listener);
    }
}
