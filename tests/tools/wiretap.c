/*
 * wiretap.c - stands between a client and a server, passes on all that they send, and shows it: what
 * somebody sees who has a cable in the middle.
 *
 * Run it:       build/tools/wiretap --port 0 --to 2121       (one connection; then it ends)
 * Its partner:  any client, and any server of the lessons on 127.0.0.1
 *
 * It prints "-> BYTES" for what comes from the client, "<- BYTES" for what comes from the server: each line of
 * text, or, if there are other bytes in a piece, its first 12.
 */
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One end, and where its bytes go. */
struct end {
    int fd;
    const char *mark;
    bool has_ended;
};

static bool is_text(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((bytes[i] < ' ' && bytes[i] != '\r' && bytes[i] != '\n') || bytes[i] > '~')
            return false;
    return true;
}

static void show_line(const struct end *end, const char *bytes, size_t length,
                      size_t most)
{
    printf("%s ", end->mark);
    cli_print_bytes(stdout, bytes, length < most ? length : most);
    if (length > most)
        printf("... %zu bytes", length);
    putchar('\n');
}

static void show(const struct end *end, const char *bytes, size_t length)
{
    if (!is_text(bytes, length)) {
        show_line(end, bytes, length, 12);
        return;
    }
    while (length > 0) {
        const char *newline = memchr(bytes, '\n', length);
        size_t count = newline != NULL ? (size_t)(newline - bytes) + 1 : length;
        show_line(end, bytes, count, 60);
        bytes += count;
        length -= count;
    }
}

/* Passes on what has come from one end. */
static void pass_on(struct end *from, const struct end *to)
{
    char bytes[16384];

    ssize_t count = recv(from->fd, bytes, sizeof bytes, 0);
    if (count == -1)
        cli_fail("recv: %s", strerror(errno));
    if (count == 0) {
        from->has_ended = true;
        shutdown(to->fd, SHUT_WR);
        return;
    }
    show(from, bytes, (size_t)count);
    if (net_send_all(to->fd, bytes, (size_t)count) == -1)
        cli_fail("send: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    char name[NET_NAME_SIZE];
    long port = 0, to = 0;
    const char *reason;
    const struct cli_option options[] = {
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"to", 0, "P", "the server's port", .number = &to, .min = 1, .max = 65535},
        {0},
    };
    cli_parse(argc, argv, NULL, "Show what a client and a server send each other.",
              options);
    if (to == 0)
        cli_fail_usage("--to: the server's port is needed");
    int listener = net_listen("127.0.0.1", port, 1, &reason);
    if (listener == -1)
        cli_fail("bind 127.0.0.1:%ld: %s", port, reason);
    if (net_local_name(listener, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    printf("listening on %s\n", name);

    struct end client = {net_accept(listener, name), "->", false};
    struct end server = {net_connect("127.0.0.1", to, &reason), "<-", false};
    if (client.fd == -1)
        cli_fail("accept: %s", strerror(errno));
    if (server.fd == -1)
        cli_fail("connect 127.0.0.1:%ld: %s", to, reason);
    net_set_nodelay(client.fd);
    net_set_nodelay(server.fd);
    while (!client.has_ended || !server.has_ended) {
        struct pollfd waits[2] = {
            {.fd = client.has_ended ? -1 : client.fd, .events = POLLIN},
            {.fd = server.has_ended ? -1 : server.fd, .events = POLLIN}};
        if (poll(waits, 2, -1) == -1)
            cli_fail("poll: %s", strerror(errno));
        if (waits[0].revents != 0)
            pass_on(&client, &server);
        if (waits[1].revents != 0)
            pass_on(&server, &client);
    }
    return EXIT_SUCCESS;
}
