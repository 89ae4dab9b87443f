/*
 * session.c - one client: the proof, and then its commands, one after the other.
 *
 * One loop waits for all that can happen: the client says something, the command has written, or takes
 * input, or has ended. The connection does not block: a client that does not read must still be able to
 * send a signal, and must be seen to leave. While something waits for it, nothing more is read from its
 * command, which soon waits in write(2): that is all the flow control it takes.
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "session.h"
#include "cli.h"
#include "command.h"
#include "frame.h"
#include "net.h"
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After this many wrong answers the client is dropped, and nobody is challenged for a while. */
enum { TRIES = 3 };

#ifndef POLLRDHUP /* not on Linux: there, who leaves while it waits for its turn is noticed later */
#define POLLRDHUP 0
#endif

static const double NONE = 0; /* no deadline; others are times on net_now's clock */

struct session {
    struct request_handler base;
    int fd;
    struct buffer incoming; /* frames that are not whole yet */
    struct queue outgoing;  /* what the client has not taken yet */
    struct command command;
    double deadline; /* of the command */
    /* The command has ended, with this status; its output may not be read yet. */
    bool ended;
    unsigned char status;
    bool input_wanted;   /* the client may send input */
    struct buffer input; /* what the command has not taken yet */
    /* The next command begins here; "": where the server was started. */
    char directory[4096];
    char block[FRAME_SIZE];
};

struct shell_server *shell_server_of(struct server *server)
{
    return container_of(server, struct shell_server, base);
}

void shell_server_log(struct server *server, const struct request *request,
                      const char *event, const char *bytes, size_t length)
{
    char name[SERVER_NAME_SIZE];

    if (shell_server_of(server)->quiet)
        return;
    server_format_address(&request->client_address, request->client_address_length, name);
    cli_log(name, event, bytes, length);
}

static void log_text(struct session *self, const char *event, const char *text)
{
    shell_server_log(self->base.server, self->base.request, event, text, strlen(text));
}

/* ---- frames ---- */

/* Sends a frame, or keeps what the client does not take at once. */
static int send_frame(struct session *self, char type, const void *bytes, size_t length)
{
    const size_t packed = frame_pack(self->block, type, bytes, length);

    return queue_send(&self->outgoing, self->fd, self->block, packed);
}

/* Tells the client, and the log, why it is not served any more. Returns -1 with errno EPROTO. */
__attribute__((format(printf, 2, 3))) static int refuse(struct session *self,
                                                        const char *format, ...)
{
    char reason[100];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    log_text(self, "refused: ", reason);
    send_frame(self, FRAME_ERROR, reason, strlen(reason));
    /* From here on the connection may block, but not for long: nobody else waits for this thread. */
    fcntl(self->fd, F_SETFL, 0);
    net_set_timeout(self->fd, 1);
    net_send_all(self->fd, buffer_front(&self->outgoing.buffer),
                 queue_length(&self->outgoing));
    net_linger(self->fd);
    errno = EPROTO;
    return -1;
}

/* Receives what has come. Returns 1, 0 if the client has left, or -1 with errno set. */
static int receive(struct session *self)
{
    enum { PIECE = 16384 };
    char *room = buffer_reserve(&self->incoming, PIECE);

    if (room == NULL)
        return -1;
    ssize_t received = recv(self->fd, room, PIECE, 0);
    if (received == -1)
        return net_would_wait() ? 1 : -1;
    if (received == 0 && buffer_length(&self->incoming) > 0)
        return refuse(self, "half a frame, and then the end");
    buffer_added(&self->incoming, (size_t)received);
    return received > 0;
}

/* Does what poll(2) says that can be done with the connection: sends what waits, receives what has come.
 * Returns as receive does. */
static int attend(struct session *self, short events)
{
    if ((events & POLLOUT) && queue_flush(&self->outgoing, self->fd) == -1)
        return -1;
    return (events & ~POLLOUT) ? receive(self) : 1;
}

/* What to wait for on the connection. */
static short wanted_events(const struct session *self)
{
    return queue_length(&self->outgoing) > 0 ? POLLIN | POLLOUT : POLLIN;
}

/* The next frame that is here already. Returns 1, 0 if there is none, or -1 with errno set. */
static int next_frame(struct session *self, struct frame *frame)
{
    int result = frame_next(&self->incoming, frame);

    if (result == -1)
        return refuse(self, "a frame of %zu bytes; the limit is %d", frame->length,
                      FRAME_MAX);
    return result;
}

