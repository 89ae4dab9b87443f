/*
 * server.c - answers each message with the time, and says what poll said of each client.
 *
 * Run it:       make server-6                     (then, elsewhere: make client-6)
 *               make server-6 ARGS="--quiet"      (without the events and the messages)
 * Its partner:  client.c, or telnet, or nc; its modules are connection, table and events
 *
 * The calls, in order: those of lesson 2, then fcntl, which makes each socket non-blocking,
 * and poll, again and again; after it accept, recv and send, on the sockets that have events.
 */
#include "cli.h"
#include "connection.h"
#include "events.h"
#include "net.h"
#include "table.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct server {
    struct table table; /* the listener, and the clients */
    int listener;
    double rest_until; /* accept has failed: it is not tried again before this time */
    long max_clients, max_line, max_queue, keepalive;
    bool quiet; /* print neither events nor messages */
};

/* ---- a client comes ---- */

/* Tells the client why it is not served, and closes its socket. */
static void refuse(int fd, const char *name, const char *reason)
{
    printf("[%s] refused: %s\n", name, reason);
    net_refuse(fd, reason);
}

/* Takes the next client, if there is one: it may have left between poll and accept. */
static void accept_client(struct server *server)
{
    char name[NET_NAME_SIZE];
    struct connection *client = NULL;

    int fd = net_accept(server->listener, name);
    if (fd == -1) {
        if (net_would_wait() || errno == ECONNABORTED)
            return;
        cli_warn("accept: %s", strerror(errno));
        server->rest_until = net_now() + 1; /* at once, it would only fail again */
        return;
    }
    if (server->table.count == server->table.size) {
        refuse(fd, name, "too many clients");
        return;
    }
    if (server->keepalive == 0 || connection_keep_alive(fd, server->keepalive) == 0)
        client = connection_open(fd, name, (size_t)server->max_line);
    if (client == NULL) {
        refuse(fd, name, strerror(errno));
        return;
    }
    printf("[%s] joined\n", name);
    table_add(&server->table, client);
}

/* ---- a client has events ---- */

/* Prints the events that poll reported, in words. */
static void show_events(const struct server *server, const char *name, short events)
{
    if (server->quiet)
        return;
    printf("[%s] ", name);
    events_print(events);
    putchar('\n');
}

static void show_message(const char *name, const char *message, size_t length)
{
    printf("[%s] %zu bytes: ", name, length);
    cli_print_bytes(stdout, message, length);
    putchar('\n');
}

/* Whether too much waits for the client, which does not take its answers: then nothing more
 * is received from it. */
static bool is_stalled(const struct server *server, const struct connection *client)
{
    return queue_length(&client->queue) > (size_t)server->max_queue;
}

/* Answers one message: with the time, or, if it was too long, by saying so. */
static void answer(const struct server *server, struct connection *client, bool is_whole)
{
    time_t now = time(NULL);
    char text[80], date[26]; /* as much as ctime_r writes */

    /* ctime would ask for the file of the time zone each time; ctime_r does so only once. */
    if (is_whole)
        snprintf(text, sizeof text, "%.24s\r\n", ctime_r(&now, date));
    else
        snprintf(text, sizeof text, "error: message longer than %ld bytes\r\n",
                 server->max_line);
    connection_send(client, text, strlen(text));
}

/* Answers the messages that are complete, unless too much waits for the client already. */
static void answer_messages(const struct server *server, struct connection *client)
{
    char *message;
    size_t length;
    int result;

    while (!is_stalled(server, client) &&
           (result = lines_next(&client->lines, &message, &length)) != 0) {
        if (result == 1 && !server->quiet)
            show_message(client->name, message, length);
        answer(server, client, result == 1);
    }
}

/* Returns what poll is to watch for. (POLLERR and POLLHUP it always reports.) */
static short wanted_events(const struct server *server, const struct connection *client)
{
    short events = 0;

    /* EXERCISE 5: POLLIN, unless the stream has ended or more than max_queue bytes wait to
     * be sent; POLLOUT, if any wait */
    if (!client->ended && !is_stalled(server, client))
        events |= POLLIN;
    if (queue_length(&client->queue) > 0)
        events |= POLLOUT;
    /* END EXERCISE */
    return events;
}

