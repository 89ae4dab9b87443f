/*
 * measure_cost.c - what a message costs with each poller, while others are silent: a loop with many
 * objects of which only ten have something to do.
 *
 * Run it:       build/07-asyncore-time/measure_cost --poller poll --silent 1000
 * It has no partner: the other ends of the connections are here, too.
 *
 * In each pass of the loop ten objects receive a message and send it back. The silent ones
 * are all on one socket, but each has a descriptor of its own. The figure is the CPU time of
 * the whole program for each message, so it holds the calls of both ends.
 */
#include "asyncore.h"
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUSY = 10 };

/* Sends back what has come. */
static int echo(struct dispatcher *d)
{
    char bytes[64];

    ssize_t received = d->ops.recv(d, bytes, sizeof bytes);
    if (received <= 0)
        return (int)received;
    return d->ops.send(d, bytes, (size_t)received) == -1 ? -1 : 0;
}

static bool never(struct dispatcher *d)
{
    (void)d;
    return false;
}

/* select can't wait for so many. Else the base's method would close it, and all would go on. */
static void give_up(struct dispatcher *d, int error)
{
    if (error == EMFILE)
        cli_fail("select can't wait for descriptor %d", d->fd);
    cli_fail("%s", strerror(error));
}

static const struct dispatcher_ops echo_ops = {
    .writable = never,
    .handle_read = echo,
    .handle_error = give_up,
};

/* Begins an object on a new socket. Returns the other end. */
static int open_pair(struct dispatcher *d)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 ||
        dispatcher_init(d, &echo_ops, pair[0], NULL) == -1)
        cli_fail("socketpair: %s", strerror(errno));
    return pair[1];
}

/* Begins `count` objects that never have an event. */
static void open_silent(long count)
{
    struct dispatcher *idle = calloc((size_t)count + 1, sizeof *idle);

    if (idle == NULL)
        cli_fail("calloc: %s", strerror(errno));
    open_pair(&idle[0]);
    for (long i = 1; i < count; i++) {
        int fd = dup(idle[0].fd);
        if (fd == -1 || dispatcher_init(&idle[i], &echo_ops, fd, NULL) == -1)
            cli_fail("after %ld objects: %s", i, strerror(errno));
    }
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Sends a message to each of the busy objects, lets the loop work, and takes the answers. */
static void round_trip(const int *ends, enum asyncore_poller poller)
{
    char byte = 'x';

    for (int i = 0; i < BUSY; i++)
        if (send(ends[i], &byte, 1, 0) != 1)
            cli_fail("send: %s", strerror(errno));
    if (asyncore_poll(-1, poller, NULL) == -1)
        cli_fail("%s: %s", asyncore_poller_names[poller], strerror(errno));
    for (int i = 0; i < BUSY; i++)
        if (recv(ends[i], &byte, 1, 0) != 1)
            cli_fail("recv: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    const char *name = "epoll";
    long silent = 1000;
    long count = 10000;
    struct dispatcher busy[BUSY];
    int ends[BUSY];
    const struct cli_option options[] = {
        {"poller", 'P', "select|poll|epoll", "what the loop waits with", .text = &name,
         .choices = asyncore_poller_names},
        {"silent", 0, "N", "objects without anything to do", .number = &silent, .min = 1,
         .max = 1000000},
        {"count", 'n', "N", "messages to measure with", .number = &count, .min = BUSY,
         .max = 100000000},
        {0},
    };
    cli_parse(argc, argv, NULL,
              "Measure the CPU time of a message, among silent clients.", options);
    enum asyncore_poller poller = asyncore_poller_named(name);
    net_raise_descriptor_limit();

    for (int i = 0; i < BUSY; i++)
        ends[i] = open_pair(&busy[i]);
    open_silent(silent);
    round_trip(ends, poller); /* the first one also tells epoll who is there */
    double begin = cpu_seconds();
    for (long i = 0; i < count / BUSY; i++)
        round_trip(ends, poller);
    double each = (cpu_seconds() - begin) / (double)(count / BUSY * BUSY);
    printf("%s, %ld silent: %.1f us of CPU for each message\n", name, silent, each * 1e6);
    return EXIT_SUCCESS;
}
