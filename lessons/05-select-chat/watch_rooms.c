/*
 * watch_rooms.c - listens to several chats at once, and says when it was quiet for a while.
 *
 * Run it:       build/05-select-chat/watch_rooms --timeout 2 2626 2627
 * Its partner:  server.c, once for each port
 *
 * The calls, in order: those of lesson 2 for each port, then select with a time-out.
 */
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

/* FD_SET is a macro, and gcc warns of the arithmetic in the one of musl. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

enum { MAX_ROOMS = 16, MAX_LINE = 65536 + 80 };

struct room {
    const char *port;
    int fd; /* -1 when the server has ended the connection */
    struct lines lines;
};

/* Connects to the server on `port` of `host`. */
static struct room enter_room(const char *host, const char *port)
{
    struct room room = {.port = port};
    const char *reason;
    char *end;

    long number = strtol(port, &end, 10);
    if (end == port || *end != '\0' || number < 1 || number > 65535)
        cli_fail_usage("%s: not a port", port);
    room.fd = net_connect(host, number, &reason);
    if (room.fd == -1)
        cli_fail("connect %s:%ld: %s", host, number, reason);
    lines_init(&room.lines, MAX_LINE);
    return room;
}

static void leave_room(struct room *room)
{
    close(room->fd);
    lines_free(&room->lines);
    room->fd = -1;
}

/* Prints the lines that have come from one room. Returns 1 if it has ended, else 0. */
static int hear(struct room *room)
{
    char *line;
    size_t length;
    int result;

    char *space = lines_room(&room->lines, &length);
    if (space == NULL)
        cli_fail("malloc: %s", strerror(errno));
    ssize_t received = recv(room->fd, space, length, MSG_DONTWAIT);
    if (received == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    if (received > 0)
        lines_added(&room->lines, (size_t)received);
    while ((result = lines_next(&room->lines, &line, &length)) != 0) {
        if (result == -1)
            continue; /* a line that is too long is left out */
        printf("%s: ", room->port);
        cli_print_bytes(stdout, line, length);
        putchar('\n');
    }
    if (received > 0)
        return 0;
    printf("%s: the server closed the connection\n", room->port);
    leave_room(room);
    return 1;
}

/* Waits for any of the rooms, `timeout` seconds at most. Returns how many have ended. */
static int hear_rooms(struct room *rooms, int count, double timeout)
{
    fd_set reading;
    int highest = -1;
    int ended = 0;
    /* Linux writes the time that was left into it: set it before each call. */
    struct timeval limit = {.tv_sec = (time_t)timeout};
    limit.tv_usec = (suseconds_t)((timeout - (double)limit.tv_sec) * 1e6);

    FD_ZERO(&reading);
    for (int i = 0; i < count; i++)
        if (rooms[i].fd != -1) {
            FD_SET(rooms[i].fd, &reading);
            highest = rooms[i].fd > highest ? rooms[i].fd : highest;
        }
    int ready = select(highest + 1, &reading, NULL, NULL, timeout > 0 ? &limit : NULL);
    if (ready == -1 && errno != EINTR)
        cli_fail("select: %s", strerror(errno));
    if (ready == 0)
        printf("nothing for %g s\n", timeout);
    for (int i = 0; ready > 0 && i < count; i++)
        if (rooms[i].fd != -1 && FD_ISSET(rooms[i].fd, &reading))
            ended += hear(&rooms[i]);
    return ended;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    double timeout = 10;
    struct room rooms[MAX_ROOMS];
    const struct cli_option options[] = {
        {"host", 'H', "H", "the servers' name or address", .text = &host},
        {"timeout", 't', "SEC", "say so when nothing came for so long; 0 never does",
         .seconds = &timeout},
        {0},
    };
    int first = cli_parse(argc, argv, "PORT...",
                          "Print what is said in the chats on each PORT.", options);
    int count = argc - first;
    if (count < 1 || count > MAX_ROOMS)
        cli_fail_usage("name from 1 to %d ports", MAX_ROOMS);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));

    for (int i = 0; i < count; i++)
        rooms[i] = enter_room(host, argv[first + i]);
    int open = count;
    while (open > 0 && !net_stopping)
        open -= hear_rooms(rooms, count, timeout);
    for (int i = 0; i < count; i++)
        if (rooms[i].fd != -1)
            leave_room(&rooms[i]);
    return EXIT_SUCCESS;
}
