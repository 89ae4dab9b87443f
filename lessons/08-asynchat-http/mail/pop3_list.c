/*
 * pop3_list.c - lists the messages that wait in a mailbox: the Subject of each.
 *
 * Run it:       build/08-asynchat-http/mail/pop3_list --port 1100 --user bob
 *                   (asks for the password, or reads a line from stdin if that is no terminal)
 * Its partner:  a real server, such as dovecot; smtp_send sends what is listed here
 *
 * The password crosses the network as it is, as everything does here. Lesson 12 has TLS.
 */
#include "asynchat.h"
#include "cli.h"
#include "conversation.h"
#include "reply.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_PASSWORD = 255, MAX_SUBJECT = 1000 };

/* What was said last. RETR, for all of a message, is said to a server that does not know TOP,
 * for its header. HEADER and BODY: the server answers with a text. */
enum step { GREETING, USER, PASS, STAT, TOP, RETR, HEADER, BODY, QUIT };

struct mailbox {
    struct conversation conversation;
    const char *user;
    char password[MAX_PASSWORD + 1];
    enum step step, fetch;       /* fetch: TOP, or RETR */
    long long messages, current; /* how many there are, and were listed */
    char subject[MAX_SUBJECT];
    size_t subject_length;
    bool in_subject; /* the last line belonged to it, so the next one may, too */
    bool listed;     /* all of them are */
};

/* ---- the password ---- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    interrupted = signal_number;
}

/* Reads a line from stdin. Returns whether there was one that is not too long. */
static bool read_line(char *line, size_t size)
{
    if (fgets(line, (int)size, stdin) == NULL)
        return false;
    size_t length = strcspn(line, "\r\n");
    bool whole = line[length] != '\0' || feof(stdin);
    line[length] = '\0';
    return whole;
}

/* Reads the password: from a terminal without its echo, which comes back in any case. */
static void read_password(char *password, size_t size)
{
    struct termios saved, quiet;
    struct sigaction stop = {.sa_handler = on_interrupt}, before;
    bool terminal = tcgetattr(STDIN_FILENO, &saved) == 0;

    if (terminal) {
        sigaction(SIGINT, &stop, &before); /* without SA_RESTART: fgets returns */
        quiet = saved;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fputs("Password: ", stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool got = read_line(password, size);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
        fputc('\n', stderr);
        sigaction(SIGINT, &before, NULL);
        if (interrupted)
            raise(SIGINT);
    }
    if (!got)
        cli_fail("the password: a line of at most %d bytes is needed", MAX_PASSWORD);
}

/* ---- the protocol ---- */

static void say(struct mailbox *m, enum step step, const char *shown, const char *text)
{
    m->step = step;
    m->conversation.ends = step == QUIT;
    conversation_say(&m->conversation, shown, text);
}

/* Asks for the next message, or leaves after the last one. */
static void next_message(struct mailbox *m)
{
    static char line[64]; /* static, because waits_for points to it */

    if (m->current == m->messages) {
        m->listed = true;
        say(m, QUIT, "QUIT", "QUIT");
        return;
    }
    m->subject_length = 0;
    m->in_subject = false;
    snprintf(line, sizeof line, m->fetch == TOP ? "TOP %lld 0" : "RETR %lld",
             m->current + 1);
    say(m, m->fetch, line, line);
}

static void print_message(struct mailbox *m)
{
    printf("%lld: ", ++m->current);
    if (m->subject_length == 0)
        fputs("(no subject)", stdout);
    cli_print_bytes(stdout, m->subject, m->subject_length);
    putchar('\n');
}

static void add_to_subject(struct mailbox *m, const char *text, size_t length)
{
    for (; length > 0 && (*text == ' ' || *text == '\t'); length--)
        text++;
    if (m->subject_length > 0 && m->subject_length < MAX_SUBJECT)
        m->subject[m->subject_length++] = ' ';
    if (length > MAX_SUBJECT - m->subject_length)
        length = MAX_SUBJECT - m->subject_length;
    memcpy(m->subject + m->subject_length, text, length);
    m->subject_length += length;
}

/* A line of a header. One that begins with a space goes on with the field of the last line
 * (RFC 5322, section 2.2.3). */
static void hear_header(struct mailbox *m, const char *line, size_t length)
{
    static const char name[] = "Subject:";
    const size_t begin = strlen(name);

    if (length == 0) {
        m->step = BODY;
        return;
    }
    if (*line == ' ' || *line == '\t') {
        if (m->in_subject)
            add_to_subject(m, line, length);
        return;
    }
    m->in_subject = length >= begin && strncasecmp(line, name, begin) == 0;
    if (m->in_subject)
        add_to_subject(m, line + begin, length - begin);
}

/* The server has refused what was said last. */
static void hear_refusal(struct mailbox *m, const char *line, size_t length)
{
    if (m->step == TOP) {
        m->fetch = RETR;
        next_message(m);
        return;
    }
    cli_warn_bytes(m->conversation.waits_for, line, length);
    say(m, QUIT, "QUIT", "QUIT");
}

/* The server has agreed to what was said last: says the next. */
static void hear_ok(struct mailbox *m, const char *line, size_t length)
{
    static char text[MAX_PASSWORD + 16];
    long long bytes;

    switch (m->step) {
    case GREETING:
        snprintf(text, sizeof text, "USER %s", m->user);
        say(m, USER, text, text);
        break;
    case USER:
        snprintf(text, sizeof text, "PASS %s", m->password);
        say(m, PASS, "PASS", text);
        break;
    case PASS:
        say(m, STAT, "STAT", "STAT");
        break;
    case STAT:
        if (reply_pop3_stat(line, length, &m->messages, &bytes) == -1)
            cli_fail("STAT: this is no reply of POP3");
        printf("%lld messages, %lld bytes\n", m->messages, bytes);
        next_message(m);
        break;
    case TOP:
    case RETR:
        m->step = HEADER;
        break;
    case HEADER:
    case BODY:
    case QUIT: /* handle_line takes what answers these */
        break;
    }
}

static void handle_line(struct conversation *c, const char *line, size_t length)
{
    struct mailbox *m = container_of(c, struct mailbox, conversation);

    if (m->step == HEADER || m->step == BODY) {
        if (!reply_text_line(&line, &length)) {
            print_message(m);
            next_message(m);
        } else if (m->step == HEADER) {
            hear_header(m, line, length);
        }
        return;
    }
    int status = reply_pop3_status(line, length);
    if (status == -1)
        cli_fail("%s: this is no reply of POP3", c->waits_for);
    if (m->step == QUIT) /* all is said, whatever the answer is */
        async_chat_close_when_done(&c->chat);
    else if (status == 1)
        hear_ok(m, line, length);
    else
        hear_refusal(m, line, length);
}

int main(int argc, char **argv)
{
    static struct mailbox mailbox = {
        .conversation = {.handle_line = handle_line, .timeout = 60}, .fetch = TOP};
    const char *host = "127.0.0.1";
    long port = 110;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"user", 0, "U", "whose mailbox", .text = &mailbox.user},
        {"timeout", 't', "SEC", "give up after so long a silence; 0: never",
         .seconds = &mailbox.conversation.timeout},
        {"verbose", 0, NULL, "print what is said", .flag = &mailbox.conversation.verbose},
        {0},
    };
    cli_parse(argc, argv, NULL, "List the messages in a mailbox on a POP3 server.",
              options);
    conversation_check_word("user", mailbox.user);
    read_password(mailbox.password, sizeof mailbox.password);
    conversation_run(&mailbox.conversation, host, port);
    return mailbox.listed ? EXIT_SUCCESS : EXIT_FAILURE;
}