/* Does what the events of the client at `place` allow: sends what waits, receives, and answers. */
static void serve_client(struct server *server, size_t place)
{
    struct pollfd *polled = &server->table.polled[place];
    struct connection *client = server->table.clients[place];
    bool was_stalled = is_stalled(server, client);

    show_events(server, client->name, polled->revents);
    if (queue_length(&client->queue) > 0)
        connection_flush(client);
    /* EXERCISE 1: receive if something has come, and also if the connection has ended or is
     * broken: what came before that is still to be read */
    if (polled->revents & (POLLIN | POLLHUP | POLLERR))
        connection_receive(client);
    /* END EXERCISE */
    answer_messages(server, client);
    polled->events = wanted_events(server, client);

    if (was_stalled != is_stalled(server, client))
        printf("[%s] %zu bytes wait: reading %s\n", client->name,
               queue_length(&client->queue), was_stalled ? "goes on" : "stops");
}

/* ---- rounds ---- */

/*
 * Closes the connections that have ended, here and nowhere else. It goes backwards, because
 * table_remove fills the place with the last one: that has been looked at already.
 */
static void remove_ended(struct server *server)
{
    for (size_t i = server->table.count - 1; i > 0; i--) {
        struct connection *client = server->table.clients[i];
        if (!client->ended || queue_length(&client->queue) > 0)
            continue;
        if (client->error == ENOMEM) /* it is not the client who ends it */
            cli_warn("[%s] dropped: %s", client->name, strerror(ENOMEM));
        else
            printf("[%s] left%s%s\n", client->name, client->error == 0 ? "" : ": ",
                   client->error == 0 ? "" : strerror(client->error));
        table_remove(&server->table, i);
        connection_close(client);
        server->rest_until = 0; /* a descriptor is free */
    }
}

/* One round: waits for events, and does for each descriptor what its events allow, once: one
 * recv, one send, one accept. What is left to do makes poll return at once in the next round. */
static void serve_round(struct server *server)
{
    struct table *table = &server->table;
    bool rests = net_now() < server->rest_until;

    table->polled[0].fd = rests ? -1 : server->listener; /* poll passes over a -1 */
    if (poll(table->polled, (nfds_t)table->count, rests ? 1000 : -1) == -1) {
        if (errno != EINTR)
            cli_fail("poll: %s", strerror(errno));
        return;
    }
    for (size_t i = 1; i < table->count; i++)
        if (table->polled[i].revents != 0)
            serve_client(server, i);
    if (table->polled[0].revents != 0) {
        show_events(server, "listener", table->polled[0].revents);
        accept_client(server);
    }
    remove_ended(server);
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    const char *reason;
    char name[NET_NAME_SIZE];
    long port = 8009;
    static struct server server = {
        .max_clients = 10000, .max_line = 4096, .max_queue = 65536, .keepalive = 60};
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"quiet", 'q', NULL, "print neither events nor messages", .flag = &server.quiet},
        {"keepalive", 0, "SEC", "ask a silent peer whether it is there; 0 never does",
         .number = &server.keepalive, .max = 32767},
        {"max-clients", 0, "N", "clients at the same time", .number = &server.max_clients,
         .min = 1, .max = 1000000},
        {"max-line", 0, "N", "bytes of a message", .number = &server.max_line, .min = 1,
         .max = 65536},
        {"max-queue", 0, "N", "stop reading from a client for whom more bytes wait",
         .number = &server.max_queue, .min = 1, .max = 1 << 30},
        {0},
    };
    cli_parse(argc, argv, NULL, "Answer each message with the time.", options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));
    server.listener = net_listen(host, port, SOMAXCONN, &reason);
    if (server.listener == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    if (connection_set_nonblocking(server.listener) == -1)
        cli_fail("fcntl: %s", strerror(errno));
    if (net_local_name(server.listener, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    if (table_init(&server.table, server.listener, (size_t)server.max_clients) == -1)
        cli_fail("calloc: %s", strerror(errno));
    printf("listening on %s\n", name);

    while (!net_stopping)
        serve_round(&server);
    close(server.listener);
    return EXIT_SUCCESS;
}
