/*
 * show_events.c - makes each event of poll happen, and prints what poll says.
 *
 * Run it:       build/06-poll-events/show_events
 * It has no partner: it connects to itself.
 */
#define _GNU_SOURCE /* for POLLRDHUP; it must stand before the first #include */

#include "cli.h"
#include "events.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef POLLRDHUP /* not on Linux */
#define POLLRDHUP 0
#endif

/* Connects ends[0] and ends[1] to each other over TCP. */
static void connect_to_self(int ends[2])
{
    char name[NET_NAME_SIZE] = ":0";
    const char *reason;

    int listener = net_listen("127.0.0.1", 0, 1, &reason);
    if (listener == -1)
        cli_fail("listen: %s", reason);
    if (net_local_name(listener, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    long port = strtol(strrchr(name, ':') + 1, NULL, 10);
    /* connect does not wait for accept: the kernel completes the connection. */
    ends[0] = net_connect("127.0.0.1", port, &reason);
    if (ends[0] == -1)
        cli_fail("connect: %s", reason);
    ends[1] = net_accept(listener, name);
    if (ends[1] == -1)
        cli_fail("accept: %s", strerror(errno));
    close(listener);
}

/* Prints what has happened, which events poll is asked for on `fd`, and what it says. */
static void report(const char *happened, int fd, short events)
{
    struct pollfd polled = {.fd = fd, .events = events};
    int column;

    if (poll(&polled, 1, 0) == -1)
        cli_fail("poll: %s", strerror(errno));
    column = printf("%-28s ", happened);
    column += events_print(events);
    printf("%*s", column < 46 ? 46 - column : 1, "");
    events_print(polled.revents);
    putchar('\n');
}

static void send_hello(int fd)
{
    if (write(fd, "Hello", 5) != 5)
        cli_fail("write: %s", strerror(errno));
}

static void show_data(void)
{
    static const char zeros[65536];
    int ends[2];

    connect_to_self(ends);
    report("a new connection", ends[1], POLLIN);
    report("", ends[1], POLLIN | POLLOUT);
    send_hello(ends[0]);
    report("the peer sent 5 bytes", ends[1], POLLIN);
    while (send(ends[1], zeros, sizeof zeros, MSG_DONTWAIT) != -1)
        ;
    report("we sent until nothing fitted", ends[1], POLLIN | POLLOUT);
    close(ends[0]);
    close(ends[1]);
}

static void show_end(void)
{
    int ends[2];

    connect_to_self(ends);
    shutdown(ends[0], SHUT_WR);
    report("the peer half-closed", ends[1], POLLIN);
    report("", ends[1], POLLIN | POLLRDHUP);
    shutdown(ends[1], SHUT_WR);
    report("and we half-closed, too", ends[1], POLLIN);
    report("", ends[1], 0);
    close(ends[0]);
    close(ends[1]);
    report("and we closed the descriptor", ends[1], POLLIN);
}

/* A close with SO_LINGER and a time of 0 sends a reset. */
static void show_reset(void)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int ends[2];

    connect_to_self(ends);
    send_hello(ends[0]);
    setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(ends[0]);
    report("5 bytes came, then a reset", ends[1], POLLIN);
    report("", ends[1], 0);
    close(ends[1]);
}

/* As when you run a client with `echo Hello | client`. */
static void show_pipe(void)
{
    char bytes[10];
    int ends[2];

    if (pipe(ends) == -1)
        cli_fail("pipe: %s", strerror(errno));
    send_hello(ends[1]);
    close(ends[1]);
    report("a pipe: it wrote, and closed", ends[0], POLLIN);
    if (read(ends[0], bytes, sizeof bytes) == -1)
        cli_fail("read: %s", strerror(errno));
    report("and we read it all", ends[0], POLLIN);
    close(ends[0]);
}

int main(int argc, char **argv)
{
    const struct cli_option options[] = {{0}};

    cli_parse(argc, argv, NULL,
              "Make each event of poll happen, and print what poll says.", options);
    printf("%-28s %-16s %s\n", "what has happened", "asked for", "poll says");
    show_data();
    show_end();
    show_reset();
    show_pipe();
    return EXIT_SUCCESS;
}
