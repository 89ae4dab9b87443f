/*
 * server.c - a UDP echo server: it answers each datagram with "echo:" and the same bytes.
 *
 * Run it:       make server-1        (then, in a second terminal: make client-1)
 * Its partner:  client.c
 *
 * The calls, in order: socket, bind, and then recvfrom and sendto for ever.
 */
#include "address.h"
#include "cli.h"
#include "net.h" /* only for what a signal does; every call on a socket stands below */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char PREFIX[] = "echo:";
enum { PREFIX_LENGTH = sizeof PREFIX - 1 };

/*
 * Makes a UDP socket and binds it to host and port, and says where it listens.
 * Returns the socket. If that fails, the program ends.
 */
static int open_server_socket(const char *host, uint16_t port)
{
    char name[ADDRESS_NAME_SIZE];
    struct sockaddr_storage address;
    socklen_t length = address_parse(host, port, &address);
    if (length == 0)
        cli_fail("%s: not an IPv4 or IPv6 address", host);
    address_format(&address, name);

    /* SOCK_DGRAM asks for datagrams; 0 stands for the usual protocol of that kind: UDP. */
    int fd = socket(address.ss_family, SOCK_DGRAM, 0);
    if (fd == -1)
        cli_fail("socket: %s", strerror(errno));

    /* EXERCISE 1: give the socket the address that clients send to */
    if (bind(fd, (struct sockaddr *)&address, length) == -1)
        cli_fail("bind %s: %s", name, strerror(errno));
    /* END EXERCISE */

    /* With port 0 the kernel has chosen a free port; getsockname tells which. */
    if (getsockname(fd, (struct sockaddr *)&address, &length) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    printf("listening on %s\n", address_format(&address, name));
    return fd;
}

/* Answers datagrams until a signal asks the server to stop. */
static void answer_datagrams(int fd, size_t bufsize)
{
    char name[ADDRESS_NAME_SIZE];
    char *reply = malloc(PREFIX_LENGTH + bufsize);
    if (reply == NULL)
        cli_fail("malloc: %s", strerror(errno));
    memcpy(reply, PREFIX, PREFIX_LENGTH);

    while (!net_stopping) {
        struct sockaddr_storage client;
        socklen_t client_length = sizeof client; /* in: the room; out: the length used */

        /*
         * This is where the server waits. The datagram goes right behind the prefix, and
         * the sender's address into `client`. A datagram larger than the buffer loses its
         * end; with MSG_TRUNC, Linux returns the length it had, so that this can be seen.
         */
        ssize_t received = recvfrom(fd, reply + PREFIX_LENGTH, bufsize, MSG_TRUNC,
                                    (struct sockaddr *)&client, &client_length);
        if (received == -1) {
            /* Reporting an error clears it on a UDP socket, so this can't repeat for
             * ever. */
            if (errno != EINTR)
                cli_warn("recvfrom: %s", strerror(errno));
            continue;
        }
        size_t length = (size_t)received;
        printf("datagram from %s, %zu bytes", address_format(&client, name), length);
        /* EXERCISE 3: log a datagram that did not fit as truncated, and answer only the
         * bytes that are in the buffer */
        if (length > bufsize) {
            printf(", truncated to %zu", bufsize);
            length = bufsize;
        }
        /* END EXERCISE */
        putchar('\n');

        /* EXERCISE 2: send the reply, prefix and bytes, to the client it came from */
        /* The bytes are not a string: they may hold a NUL, and none stands at their end.
         * So their number is counted by recvfrom, never by strlen. */
        if (sendto(fd, reply, PREFIX_LENGTH + length, 0, (struct sockaddr *)&client,
                   client_length) == -1)
            cli_warn("sendto %s: %s", name, strerror(errno));
        /* END EXERCISE */
    }
    free(reply);
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    long port = 10000;
    long bufsize = 65535;
    const struct cli_option options[] = {
        {"host", 'H', "H", "address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"bufsize", 0, "N", "bytes of a datagram to take", .number = &bufsize, .min = 1,
         .max = 65535},
        {0},
    };
    cli_parse(argc, argv, NULL, "Answer each UDP datagram with \"echo:\" and its bytes.",
              options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));

    int fd = open_server_socket(host, (uint16_t)port);
    answer_datagrams(fd, (size_t)bufsize);
    close(fd);
    return EXIT_SUCCESS;
}
