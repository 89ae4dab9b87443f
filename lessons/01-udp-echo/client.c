/*
 * client.c - sends each argument as one datagram, and prints each reply.
 *
 * Run it:       make client-1                     (first: make server-1, elsewhere)
 *               make client-1 ARGS="one two"
 * Its partner:  server.c
 *
 * The calls, in order: socket, connect, and then send and recv for each message; with
 * --broadcast: socket, setsockopt, and then sendto and recvfrom.
 */
#include "address.h"
#include "cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A datagram has a length field of 16 bits, so it can't be longer than this. */
enum { MAX_DATAGRAM = 65535 };

struct server {
    struct sockaddr_storage address;
    socklen_t length;
    char name[ADDRESS_NAME_SIZE]; /* the address as text, for messages */
};

/* Makes a UDP socket on which recv gives up after `timeout` seconds; 0 waits for ever. */
static int open_socket(int family, double timeout)
{
    struct timeval limit = {.tv_sec = (time_t)timeout};
    limit.tv_usec = (suseconds_t)((timeout - (double)limit.tv_sec) * 1e6);

    int fd = socket(family, SOCK_DGRAM, 0);
    if (fd == -1)
        cli_fail("socket: %s", strerror(errno));
    /* EXERCISE 5: let recv on the socket give up after the time in `limit` */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1)
        cli_fail("setsockopt SO_RCVTIMEO: %s", strerror(errno));
    /* END EXERCISE */
    return fd;
}

/* True if recv gave up because nothing came in time: errno is EAGAIN, also called
 * EWOULDBLOCK. */
static bool timed_out(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

static void print_reply(const char *reply, ssize_t length)
{
    cli_print_bytes(stdout, reply, (size_t)length);
    putchar('\n');
}

/*
 * Sends one message and prints the reply. UDP does not say when a datagram is lost, so
 * after each time-out the message is sent again, `retries` times at the most.
 */
static void exchange(int fd, const char *message, long retries,
                     const struct server *server)
{
    static char reply[MAX_DATAGRAM];

    for (long tries = 0; tries <= retries; tries++) {
        if (send(fd, message, strlen(message), 0) == -1)
            cli_fail("send to %s: %s", server->name, strerror(errno));

        /* EINTR: Ctrl-Z and fg interrupt a call that has a time-out. It is made again. */
        ssize_t length;
        do
            length = recv(fd, reply, sizeof reply, 0);
        while (length == -1 && errno == EINTR);
        if (length >= 0) {
            print_reply(reply, length);
            return;
        }
        if (!timed_out())
            cli_fail("receive from %s: %s", server->name, strerror(errno));
        if (tries < retries)
            cli_warn("no reply from %s yet, sending again", server->name);
    }
    cli_fail("no reply from %s", server->name);
}

/*
 * Exchanges every message with one server over a connected UDP socket. For UDP, connect
 * sends nothing. It fixes the peer: send needs no address, datagrams from anyone else are
 * dropped, and if the server's host answers that nobody has this port, the next call on
 * the socket fails with ECONNREFUSED.
 */
static void talk_to_one(const struct server *server, char **messages, double timeout,
                        long retries)
{
    int fd = open_socket(server->address.ss_family, timeout);
    /* EXERCISE 4: fix the server as the peer of the socket */
    if (connect(fd, (const struct sockaddr *)&server->address, server->length) == -1)
        cli_fail("connect %s: %s", server->name, strerror(errno));
    /* END EXERCISE */
    for (; *messages != NULL; messages++)
        exchange(fd, *messages, retries, server);
    close(fd);
}

/*
 * Sends every message to a broadcast address, and prints each answer that comes, with its
 * sender, until `timeout` seconds pass without one.
 */
static void talk_to_all(const struct server *everyone, char **messages, double timeout)
{
    static char reply[MAX_DATAGRAM];
    char name[ADDRESS_NAME_SIZE];
    int answers = 0;

    /* The kernel lets no program broadcast by accident: it must be asked for. */
    int fd = open_socket(everyone->address.ss_family, timeout);
    /* EXERCISE 6: ask for permission to send to a broadcast address */
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) == -1)
        cli_fail("setsockopt SO_BROADCAST: %s", strerror(errno));
    /* END EXERCISE */

    for (; *messages != NULL; messages++) {
        if (sendto(fd, *messages, strlen(*messages), 0,
                   (const struct sockaddr *)&everyone->address, everyone->length) == -1)
            cli_fail("send to %s: %s", everyone->name, strerror(errno));

        for (;;) {
            struct sockaddr_storage sender;
            socklen_t sender_length = sizeof sender;
            ssize_t length = recvfrom(fd, reply, sizeof reply, 0,
                                      (struct sockaddr *)&sender, &sender_length);
            if (length >= 0) {
                printf("%s ", address_format(&sender, name));
                print_reply(reply, length);
                answers++;
            } else if (timed_out()) {
                break;
            } else if (errno != EINTR) {
                cli_fail("receive: %s", strerror(errno));
            }
        }
    }
    close(fd);
    if (answers == 0)
        cli_fail("no reply from %s", everyone->name);
}

int main(int argc, char **argv)
{
    static char *default_messages[] = {"Hello", "World", NULL};
    const char *host = NULL;
    long port = 10000;
    long retries = 2;
    double timeout = 2;
    bool broadcast = false;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's address (default 127.0.0.1)", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"timeout", 't', "SEC", "wait this long for a reply; 0 waits for ever",
         .seconds = &timeout},
        {"retries", 0, "N", "send again so often when no reply comes", .number = &retries,
         .max = 1000},
        {"broadcast", 'b', NULL, "ask every server (on 127.255.255.255, or --host)",
         .flag = &broadcast},
        {0},
    };
    int first =
        cli_parse(argc, argv, "[MESSAGE]...",
                  "Send each MESSAGE (Hello and World, if there is none) as one UDP "
                  "datagram; print each reply.",
                  options);
    char **messages = first < argc ? &argv[first] : default_messages;

    if (host == NULL)
        host = broadcast ? "127.255.255.255" : "127.0.0.1";
    struct server server;
    server.length = address_parse(host, (uint16_t)port, &server.address);
    if (server.length == 0)
        cli_fail("%s: not an IPv4 or IPv6 address", host);
    address_format(&server.address, server.name);

    if (broadcast)
        talk_to_all(&server, messages, timeout);
    else
        talk_to_one(&server, messages, timeout, retries);
    return EXIT_SUCCESS;
}
