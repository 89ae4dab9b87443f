/*
 * wire.c - peer's end of a connection, as wire.h describes it.
 */
#include "wire.h"
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

_Noreturn void wire_fail(const struct peer *peer, const char *why)
{
    cli_fail("at %.60s: %s", peer->action, why);
}

bool wire_wait_until(const struct peer *peer, int fd, short events, double until)
{
    struct pollfd ready = {.fd = fd, .events = events};

    for (;;) {
        double left = until - net_now();
        int found = poll(&ready, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
        if (net_stopping)
            wire_fail(peer, "stopped by a signal");
        if (found > 0)
            return true;
        if (found == -1 && errno != EINTR)
            wire_fail(peer, strerror(errno));
        if (found == 0 && net_now() >= until)
            return false;
    }
}

void wire_await(const struct peer *peer, int fd, short events)
{
    if (fd == -1)
        wire_fail(peer, "there is no connection");
    if (!wire_wait_until(peer, fd, events, peer->deadline))
        cli_fail("at %.60s: nothing more happened within %g s", peer->action,
                 peer->timeout);
}

void wire_send(const struct peer *peer, const char *bytes, size_t length)
{
    size_t done = 0;
    do { /* at least once: an empty datagram is one, too */
        wire_await(peer, peer->fd, POLLOUT);
        ssize_t sent = send(peer->fd, bytes + done, length - done, 0);
        if (sent >= 0)
            done += (size_t)sent;
        else if (errno != EAGAIN && errno != EINTR)
            wire_fail(peer, strerror(errno));
    } while (done < length);
}

size_t wire_receive(const struct peer *peer, char *bytes, size_t size)
{
    for (;;) {
        wire_await(peer, peer->fd, POLLIN);
        ssize_t received = recv(peer->fd, bytes, size, 0);
        if (received >= 0)
            return (size_t)received;
        if (errno != EAGAIN && errno != EINTR)
            wire_fail(peer, strerror(errno));
    }
}

void wire_connect(const struct peer *peer, const struct sockaddr *address,
                  socklen_t length)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (connect(peer->fd, address, length) == 0)
        return;
    if (errno != EINPROGRESS)
        wire_fail(peer, strerror(errno));
    wire_await(peer, peer->fd, POLLOUT);
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
        wire_fail(peer, strerror(error));
}

/* From now on the socket has this address of our own, and any port. */
static void bind_source(const struct peer *peer)
{
    const char *reason = NULL;
    struct addrinfo *list = net_look_up(peer->source, 0, false, &reason);

    if (list == NULL)
        cli_fail("%s: %s", peer->source, reason);
    if (bind(peer->fd, list->ai_addr, list->ai_addrlen) == -1)
        cli_fail("bind %s: %s", peer->source, strerror(errno));
    freeaddrinfo(list);
}

void wire_open(struct peer *peer, const char *host, long port, bool listening,
               long rcvbuf)
{
    struct sockaddr_storage address;
    const struct sockaddr *where = (const struct sockaddr *)&address;
    const char *reason = NULL;
    char name[NET_NAME_SIZE];
    int on = 1;
    int size = (int)rcvbuf;

    struct addrinfo *list = net_look_up(host, port, listening, &reason);
    if (list == NULL)
        cli_fail("%s: %s", host, reason);
    socklen_t length = list->ai_addrlen;
    memcpy(&address, list->ai_addr, length);
    freeaddrinfo(list);

    int fd = socket(where->sa_family, peer->udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (fd == -1)
        cli_fail("socket: %s", strerror(errno));
    net_set_nonblocking(fd);
    if (rcvbuf > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (!listening) {
        peer->fd = fd;
        if (peer->source != NULL)
            bind_source(peer);
        wire_connect(peer, where, length);
        return;
    }
    if (!peer->udp)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, where, length) == -1 || (!peer->udp && listen(fd, 128) == -1) ||
        net_local_name(fd, name) == -1)
        cli_fail("bind %s:%ld: %s", host, port, strerror(errno));
    printf("listening on %s\n", name);
    peer->listener = fd;
}
