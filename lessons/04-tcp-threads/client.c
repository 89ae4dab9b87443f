/*
 * client.c - asks the time server for the time, as often as you like, on one connection.
 *
 * Run it:       make client-4                              (first: make server-4, elsewhere)
 *               make client-4 ARGS="--count 5 --every 2"   (five times, each 2 seconds)
 *               make client-4 ARGS="--delay 10"            (it connects, and says nothing)
 * Its partner:  server.c
 *
 * The calls, in order: those of lesson 2; and then send and recv, again and again.
 */
#include "cli.h"
#include "lines.h"
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Receives and prints one answer. If there is none, or it is an error, the program ends. */
static void print_answer(struct lines *lines, int fd)
{
    static const char error[] = "error: ";
    char *answer;
    size_t length;

    int result = lines_receive(lines, fd, &answer, &length);
    if (result == -1)
        cli_fail("receive: %s", strerror(errno));
    if (result == 0)
        cli_fail("the server closed the connection without an answer");
    if (length >= strlen(error) && memcmp(answer, error, strlen(error)) == 0) {
        cli_warn_bytes("the server answered", answer, length);
        exit(EXIT_FAILURE);
    }
    printf("The time is ");
    cli_print_bytes(stdout, answer, length);
    putchar('\n');
}

/* Asks `count` times for the time, and waits for so many seconds between two questions. */
static void ask(int fd, long count, double every)
{
    enum { MAX_ANSWER = 1024 };
    struct lines lines;

    lines_init(&lines, MAX_ANSWER);
    /* EXERCISE 5: ask `count` times, not only once; wait before each question but the first */
    for (long i = 0; i < count; i++) {
        if (i > 0)
            net_sleep(every);
        /* If it fails, the server has left; it may have said why, so read on. */
        if (net_send_all(fd, "Hello\n", strlen("Hello\n")) == 0)
            puts("sent: Hello");
        print_answer(&lines, fd);
    }
    /* END EXERCISE */
    lines_free(&lines);
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    const char *reason;
    long port = 10001;
    long count = 1;
    double every = 1;
    double delay = 0;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"count", 'n', "N", "how often to ask", .number = &count, .min = 1,
         .max = 1000000},
        {"every", 0, "SEC", "wait so long between two questions", .seconds = &every},
        {"delay", 0, "SEC", "wait this long before the first", .seconds = &delay},
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
        net_sleep(delay);
    }
    ask(fd, count, every);
    close(fd);
    return EXIT_SUCCESS;
}
