/*
 * client.c - asks the time server for the time, as often as you like, on one connection.
 *
 * Run it:       make client-4                              (first: make server-4, elsewhere)
 *               make client-4 ARGS="--count 5 --every 2"   (five times, each 2 seconds)
 *               make client-4 ARGS="--delay 10"            (it connects, and says nothing)
 * Its partner:  server.c; both share line.h
 *
 * The calls, in order: those of lesson 2; and then send and recv, again and again.
 */
#include "cli.h"
#include "line.h"
#include "net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void wait_seconds(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

/* Receives and prints one answer. If there is none, or it is an error, the program ends. */
static void print_answer(struct lines *lines)
{
    static const char error[] = "error: ";
    char *answer;
    size_t length;

    int result = receive_line(lines, &answer, &length);
    if (result == -1)
        cli_fail("receive: %s", strerror(errno));
    if (result == 0)
        cli_fail("the server closed the connection without an answer");

    bool refused = length >= strlen(error) && memcmp(answer, error, strlen(error)) == 0;
    FILE *out = refused ? stderr : stdout;
    fputs(refused ? "client: the server answered " : "The time is ", out);
    cli_print_bytes(out, answer, length);
    fputc('\n', out);
    if (refused)
        exit(EXIT_FAILURE);
}

/* Asks `count` times for the time, and waits for so many seconds between two questions. */
static void ask(struct lines *lines, long count, double every)
{
    /* EXERCISE 5: ask `count` times, not only once; wait before each question but the first */
    for (long i = 0; i < count; i++) {
        if (i > 0)
            wait_seconds(every);
        /* If it fails, the server has left; it may have said why, so read on. */
        if (net_send_all(lines->fd, "Hello\n", strlen("Hello\n")) == 0)
            puts("sent: Hello");
        print_answer(lines);
    }
    /* END EXERCISE */
}

int main(int argc, char **argv)
{
    enum { MAX_ANSWER = 1024 };
    const char *host = "127.0.0.1";
    const char *reason;
    long port = 10001;
    long count = 1;
    double every = 1;
    double delay = 0;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"count", 'c', "N", "how often to ask", .number = &count, .min = 1,
         .max = 1000000},
        {"every", 'e', "SEC", "wait so long between two questions", .seconds = &every},
        {"delay", 'd', "SEC", "wait this long before the first", .seconds = &delay},
        {0},
    };
    cli_parse(argc, argv, NULL, "Ask the time server for the time, again and again.",
              options);

    int fd = net_connect(host, port, &reason);
    if (fd == -1)
        cli_fail("connect %s:%ld: %s", host, port, reason);
    puts("connected");
    if (delay > 0) {
        printf("sleeping %g s\n", delay);
        wait_seconds(delay);
    }

    struct lines lines;
    if (lines_init(&lines, fd, MAX_ANSWER) == -1)
        cli_fail("malloc: %s", strerror(errno));
    ask(&lines, count, every);
    lines_free(&lines);
    close(fd);
    return EXIT_SUCCESS;
}
