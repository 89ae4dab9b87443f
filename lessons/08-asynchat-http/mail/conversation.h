/*
 * conversation.h - a conversation in lines with a server: what smtp_send and pop3_list share.
 *
 * The server begins. For each line that it sends, `handle_line` is called, which says the next one
 * with conversation_say: this function is the protocol, and all that is left to write.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "asynchat.h"

#include <stdbool.h>
#include <stddef.h>

/* Before conversation_run, the caller sets handle_line, timeout and verbose, and all else to 0.
 * From then on it sets only waits_for, as conversation_say does, too, and ends. */
struct conversation {
    struct async_chat chat;
    /* Takes a line of the server, without its \r\n. The bytes can be anything, and are valid
     * until it returns. */
    void (*handle_line)(struct conversation *c, const char *line, size_t length);
    /* Seconds without a line from the server, and without room for more of what is sent, after
     * which the program ends; 0: it never does. */
    double timeout;
    bool verbose; /* print on stderr what comes, and what is said */

    const char *waits_for; /* what the server is to answer now, for messages: "EHLO me" */
    bool ends;             /* the last command was said: the server may close */

    /* conversation.c's own: */
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
 * is closed: by the server, or because handle_line called async_chat_close_when_done.
 * The time-out begins when it is connected.
 * port: from 1 to 65535
 * Ends the program, with one line on stderr and exit status 1, if
 * - it can't connect;
 * - the time-out is over, or poll(2) fails;
 * - the server sends a line of more than 65536 bytes;
 * - the server closes, the connection fails, or there is no memory, and `ends` is false. If it is
 *   true, the function returns.
 */
void conversation_run(struct conversation *c, const char *host, long port);

/*
 * Sends a line: a copy of `text`, and \r\n. `shown` stands for it where it is printed, with
 * `verbose` and in messages: it becomes waits_for, so it must stay valid until that is set again.
 * Ends the program, with one line on stderr and exit status 1, if it can't be sent, or if there is
 * no memory.
 */
void conversation_say(struct conversation *c, const char *shown, const char *text);

#endif
