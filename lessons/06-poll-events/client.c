/*
 * client.c - sends what you type to any number of servers, and prints what they answer.
 *
 * Run it:       make client-6                     (first: make server-6, elsewhere)
 *               make client-6 ARGS="127.0.0.1:8009 localhost:8010"
 * Its partner:  server.c, once for each address; both share the module connection
 *
 * The calls, in order: those of lesson 2 for each server, then poll with a time-out, and
 * read, recv or send, whichever is ready. At the end of the input: shutdown, and recv until
 * each server ends, too.
 */
#include "cli.h"
#include "connection.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_SERVERS = 100, MAX_ANSWER = 65536 };

struct server {
    const char *host;
    long port;
    struct connection *connection; /* NULL before it begins and after it has ended */
    bool half_closed;              /* it has been told that no more messages come */
};

struct client {
    struct server servers[MAX_SERVERS];
    size_t count;
    bool typing;    /* the keyboard's input has not ended */
    bool late;      /* with --late: receive no answers while `typing` */
    bool failed;    /* a server could not be reached, or ended too early */
    double timeout; /* seconds; 0: no limit */
    long repeat;    /* how many times each input is sent */
    char last;      /* the last byte that was typed */
};

/* ---- connecting ---- */

/*
 * Adds the server that `text` names as HOST:PORT or [ADDRESS]:PORT. Its host points into the
 * text, which is changed. Ends the program if it is neither.
 */
static void name_server(struct client *client, char *text)
{
    struct server *server = &client->servers[client->count++];
    char *colon = strrchr(text, ':');
    char *end = NULL;

    if (colon != NULL)
        server->port = strtol(colon + 1, &end, 10);
    if (colon == NULL || colon == text || end == colon + 1 || *end != '\0' ||
        server->port < 1 || server->port > 65535)
        cli_fail_usage("%s: not HOST:PORT", text);
    bool is_bracketed = text[0] == '[' && colon[-1] == ']';
    if (!is_bracketed && strchr(text, ':') != colon)
        cli_fail_usage("%s: an IPv6 address stands in brackets", text);
    colon[is_bracketed ? -1 : 0] = '\0';
    server->host = is_bracketed ? text + 1 : text;
}

/* Connects to a server. If it can't be reached, that is said, and the others go on. */
static void reach_server(struct client *client, struct server *server)
{
    char name[NET_NAME_SIZE];
    const char *reason;

    int fd = net_connect(server->host, server->port, &reason);
    if (fd == -1) {
        cli_warn("connect %s:%ld: %s", server->host, server->port, reason);
        client->failed = true;
        return;
    }
    bool is_ipv6 = strchr(server->host, ':') != NULL;
    snprintf(name, sizeof name, is_ipv6 ? "[%s]:%ld" : "%s:%ld", server->host,
             server->port);
    server->connection = connection_open(fd, name, MAX_ANSWER);
    if (server->connection == NULL)
        cli_fail("%s: %s", name, strerror(errno));
    printf("[%s] connected\n", name);
}

/* ---- one server ---- */

/* Ends the program if there was no memory for the connection. Its server has done nothing. */
static void check_memory(const struct connection *connection)
{
    if (connection->error == ENOMEM)
        cli_fail("%s: %s", connection->name, strerror(ENOMEM));
}

/* Closes the connection with a server that has ended it; says so if it was too early. */
static void part_with(struct client *client, struct server *server)
{
    struct connection *connection = server->connection;

    if (!server->half_closed || connection->error != 0) {
        printf("[%s] the server closed the connection\n", connection->name);
        client->failed = true;
    }
    connection_close(connection);
    server->connection = NULL;
}

/* Does what the events of a server allow: sends, and prints the answers that have come. */
static void serve(struct client *client, struct server *server, short events)
{
    struct connection *connection = server->connection;
    char *answer;
    size_t length;
    int result;

    if (events & POLLOUT)
        connection_flush(connection);
    if (events & (POLLIN | POLLHUP | POLLERR))
        connection_receive(connection);
    check_memory(connection);
    while ((result = lines_next(&connection->lines, &answer, &length)) != 0) {
        if (result == -1) {
            cli_warn("an answer longer than %d bytes was left out", MAX_ANSWER);
            continue;
        }
        printf("[%s] ", connection->name);
        cli_print_bytes(stdout, answer, length);
        putchar('\n');
    }
    if (connection->ended)
        part_with(client, server);
}

/* ---- all servers ---- */

/* Sends bytes to every server: now what the kernels take, and the rest when poll says so. */
static void send_to_all(struct client *client, const char *bytes, size_t length)
{
    for (size_t i = 0; i < client->count; i++) {
        struct connection *connection = client->servers[i].connection;
        if (connection == NULL)
            continue;
        connection_send(connection, bytes, length);
        check_memory(connection);
    }
}

