/*
 * client.c - runs commands on the server's computer, and prints what they print there.
 *
 * Run it:       make client-10                       (first: make server-10, elsewhere)
 *               make -s client-10 ARGS="-- uname -a"
 * Its partner:  server.c; both share the modules frame and token
 *
 * With words: they are one command, whose exit status is this program's. What is typed while it runs is
 * its input. Without: each line of the input is a command. On a terminal, what is typed while one runs
 * is its input; else its input is empty, because the lines are commands.
 */
#include "cli.h"
#include "frame.h"
#include "lines.h"
#include "net.h"
#include "token.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd;
    struct buffer incoming;
    int interrupts;    /* a pipe: a byte in it for each Ctrl-C */
    bool terminal;     /* commands are typed */
    bool running;      /* a command runs */
    bool has_input;    /* what stdin has is for the command */
    bool input_wanted; /* the server waits for a piece of it */
    bool trace;        /* say what each recv returns */
    int status;        /* of the last command */
};

/* ---- Ctrl-C ---- */

static int interrupt_pipe[2];

static void on_interrupt(int number)
{
    const int error = errno;

    (void)number;
    if (write(interrupt_pipe[1], "", 1) ==
        -1) /* it is full of them: one more makes no difference */
        errno = error;
}

/* A flag would not do: the signal may come after a look at it, just before poll(2) is entered. A byte in
 * a pipe stays there, and poll waits for it as for all else. */
static void catch_interrupts(struct client *self)
{
    const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};

    if (pipe(interrupt_pipe) == -1 || net_set_nonblocking(interrupt_pipe[0]) == -1 ||
        net_set_nonblocking(interrupt_pipe[1]) == -1 ||
        sigaction(SIGINT, &action, NULL) == -1)
        cli_fail("SIGINT: %s", strerror(errno));
    self->interrupts = interrupt_pipe[0];
}

static void send_frame(struct client *self, char type, const void *bytes, size_t length)
{
    static char packed[FRAME_SIZE];
    const size_t size = frame_pack(packed, type, bytes, length);

    /* If it fails, the server has left; what it has said before is still to be read. */
    net_send_all(self->fd, packed, size);
}

static void print_prompt(const struct client *self)
{
    if (self->terminal) {
        fputs("> ", stdout);
        fflush(stdout);
    }
}

/* Ctrl-C is for the command, if one runs; else for the line that was being typed, which the terminal has
 * thrown away. */
static void handle_interrupt(struct client *self)
{
    char bytes[16];

    if (read(self->interrupts, bytes, sizeof bytes) < 1)
        return;
    if (self->running) {
        send_frame(self, FRAME_SIGNAL, "INT", strlen("INT"));
    } else if (!self->terminal) {
        exit(128 + SIGINT);
    } else {
        putchar('\n');
        print_prompt(self);
    }
}

enum { READY = 1, OTHER_READY = 2 };

/* Waits until `fd` is ready for `events`, or `other` for reading, unless it is -1. Returns which of the
 * two bits are set: READY, OTHER_READY. Meanwhile, Ctrl-C is handled. */
static int wait_for(struct client *self, int fd, short events, int other)
{
    for (;;) {
        struct pollfd ready[] = {
            {.fd = self->interrupts, .events = POLLIN},
            {.fd = fd, .events = events},
            {.fd = other, .events = POLLIN},
        };
        if (poll(ready, 3, -1) == -1) {
            if (errno == EINTR)
                continue;
            cli_fail("poll: %s", strerror(errno));
        }
        /* Whatever poll says of the pipe: the signal's handler may have run when poll had looked at it
         * already, and had seen a line, which was typed after the Ctrl-C. */
        handle_interrupt(self);
        if (ready[1].revents || ready[2].revents)
            return (ready[1].revents ? READY : 0) | (ready[2].revents ? OTHER_READY : 0);
    }
}

/* ---- frames from the server ---- */

/* Receives what has come. If the server has left, the program ends. */
static void receive(struct client *self)
{
    const size_t piece = self->trace ? 1024 : 65536;
    char *room = buffer_reserve(&self->incoming, piece);

    if (room == NULL)
        cli_fail("receive: %s", strerror(errno));
    ssize_t received = recv(self->fd, room, piece, 0);
    if (self->trace && received != -1)
        fprintf(stderr, "recv: %zd bytes\n", received);
    if (received == -1 && errno == EINTR)
        return;
    if (received == -1 && net_would_wait())
        cli_fail("no answer came in time");
    if (received == -1)
        cli_fail("receive: %s", strerror(errno));
    if (received == 0)
        cli_fail("the server closed the connection");
    buffer_added(&self->incoming, (size_t)received);
}

