/*
 * smtp_send.c - sends a message, which it reads from stdin, to an SMTP server.
 *
 * Run it:       echo Hi | build/08-asynchat-http/mail/smtp_send --port 2525 --from ann@a --to bob@b
 * Its partner:  a real server, such as opensmtpd; the message can be read with pop3_list
 *
 * The protocol is a table: what is said, and which reply lets it go on. The message itself is
 * a producer, which makes it ready to be sent a piece at a time.
 */
#include "asynchat.h"
#include "buffer.h"
#include "cli.h"
#include "conversation.h"
#include "reply.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is said in turn. HELO is said only to a server that does not know EHLO. */
enum step { GREETING, EHLO, HELO, MAIL, RCPT, DATA, TEXT, QUIT, STEPS };

/* A step says `before`, its word, and `after`, and waits for a code whose first two digits are
 * those of `code` (RFC 5321, section 4.3.2). At GREETING nothing is said; TEXT is the message. */
static const struct {
    const char *before, *after;
    int code;
} steps[STEPS] = {
    [GREETING] = {"", "", 220},       [EHLO] = {"EHLO ", "", 250},
    [HELO] = {"HELO ", "", 250},      [MAIL] = {"MAIL FROM:<", ">", 250},
    [RCPT] = {"RCPT TO:<", ">", 250}, [DATA] = {"DATA", "", 354},
    [TEXT] = {"", "", 250},           [QUIT] = {"QUIT", "", 221}, /* any code will do */
};

struct letter {
    struct conversation conversation;
    const char *words[STEPS]; /* the name or address of a step; NULL: it has none */
    struct buffer text;       /* the message, as it was read */
    enum step step;
    bool sent; /* the server has taken it */
};

/* ---- the message ---- */

/*
 * Yields the message as SMTP wants it: each line ends with \r\n, and one that begins with a dot
 * gets one more; a line that is only a dot ends it all (RFC 5321, section 4.5.2).
 */
struct stuffer {
    struct producer producer;
    const char *text, *end; /* what is left of the message, and where it ends */
    bool in_line;           /* the last byte was none of a line's end */
    bool ended;             /* the dot was yielded */
    char piece[4096];
};

static ssize_t stuffer_more(struct producer *producer, const char **bytes)
{
    struct stuffer *s = container_of(producer, struct stuffer, producer);
    size_t length = 0;

    while (s->text < s->end && length <= sizeof s->piece - 2) { /* two more bytes fit */
        char c = *s->text++;
        if (c == '\n' || c == '\r') { /* \r\n, and either of them alone */
            if (c == '\r' && s->text < s->end && *s->text == '\n')
                s->text++;
            memcpy(s->piece + length, "\r\n", 2);
            length += 2;
            s->in_line = false;
            continue;
        }
        if (c == '.' && !s->in_line)
            s->piece[length++] = '.';
        s->piece[length++] = c;
        s->in_line = true;
    }
    *bytes = s->piece;
    if (length == 0 && !s->ended) {
        s->ended = true;
        *bytes = s->in_line ? "\r\n.\r\n" : ".\r\n";
        return (ssize_t)strlen(*bytes);
    }
    return (ssize_t)length;
}

static void stuffer_destroy(struct producer *producer)
{
    free(container_of(producer, struct stuffer, producer));
}

static int push_text(struct letter *letter)
{
    static const struct producer_ops ops = {.more = stuffer_more,
                                            .destroy = stuffer_destroy};
    struct stuffer *s = calloc(1, sizeof *s);

    if (s == NULL)
        return -1;
    s->text = buffer_front(&letter->text);
    s->end = s->text + buffer_length(&letter->text);
    producer_init(&s->producer, &ops);
    return async_chat_push_with_producer(&letter->conversation.chat, &s->producer);
}

/* Reads all of stdin first: a message that can't be read to its end is not begun. */
static void read_text(struct buffer *text)
{
    const size_t size = 65536;
    ssize_t got;

    do {
        char *room = buffer_reserve(text, size);
        if (room == NULL)
            cli_fail("the message: %s", strerror(errno));
        got = read(STDIN_FILENO, room, size);
        if (got == -1)
            cli_fail("stdin: %s", strerror(errno));
        buffer_added(text, (size_t)got);
    } while (got > 0);
}

/* ---- the protocol ---- */

static void say_step(struct letter *letter)
{
    struct conversation *c = &letter->conversation;
    static char line[512]; /* static, because waits_for points to it */
    const char *word = letter->words[letter->step];

    if (letter->step == TEXT) {
        c->waits_for = "the message";
        if (push_text(letter) == -1)
            cli_fail("the message: %s", strerror(errno));
        return;
    }
    c->ends = letter->step == QUIT;
    snprintf(line, sizeof line, "%s%s%s", steps[letter->step].before,
             word == NULL ? "" : word, steps[letter->step].after);
    conversation_say(c, line, line);
}

/* Takes a line of a reply. After the last line of the reply the next step follows; or, if the
 * server has refused, QUIT. */
static void handle_line(struct conversation *c, const char *line, size_t length)
{
    struct letter *letter = container_of(c, struct letter, conversation);
    bool last;

    int code = reply_smtp_code(line, length, &last);
    if (code == -1)
        cli_fail("%s: this is no reply of SMTP", c->waits_for);
    if (!last)
        return;
    if (letter->step == QUIT) {
        async_chat_close_when_done(&c->chat);
        return;
    }
    if (letter->step == EHLO && code >= 500) {
        letter->step = HELO;
    } else if (code / 10 != steps[letter->step].code / 10) {
        cli_warn_bytes(c->waits_for, line, length);
        letter->step = QUIT;
    } else {
        letter->sent |= letter->step == TEXT;
        letter->step += letter->step == EHLO ? 2 : 1;
    }
    say_step(letter);
}

int main(int argc, char **argv)
{
    static struct letter letter = {
        .conversation = {.handle_line = handle_line, .timeout = 300}};
    static char name[256] = "localhost"; /* this machine's, if it has no other */
    const char *host = "127.0.0.1";
    long port = 25;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"from", 0, "A", "the sender's address", .text = &letter.words[MAIL]},
        {"to", 0, "B", "the receiver's address", .text = &letter.words[RCPT]},
        {"timeout", 't', "SEC", "give up after so long a silence; 0: never",
         .seconds = &letter.conversation.timeout},
        {"verbose", 0, NULL, "print what is said", .flag = &letter.conversation.verbose},
        {0},
    };
    cli_parse(argc, argv, NULL, "Send the message on stdin to an SMTP server.", options);
    conversation_check_word("from", letter.words[MAIL]);
    conversation_check_word("to", letter.words[RCPT]);
    gethostname(name, sizeof name - 1);
    letter.words[EHLO] = letter.words[HELO] = name;
    read_text(&letter.text);
    conversation_run(&letter.conversation, host, port);
    buffer_free(&letter.text);
    return letter.sent ? EXIT_SUCCESS : EXIT_FAILURE;
}
