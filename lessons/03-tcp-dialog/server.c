/*
 * server.c - a dialog: it answers each message in upper case until the client leaves, and
 * then serves the next client. Two loops: over the clients, and over a client's messages.
 *
 * Run it:       make server-3                     (then, elsewhere: make client-3)
 *               make server-3 ARGS="--frame raw"  (what goes wrong without framing)
 * Its partner:  client.c; both share stream.h
 *
 * The calls, in order: those of lesson 2, and then recv and send until recv returns 0.
 */
#include "cli.h"
#include "net.h"
#include "stream.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct settings {
    enum stream_framing framing;
    double timeout;  /* seconds of silence to allow; 0: no limit */
    size_t max_line; /* bytes of the longest message */
};

/* Logs a message. A long one is cut: the log is for people. */
static void log_message(const char *message, size_t length)
{
    enum { SHOWN = 60 };
    printf("received %zu bytes: ", length);
    cli_print_bytes(stdout, message, length < SHOWN ? length : SHOWN);
    puts(length > SHOWN ? "..." : "");
}

/*
 * Answers messages until there are no more.
 * Returns 0 at the end of the stream; or -1 with errno set by stream_receive or stream_send. But
 * errno is ETIMEDOUT, and not EAGAIN, if it was the sending that timed out: the client does not
 * read its answers, and would not read a reason either.
 */
static int answer_messages(struct stream *stream)
{
    char *message;
    size_t length;
    int result;

    while ((result = stream_receive(stream, &message, &length)) == 1) {
        log_message(message, length);
        for (size_t i = 0; i < length; i++)
            message[i] = (char)toupper((unsigned char)message[i]);
        if (stream_send(stream, message, length) == -1) {
            if (errno == EAGAIN)
                errno = ETIMEDOUT;
            return -1;
        }
    }
    return result;
}

/*
 * Logs how the dialog ended: `result` and errno are those of answer_messages. If the message was
 * too long or nothing came, it is the server that ends it, and tells the client why.
 */
static void end_dialog(struct stream *stream, int result, const struct settings *settings)
{
    char reason[64];

    if (result == 0) {
        puts("client left"); /* recv returned 0: no more will ever come */
    } else if (errno == EMSGSIZE) {
        printf("client dropped: message longer than %zu bytes\n", stream->max);
        snprintf(reason, sizeof reason, "error: message longer than %zu bytes",
                 stream->max);
        if (stream_send(stream, reason, strlen(reason)) == 0)
            stream_linger(stream);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        puts("client timed out");
        snprintf(reason, sizeof reason, "error: nothing received for %g s",
                 settings->timeout);
        stream_send(stream, reason, strlen(reason)); /* fails if the client has left */
    } else if (errno == ETIMEDOUT) {
        puts("client dropped: it does not read");
    } else if (errno == EBADMSG) {
        puts("client left: in the middle of a message");
    } else if (errno == ENOMEM) {
        cli_warn("client dropped: %s", strerror(errno)); /* it is we who can't go on */
    } else if (errno != EINTR) { /* EINTR: the server is to stop */
        printf("client left: %s\n", strerror(errno));
    }
}

/* Holds the dialog with one client. */
static void serve_client(int client, const struct settings *settings)
{
    struct stream stream;

    if (stream_init(&stream, client, settings->framing, settings->max_line) == -1 ||
        stream_set_timeout(&stream, settings->timeout) == -1)
        cli_warn("cannot serve: %s", strerror(errno));
    else
        end_dialog(&stream, answer_messages(&stream), settings);
    stream_free(&stream);
}

static void serve_clients(int listener, const struct settings *settings)
{
    char name[NET_NAME_SIZE];

    while (!net_stopping) {
        int client = net_accept(listener, name);
        if (client == -1) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            cli_warn("accept: %s", strerror(errno));
            sleep(1); /* no descriptors or no memory: at once, it would only fail again */
            continue;
        }
        printf("client %s connected\n", name);
        serve_client(client, settings);
        close(client);
    }
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    const char *frame = "line";
    const char *reason;
    char name[NET_NAME_SIZE];
    long port = 9998;
    long max_line = 65536;
    double timeout = 60;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"frame", 'f', "raw|line|nul|length", "where a message ends", .text = &frame,
         .choices = STREAM_FRAMINGS},
        {"timeout", 't', "SEC", "give up on a silent client; 0 never does",
         .seconds = &timeout},
        {"max-line", 0, "N", "bytes of a message to accept", .number = &max_line,
         .min = 1, .max = 1 << 30},
        {0},
    };
    cli_parse(argc, argv, NULL, "Answer each message in upper case.", options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));
    const struct settings settings = {stream_framing_named(frame), timeout,
                                      (size_t)max_line};

    int listener = net_listen(host, port, SOMAXCONN, &reason);
    if (listener == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    if (net_local_name(listener, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    printf("listening on %s\n", name);

    serve_clients(listener, &settings);
    close(listener);
    return EXIT_SUCCESS;
}
