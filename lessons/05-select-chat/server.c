/*
 * server.c - a chat: what one member types, all others see. One thread serves them all.
 *
 * Run it:       make server-5                     (then, elsewhere, twice: make client-5)
 *               make server-5 ARGS="--show-sets"  (what select is asked, and what it says)
 * Its partner:  client.c, or telnet, or nc
 *
 * The calls, in order: those of lesson 2, then select, again and again, and after it only
 * calls that do not wait: accept, recv and send on the sockets that select says are ready.
 */
#include "chat.h"
#include "cli.h"
#include "lines.h"
#include "net.h"
#include "room.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* gcc warns of the arithmetic in musl's FD_SET, which is a macro. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

struct server {
    struct room room;
    int listener;
    double rest_until; /* by net_now: accept nobody before, because accept has failed */
    long max_clients;
    bool show_sets; /* print the sets before and after select */
};

/* ---- what a round does ---- */

/* Says why the client is not taken, and closes its socket, without waiting for it. */
static void refuse(int fd, const char *name, const char *reason)
{
    printf("client %s refused: %s\n", name, reason);
    net_refuse(fd, reason);
}

/* Takes the next client, if there is one: it may have left between select and accept. */
static void accept_member(struct server *server)
{
    char name[NET_NAME_SIZE];

    int fd = net_accept(server->listener, name);
    if (fd == -1) {
        if (net_would_wait() || errno == ECONNABORTED)
            return;
        cli_warn("accept: %s", strerror(errno));
        server->rest_until = net_now() + 1; /* at once, it would only fail again */
        return;
    }
    /* EXERCISE 5: refuse a client when the room is full, or when its descriptor has no place
     * in an fd_set: FD_SET would write behind the end of the set */
    if (fd >= FD_SETSIZE || server->room.count == server->max_clients) {
        refuse(fd, name, "too many clients");
        return;
    }
    /* END EXERCISE */
    if (room_add(&server->room, fd, name) == -1)
        refuse(fd, name, strerror(errno));
}

/*
 * Receives what has come from a member, and tells the others each line that is complete; half
 * a line stays in the member's buffer. This recv never waits: select said that the socket is
 * ready, but that may be wrong (`man 2 select`, under BUGS).
 */
static void receive_lines(struct room *room, int fd)
{
    struct member *member = room->members[fd];

    /* EXERCISE 3: receive what has come into the member's lines, without waiting; the member
     * is leaving if it has ended or reset the connection, or if there is no memory, which is
     * an error of ours: warn of it. Then take lines until none is complete: room_say tells
     * each, and room_refuse_line is for one that is too long */
    char *line;
    size_t size;
    size_t length;
    int result;
    char *space = lines_room(&member->lines, &size);
    if (space == NULL) {
        cli_warn("client %s dropped: %s", member->name, strerror(errno));
        member->leaving = true;
        return;
    }
    ssize_t received = recv(fd, space, size, MSG_DONTWAIT);
    if (received == -1 && net_would_wait())
        return;
    if (received <= 0) {
        /* 0: it has ended its side, and so has left: what waits for it is thrown away.
         * -1: it has reset the connection. */
        member->leaving = true;
        return;
    }
    lines_added(&member->lines, (size_t)received);
    while ((result = lines_next(&member->lines, &line, &length)) != 0)
        if (result == 1)
            room_say(room, fd, line, length);
        else
            room_refuse_line(room, fd);
    /* END EXERCISE */
}

/* ---- select ---- */

/*
 * Fills the sets with the descriptors to wait for. select changes the sets it is given, so
 * this is done before each call. Returns the highest descriptor in them.
 */
static int fill_sets(const struct server *server, fd_set *reading, fd_set *writing)
{
    int highest = server->listener;

    FD_ZERO(reading);
    FD_ZERO(writing);
    if (net_now() >= server->rest_until)
        FD_SET(server->listener, reading);
    /* EXERCISE 2: wait for bytes from every member, and for room to send to those members
     * for whom something waits in the outbox; `highest` is the highest descriptor of all */
    for (int fd = 0; fd < FD_SETSIZE; fd++) {
        const struct member *member = server->room.members[fd];
        if (member == NULL)
            continue;
        FD_SET(fd, reading);
        /* A socket almost always has room: with all of them, select would never wait. */
        if (member->outbox.length > 0)
            FD_SET(fd, writing);
        if (fd > highest)
            highest = fd;
    }
    /* END EXERCISE */
    return highest;
}

