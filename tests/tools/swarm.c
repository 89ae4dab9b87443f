/*
 * swarm.c - many clients at once, in one process: each sends its messages, one after the
 * other, and checks and times every reply.
 *
 * Run it:       build/tools/swarm --port 9998 --connections 100 --messages 10
 *               build/tools/swarm --port 10001 --until-eof --send Hello
 *               build/tools/swarm --port 10001 --line --connections 2000 --stay
 *               build/tools/swarm --port 10000 --udp --send '{}' --expect 'echo:{}'
 * Its partner:  any server of the lessons
 *
 * In the texts, \n, \r and \\ are escapes, and {} stands for a number that no other
 * message has: so a reply that was meant for somebody else is found.
 *
 * A latency is the time from the first byte of a message sent to the last byte of its
 * reply received; for the first message of a connection, it starts with connect.
 */
#include "cli.h"
#include "differ.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_SIZE = 65536 };

enum state { CONNECTING, SENDING, RECEIVING, DONE };

struct connection {
    enum state state;
    long message;   /* its number, counted over all connections */
    long last;      /* the number behind its last message */
    size_t moved;   /* bytes of the message sent, or of the reply received */
    double started; /* when, by the clock of net_now */
};

struct swarm {
    const struct addrinfo *address;
    const char *send, *expect;
    bool udp, until_eof, any_line, reconnect, stay;
    long open, right, wrong;
    double *latencies; /* in seconds; one for each right reply */
    struct connection *connections;
    struct pollfd *ready; /* beside it, the descriptor of each */
};

/* Writes `text` for message `number` into `to`. Returns the length. */
static size_t expand(const char *text, long number, char to[TEXT_SIZE])
{
    size_t length = 0;
    for (; *text != '\0' && length < TEXT_SIZE - 24; text++)
        if (text[0] == '{' && text[1] == '}') {
            length += (size_t)snprintf(to + length, 24, "%ld", number);
            text++;
        } else if (text[0] == '\\' && (text[1] == 'n' || text[1] == 'r')) {
            to[length++] = *++text == 'n' ? '\n' : '\r';
        } else {
            text += text[0] == '\\' && text[1] == '\\';
            to[length++] = *text;
        }
    return length;
}

/* Does no more on one connection. It stays open, until swarm ends. */
static void rest(struct swarm *swarm, size_t i)
{
    swarm->ready[i].fd = -1;
    swarm->connections[i].state = DONE;
    swarm->open--;
}

/* Ends one connection; what it has not received by now is missing. */
static void leave(struct swarm *swarm, size_t i)
{
    close(swarm->ready[i].fd);
    rest(swarm, i);
}

/* The first wrong reply is shown; that there are more, the summary says. */
static void report_wrong(struct swarm *swarm, size_t i, const char *wanted, size_t length,
                         const char *came, size_t count)
{
    if (swarm->wrong++ == 0) {
        cli_warn("a reply to message %ld is wrong", swarm->connections[i].message);
        differ_print(wanted, length, came, count);
    }
    leave(swarm, i);
}

static void begin_connection(struct swarm *swarm, size_t i)
{
    const struct addrinfo *a = swarm->address;
    struct connection *c = &swarm->connections[i];
    int fd = socket(a->ai_family, swarm->udp ? SOCK_DGRAM : SOCK_STREAM, 0);

    if (fd == -1)
        cli_fail("socket: %s", strerror(errno));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    swarm->ready[i] = (struct pollfd){.fd = fd, .events = POLLOUT};
    swarm->open++;
    c->state = CONNECTING;
    c->moved = 0;
    c->started = net_now();
    if (connect(fd, a->ai_addr, a->ai_addrlen) == -1 && errno != EINPROGRESS) {
        cli_warn("connect: %s", strerror(errno));
        leave(swarm, i);
    }
}

/* The reply to the message is whole: the next one, if there is one. */
static void end_message(struct swarm *swarm, size_t i)
{
    struct connection *c = &swarm->connections[i];

    swarm->latencies[swarm->right++] = net_now() - c->started;
    c->message++;
    c->moved = 0;
    if (swarm->stay && c->message == c->last) {
        rest(swarm, i);
        return;
    }
    if (swarm->until_eof || swarm->reconnect || c->message == c->last) {
        leave(swarm, i);
        if (c->message < c->last)
            begin_connection(swarm, i);
        return;
    }
    c->started = net_now();
    c->state = SENDING;
    swarm->ready[i].events = POLLOUT;
}

static void finish_connecting(struct swarm *swarm, size_t i)
{
    int error = 0;
    socklen_t length = sizeof error;

    getsockopt(swarm->ready[i].fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error == 0) {
        swarm->connections[i].state = SENDING;
        return;
    }
    cli_warn("connect: %s", strerror(error));
    leave(swarm, i);
}

static void send_more(struct swarm *swarm, size_t i)
{
    static char text[TEXT_SIZE];
    struct connection *c = &swarm->connections[i];
    size_t length = expand(swarm->send, c->message, text);

    ssize_t sent = send(swarm->ready[i].fd, text + c->moved, length - c->moved, 0);
    if (sent == -1 && errno != EAGAIN && errno != EINTR) {
        cli_warn("send: %s", strerror(errno));
        leave(swarm, i);
    } else if (sent >= 0 && (c->moved += (size_t)sent) == length) {
        c->moved = 0;
        c->state = RECEIVING;
        swarm->ready[i].events = POLLIN;
    }
}

