/*
 * client.c - sends each line it reads as a message, and prints each reply.
 *
 * Run it:       make client-3                     (first: make server-3, elsewhere)
 *               printf 'one\ntwo\n' | make -s client-3
 * Its partner:  server.c; both share stream.h
 *
 * The calls, in order: those of lesson 2, and at end of input shutdown: the half-close.
 */
#include "cli.h"
#include "net.h"
#include "stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum {
    MAX_REPLY = 1 << 30,
    /*
     * From a pipe, lines are sent before the replies to the earlier ones are read, but so
     * many bytes at most. If both sides only sent and nobody read, all buffers between
     * them would fill, and both would wait for ever.
     */
    MAX_UNANSWERED = 16384
};

static const char *const SHUTDOWN_NAMES[] = {"SHUT_RD", "SHUT_WR", "SHUT_RDWR", NULL};

/* Receives and prints one reply. Returns its length, or -1 at the end of the stream. */
static ssize_t print_reply(struct stream *stream)
{
    static const char error[] = "error: "; /* a reply has no small letters */
    char *reply;
    size_t length;

    int result = stream_receive(stream, &reply, &length);
    if (result == -1)
        cli_fail("receive: %s", strerror(errno));
    if (result == 0)
        return -1;
    if (length >= strlen(error) && memcmp(reply, error, strlen(error)) == 0) {
        cli_warn_bytes("the server answered", reply, length);
        exit(EXIT_FAILURE);
    }
    cli_print_bytes(stdout, reply, length);
    putchar('\n');
    return (ssize_t)length;
}

/* How many bytes of its framing a message counts: one is enough for an empty one to count, too. With
 * `raw` it is none, since one reply may answer several messages. */
static ssize_t framing_cost(const struct stream *stream)
{
    return stream->framing == STREAM_RAW ? 0 : 1;
}

/*
 * Sends one message, and then receives replies until no more than `window` bytes are unanswered.
 * With `raw` there are no messages: the server answers the beginning before it has the end. So a
 * long one is sent in parts, with replies received between them.
 * Returns 0, or -1 if it can't be sent.
 */
static int send_message(struct stream *stream, const char *message, ssize_t length,
                        ssize_t window, ssize_t *unanswered)
{
    do {
        ssize_t part = length;
        if (stream->framing == STREAM_RAW && part > MAX_UNANSWERED)
            part = MAX_UNANSWERED;
        *unanswered += part + framing_cost(stream);
        if (stream_send(stream, message, (size_t)part) == -1)
            return -1;
        message += part;
        length -= part;
        while (*unanswered > window) {
            ssize_t reply = print_reply(stream);
            if (reply == -1)
                cli_fail("the server closed the connection");
            *unanswered -= reply + framing_cost(stream);
        }
    } while (length > 0);
    return 0;
}

/*
 * Sends every line of stdin, without its newline, as a message, as send_message does. With `prompt`
 * it asks for each line. Returns how many bytes are unanswered at the end of the input, or when
 * nothing more can be sent.
 */
static ssize_t hold_dialog(struct stream *stream, ssize_t window, bool prompt)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    ssize_t unanswered = 0;

    for (;;) {
        if (prompt) {
            printf("> ");
            fflush(stdout); /* a line-buffered stdout would wait for a newline */
        }
        if ((length = getline(&line, &size, stdin)) == -1) {
            if (!feof(stdin)) /* ferror is not set when there is no memory */
                cli_fail("stdin: %s", strerror(errno));
            break;
        }
        if (length > 0 && line[length - 1] == '\n')
            length--;
        if (send_message(stream, line, length, window, &unanswered) == -1) {
            if (errno == ENOMEM)
                cli_fail("send: %s", strerror(errno));
            break; /* the server has left; it may have said why, so receive that, too */
        }
    }
    free(line);
    return unanswered;
}

/* Half-closes, so that the server sees the end, and prints the replies still to come. */
static void finish_dialog(struct stream *stream, ssize_t unanswered)
{
    ssize_t reply;

    /* EXERCISE 6: tell the server that no more will come, and print replies until it ends
     * the stream; each makes `unanswered` smaller by its length and framing_cost(stream) */
    shutdown(stream->fd, SHUT_WR);
    while ((reply = print_reply(stream)) != -1)
        unanswered -= reply + framing_cost(stream);
    /* END EXERCISE */
    if (unanswered > 0)
        cli_fail("the server closed the connection");
}

/* Does what --hold asks for: shuts down one direction or both, and shows what recv and send still
 * do. `name` is one of SHUTDOWN_NAMES. */
static void show_shutdown(int fd, const char *name)
{
    static const int HOW[] = {SHUT_RD, SHUT_WR, SHUT_RDWR}; /* as SHUTDOWN_NAMES */
    char bytes[1024];
    ssize_t received;
    int i = 0;

    while (strcmp(SHUTDOWN_NAMES[i], name) != 0)
        i++;
    if (shutdown(fd, HOW[i]) == -1)
        cli_fail("shutdown: %s", strerror(errno));
    printf("shutdown(%s)\n", name);
    do {
        received = recv(fd, bytes, sizeof bytes, 0);
        if (received > 0) {
            printf("recv returned %zd: ", received);
            cli_print_bytes(stdout, bytes, (size_t)received);
            putchar('\n');
        }
    } while (received > 0 || (received == -1 && errno == EINTR));
    printf("recv returned %zd: %s\n", received,
           received == 0 ? "end of the stream" : strerror(errno));
    ssize_t sent = send(fd, "more\n", 5, MSG_NOSIGNAL);
    printf("send returned %zd: %s\n", sent, sent == -1 ? strerror(errno) : "taken");
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    const char *frame = "line";
    const char *hold = NULL;
    const char *reason;
    long port = 9998;
    bool interactive = false;
    const bool terminal = isatty(STDIN_FILENO);
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"frame", 'f', "raw|line|nul|length", "where a message ends", .text = &frame,
         .choices = STREAM_FRAMINGS},
        {"interactive", 0, NULL, "wait for each reply, as on a terminal",
         .flag = &interactive},
        {"hold", 0, "SHUT_RD|SHUT_WR|SHUT_RDWR",
         "at the end, shut this and show what recv and send do", .text = &hold,
         .choices = SHUTDOWN_NAMES},
        {0},
    };
    cli_parse(argc, argv, NULL, "Send each line of stdin as a message; print each reply.",
              options);

    int fd = net_connect(host, port, &reason);
    if (fd == -1)
        cli_fail("connect %s:%ld: %s", host, port, reason);
    struct stream stream;
    if (stream_init(&stream, fd, stream_framing_named(frame), MAX_REPLY) == -1)
        cli_fail("malloc: %s", strerror(errno));

    bool wait = interactive || terminal;
    ssize_t unanswered = hold_dialog(&stream, wait ? 0 : MAX_UNANSWERED, terminal);
    if (hold != NULL)
        show_shutdown(fd, hold);
    else
        finish_dialog(&stream, unanswered);
    stream_free(&stream);
    close(fd);
    return EXIT_SUCCESS;
}
