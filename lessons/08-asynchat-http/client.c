/*
 * client.c - fetches URLs over HTTP/1.1, all from one server and on one connection: the
 * requests are sent one behind the other at once, and the responses come in the same order.
 *
 * Run it:       make client-8                            (first: make server-8, elsewhere)
 *               make client-8 ARGS="http://127.0.0.1:8080/time /time"
 *               make client-8 ARGS="--head /time"
 * Its partner:  server.c, or any other HTTP server; both use http and slice
 *
 * The body of a response has a length, or comes in pieces that have one (chunked), or goes on
 * to the end of the connection. For each of them there is another terminator.
 */
#include "asynchat.h"
#include "buffer.h"
#include "cli.h"
#include "http.h"
#include "net.h"
#include "slice.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { MAX_HEAD = 65536 };

/* What comes now; each has a terminator of its own. */
enum state { HEAD, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, UNTIL_END };

struct client {
    struct async_chat chat;
    char host[256]; /* as it was given, without brackets */
    long port;
    bool head_only; /* ask for heads only */
    bool raw;       /* print bodies as they are */
    const char **paths;
    double moved;              /* when something came for the last time */
    int wanted, ended, failed; /* responses; failed: with another status than 2xx */
    enum state state;
    size_t collected; /* bytes of this head or line */
    bool keep_alive;  /* the server stays after this response */
};

static struct client *client_of(struct async_chat *chat)
{
    return container_of(chat, struct client, chat);
}

/* ---- what is printed ---- */

/* Prints bytes of a body: unless --raw is given, they can do no harm in a terminal. */
static void print_body(const struct client *client, const char *bytes, size_t length)
{
    struct slice rest = {bytes, length};

    if (client->raw) {
        fwrite(bytes, 1, length, stdout);
        return;
    }
    while (rest.bytes != NULL) {
        struct slice line = slice_cut(&rest, '\n');
        cli_print_bytes(stdout, line.bytes, line.length);
        if (rest.bytes != NULL)
            putchar('\n');
    }
}

static void print_head(const char *bytes, size_t length)
{
    struct slice head = {bytes, length}, line;

    while (http_next_line(&head, &line)) {
        cli_print_bytes(stdout, line.bytes, line.length);
        putchar('\n');
    }
    putchar('\n');
}

/* ---- one response after the other ---- */

static void expect(struct client *client, enum state state, const char *terminator,
                   size_t length)
{
    client->state = state;
    client->collected = 0;
    async_chat_set_terminator(&client->chat, terminator, length);
}

/* So many bytes of a body come now. A size_t has 32 bits on some computers. */
static void expect_body(struct client *client, enum state state, long long length)
{
    if ((unsigned long long)length != (size_t)length)
        cli_fail("the server sends more than this computer can count");
    expect(client, state, NULL, (size_t)length);
}

/* A response is complete. */
static void end_response(struct client *client)
{
    client->ended++;
    if (client->ended == client->wanted)
        dispatcher_close(&client->chat.dispatcher);
    else if (!client->keep_alive)
        cli_fail("the server closed the connection after %d of %d responses",
                 client->ended, client->wanted);
    else
        expect(client, HEAD, "\r\n\r\n", 4);
}

/* A head has come: it says how the body ends. */
static void begin_response(struct client *client, const char *head, size_t length)
{
    struct http_response response;

    if (http_parse_response(head, length, &response) == -1)
        cli_fail("the server sent no HTTP response");
    if (response.status / 100 == 1) { /* "100 Continue": the response comes later */
        expect(client, HEAD, "\r\n\r\n", 4);
        return;
    }
    client->keep_alive = response.keep_alive;
    if (client->head_only)
        print_head(head, length);
    if (response.status / 100 != 2) {
        fflush(stdout);
        cli_warn_bytes("the server answered", response.line.bytes, response.line.length);
        client->failed++;
    }
    if (client->head_only || response.status == 204 || response.status == 304 ||
        response.content_length == 0)
        end_response(client);
    else if (response.chunked)
        expect(client, CHUNK_SIZE, "\r\n", 2);
    else if (response.content_length > 0)
        expect_body(client, BODY, response.content_length);
    else
        expect(client, UNTIL_END, NULL, 0);
}

