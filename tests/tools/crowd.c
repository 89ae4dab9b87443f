/*
 * crowd.c - many members of a chat, in one process: the first one speaks, and each of the
 * others must get every line once, whole and in order.
 *
 * Run it:       build/tools/crowd --port 2626 --members 900 --lines 20
 *               build/tools/crowd --port 2626 --members 500 --hold
 * Its partner:  the server of a chat lesson
 *
 * They join one after the other. Who is not welcomed with "You're connected" counts as
 * refused. What the server tells of those who join and leave is read, and not counted.
 */
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 256 };

struct member {
    char line[LINE_SIZE]; /* the one that is being received */
    size_t length;
    long right; /* lines of the speaker that came as they should */
};

struct crowd {
    struct member *members;
    struct pollfd *ready; /* beside it, the descriptor of each */
    size_t count;
    long lines, right, wrong;
};

/* Connects. Returns the socket if the first line welcomes it, or -1 if not. */
static int join(const char *host, long port, double timeout)
{
    static const char welcome[] = "You're connected";
    char line[LINE_SIZE] = "";
    size_t length = 0;
    const char *reason;

    int fd = net_connect(host, port, &reason);
    if (fd == -1)
        cli_fail("connect %s:%ld: %s", host, port, reason);
    if (net_set_timeout(fd, timeout) == -1)
        cli_fail("setsockopt: %s", strerror(errno));
    while (length < LINE_SIZE - 1 && (length == 0 || line[length - 1] != '\n') &&
           net_recv(fd, line + length, 1) == 1)
        length++;
    if (strncmp(line, welcome, strlen(welcome)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The line must be the next one of the speaker; one of the server itself is not counted. */
static void check_line(struct crowd *crowd, struct member *member)
{
    char wanted[LINE_SIZE];
    const char *text = memchr(member->line, ']', member->length);

    if (member->line[0] != '[' || text == NULL)
        return;
    int length = snprintf(wanted, sizeof wanted, "] line %ld\r\n", member->right);
    if (member->length - (size_t)(text - member->line) == (size_t)length &&
        memcmp(text, wanted, (size_t)length) == 0) {
        member->right++;
        crowd->right++;
    } else if (crowd->wrong++ == 0) {
        cli_warn("line %ld came otherwise", member->right);
        cli_print_bytes(stderr, member->line, member->length);
        fputc('\n', stderr);
    }
}

static void receive_lines(struct crowd *crowd, size_t i)
{
    struct member *member = &crowd->members[i];
    char bytes[4096];

    ssize_t received = recv(crowd->ready[i].fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (received == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (received <= 0) {
        close(crowd->ready[i].fd);
        crowd->ready[i].fd = -1;
    }
    for (ssize_t n = 0; n < received; n++) {
        if (member->length < LINE_SIZE)
            member->line[member->length++] = bytes[n];
        if (bytes[n] == '\n') {
            check_line(crowd, member);
            member->length = 0;
        }
    }
}

/* Receives until all lines have come, or `deadline`. */
static void receive_all_lines(struct crowd *crowd, double deadline)
{
    const long all = crowd->lines * (long)(crowd->count - 1);

    while (crowd->right + crowd->wrong < all && net_now() < deadline && !net_stopping) {
        int found = poll(crowd->ready, (nfds_t)crowd->count, 100);
        for (size_t i = 0; found > 0 && i < crowd->count; i++)
            if (crowd->ready[i].fd != -1 && crowd->ready[i].revents != 0)
                receive_lines(crowd, i);
    }
    printf("lines: %ld right, %ld wrong, %ld missing\n", crowd->right, crowd->wrong,
           all - crowd->right - crowd->wrong);
}

/* The first member says all lines, as fast as the connection takes them. */
static void speak(const struct crowd *crowd)
{
    char line[LINE_SIZE];

    for (long i = 0; i < crowd->lines; i++) {
        int length = snprintf(line, sizeof line, "line %ld\n", i);
        if (net_send_all(crowd->ready[0].fd, line, (size_t)length) == -1)
            cli_fail("send: %s", strerror(errno));
    }
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    long port = 0;
    long members = 10;
    double timeout = 30;
    bool hold = false;
    struct crowd crowd = {0};
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"members", 'n', "N", "at the same time", .number = &members, .min = 1,
         .max = 1000000},
        {"lines", 'l', "N", "that the first one says", .number = &crowd.lines,
         .max = 1000000},
        {"timeout", 't', "SEC", "for the lines", .seconds = &timeout},
        {"hold", 0, NULL, "keep the connections until a signal comes", .flag = &hold},
        {0},
    };
    cli_parse(argc, argv, NULL, "Join a chat many times; check what each member is told.",
              options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));
    net_raise_descriptor_limit();
    crowd.members = calloc((size_t)members, sizeof *crowd.members);
    crowd.ready = calloc((size_t)members, sizeof *crowd.ready);
    if (crowd.members == NULL || crowd.ready == NULL)
        cli_fail("calloc: %s", strerror(errno));

    for (long i = 0; i < members && !net_stopping; i++) {
        int fd = join(host, port, timeout);
        if (fd != -1)
            crowd.ready[crowd.count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    printf("%zu joined, %ld refused\n", crowd.count, members - (long)crowd.count);
    if (crowd.lines > 0 && crowd.count > 0) {
        speak(&crowd);
        receive_all_lines(&crowd, net_now() + timeout);
    }
    while (hold && !net_stopping)
        poll(NULL, 0, 1000);
    bool all_right = crowd.right == crowd.lines * ((long)crowd.count - 1);
    free(crowd.members);
    free(crowd.ready);
    return all_right || crowd.lines == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
