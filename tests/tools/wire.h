/*
 * wire.h - peer's end of a connection, on which nothing waits longer than the script may.
 *
 * The sockets are non-blocking, and poll stands before each call. A failure ends the
 * program: with exit status 1, and a line on stderr that says at which action.
 */
#ifndef WIRE_H
#define WIRE_H

#include "cli.h"
#include "net.h"

#include <fcntl.h>
#include <poll.h>
#include <time.h>

struct peer {
    int listener;
    int fd; /* the connection; -1 before it is made and after it is closed */
    bool udp;
    double timeout, deadline; /* seconds; the deadline by the clock of now() */
    const char *action;       /* the one being done, for messages */
};

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline _Noreturn void fail(const struct peer *peer, const char *why)
{
    cli_fail("at %.60s: %s", peer->action, why);
}

/* Waits until `fd` is ready for `events`, or the clock shows `until`.
 * Returns whether it is ready. */
static inline bool wait_until(const struct peer *peer, int fd, short events, double until)
{
    struct pollfd ready = {.fd = fd, .events = events};

    for (;;) {
        double left = until - now();
        int found = poll(&ready, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
        if (net_stopping)
            fail(peer, "stopped by a signal");
        if (found > 0)
            return true;
        if (found == -1 && errno != EINTR)
            fail(peer, strerror(errno));
        if (found == 0 && now() >= until)
            return false;
    }
}

/* Waits until `fd` is ready for `events`. Time over: the program ends. */
static inline void await(const struct peer *peer, int fd, short events)
{
    if (fd == -1)
        fail(peer, "there is no connection");
    if (!wait_until(peer, fd, events, peer->deadline))
        cli_fail("at %.60s: nothing more happened within %g s", peer->action,
                 peer->timeout);
}

static inline void send_bytes(const struct peer *peer, const char *bytes, size_t length)
{
    size_t done = 0;
    do { /* at least once: an empty datagram is one, too */
        await(peer, peer->fd, POLLOUT);
        ssize_t sent = send(peer->fd, bytes + done, length - done, 0);
        if (sent >= 0)
            done += (size_t)sent;
        else if (errno != EAGAIN && errno != EINTR)
            fail(peer, strerror(errno));
    } while (done < length);
}

/* Receives some bytes; 0 at the end of the stream. */
static inline size_t receive_bytes(const struct peer *peer, char *bytes, size_t size)
{
    for (;;) {
        await(peer, peer->fd, POLLIN);
        ssize_t received = recv(peer->fd, bytes, size, 0);
        if (received >= 0)
            return (size_t)received;
        if (errno != EAGAIN && errno != EINTR)
            fail(peer, strerror(errno));
    }
}

/* Makes the socket, and connects it or binds it to the first address of `host`. */
static inline void open_socket(struct peer *peer, const char *host, long port,
                               bool listening, long rcvbuf)
{
    const char *reason = NULL;
    struct addrinfo *a = net_look_up(host, port, listening, &reason);
    int on = 1;
    int size = (int)rcvbuf;
    int error = 0;
    socklen_t length = sizeof error;

    if (a == NULL)
        cli_fail("%s: %s", host, reason);
    int fd = socket(a->ai_family, peer->udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (fd == -1)
        cli_fail("socket: %s", strerror(errno));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (rcvbuf > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);

    if (listening) {
        char name[NET_NAME_SIZE];
        if (!peer->udp)
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, a->ai_addr, a->ai_addrlen) == -1 ||
            (!peer->udp && listen(fd, 128) == -1) || net_local_name(fd, name) == -1)
            cli_fail("bind %s:%ld: %s", host, port, strerror(errno));
        printf("listening on %s\n", name);
        peer->listener = fd;
    } else {
        peer->fd = fd;
        if (connect(fd, a->ai_addr, a->ai_addrlen) == -1) {
            if (errno != EINPROGRESS)
                fail(peer, strerror(errno));
            await(peer, fd, POLLOUT);
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
            if (error != 0)
                fail(peer, strerror(error));
        }
    }
    freeaddrinfo(a);
}

#endif
