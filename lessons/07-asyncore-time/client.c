/*
 * client.c - says Hello, a second later World, and prints both times that it gets.
 *
 * Run it:       make client-7                            (first: make server-7, elsewhere)
 *               make client-7 ARGS="--every 3 one two three"
 * Its partner:  server.c; it shares no module with it
 *
 * It is a dispatcher, too: it connects without waiting, and handle_connect is called when the
 * connection is there. The loop waits no longer than until the next message is due.
 */
#include "asyncore.h"
#include "cli.h"
#include "lines.h"
#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MAX_ANSWER = 4096 };

struct client {
    struct dispatcher dispatcher;
    const char *host;
    long port;
    const struct addrinfo *next; /* the address to try if this one does not answer */
    int error;                   /* why the last one did not */
    char *const *messages;
    int count, sent, answered; /* messages */
    bool sending;         /* a message is on its way: the flag that writable returns */
    struct buffer output; /* what is still to be sent of it */
    double every, due;    /* seconds between two; when the next one is to be sent */
    struct lines lines;   /* what has come */
};

static struct client *client_of(struct dispatcher *d)
{
    return container_of(d, struct client, dispatcher);
}

/* ---- the methods ---- */

static int client_handle_connect(struct dispatcher *d)
{
    char name[NET_NAME_SIZE];

    printf("connected to %s\n", net_format_address(&d->addr, name));
    client_of(d)->due = net_now();
    return 0;
}

static bool client_writable(struct dispatcher *d)
{
    return client_of(d)->sending;
}

/* Sends what is left of the message, as far as there is room. */
static int client_handle_write(struct dispatcher *d)
{
    struct client *client = client_of(d);
    struct buffer *output = &client->output;

    ssize_t sent = d->ops.send(d, buffer_front(output), buffer_length(output));
    if (sent == -1)
        return -1;
    buffer_take(output, (size_t)sent);
    /* EXERCISE 6: when all of it is sent: print "sent: " and the message, count it, clear the
     * flag, and note when the next one is due */
    if (buffer_length(output) == 0) {
        printf("sent: %s\n", client->messages[client->sent]);
        client->sent++;
        client->sending = false; /* else the loop would call this for ever */
        client->due = net_now() + client->every;
    }
    /* END EXERCISE */
    return 0;
}

/* Prints an answer; or ends the program, if it says what went wrong. */
static void print_answer(const char *line, size_t length)
{
    static const char error[] = "error: ";

    if (length >= strlen(error) && memcmp(line, error, strlen(error)) == 0) {
        cli_warn_bytes("the server answered", line, length);
        exit(EXIT_FAILURE);
    }
    printf("received: ");
    cli_print_bytes(stdout, line, length);
    putchar('\n');
}

/* Prints the answers that are complete, and leaves after the last one. */
static int client_handle_read(struct dispatcher *d)
{
    struct client *client = client_of(d);
    char *line;
    size_t size, length;
    int result;

    char *room = lines_room(&client->lines, &size);
    if (room == NULL)
        return -1;
    ssize_t received = d->ops.recv(d, room, size);
    if (received <= 0)
        return (int)received;
    lines_added(&client->lines, (size_t)received);
    while ((result = lines_next(&client->lines, &line, &length)) != 0) {
        if (result == -1)
            cli_fail("the server sent a line longer than %d bytes", MAX_ANSWER);
        print_answer(line, length);
        client->answered++;
    }
    if (client->answered >= client->count)
        dispatcher_close(d);
    return 0;
}

/* The server has ended, and owes an answer: after the last one the client closes itself. */
static int client_handle_close(struct dispatcher *d)
{
    (void)d;
    cli_fail("the server closed the connection");
}

/* The connection could not be made. The next address is tried in client_destroy: until then the
 * loop still uses the object. */
static void client_handle_error(struct dispatcher *d, int error)
{
    if (d->connected)
        cli_fail("%s", strerror(error));
    client_of(d)->error = error;
    dispatcher_close(d);
}

