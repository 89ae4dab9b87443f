/*
 * server.c - a TCP time server that serves one client at a time: it waits for one
 * message, answers with the local time, closes the connection, and accepts the next.
 *
 * Run it:       make server-2        (then, in a second terminal: make client-2)
 * Its partner:  client.c
 *
 * The calls, in order: getaddrinfo, socket, setsockopt, bind, listen, and then accept,
 * recv, send and close for ever.
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
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/*
 * Makes a TCP socket that listens on host and port. `backlog` is how many clients may
 * wait to be accepted. Returns the socket; if that fails, the program ends.
 */
static int open_listener(const char *host, long port, int backlog, bool reuse)
{
    /* What we ask for: any family, TCP, for bind (AI_PASSIVE), and the port is a number. */
    struct addrinfo hints = {.ai_family = AF_UNSPEC, /* IPv4 or IPv6 */
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list;
    char service[sizeof "65535"];
    int fd = -1;
    int on = reuse;

    /* getaddrinfo turns a name and a port, both text, into a list of addresses. Each entry
     * holds what socket and bind want, and ai_next points to the next entry. */
    snprintf(service, sizeof service, "%ld", port);
    int error = getaddrinfo(host, service, &hints, &list);
    if (error != 0)
        cli_fail("%s: %s", host, gai_strerror(error));

    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd == -1)
            continue;
        /* EXERCISE 1: set SO_REUSEADDR to `on`, bind to the address of this entry, and
         * listen; if one of them fails, close fd and make it -1, but keep errno */
        /* Connections of an old server may still be in TIME_WAIT, for a minute. They would
         * make bind fail; SO_REUSEADDR, set before bind, lets it have the port at once. */
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
            bind(fd, a->ai_addr, a->ai_addrlen) == -1 || listen(fd, backlog) == -1) {
            error = errno; /* close may change errno */
            close(fd);
            errno = error;
            fd = -1;
        }
        /* END EXERCISE */
    }
    if (fd == -1)
        cli_fail("bind %s:%ld: %s", host, port, strerror(errno));
    freeaddrinfo(list);
    return fd;
}

/* Makes recv on `fd` give up, with errno EAGAIN, after `seconds`; 0 waits for ever. */
static int set_receive_timeout(int fd, double seconds)
{
    struct timeval limit = {.tv_sec = (time_t)seconds};
    limit.tv_usec = (suseconds_t)((seconds - (double)limit.tv_sec) * 1e6);
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

/* Sends one line of text. What can't be sent is lost: the client has left. */
static void send_line(int client, const char *text)
{
    char line[100];
    int length = snprintf(line, sizeof line, "%s\r\n", text);
    if (send(client, line, (size_t)length, 0) == -1)
        cli_warn("send: %s", strerror(errno));
    else
        printf("sent: %s\n", text);
}

/* Returns how long a message is without the end of its line: \n, or \r\n. */
static size_t length_of_text(const char *message, size_t length)
{
    while (length > 0 && (message[length - 1] == '\n' || message[length - 1] == '\r'))
        length--;
    return length;
}

/* Waits for one message from the client, and answers it. */
static void serve_client(int client, double timeout)
{
    char message[1024];
    char text[64];
    ssize_t length;

    if (set_receive_timeout(client, timeout) == -1)
        cli_warn("setsockopt SO_RCVTIMEO: %s", strerror(errno));

    /* This is where a silent client keeps the server, and everyone behind it, waiting. */
    /* EXERCISE 3: receive one message, and set `length` to what recv returns; a signal that
     * does not ask to stop does not end the wait */
    do
        length = recv(client, message, sizeof message, 0);
    while (length == -1 && errno == EINTR && !net_stopping);
    /* END EXERCISE */

    if (length > 0) {
        printf("received: ");
        cli_print_bytes(stdout, message, length_of_text(message, (size_t)length));
        putchar('\n');
        time_t now = time(NULL);
        snprintf(text, sizeof text, "%.24s", ctime(&now)); /* without ctime's newline */
        send_line(client, text);
    } else if (length == 0) {
        puts("client left without a word");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        puts("client timed out");
        snprintf(text, sizeof text, "error: nothing received for %g s", timeout);
        send_line(client, text);
    } else if (errno != EINTR) {
        /* ECONNRESET, for example. It concerns this client alone; the server goes on. */
        cli_warn("recv: %s", strerror(errno));
    }
}

/* Accepts and serves clients, one after the other, until a signal asks the server to
 * stop. */
static void serve_clients(int listener, double timeout)
{
    char name[NET_NAME_SIZE];

    while (!net_stopping) {
        struct sockaddr_storage peer;
        /* EXERCISE 2: wait for the next client; its socket goes into `client`, and its
         * address into `peer` */
        socklen_t length = sizeof peer;
        int client = accept(listener, (struct sockaddr *)&peer, &length);
        /* END EXERCISE */
        if (client == -1) {
            if (errno == EINTR ||
                errno == ECONNABORTED) /* that client has left already */
                continue;
            cli_warn("accept: %s", strerror(errno));
            sleep(1); /* no descriptors or no memory: at once, it would only fail again */
            continue;
        }
        printf("client %s connected\n", net_format_address(&peer, name));
        serve_client(client, timeout);
        /* EXERCISE 4: end the connection; the client waits for the end of the stream */
        close(client);
        /* END EXERCISE */
    }
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    long port = 10001;
    long backlog = 128;
    double timeout = 0;
    bool no_reuse = false;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"backlog", 0, "N", "clients that may wait to be accepted", .number = &backlog,
         .max = 4096},
        {"timeout", 't', "SEC", "give up on a silent client; 0 never does",
         .seconds = &timeout},
        {"no-reuse", 0, NULL, "leave SO_REUSEADDR off, to see what it is for",
         .flag = &no_reuse},
        {0},
    };
    cli_parse(argc, argv, NULL,
              "Answer the message of one client after the other with the time.", options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));

    int listener = open_listener(host, port, (int)backlog, !no_reuse);
    char name[NET_NAME_SIZE];
    if (net_local_name(listener, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    printf("listening on %s\n", name);

    serve_clients(listener, timeout);
    close(listener);
    return EXIT_SUCCESS;
}