/* A time so many seconds from now. 0 seconds: no limit. */
static double deadline_in(double seconds)
{
    return seconds > 0 ? net_now() + seconds : NONE;
}

/* How long to wait in poll(2). */
static int milliseconds_until(double deadline)
{
    const double left = deadline - net_now();

    if (deadline == NONE)
        return -1;
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

/* ---- the proof ---- */

/* Waits until a client may be challenged. It can't shorten that by sending something; but if it leaves,
 * or the server stops, this returns -1 with errno ECONNRESET. */
static int wait_for_turn(struct session *self)
{
    struct shell_server *server = shell_server_of(self->base.server);
    struct pollfd connection = {.fd = self->fd, .events = POLLRDHUP};

    pthread_mutex_lock(&server->lock);
    const double turn = server->next_challenge;
    pthread_mutex_unlock(&server->lock);
    while (net_now() < turn)
        if (poll(&connection, 1, milliseconds_until(turn)) == 1) {
            errno = ECONNRESET;
            return -1;
        }
    return 0;
}

/* Counts a wrong answer, whoever has given it: to leave after two, and to come again, is no way around
 * the penalty. */
static void count_wrong_answer(struct shell_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->wrong_answers++;
    if (server->wrong_answers % TRIES == 0)
        server->next_challenge = net_now() + server->penalty;
    pthread_mutex_unlock(&server->lock);
}

/* Waits for the frame with the answer. Returns 1, 0 if the client has left, or -1 with errno set. */
static int receive_answer(struct session *self, struct frame *frame, double deadline)
{
    struct pollfd connection = {.fd = self->fd};
    int result;

    while ((result = next_frame(self, frame)) == 0) {
        connection.events = wanted_events(self);
        int ready = poll(&connection, 1, milliseconds_until(deadline));
        if (ready == 0)
            return refuse(self, "no answer to the challenge in time");
        if (ready == 1 && (result = attend(self, connection.revents)) != 1)
            return result;
    }
    if (result == 1 && frame->type != FRAME_ANSWER)
        return refuse(self, "a frame of the type 0x%02x before the token was proved",
                      (unsigned int)(unsigned char)frame->type);
    return result;
}

/* Has the client prove that it knows the token. Returns 1, 0 if it has left, or -1 with errno set. */
static int prove(struct session *self)
{
    struct shell_server *server = shell_server_of(self->base.server);
    unsigned char challenge[TOKEN_CHALLENGE_SIZE];
    struct frame frame;

    for (int i = 0; i < TRIES; i++) {
        if (wait_for_turn(self) == -1)
            return -1;
        const double deadline = deadline_in(server->timeout);
        /* EXERCISE 2: send a new challenge, and receive the answer; if it is right, log that the client
         * "knows the token", send that it is accepted, and return 1 */
        if (token_challenge(challenge) == -1 ||
            send_frame(self, FRAME_CHALLENGE, challenge, sizeof challenge) == -1)
            return -1;
        int result = receive_answer(self, &frame, deadline);
        if (result != 1)
            return result;
        if (token_is_answer(&server->token, challenge, frame.bytes, frame.length)) {
            log_text(self, "knows the token", "");
            return send_frame(self, FRAME_ACCEPTED, NULL, 0) == -1 ? -1 : 1;
        }
        /* END EXERCISE */
        log_text(self, "gave a wrong answer", "");
        count_wrong_answer(server);
    }
    return refuse(self, "%d wrong answers", TRIES);
}

/* ---- what the client sends ---- */

/* Tells the client that the command may have input. */
static int want_input(struct session *self)
{
    self->input_wanted = true;
    return send_frame(self, FRAME_WANTED, NULL, 0);
}

/* The command can't be started: says why, in the place of what it would have printed. */
static int not_started(struct session *self, const char *reason)
{
    static const unsigned char CANNOT_START = 126; /* as a shell says it */

    if (send_frame(self, FRAME_ERROR, reason, strlen(reason)) == -1)
        return -1;
    return send_frame(self, FRAME_EXIT, &CANNOT_START, sizeof CANNOT_START);
}

static int handle_command(struct session *self, const struct frame *frame)
{
    const struct shell_server *server = shell_server_of(self->base.server);
    char *text = self->block; /* nothing is sent before the command has its copy */

    if (self->command.keeper != 0)
        return refuse(self, "a command while another one runs");
    shell_server_log(self->base.server, self->base.request, "runs: ", frame->bytes,
                     frame->length);
    if (memchr(frame->bytes, '\0', frame->length) != NULL)
        return not_started(self, "a command can't have a NUL byte");
    memcpy(text, frame->bytes, frame->length);
    text[frame->length] = '\0';
    if (command_start(&self->command, text, self->directory) == -1)
        return not_started(self, strerror(errno));
    self->ended = false;
    self->deadline = deadline_in(server->max_seconds);
    return want_input(self);
}

static int handle_signal(struct session *self, const struct frame *frame)
{
    static const struct {
        const char *name;
        int number;
    } SIGNALS[] = {
        {"INT", SIGINT}, {"TERM", SIGTERM}, {"HUP", SIGHUP}, {"QUIT", SIGQUIT}};

    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++)
        if (frame->length == strlen(SIGNALS[i].name) &&
            memcmp(frame->bytes, SIGNALS[i].name, frame->length) == 0) {
            if (self->command.keeper != 0) /* else it comes too late */
                command_signal(&self->command, SIGNALS[i].number);
            return 0;
        }
    return refuse(self, "an unknown signal");
}