/* Sets *frame to the next frame that is here. Returns whether there is one. */
static bool next_frame(struct client *self, struct frame *frame)
{
    int result = frame_next(&self->incoming, frame);

    if (result == -1)
        cli_fail("the server sent a frame of %zu bytes; the limit is %d", frame->length,
                 FRAME_MAX);
    if (self->trace && result == 1)
        fprintf(stderr, "  frame %c of %zu bytes\n", frame->type, frame->length);
    return result == 1;
}

/* Waits for the next frame, before commands run. What the server says against it ends the program. */
static void await_frame(struct client *self, struct frame *frame)
{
    while (!next_frame(self, frame))
        receive(self);
    if (frame->type == FRAME_ERROR) {
        cli_warn_bytes("the server answered", frame->bytes, frame->length);
        exit(EXIT_FAILURE);
    }
}

/* Proves that this program knows the token. */
static void prove(struct client *self, const struct token *token, const char *path)
{
    unsigned char answer[TOKEN_ANSWER_SIZE];
    struct frame frame;

    await_frame(self, &frame);
    if (frame.type != FRAME_CHALLENGE || frame.length != TOKEN_CHALLENGE_SIZE)
        cli_fail("the server sent no challenge");
    if (token_answer(token, (const unsigned char *)frame.bytes, answer) == -1)
        cli_fail("HMAC: %s", strerror(errno));
    send_frame(self, FRAME_ANSWER, answer, sizeof answer);
    await_frame(self, &frame);
    if (frame.type != FRAME_ACCEPTED)
        cli_fail("the server has another token than %s", path);
}

/* Writes all of the bytes to stdout or stderr; and does not block in write(2), so that Ctrl-C works
 * while nobody reads them. When nobody will any more, SIGPIPE ends the program, as usual. */
static void print(struct client *self, int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        wait_for(self, fd, POLLOUT, -1);
        /* A pipe that is ready has room for so many. */
        ssize_t written = write(fd, bytes, length < PIPE_BUF ? length : PIPE_BUF);
        if (written == -1 && !net_would_wait())
            cli_fail("%s: %s", fd == STDOUT_FILENO ? "stdout" : "stderr",
                     strerror(errno));
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
}

static void handle_frame(struct client *self, const struct frame *frame)
{
    switch (frame->type) {
    case FRAME_STDOUT:
        print(self, STDOUT_FILENO, frame->bytes, frame->length);
        break;
    case FRAME_STDERR:
        print(self, STDERR_FILENO, frame->bytes, frame->length);
        break;
    case FRAME_WANTED:
        self->input_wanted = self->has_input;
        if (!self->has_input) /* the end, at once */
            send_frame(self, FRAME_INPUT, NULL, 0);
        break;
    case FRAME_EXIT:
        self->status = frame->length == 1 ? (unsigned char)*frame->bytes : EXIT_FAILURE;
        self->running = false;
        break;
    case FRAME_ERROR:
        cli_warn_bytes("the server says", frame->bytes, frame->length);
        break;
    default:
        cli_fail("the server sent a frame of the unknown type 0x%02x",
                 (unsigned int)(unsigned char)frame->type);
    }
}

/* ---- a command ---- */

/* Sends a piece of stdin, or that it has ended. */
static void send_input(struct client *self)
{
    static char piece[FRAME_MAX];
    ssize_t length = read(STDIN_FILENO, piece, sizeof piece);

    if (length == -1 && net_would_wait())
        return;
    if (length == -1)
        cli_warn("stdin: %s", strerror(errno));
    send_frame(self, FRAME_INPUT, piece, length > 0 ? (size_t)length : 0);
    self->input_wanted = false;
}

/* Runs a command to its end. */
static void run(struct client *self, const char *text, size_t length)
{
    struct frame frame;

    self->running = true;
    self->input_wanted = false;
    send_frame(self, FRAME_COMMAND, text, length);
    while (self->running) {
        const int ready =
            wait_for(self, self->fd, POLLIN, self->input_wanted ? STDIN_FILENO : -1);
        if (ready & OTHER_READY)
            send_input(self);
        if (ready & READY)
            receive(self);
        while (self->running && next_frame(self, &frame))
            handle_frame(self, &frame);
    }
    if (self->terminal && self->status != 0)
        printf("[exit status %d]\n", self->status);
}

