/*
 * client.c - asks the time server for the time.
 *
 * Run it:       make client-2                     (first: make server-2, elsewhere)
 *               make client-2 ARGS="--delay 10"   (it connects, and says nothing)
 * Its partner:  server.c
 *
 * The calls, in order: getaddrinfo, socket, connect, send, recv, close.
 */
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * Connects to one address of the list that getaddrinfo returned, and says so.
 * Returns the socket, or -1 with errno set.
 */
static int connect_to_address(const struct addrinfo *a)
{
    char name[NET_NAME_SIZE];
    struct sockaddr_storage address = {0};
    memcpy(&address, a->ai_addr, a->ai_addrlen);
    net_format_address(&address, name);

    int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (fd == -1)
        return -1;
    printf("connecting to %s\n", name);
    if (connect(fd, a->ai_addr, a->ai_addrlen) == -1) {
        int error = errno; /* close may change errno */
        close(fd);
        errno = error;
        return -1;
    }
    printf("connected to %s\n", name);
    return fd;
}

/*
 * A name may have several addresses: often one for IPv6 and one for IPv4, of which the
 * server may listen on only one. So every address is tried, until one answers.
 * Returns the socket; if none answered, the program ends.
 */
static int connect_to_name(const char *host, long port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    char service[sizeof "65535"];
    int fd = -1;

    snprintf(service, sizeof service, "%ld", port);
    int error = getaddrinfo(host, service, &hints, &list);
    if (error != 0)
        cli_fail("%s: %s", host, gai_strerror(error));
    /* EXERCISE 6: try every address of the list in turn, until one of them answers */
    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next)
        fd = connect_to_address(a);
    /* END EXERCISE */
    if (fd == -1)
        cli_fail("connect %s:%ld: %s", host, port, strerror(errno));
    freeaddrinfo(list);
    return fd;
}

/*
 * Reads the answer, a line, into `answer`, which has room for `size` bytes. TCP may deliver
 * it in pieces, so one recv is not enough: lesson 3 is about that.
 * Returns the number of bytes without the end of the line; 0 if the server has left.
 */
static size_t receive_answer(int fd, char *answer, size_t size)
{
    size_t length = 0;
    /* EXERCISE 5: one recv may return only a part; receive until the newline at the end of the
     * answer has come, or recv returns 0, or `answer` is full */
    while (length < size && (length == 0 || answer[length - 1] != '\n')) {
        ssize_t received = recv(fd, answer + length, size - length, 0);
        if (received == 0)
            break; /* the server has closed the connection: that was all */
        if (received > 0)
            length += (size_t)received;
        else if (errno != EINTR)
            cli_fail("recv: %s", strerror(errno));
    }
    /* END EXERCISE */
    while (length > 0 && (answer[length - 1] == '\n' || answer[length - 1] == '\r'))
        length--;
    return length;
}

static void wait_seconds(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    printf("sleeping %g s\n", seconds);
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    long port = 10001;
    double delay = 0;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"delay", 0, "SEC", "wait this long before sending", .seconds = &delay},
        {0},
    };
    cli_parse(argc, argv, NULL, "Ask the time server for the time.", options);

    int fd = connect_to_name(host, port);
    if (delay > 0)
        wait_seconds(delay);

    /* MSG_NOSIGNAL: if the server has left, send fails with EPIPE. Without it, the signal
     * SIGPIPE would end this program before it could say why. Even then the server may
     * have said something before it left, so the answer is read in any case. */
    if (send(fd, "Hello\n", strlen("Hello\n"), MSG_NOSIGNAL) != -1)
        puts("sent: Hello");

    static const char error[] = "error: ";
    char answer[256];
    size_t length = receive_answer(fd, answer, sizeof answer);
    close(fd);
    if (length == 0)
        cli_fail("the server closed the connection without an answer");

    bool refused = length >= strlen(error) && memcmp(answer, error, strlen(error)) == 0;
    if (refused) {
        cli_warn_bytes("the server answered", answer, length);
        return EXIT_FAILURE;
    }
    printf("The time is ");
    cli_print_bytes(stdout, answer, length);
    putchar('\n');
    return EXIT_SUCCESS;
}
