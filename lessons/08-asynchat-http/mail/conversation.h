/*
 * conversation.h - a conversation in lines with a server: what smtp_send and pop3_list share.
 *
 * The server speaks, a line at a time, and the protocol answers: it is the function
 * `handle_line`, and all that is left to write.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "asynchat.h"

#include <stdbool.h>
#include <stddef.h>

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

/* Ends the program with bad usage if the value of an option is missing, or can't stand in a
 * command: it would be two words, or two lines, or too long (RFC 5321, section 4.5.3.1.3). */
void conversation_check_word(const char *option, const char *word);

/*
 * Connects to the server, and lets it and the protocol speak until the connection is closed.
 * Ends the program, with one line on stderr, if that can't be done, or if the server ends
 * before `ends`.
 */
void conversation_run(struct conversation *c, const char *host, long port);

/* Says a line: the text, and its end. `shown` is what --verbose prints, and the messages: it must
 * live until the next line is said. */
void conversation_say(struct conversation *c, const char *shown, const char *text);

#endif