/* "1a2b;extensions": so many bytes follow; after the last chunk, which is empty, lines. */
static void begin_chunk(struct client *client, const char *bytes, size_t length)
{
    struct slice line = {bytes, length};

    long long size = slice_number(slice_trim(slice_cut(&line, ';')), 16);
    if (size == -1)
        cli_fail("the server sent a chunk without a length");
    if (size == 0)
        expect(client, TRAILER, "\r\n", 2);
    else
        expect_body(client, CHUNK, size);
}

/* ---- the methods ---- */

/* Bodies are printed as they come; heads and lines are kept until they are complete. */
static int collect_incoming_data(struct async_chat *chat, const char *bytes,
                                 size_t length)
{
    struct client *client = client_of(chat);

    client->moved = net_now();
    if (client->state == BODY || client->state == CHUNK || client->state == UNTIL_END) {
        print_body(client, bytes, length);
        return 0;
    }
    client->collected += length;
    if (client->collected > MAX_HEAD)
        cli_fail("the server sent a head longer than %d bytes", MAX_HEAD);
    return async_chat_collect_incoming_data(chat, bytes, length);
}

static int found_terminator(struct async_chat *chat)
{
    struct client *client = client_of(chat);
    size_t length;
    char *bytes = async_chat_get_data(chat, &length);

    switch (client->state) {
    case HEAD:
        begin_response(client, bytes, length);
        break;
    case CHUNK_SIZE:
        begin_chunk(client, bytes, length);
        break;
    case CHUNK:
        expect(client, CHUNK_END, "\r\n", 2);
        break;
    case CHUNK_END:
        expect(client, CHUNK_SIZE, "\r\n", 2);
        break;
    case TRAILER:
        if (length == 0)
            end_response(client);
        else
            expect(client, TRAILER, "\r\n", 2);
        break;
    default: /* BODY; UNTIL_END has no terminator */
        end_response(client);
        break;
    }
    free(bytes);
    return 0;
}

/* The server has ended: is that the end of the response, or in its middle? */
static int handle_close(struct dispatcher *d)
{
    struct client *client = client_of(async_chat_of(d));

    if (client->state != UNTIL_END)
        cli_fail("the server closed the connection before its response was complete");
    client->keep_alive = false;
    end_response(client);
    return 0;
}

static void handle_error(struct dispatcher *d, int error)
{
    (void)d;
    cli_fail("%s", strerror(error));
}

static const struct async_chat_ops client_ops = {
    .dispatcher.handle_close = handle_close,
    .dispatcher.handle_error = handle_error,
    .collect_incoming_data = collect_incoming_data,
    .found_terminator = found_terminator,
};

/* ---- the program ---- */

/* Reads a URL, or a path of the server that the options name. Puts host and port into
 * `client`, if there are any. Returns the path. */
static const char *parse_url(const char *url, struct client *client)
{
    static const char scheme[] = "http://";
    size_t skip = sizeof scheme - 1;

    if (*url == '/')
        return url;
    if (strncasecmp(url, scheme, skip) != 0)
        cli_fail_usage("%s: not http://HOST[:PORT][/PATH], and not /PATH", url);
    const char *host = url + skip;
    bool is_bracketed = *host == '['; /* an IPv6 address */
    host += is_bracketed;
    size_t length = strcspn(host, is_bracketed ? "]/" : ":/");
    if (length == 0 || length >= sizeof client->host ||
        (is_bracketed && host[length] != ']'))
        cli_fail_usage("%s: there is no host in it", url);
    memcpy(client->host, host, length);
    client->host[length] = '\0';
    const char *rest = host + length + is_bracketed;
    client->port = 80;
    if (*rest == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        client->port = (long)slice_number((struct slice){rest + 1, digits}, 10);
        rest += 1 + digits;
    }
    if (client->port < 1 || client->port > 65535 || (*rest != '/' && *rest != '\0'))
        cli_fail_usage("%s: there is no port from 1 to 65535 in it", url);
    return *rest == '/' ? rest : "/";
}

