/*
 * conversation.h - a conversation in lines with a server: what smtp_send and pop3_list share.
 *
 * The server speaks, a line at a time, and the protocol answers: it is the function
 * `handle_line`, and all that is left to write.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "asynchat.h"
#include "cli.h"
#include "idle.h"
#include "net.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONVERSATION_MAX_LINE = 65536 };

struct conversation {
    struct async_chat chat;
    /* Takes a line of the server, without its end. */
    void (*handle_line)(struct conversation *c, const char *line, size_t length);
    const char *waits_for; /* what the server is to do now, for messages */
    double timeout, due;   /* seconds in which nothing moves; when they are over */
    size_t length;         /* of the line that is being collected */
    bool ends;             /* all is said: the server may close */
    bool verbose;          /* print all lines on stderr */
};

static inline struct conversation *conversation_of(struct async_chat *chat)
{
    return container_of(chat, struct conversation, chat);
}

/* ---- the methods ---- */

static int conversation_collect_incoming_data(struct async_chat *chat, const char *bytes,
                                              size_t length)
{
    struct conversation *c = conversation_of(chat);

    c->length += length;
    if (c->length > CONVERSATION_MAX_LINE)
        cli_fail("the server sent a line of more than %d bytes", CONVERSATION_MAX_LINE);
    return async_chat_collect_incoming_data(chat, bytes, length);
}

static int conversation_found_terminator(struct async_chat *chat)
{
    struct conversation *c = conversation_of(chat);
    size_t length;
    char *line = async_chat_get_data(chat, &length); /* NULL if the line is empty */

    c->length = 0;
    if (c->verbose) {
        fputs("< ", stderr);
        cli_print_bytes(stderr, line, length);
        fputc('\n', stderr);
    }
    c->handle_line(c, line == NULL ? "" : line, length);
    free(line);
    return 0;
}

/* A long message is on its way: the server is not silent while it takes some of it. */
static int conversation_handle_write(struct dispatcher *d)
{
    struct conversation *c = conversation_of(async_chat_of(d));

    c->due = idle_now() + c->timeout;
    return async_chat_handle_write(d);
}

static int conversation_handle_close(struct dispatcher *d)
{
    struct conversation *c = conversation_of(async_chat_of(d));

    if (!c->ends)
        cli_fail("%s: the server closed the connection", c->waits_for);
    return dispatcher_handle_close(d);
}

static void conversation_handle_error(struct dispatcher *d, int error)
{
    struct conversation *c = conversation_of(async_chat_of(d));

    if (!c->ends)
        cli_fail("%s: %s", c->waits_for, strerror(error));
    dispatcher_close(d);
}

static const struct async_chat_ops conversation_ops = {
    .dispatcher.handle_write = conversation_handle_write,
    .dispatcher.handle_close = conversation_handle_close,
    .dispatcher.handle_error = conversation_handle_error,
    .collect_incoming_data = conversation_collect_incoming_data,
    .found_terminator = conversation_found_terminator,
};

/* ---- what a protocol calls ---- */

/* Says a line: the text, and its end. `shown` is what --verbose prints. */
static inline void conversation_push_line(struct conversation *c, const char *shown,
                                          const char *text)
{
    if (c->verbose)
        fprintf(stderr, "> %s\n", shown);
    c->waits_for = shown;
    if (async_chat_push(&c->chat, text, strlen(text)) == -1 ||
        async_chat_push(&c->chat, "\r\n", 2) == -1)
        cli_fail("%s: %s", shown, strerror(errno));
}

/* Says a line, and expects an answer. */
static inline void conversation_say(struct conversation *c, const char *text)
{
    conversation_push_line(c, text, text);
}

/*
 * Connects to the server, and lets it and the protocol speak until the connection is closed.
 * Ends the program, with one line on stderr, if that can't be done, or if the server ends
 * before `ends`.
 */
static inline void conversation_run(struct conversation *c, const char *host, long port)
{
    const char *reason;
    int open = 1;

    int fd = net_connect(host, port, &reason); /* it waits: there is nothing else to do */
    if (fd == -1)
        cli_fail("connect %s:%ld: %s", host, port, reason);
    if (async_chat_init(&c->chat, &conversation_ops, fd, NULL) == -1)
        cli_fail("%s", strerror(errno));
    async_chat_set_terminator(&c->chat, "\r\n", 2);
    c->waits_for = "the greeting";
    c->due = idle_now() + c->timeout;
    while (open == 1) {
        double wait = c->due - idle_now();
        if (c->timeout > 0 && wait <= 0)
            cli_fail("%s: nothing came for %g s", c->waits_for, c->timeout);
        open = asyncore_loop(c->timeout > 0 ? wait : -1, ASYNCORE_POLL, NULL, 1);
        if (open == -1 && errno != EINTR)
            cli_fail("poll: %s", strerror(errno));
    }
}

/* Ends the program with bad usage if the value of an option is missing, or can't stand in a
 * command: it would be two words, or two lines, or too long (RFC 5321, section 4.5.3.1.3). */
static inline void conversation_check_word(const char *option, const char *word)
{
    if (word == NULL || *word == '\0')
        cli_fail_usage("--%s is missing", option);
    for (const char *c = word; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || *c == '<' || *c == '>')
            cli_fail_usage("--%s: one word of ASCII, without < and >", option);
    if (strlen(word) > 254)
        cli_fail_usage("--%s: at most 254 characters", option);
}

#endif
