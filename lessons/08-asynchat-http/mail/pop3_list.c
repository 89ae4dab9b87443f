/*
 * pop3_list.c - lists the messages that wait in a mailbox: the Subject of each.
 *
 * Run it:       build/08-asynchat-http/mail/pop3_list --port 1100 --user bob
 *                   (asks for the password, or reads a line from stdin if that is no terminal)
 * Its partner:  a real server, such as dovecot; smtp_send sends what is listed here
 *
 * The password crosses the network as it is, as everything does here. A real program would use
 * TLS.
 */
#include "asynchat.h"
#include "cli.h"
#include "conversation.h"
#include "reply.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_PASSWORD = 255, MAX_SUBJECT = 1000 }; /* bytes */

/* What was said last. TOP asks for the header of a message. A server may not know it: then RETR
 * asks for the whole message. HEADER and BODY: the lines that answer one of the two. */
enum step { GREETING, USER, PASS, STAT, TOP, RETR, HEADER, BODY, QUIT };

struct mailbox {
    struct conversation conversation;
    const char *user;
    char password[MAX_PASSWORD + 2]; /* room for the \n that fgets leaves in, too */
    enum step step, fetch;           /* fetch: what asks for a message, TOP or RETR */
    long long messages, current;     /* how many there are, and were listed */
    char subject[MAX_SUBJECT];
    size_t subject_length;
    bool in_subject; /* the last line belonged to it, so the next one may, too */
    bool listed;     /* all of them are */
};

/* ---- the password ---- */

/* Those that can come from the terminal; and SIGTERM, which kill sends. */
static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTERM};
enum { SIGNALS = sizeof signals / sizeof *signals };

static volatile sig_atomic_t caught;

static void on_signal(int signal_number)
{
    caught = signal_number;
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

/* Changes the settings of the terminal. What was typed and not read is thrown away. */
static void set_terminal(const struct termios *settings)
{
    while (tcsetattr(STDIN_FILENO, TCSAFLUSH, settings) == -1 && errno == EINTR)
        ;
}

/*
 * Reads a line from the terminal, whose settings are `saved`, without its echo. Each of `signals`
 * ends the wait, and acts when the echo is on again; one that comes just before the wait acts
 * when the line is there. If the program goes on after it, because it was only stopped, or ignores
 * the signal, it asks again. After another signal, such as SIGKILL, the echo stays off.
 */
static bool read_hidden_line(char *line, size_t size, const struct termios *saved)
{
    struct sigaction catch = {.sa_handler = on_signal}; /* no SA_RESTART: fgets returns */
    struct sigaction before[SIGNALS];
    struct termios quiet = *saved;
    bool got;

    quiet.c_lflag &= ~(tcflag_t)ECHO;
    do {
        caught = 0;
        for (int i = 0; i < SIGNALS; i++)
            sigaction(signals[i], &catch, &before[i]);
        fputs("Password: ", stderr);
        set_terminal(&quiet);
        got = read_line(line, size);
        set_terminal(saved);
        fputc('\n', stderr);
        for (int i = 0; i < SIGNALS; i++)
            sigaction(signals[i], &before[i], NULL);
        clearerr(stdin);
        if (caught != 0)
            raise(caught);
    } while (caught != 0);
    return got;
}

/* Reads the password: a line from stdin. */
static void read_password(char *password, size_t size)
{
    struct termios settings;

    bool terminal = tcgetattr(STDIN_FILENO, &settings) == 0;
    if (!(terminal ? read_hidden_line(password, size, &settings)
                   : read_line(password, size)))
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

/* Adds what fits of `text`, without the spaces and tabs before it. */
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

/* Takes a line of a header. One that begins with a space or a tab continues the field of the line
 * before it (RFC 5322, section 2.2.3). */
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