/* Prints, with --show-sets, which descriptors are in the sets. */
static void show_sets(const struct server *server, const char *what,
                      const fd_set *reading, const fd_set *writing)
{
    if (!server->show_sets)
        return;
    printf("select: %s", what);
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (FD_ISSET(fd, reading))
            printf(" %d", fd);
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (FD_ISSET(fd, writing))
            printf(" %d (to write)", fd);
    putchar('\n');
}

/*
 * One round: waits until something can be done without waiting. Then it flushes the outbox of each
 * member that has room, receives once from each that has sent something, and accepts one client. If
 * more could be done, select returns at once in the next round.
 */
static void serve_round(struct server *server)
{
    struct room *room = &server->room;
    fd_set reading;
    fd_set writing;
    struct timeval second = {.tv_sec = 1};

    int highest = fill_sets(server, &reading, &writing);
    bool rests = !FD_ISSET(server->listener, &reading); /* then look again in a second */
    show_sets(server, "watching", &reading, &writing);
    if (select(highest + 1, &reading, &writing, NULL, rests ? &second : NULL) == -1) {
        if (errno != EINTR)
            cli_fail("select: %s", strerror(errno));
        return; /* a signal came: the sets say nothing */
    }
    show_sets(server, "ready", &reading, &writing);

    for (int fd = 0; fd < FD_SETSIZE; fd++) {
        struct member *member = room->members[fd];
        if (member == NULL || member->leaving)
            continue; /* leaving: dropped in this round, and not heard any more */
        if (FD_ISSET(fd, &writing))
            outbox_flush(&member->outbox, fd); /* if it fails, recv says so, too */
        if (FD_ISSET(fd, &reading))
            receive_lines(room, fd);
    }
    if (FD_ISSET(server->listener, &reading))
        accept_member(server);
    if (room_part_with_leavers(room))
        server->rest_until = 0; /* a descriptor is free */
}

/* ---- the program ---- */

/* Returns a listener that fits into a set, and says where it listens. Ends the program if that
 * fails. */
static int start_listening(const char *host, long port)
{
    const char *reason;
    char name[NET_NAME_SIZE];

    int listener = net_listen(host, port, SOMAXCONN, &reason);
    if (listener == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    if (listener >= FD_SETSIZE)
        cli_fail("no descriptor below %d is free", FD_SETSIZE);
    if (net_local_name(listener, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    /* Lesson 6 explains this: accept must not wait for a client that is gone again. */
    if (net_set_nonblocking(listener) == -1)
        cli_fail("fcntl: %s", strerror(errno));
    printf("listening on %s\n", name);
    printf("ChatServer started on port %s\n", strrchr(name, ':') + 1);
    return listener;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    long port = 2626;
    long max_line = 4096;
    long max_queue = 65536;
    bool quiet = false;
    static struct server server = {.max_clients = FD_SETSIZE};
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"show-sets", 0, NULL, "print the sets before and after each select",
         .flag = &server.show_sets},
        {"quiet", 'q', NULL, "do not print what members say", .flag = &quiet},
        {"max-clients", 0, "N", "members at most; each needs a descriptor below 1024",
         .number = &server.max_clients, .min = 1, .max = FD_SETSIZE},
        {"max-line", 0, "N", "bytes of a line to pass on", .number = &max_line, .min = 1,
         .max = CHAT_MAX_SAID},
        {"max-queue", 0, "N", "bytes that may wait for a member that does not read",
         .number = &max_queue, .min = 1, .max = 1 << 30},
        {0},
    };
    cli_parse(argc, argv, NULL, "Tell each member's lines to all other members.",
              options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));
    if (room_init(&server.room, (size_t)max_line, (size_t)max_queue, quiet) == -1)
        cli_fail("malloc: %s", strerror(errno));
    server.listener = start_listening(host, port);

    while (!net_stopping)
        serve_round(&server);
    close(server.listener);
    return EXIT_SUCCESS;
}