/* ---- commands that are typed ---- */

/* Waits for the next line of the input. Returns false at the end. */
static bool read_line(struct client *self, struct lines *lines, char **line,
                      size_t *length)
{
    int result;

    while ((result = lines_next(lines, line, length)) == 0) {
        size_t size;
        char *room = lines_room(lines, &size);
        if (room == NULL)
            cli_fail("stdin: %s", strerror(errno));
        const int ready = wait_for(self, self->fd, POLLIN, STDIN_FILENO);
        if (ready & READY)
            receive(self); /* no command runs: it is the server's end */
        if (!(ready & OTHER_READY))
            continue;
        ssize_t count = read(STDIN_FILENO, room, size);
        if (count == -1)
            cli_fail("stdin: %s", strerror(errno));
        if (count == 0 && !lines_has_part(lines)) {
            if (self->terminal)
                putchar('\n'); /* behind the prompt */
            return false;
        }
        if (count == 0) /* the last line has no end */
            room[count++] = '\n';
        lines_added(lines, (size_t)count);
    }
    if (result == -1)
        cli_fail("stdin: a command longer than %d bytes", FRAME_MAX);
    return true;
}

/* Runs each line of the input, until the end, or "exit". */
static void run_lines(struct client *self)
{
    struct lines lines;
    size_t length;
    char *line;

    lines_init(&lines, FRAME_MAX);
    print_prompt(self);
    while (read_line(self, &lines, &line, &length)) {
        if (length == strlen("exit") && memcmp(line, "exit", length) == 0)
            break;
        run(self, line, length);
        print_prompt(self);
    }
    lines_free(&lines);
}

/* ---- running it ---- */

/* Joins words, with spaces. The text is the caller's, who never frees it. */
static char *join(char **words)
{
    size_t size = 1;

    for (char **word = words; *word != NULL; word++)
        size += strlen(*word) + 1;
    char *text = calloc(1, size);
    if (text == NULL)
        cli_fail("calloc: %s", strerror(errno));
    for (char **word = words; *word != NULL; word++)
        sprintf(text + strlen(text), "%s%s", word == words ? "" : " ", *word);
    if (strlen(text) > FRAME_MAX)
        cli_fail_usage("a command longer than %d bytes", FRAME_MAX);
    return text;
}

/* Connects, and proves that it knows the token. If that fails, the program ends. */
static void open_session(struct client *self, const char *host, long port, double timeout,
                         const char *path)
{
    struct token token;
    const char *reason;

    if (path == NULL)
        cli_fail("no place for the token: name one with --token");
    if (token_read(path, &token, &reason) == -1)
        cli_fail("token %s: %s", path, reason);
    self->fd = net_connect(host, port, &reason);
    if (self->fd == -1)
        cli_fail("connect %s:%ld: %s", host, port, reason);
    if (net_set_nodelay(self->fd) == -1 || net_set_timeout(self->fd, timeout) == -1)
        cli_fail("setsockopt: %s", strerror(errno));
    prove(self, &token, path);
    net_set_timeout(self->fd, 0); /* a command may take its time */
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1", *token = NULL;
    static struct client client;
    double timeout = 10;
    long port = 9999;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"token", 0, "FILE", "the secret that the server knows", .text = &token},
        {"trace", 0, NULL, "say what each recv(1024) returns", .flag = &client.trace},
        {"timeout", 't', "SEC", "give up on the first answers; 0 never does",
         .seconds = &timeout},
        {0},
    };
    const int first =
        cli_parse(argc, argv, "[-- COMMAND...]",
                  "Run a command on the server, or each line of the input.", options);
    client.terminal = first == argc && isatty(STDIN_FILENO);
    client.has_input = first < argc || client.terminal;
    char *text = join(argv + first);

    open_session(&client, host, port, timeout, token_path(token));
    catch_interrupts(&client);
    if (first < argc)
        run(&client, text, strlen(text));
    else
        run_lines(&client);
    free(text);
    buffer_free(&client.incoming);
    close(client.fd);
    return client.status;
}