static void connect_next(struct client *client);

/* The loop does not use the object any more: so it can begin anew, with the next address. */
static void client_destroy(struct dispatcher *d)
{
    struct client *client = client_of(d);

    lines_free(&client->lines);
    if (client->error != 0)
        connect_next(client);
}

static const struct dispatcher_ops client_ops = {
    .writable = client_writable,
    .handle_connect = client_handle_connect,
    .handle_read = client_handle_read,
    .handle_write = client_handle_write,
    .handle_close = client_handle_close,
    .handle_error = client_handle_error,
    .destroy = client_destroy,
};

/* ---- the program ---- */

/* Begins to connect to the next address of the server; ends the program if there is none. */
static void connect_next(struct client *client)
{
    struct dispatcher *d = &client->dispatcher;
    const struct addrinfo *a = client->next;

    if (a == NULL)
        cli_fail("connect %s:%ld: %s", client->host, client->port,
                 strerror(client->error));
    client->next = a->ai_next;
    client->error = 0;
    dispatcher_init(d, &client_ops, -1, NULL);
    if (dispatcher_create_socket(d, a->ai_family, a->ai_socktype) == -1 ||
        dispatcher_connect(d, a->ai_addr, a->ai_addrlen) == -1)
        client_handle_error(d, errno);
}

/* Has the loop call handle_write for the next message. Its newline goes with it: in a send of
 * its own it would wait until the server has acknowledged the rest (Nagle's algorithm). */
static void begin_message(struct client *client)
{
    const char *message = client->messages[client->sent];

    if (buffer_append(&client->output, message, strlen(message)) == -1 ||
        buffer_append(&client->output, "\n", 1) == -1)
        cli_fail("%s", strerror(errno));
    client->sending = true;
    dispatcher_update(&client->dispatcher); /* ask again: writable returns true now */
}

/* Lets the loop call the methods, until the map is empty: the client has left. */
static void run(struct client *client, enum asyncore_poller poller)
{
    int open = 1;

    while (open != 0) {
        double wait = -1;
        if (client->due > 0 && client->sent < client->count && !client->sending) {
            wait = client->due - net_now();
            if (wait <= 0) {
                begin_message(client);
                wait = -1;
            }
        }
        open = asyncore_loop(wait, poller, NULL, 1);
        if (open == -1 && errno != EINTR)
            cli_fail("%s: %s", asyncore_poller_names[poller], strerror(errno));
    }
}

int main(int argc, char **argv)
{
    static char *hello_world[] = {"Hello", "World"};
    const char *poller = "epoll", *reason;
    static struct client client = {.host = "127.0.0.1",
                                   .port = 10001,
                                   .every = 1,
                                   .messages = hello_world,
                                   .count = 2};
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &client.host},
        {"port", 'p', "P", "the server's port", .number = &client.port, .min = 1,
         .max = 65535},
        {"poller", 'P', "select|poll|epoll", "what the loop waits with", .text = &poller,
         .choices = asyncore_poller_names},
        {"every", 0, "SEC", "time between two messages", .seconds = &client.every},
        {0},
    };
    int first = cli_parse(argc, argv, "[MESSAGE]...", "Send messages; print the answers.",
                          options);
    if (first < argc) {
        client.messages = argv + first;
        client.count = argc - first;
    }
    for (int i = 0; i < client.count; i++)
        if (strchr(client.messages[i], '\n') != NULL)
            cli_fail_usage("a message is one line");

    struct addrinfo *list = net_look_up(client.host, client.port, false, &reason);
    if (list == NULL)
        cli_fail("connect %s:%ld: %s", client.host, client.port, reason);
    client.next = list;
    lines_init(&client.lines, MAX_ANSWER);
    connect_next(&client);
    run(&client, asyncore_poller_named(poller));
    freeaddrinfo(list);
    buffer_free(&client.output);
    return EXIT_SUCCESS;
}