static void receive_more(struct swarm *swarm, size_t i)
{
    static char wanted[TEXT_SIZE];
    static char came[TEXT_SIZE];
    struct connection *c = &swarm->connections[i];

    ssize_t received = recv(swarm->ready[i].fd, came, sizeof came, 0);
    if (received == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (received == -1) {
        cli_warn("recv: %s", strerror(errno));
        leave(swarm, i);
        return;
    }
    size_t count = (size_t)received;
    if (swarm->until_eof) {
        c->moved += count;
        if (count == 0 && c->moved > 0)
            end_message(swarm, i);
        else if (count == 0)
            leave(swarm, i); /* an empty reply is a missing one */
        return;
    }
    if (swarm->any_line) {
        if (count == 0)
            leave(swarm, i);
        else if (came[count - 1] == '\n')
            end_message(swarm, i);
        return;
    }
    size_t length = expand(swarm->expect, c->message, wanted);
    if (count == 0 && !swarm->udp)
        leave(swarm, i);
    else if (count > length - c->moved || memcmp(came, wanted + c->moved, count) != 0 ||
             (swarm->udp && count != length))
        report_wrong(swarm, i, wanted + c->moved, length - c->moved, came, count);
    else if ((c->moved += count) == length)
        end_message(swarm, i);
}

static void advance(struct swarm *swarm, size_t i)
{
    static void (*const step[])(struct swarm *, size_t) = {
        [CONNECTING] = finish_connecting,
        [SENDING] = send_more,
        [RECEIVING] = receive_more,
    };
    step[swarm->connections[i].state](swarm, i);
}

static int compare_latencies(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print_summary(struct swarm *swarm, long total)
{
    size_t count = (size_t)swarm->right;
    const double *sorted = swarm->latencies;

    printf("replies: %ld right, %ld wrong, %ld missing", swarm->right, swarm->wrong,
           total - swarm->right - swarm->wrong);
    if (count > 0) {
        qsort(swarm->latencies, count, sizeof *swarm->latencies, compare_latencies);
        printf("; ms: p50 %.2f p90 %.2f p99 %.2f max %.2f",
               sorted[(count - 1) / 2] * 1000, sorted[(count - 1) * 9 / 10] * 1000,
               sorted[(count - 1) * 99 / 100] * 1000, sorted[count - 1] * 1000);
    }
    putchar('\n');
}

/* Runs all connections until each is done, or the time is over. */
static void run(struct swarm *swarm, size_t count, long messages, double timeout)
{
    double deadline = net_now() + timeout;

    for (size_t i = 0; i < count; i++) {
        swarm->connections[i].message = (long)i * messages;
        swarm->connections[i].last = (long)(i + 1) * messages;
        begin_connection(swarm, i);
    }
    while (swarm->open > 0 && !net_stopping) {
        double left = deadline - net_now();
        if (left <= 0)
            break;
        int found = poll(swarm->ready, (nfds_t)count, (int)(left * 1000) + 1);
        for (size_t i = 0; found > 0 && i < count; i++)
            if (swarm->ready[i].fd != -1 && swarm->ready[i].revents != 0)
                advance(swarm, i);
    }
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    const char *reason = NULL;
    long port = 0;
    long connections = 10;
    long messages = 1;
    double timeout = 10;
    struct swarm swarm = {.send = "Hello {}\\n", .expect = "HELLO {}\\n"};
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"connections", 'c', "N", "at the same time", .number = &connections, .min = 1,
         .max = 1000000},
        {"messages", 'm', "N", "on each, one after the other", .number = &messages,
         .min = 1, .max = 1000000},
        {"send", 's', "TEXT", "a message", .text = &swarm.send},
        {"expect", 'e', "TEXT", "its reply", .text = &swarm.expect},
        {"until-eof", 'E', NULL, "the reply is whatever comes before the end",
         .flag = &swarm.until_eof},
        {"line", 'l', NULL, "the reply is one line, whatever it says",
         .flag = &swarm.any_line},
        {"reconnect", 'r', NULL, "a new connection for each message",
         .flag = &swarm.reconnect},
        {"stay", 'S', NULL, "nobody leaves until all have their replies",
         .flag = &swarm.stay},
        {"udp", 'u', NULL, "datagrams instead of streams", .flag = &swarm.udp},
        {"timeout", 't', "SEC", "for everything", .seconds = &timeout},
        {0},
    };
    cli_parse(argc, argv, NULL,
              "Send messages on many connections at once; check and time the replies.",
              options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));
    net_raise_descriptor_limit();

    size_t count = (size_t)connections;
    long total = connections * messages;
    struct addrinfo *list = net_look_up(host, port, false, &reason);
    if (list == NULL)
        cli_fail("%s: %s", host, reason);
    swarm.address = list;
    swarm.latencies = calloc((size_t)total, sizeof *swarm.latencies);
    swarm.connections = calloc(count, sizeof *swarm.connections);
    swarm.ready = calloc(count, sizeof *swarm.ready);
    if (!swarm.latencies || !swarm.connections || !swarm.ready)
        cli_fail("calloc: %s", strerror(errno));

    run(&swarm, count, messages, timeout);
    print_summary(&swarm, total);
    bool all_right = swarm.right == total;
    freeaddrinfo(list);
    free(swarm.latencies);
    free(swarm.connections);
    free(swarm.ready);
    return all_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
