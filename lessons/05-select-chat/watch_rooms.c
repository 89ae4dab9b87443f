/*
 * watch_rooms.c - listens to several chats at once, and says when it was quiet for a while.
 *
 * Run it:       build/05-select-chat/watch_rooms --timeout 2 2626 2627
 * Its partner:  server.c, once for each port
 *
 * The calls, in order: those of lesson 2 for each port, then select with a time-out.
 */
#include "chat.h"
#include "cli.h"
#include "lines.h"
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

/* gcc warns of the arithmetic in musl's FD_SET, which is a macro. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

enum { MAX_CHATS = 16 };

/* One chat that is listened to: the connection with its server. */
struct watched {
    const char *port;
    int fd; /* -1 when the server has ended the connection */
    struct lines lines;
};

/* Connects to the server on `port` of `host`. Ends the program if that fails; stop_watching
 * ends what is returned. */
static struct watched start_watching(const char *host, const char *port)
{
    struct watched chat = {.port = port};
    const char *reason;
    char *end;

    long number = strtol(port, &end, 10);
    if (end == port || *end != '\0' || number < 1 || number > 65535)
        cli_fail_usage("%s: not a port", port);
    chat.fd = net_connect(host, number, &reason);
    if (chat.fd == -1)
        cli_fail("connect %s:%ld: %s", host, number, reason);
    if (chat.fd >= FD_SETSIZE)
        cli_fail("no descriptor below %d is free", FD_SETSIZE);
    lines_init(&chat.lines, CHAT_MAX_TOLD);
    return chat;
}

static void stop_watching(struct watched *chat)
{
    close(chat->fd);
    lines_free(&chat->lines);
    chat->fd = -1;
}

/* Receives what has come from one chat, and prints each line that is complete. Returns 1 if
 * the server has ended the connection, else 0. */
static int receive_lines(struct watched *chat)
{
    char *line;
    size_t size;
    size_t length;
    int result;

    char *space = lines_room(&chat->lines, &size);
    if (space == NULL)
        cli_fail("malloc: %s", strerror(errno));
    ssize_t received = recv(chat->fd, space, size, MSG_DONTWAIT);
    if (received == -1 && net_would_wait())
        return 0;
    if (received > 0)
        lines_added(&chat->lines, (size_t)received);
    while ((result = lines_next(&chat->lines, &line, &length)) != 0) {
        if (result == -1)
            continue; /* a line that is too long is left out */
        printf("%s: ", chat->port);
        cli_print_bytes(stdout, line, length);
        putchar('\n');
    }
    if (received > 0)
        return 0;
    printf("%s: the server closed the connection\n", chat->port);
    stop_watching(chat);
    return 1;
}

/* Waits for any of the chats, `timeout` seconds at most, and prints what has come: one round.
 * Returns how many of them have ended. */
static int watch_round(struct watched *chats, int count, double timeout)
{
    fd_set reading;
    int highest = -1;
    int ended = 0;
    /* Linux writes the time that was left into it: set it before each call. */
    struct timeval limit = {.tv_sec = (time_t)timeout};
    limit.tv_usec = (suseconds_t)((timeout - (double)limit.tv_sec) * 1e6);

    FD_ZERO(&reading);
    for (int i = 0; i < count; i++)
        if (chats[i].fd != -1) {
            FD_SET(chats[i].fd, &reading);
            highest = chats[i].fd > highest ? chats[i].fd : highest;
        }
    int ready = select(highest + 1, &reading, NULL, NULL, timeout > 0 ? &limit : NULL);
    if (ready == -1 && errno != EINTR)
        cli_fail("select: %s", strerror(errno));
    if (ready == 0)
        printf("nothing for %g s\n", timeout);
    for (int i = 0; ready > 0 && i < count; i++)
        if (chats[i].fd != -1 && FD_ISSET(chats[i].fd, &reading))
            ended += receive_lines(&chats[i]);
    return ended;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    double timeout = 10;
    struct watched chats[MAX_CHATS];
    const struct cli_option options[] = {
        {"host", 'H', "H", "the servers' name or address", .text = &host},
        {"timeout", 't', "SEC", "say so when nothing came for so long; 0 never does",
         .seconds = &timeout},
        {0},
    };
    int first = cli_parse(argc, argv, "PORT...",
                          "Print what is said in the chats on each PORT.", options);
    int count = argc - first;
    if (count < 1 || count > MAX_CHATS)
        cli_fail_usage("name from 1 to %d ports", MAX_CHATS);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));

    for (int i = 0; i < count; i++)
        chats[i] = start_watching(host, argv[first + i]);
    int open = count;
    while (open > 0 && !net_stopping)
        open -= watch_round(chats, count, timeout);
    for (int i = 0; i < count; i++)
        if (chats[i].fd != -1)
            stop_watching(&chats[i]);
    return EXIT_SUCCESS;
}