/* Writes what waits for the command into its stdin, and asks for more when all is written. */
static int feed(struct session *self)
{
    struct command *command = &self->command;

    ssize_t written =
        write(command->input, buffer_front(&self->input), buffer_length(&self->input));
    if (written == -1 && net_would_wait())
        return 0;
    if (written == -1) { /* it has closed its stdin, or has ended */
        command_close(&command->input);
        buffer_free(&self->input);
        return 0;
    }
    buffer_take(&self->input, (size_t)written);
    return buffer_length(&self->input) > 0 ? 0 : want_input(self);
}

static int handle_input(struct session *self, const struct frame *frame)
{
    if (!self->input_wanted)
        return refuse(self, "input that was not asked for");
    self->input_wanted = false;
    if (frame->length == 0)
        command_close(&self->command.input);
    if (self->command.input == -1) /* the end; or it comes too late */
        return 0;
    if (buffer_append(&self->input, frame->bytes, frame->length) == -1)
        return -1;
    return feed(self);
}

/* Does what the frames say that are here. */
static int obey(struct session *self)
{
    static const struct {
        char type;
        int (*handle)(struct session *self, const struct frame *frame);
    } TYPES[] = {{FRAME_COMMAND, handle_command},
                 {FRAME_SIGNAL, handle_signal},
                 {FRAME_INPUT, handle_input}};
    const size_t count = sizeof TYPES / sizeof *TYPES;
    struct frame frame;
    int result;

    while ((result = next_frame(self, &frame)) == 1) {
        size_t i = 0;
        while (i < count && TYPES[i].type != frame.type)
            i++;
        if (i == count)
            return refuse(self, "a frame of the unknown type 0x%02x",
                          (unsigned int)(unsigned char)frame.type);
        if (TYPES[i].handle(self, &frame) == -1)
            return -1;
    }
    return result;
}

/* ---- what the command does ---- */

/* Sends the client a piece of what the command has written to its stdout or stderr. */
static int forward(struct session *self, int *fd, char type)
{
    enum { PIECE = 32768 };
    char *bytes = self->block + FRAME_HEAD;

    /* EXERCISE 5: read a piece, and send it as a frame; at the end of file, close *fd */
    ssize_t length = read(*fd, bytes, PIECE);
    if (length > 0)
        return send_frame(self, type, bytes, (size_t)length);
    /* After the end of the command nobody writes any more, or only one that could not be ended. */
    if (length == 0 || !net_would_wait() || self->ended)
        command_close(fd);
    return 0;
    /* END EXERCISE */
}

/* The command has run for too long. */
static int end_in_time(struct session *self)
{
    char text[60];

    snprintf(text, sizeof text, "ended after %g s",
             shell_server_of(self->base.server)->max_seconds);
    log_text(self, text, "");
    command_end(&self->command);
    self->deadline = NONE;
    return send_frame(self, FRAME_ERROR, text, strlen(text));
}

