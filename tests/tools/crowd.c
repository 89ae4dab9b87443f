/*
 * crowd.c - many members of a chat, in one process: the first one speaks, or all of them do, and
 * each of the others must get every line once, whole and in order.
 *
 * Run it:       build/tools/crowd --port 2626 --members 900 --lines 20
 *               build/tools/crowd --port 2626 --members 10 --lines 1000 --all
 *               build/tools/crowd --port 2626 --members 500 --hold
 * Its partner:  the server of a chat lesson
 *
 * They join one after the other. Who is not welcomed with "You're connected" counts as
 * refused. What the server tells of those who join and leave is read, and not counted.
 *
 * With --all they speak in turns: all say line 0 at once, and when everyone has got it from all the
 * others, line 1. A turn in which a line waited for an acknowledgement takes 40 ms or longer; it is
 * counted as slow. (With a hundred members a turn is slow in any case: it has 9,900 lines.)
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

static const double SLOW = 0.03; /* seconds, for a turn */

struct member {
    char line[LINE_SIZE]; /* the one that is being received */
    size_t length;
    long right; /* lines of the speaker that came as they should */
};

struct crowd {
    struct member *members;
    struct pollfd *ready; /* beside it, the descriptor of each */
    size_t count;
    size_t authors; /* the first so many of the members say each line */
    long lines, right, wrong;
};

/* How many times each line is told, to all members together: to all but its author. */
static long tellings(const struct crowd *crowd)
{
    return (long)(crowd->authors * (crowd->count - 1));
}

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
    if (net_set_timeout(fd, timeout) == -1 || net_set_nodelay(fd) == -1)
        cli_fail("setsockopt: %s", strerror(errno));
    while (length < LINE_SIZE - 1 && (length == 0 || line[length - 1] != '\n') &&
           net_recv(fd, line + length, 1) == 1)
        length++;
    if (strncmp(line, welcome, strlen(welcome)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The line must be the next one of those who speak; one of the server itself is not counted. */
static void check_line(struct crowd *crowd, struct member *member)
{
    char wanted[LINE_SIZE];
    const char *text = memchr(member->line, ']', member->length);
    /* If all speak, each line comes from all but the member itself. */
    long tellers = crowd->authors > 1 ? (long)crowd->authors - 1 : 1;
    long number = member->right / tellers;

    if (member->line[0] != '[' || text == NULL)
        return;
    int length = snprintf(wanted, sizeof wanted, "] line %ld\r\n", number);
    if (member->length - (size_t)(text - member->line) == (size_t)length &&
        memcmp(text, wanted, (size_t)length) == 0) {
        member->right++;
        crowd->right++;
    } else if (crowd->wrong++ == 0) {
        cli_warn("line %ld came otherwise", number);
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

/* Receives until `lines` lines have come to all, or `deadline`. */
static void receive_until(struct crowd *crowd, long lines, double deadline)
{
    const long all = lines * tellings(crowd);

    while (crowd->right + crowd->wrong < all && net_now() < deadline && !net_stopping) {
        int found = poll(crowd->ready, (nfds_t)crowd->count, 100);
        for (size_t i = 0; found > 0 && i < crowd->count; i++)
            if (crowd->ready[i].fd != -1 && crowd->ready[i].revents != 0)
                receive_lines(crowd, i);
    }
}

/* Every author says this line. */
static void say(const struct crowd *crowd, long number)
{
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line, "line %ld\n", number);

    for (size_t i = 0; i < crowd->authors; i++)
        if (net_send_all(crowd->ready[i].fd, line, (size_t)length) == -1)
            cli_fail("send: %s", strerror(errno));
}

/* With --all: all members say each line, and wait for it before the next one. */
static void speak_in_turns(struct crowd *crowd, double timeout)
{
    const double begin = net_now();
    long slow = 0;

    for (long i = 0; i < crowd->lines && net_now() < begin + timeout && !net_stopping;
         i++) {
        double turn = net_now();
        say(crowd, i);
        receive_until(crowd, i + 1, begin + timeout);
        slow += net_now() - turn > SLOW;
    }
    printf("turns: %ld slow, %.0f lines a second\n", slow,
           (double)crowd->right / (net_now() - begin));
}

/* The first member says all lines, as fast as the connection takes them. */
static void speak_alone(struct crowd *crowd, double timeout)
{
    for (long i = 0; i < crowd->lines; i++)
        say(crowd, i);
    receive_until(crowd, crowd->lines, net_now() + timeout);
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    long port = 0;
    long members = 10;
    double timeout = 30;
    bool all = false;
    bool hold = false;
    struct crowd crowd = {0};
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"members", 'n', "N", "at the same time", .number = &members, .min = 1,
         .max = 1000000},
        {"lines", 'l', "N", "that the first one says, or each", .number = &crowd.lines,
         .max = 1000000},
        {"all", 0, NULL, "all say each line, and wait for it before the next",
         .flag = &all},
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
    crowd.authors = all ? crowd.count : 1;
    if (crowd.lines > 0 && crowd.count > 0) {
        if (all)
            speak_in_turns(&crowd, timeout);
        else
            speak_alone(&crowd, timeout);
        printf("lines: %ld right, %ld wrong, %ld missing\n", crowd.right, crowd.wrong,
               crowd.lines * tellings(&crowd) - crowd.right - crowd.wrong);
    }
    while (hold && !net_stopping)
        poll(NULL, 0, 1000);
    bool all_right = crowd.right == crowd.lines * tellings(&crowd);
    free(crowd.members);
    free(crowd.ready);
    return all_right || crowd.lines == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
