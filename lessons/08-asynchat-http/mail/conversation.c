/*
 * conversation.c - a conversation in lines, on common/asynchat.h, as conversation.h says.
 */
#include "conversation.h"

#include "buffer.h"
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 65536 }; /* bytes, without the \r\n */

static struct conversation *conversation_of(struct async_chat *chat)
{
    return container_of(chat, struct conversation, chat);
}

/* ---- the methods ---- */

static int collect_incoming_data(struct async_chat *chat, const char *bytes,
                                 size_t length)
{
    struct conversation *c = conversation_of(chat);

    c->length += length;
    if (c->length > MAX_LINE)
        cli_fail("the server sent a line of more than %d bytes", MAX_LINE);
    return async_chat_collect_incoming_data(chat, bytes, length);
}

static int found_terminator(struct async_chat *chat)
{
    struct conversation *c = conversation_of(chat);
    size_t length;
    char *line = async_chat_get_data(chat, &length); /* NULL if the line is empty */

    c->length = 0;
    c->due = net_now() + c->timeout;
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
static int handle_write(struct dispatcher *d)
{
    struct conversation *c = conversation_of(async_chat_of(d));

    c->due = net_now() + c->timeout;
    return async_chat_handle_write(d);
}

static int handle_close(struct dispatcher *d)
{
    struct conversation *c = conversation_of(async_chat_of(d));

    if (!c->ends)
        cli_fail("%s: the server closed the connection", c->waits_for);
    return dispatcher_handle_close(d);
}

static void handle_error(struct dispatcher *d, int error)
{
    struct conversation *c = conversation_of(async_chat_of(d));

    if (!c->ends)
        cli_fail("%s: %s", c->waits_for, strerror(error));
    dispatcher_close(d);
}

static const struct async_chat_ops conversation_ops = {
    .dispatcher.handle_write = handle_write,
    .dispatcher.handle_close = handle_close,
    .dispatcher.handle_error = handle_error,
    .collect_incoming_data = collect_incoming_data,
    .found_terminator = found_terminator,
};

/* ---- what a protocol calls ---- */

void conversation_check_word(const char *option, const char *word)
{
    if (word == NULL || *word == '\0')
        cli_fail_usage("--%s is missing", option);
    for (const char *c = word; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || *c == '<' || *c == '>')
            cli_fail_usage("--%s: one word of ASCII, without < and >", option);
    if (strlen(word) > 254)
        cli_fail_usage("--%s: at most 254 characters", option);
}

void conversation_run(struct conversation *c, const char *host, long port)
{
    const char *reason;
    int open = 1;

    int fd = net_connect(host, port, &reason); /* it waits: there is nothing else to do */
    if (fd == -1)
        cli_fail("connect %s:%ld: %s", host, port, reason);
    if (async_chat_init(&c->chat, &conversation_ops, fd, NULL) == -1)
        cli_fail("%s", strerror(errno));
    net_set_nodelay(fd); /* the end of a message must not wait for its text */
    async_chat_set_terminator(&c->chat, "\r\n", 2);
    c->waits_for = "the greeting";
    c->due = net_now() + c->timeout;
    while (open == 1) {
        double wait = c->due - net_now();
        if (c->timeout > 0 && wait <= 0)
            cli_fail("%s: nothing came for %g s", c->waits_for, c->timeout);
        open = asyncore_loop(c->timeout > 0 ? wait : -1, ASYNCORE_POLL, NULL, 1);
        if (open == -1 && errno != EINTR)
            cli_fail("poll: %s", strerror(errno));
    }
}

void conversation_say(struct conversation *c, const char *shown, const char *text)
{
    struct buffer line = {0};

    if (c->verbose)
        fprintf(stderr, "> %s\n", shown);
    c->waits_for = shown;
    /* In one push: so it leaves in one packet. */
    if (buffer_append(&line, text, strlen(text)) == -1 ||
        buffer_append(&line, "\r\n", 2) == -1 ||
        async_chat_push(&c->chat, buffer_front(&line), buffer_length(&line)) == -1)
        cli_fail("%s: %s", shown, strerror(errno));
    buffer_free(&line);
}