/* Reads all of them. Ends the program if they are not all on one server. */
static void parse_urls(struct client *client, char **urls, int count)
{
    char host[sizeof client->host]; /* of the URL before */
    long port;

    client->paths = malloc((size_t)count * sizeof *client->paths);
    if (client->paths == NULL)
        cli_fail("malloc: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        for (const char *at = urls[i]; *at != '\0'; at++)
            if (*at <= ' ' || *at > '~')
                cli_fail_usage("URL %d: a space is %%20 there, a newline %%0A", i + 1);
        strcpy(host, client->host);
        port = client->port;
        client->paths[i] = parse_url(urls[i], client);
        if (i > 0 && (strcmp(host, client->host) != 0 || port != client->port))
            cli_fail_usage("%s: it is on another server than %s", urls[i], urls[i - 1]);
    }
    client->wanted = count;
}

/* Pushes all requests, one behind the other. The last one says that there will be no more. In one
 * push: of several sends, the kernel may hold back the second until the first is acknowledged. */
static void push_requests(struct client *client)
{
    bool is_ipv6 = strchr(client->host, ':') != NULL;
    struct buffer requests = {0};
    char head[512];

    for (int i = 0; i < client->wanted; i++) {
        const char *method = client->head_only ? "HEAD " : "GET ";
        int length =
            snprintf(head, sizeof head, " HTTP/1.1\r\nHost: %s%s%s:%ld\r\n%s\r\n",
                     is_ipv6 ? "[" : "", client->host, is_ipv6 ? "]" : "", client->port,
                     i == client->wanted - 1 ? "Connection: close\r\n" : "");
        if (buffer_append(&requests, method, strlen(method)) == -1 ||
            buffer_append(&requests, client->paths[i], strlen(client->paths[i])) == -1 ||
            buffer_append(&requests, head, (size_t)length) == -1)
            cli_fail("%s", strerror(errno));
    }
    if (async_chat_push(&client->chat, buffer_front(&requests),
                        buffer_length(&requests)) == -1)
        cli_fail("send: %s", strerror(errno));
    buffer_free(&requests);
}

/* Lets the loop call the methods, until all responses are there. Ends the program if nothing
 * comes for `timeout` seconds. */
static void run(struct client *client, double timeout)
{
    int open = 1;

    client->moved = net_now();
    while (open != 0) {
        double left = client->moved + timeout - net_now();
        if (timeout > 0 && left <= 0)
            cli_fail("nothing came from the server for %g seconds", timeout);
        open = asyncore_loop(timeout > 0 ? left : -1, ASYNCORE_EPOLL, NULL, 1);
        if (open == -1 && errno != EINTR)
            cli_fail("epoll: %s", strerror(errno));
    }
}

int main(int argc, char **argv)
{
    static struct client client = {.port = 8080};
    static char *time_path[] = {"/time"};
    const char *host = "127.0.0.1", *reason;
    double timeout = 10;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server, for a path", .text = &host},
        {"port", 'p', "P", "its port", .number = &client.port, .min = 1, .max = 65535},
        {"head", 0, NULL, "ask for the heads, and print them", .flag = &client.head_only},
        {"raw", 0, NULL, "print bodies as they are, without escapes",
         .flag = &client.raw},
        {"timeout", 't', "SEC", "give up when nothing comes for so long; 0: never",
         .seconds = &timeout},
        {0},
    };
    int first = cli_parse(argc, argv, "[http://HOST[:PORT]/PATH | /PATH]...",
                          "Fetch what the URLs name, or /time, and print it.", options);
    if (strlen(host) >= sizeof client.host)
        cli_fail_usage("--host %s: too long", host);
    strcpy(client.host, host);
    if (first < argc)
        parse_urls(&client, argv + first, argc - first);
    else
        parse_urls(&client, time_path, 1);

    int fd = net_connect(client.host, client.port, &reason);
    if (fd == -1)
        cli_fail("connect %s:%ld: %s", client.host, client.port, reason);
    if (async_chat_init(&client.chat, &client_ops, fd, NULL) == -1)
        cli_fail("%s", strerror(errno));
    expect(&client, HEAD, "\r\n\r\n", 4);
    push_requests(&client);
    run(&client, timeout);
    free(client.paths);
    return client.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
