/*
 * conversation.h - a conversation in lines with a server: what smtp_send and pop3_list share.
 *
 * The server sends a line, and the protocol says the next one. The protocol is the function
 * `handle_line`: it is all that is left to write.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "asynchat.h"

#include <stdbool.h>
#include <stddef.h>

/* Before conversation_run, the caller sets handle_line, timeout and verbose, and all else to 0.
 * Later it sets only waits_for and ends. */
struct conversation {
    struct async_chat chat;
    /* Takes a line of the server, without its \r\n. The bytes can be anything, and are valid
     * until it returns. */
    void (*handle_line)(struct conversation *c, const char *line, size_t length);
    double timeout; /* end the program after so many seconds of silence; 0: never */
    bool verbose;   /* print all lines on stderr */

    const char *waits_for; /* what the server is to answer now, for messages: "EHLO me" */
    bool ends;             /* the last command was said: the server may close */

    double due;    /* when the time-out is over, as net_now */
    size_t length; /* bytes of the line that is being collected */
};

/*
 * Ends the program with bad usage if the value of an option is missing (NULL or empty), or can't
 * stand in a command: it must be one word of at most 254 ASCII characters, without < and >
 * (RFC 5321, section 4.5.3.1.3).
 * option: its name, without --
 */
void conversation_check_word(const char *option, const char *word);

/*
 * Connects to the server, and calls handle_line for each line that comes, until the connection
 * is closed: by the server, or because handle_line called async_chat_close_when_done. Ends the
 * program with one line on stderr if it can't connect, if the server is silent for too long, or
 * if the connection ends and `ends` is false.
 */
void conversation_run(struct conversation *c, const char *host, long port);

/*
 * Sends a line: `text`, and \r\n. `shown` stands for it where it is printed, by --verbose and in
 * messages; it must stay valid until the next line is sent. Ends the program if it can't be sent.
 */
void conversation_say(struct conversation *c, const char *shown, const char *text);

#endif