/* Takes what was typed. It is read(2): poll can't see what stdio has read ahead. */
static void read_keyboard(struct client *client)
{
    char bytes[4096];

    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count == -1)
        cli_fail("stdin: %s", strerror(errno));
    if (count > 0) {
        client->last = bytes[count - 1];
        for (long i = 0; i < client->repeat; i++)
            send_to_all(client, bytes, (size_t)count);
        return;
    }
    client->typing = false;
    if (client->last != '\n')
        send_to_all(client, "\n", 1); /* a last line without one is a message, too */
}

/* Half-closes to each server that has everything, at the end of the input. */
static void half_close(struct client *client)
{
    for (size_t i = 0; i < client->count && !client->typing; i++) {
        struct server *server = &client->servers[i];
        if (server->connection == NULL || queue_length(&server->connection->queue) > 0 ||
            server->half_closed)
            continue;
        shutdown(server->connection->fd, SHUT_WR);
        server->half_closed = true;
    }
}

/* Fills `polled`: the keyboard, then each server. poll passes over a descriptor of -1. */
static void choose_events(const struct client *client, struct pollfd *polled)
{
    bool reads = client->typing; /* whether the keyboard is watched */

    for (size_t i = 0; i < client->count; i++) {
        const struct connection *connection = client->servers[i].connection;
        polled[i + 1] = (struct pollfd){.fd = -1};
        if (connection == NULL)
            continue;
        /* EXERCISE 6: watch the server for answers, and for room if anything waits to be
         * sent. While it does, the keyboard is not read, unless the client is late */
        polled[i + 1].fd = connection->fd;
        if (!client->late || !client->typing)
            polled[i + 1].events |= POLLIN;
        if (queue_length(&connection->queue) > 0) {
            polled[i + 1].events |= POLLOUT;
            reads = reads && client->late;
        }
        /* END EXERCISE */
    }
    polled[0] = (struct pollfd){.fd = reads ? STDIN_FILENO : -1, .events = POLLIN};
}

/* Returns how many servers have not ended. */
static size_t count_open(const struct client *client)
{
    size_t open = 0;

    for (size_t i = 0; i < client->count; i++)
        open += client->servers[i].connection != NULL;
    return open;
}

/* One round: waits for events, and does for each descriptor what its events allow, once. */
static void poll_round(struct client *client)
{
    struct pollfd polled[MAX_SERVERS + 1];
    int timeout = -1; /* for ever */

    if (client->timeout > 0)
        timeout = (int)(client->timeout * 1000 + 0.999); /* milliseconds, rounded up */

    choose_events(client, polled);
    int ready = poll(polled, (nfds_t)(client->count + 1), timeout);
    if (ready == -1 && errno != EINTR)
        cli_fail("poll: %s", strerror(errno));
    if (ready == 0)
        printf("nothing for %d ms\n", timeout);
    for (size_t i = 0; ready > 0 && i < client->count; i++)
        if (client->servers[i].connection != NULL && polled[i + 1].revents != 0)
            serve(client, &client->servers[i], polled[i + 1].revents);
    /* Not only with POLLIN: a pipe ends with POLLHUP alone. */
    if (ready > 0 && polled[0].revents != 0)
        read_keyboard(client);
    half_close(client);
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    long port = 8009;
    static struct client client = {
        .typing = true, .timeout = 5, .repeat = 1, .last = '\n'};
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server, if no HOST:PORT is given", .text = &host},
        {"port", 'p', "P", "its port", .number = &port, .min = 1, .max = 65535},
        {"timeout", 't', "SEC", "say so when nothing came for so long; 0 never does",
         .seconds = &client.timeout},
        {"repeat", 0, "N", "send each input so many times", .number = &client.repeat,
         .min = 1, .max = 100000},
        {"late", 0, NULL, "read no answers before the input has ended",
         .flag = &client.late},
        {0},
    };
    int first =
        cli_parse(argc, argv, "[HOST:PORT]...",
                  "Send what you type to each server; print the answers.", options);
    if (argc - first > MAX_SERVERS)
        cli_fail_usage("name at most %d servers", MAX_SERVERS);
    for (int i = first; i < argc; i++)
        name_server(&client, argv[i]);
    if (client.count == 0)
        client.servers[client.count++] = (struct server){.host = host, .port = port};

    for (size_t i = 0; i < client.count; i++)
        reach_server(&client, &client.servers[i]);
    while (count_open(&client) > 0)
        poll_round(&client);
    return client.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