/* The command has ended, and all that it has written is sent: the exit status comes last. */
static int report_end(struct session *self)
{
    char text[40];

    snprintf(text, sizeof text, "exit status %d", self->status);
    log_text(self, text, "");
    command_finish(&self->command, self->directory, sizeof self->directory);
    buffer_free(&self->input);
    self->deadline = NONE;
    return send_frame(self, FRAME_EXIT, &self->status, sizeof self->status);
}

/* ---- the loop ---- */

enum { CONNECTION, INPUT, OUTPUT, ERROR, CONTROL, WATCHED };

/* Waits for something to happen. What is -1 here is not waited for. */
static int wait_for_events(struct session *self, struct pollfd ready[WATCHED])
{
    const struct command *command = &self->command;
    const bool room = queue_length(&self->outgoing) == 0;

    for (int i = 0; i < WATCHED; i++)
        ready[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    ready[CONNECTION] = (struct pollfd){.fd = self->fd, .events = wanted_events(self)};
    if (buffer_length(&self->input) > 0)
        ready[INPUT] = (struct pollfd){.fd = command->input, .events = POLLOUT};
    if (room) {
        ready[OUTPUT].fd = command->output;
        ready[ERROR].fd = command->error;
    }
    if (!self->ended)
        ready[CONTROL].fd = command->control;
    /* After the end, what can be read is there already. */
    const bool rest = self->ended && room && command->keeper != 0;
    return poll(ready, WATCHED, rest ? 0 : milliseconds_until(self->deadline));
}

/* One round of the loop. Returns 1, 0 if the client has left, or -1 with errno set. */
static int serve(struct session *self)
{
    struct command *command = &self->command;
    struct pollfd ready[WATCHED];
    int result;

    if (wait_for_events(self, ready) == -1)
        return errno == EINTR ? 1 : -1;
    if ((result = attend(self, ready[CONNECTION].revents)) != 1)
        return result;
    if (obey(self) == -1)
        return -1;
    if (command->keeper == 0)
        return 1;
    if (ready[INPUT].revents && command->input != -1 && feed(self) == -1)
        return -1;
    if (ready[CONTROL].revents && command_has_ended(command, &self->status)) {
        self->ended = true;
        self->deadline = NONE;
    }
    if (!self->ended && milliseconds_until(self->deadline) == 0 &&
        end_in_time(self) == -1)
        return -1;
    if ((ready[OUTPUT].revents || self->ended) && queue_length(&self->outgoing) == 0 &&
        command->output != -1 && forward(self, &command->output, FRAME_STDOUT) == -1)
        return -1;
    if ((ready[ERROR].revents || self->ended) && queue_length(&self->outgoing) == 0 &&
        command->error != -1 && forward(self, &command->error, FRAME_STDERR) == -1)
        return -1;
    if (self->ended && command->output == -1 && command->error == -1 &&
        report_end(self) == -1)
        return -1;
    return 1;
}

/* ---- the handler: class ShellHandler(BaseRequestHandler) ---- */

static int setup(struct request_handler *handler)
{
    struct session *self = container_of(handler, struct session, base);

    self->fd = handler->request->fd;
    self->outgoing.buffer.limit = FRAME_SIZE; /* who only sends may not fill it */
    self->command = COMMAND_NONE;
    self->deadline = NONE;
    log_text(self, "connected", "");
    if (net_set_nonblocking(self->fd) == -1 || net_set_nodelay(self->fd) == -1)
        return -1;
    return request_handler_class.setup(handler);
}

static int handle(struct request_handler *handler)
{
    struct session *self = container_of(handler, struct session, base);
    int result = prove(self);

    while (result == 1)
        result = serve(self);
    return result;
}

/* However the client has left: its command ends, and all that this has started. */
static int finish(struct request_handler *handler)
{
    struct session *self = container_of(handler, struct session, base);

    /* EXERCISE 6: end the command, if one runs; free what the session has */
    command_finish(&self->command, self->directory, sizeof self->directory);
    buffer_free(&self->incoming);
    buffer_free(&self->input);
    queue_free(&self->outgoing);
    /* END EXERCISE */
    OPENSSL_thread_stop(); /* gives back what OpenSSL keeps for this thread */
    log_text(self, "left", "");
    return request_handler_class.finish(handler);
}

const struct request_handler_class session_class = {
    .size = sizeof(struct session),
    .base = &request_handler_class,
    .setup = setup,
    .handle = handle,
    .finish = finish,
};
