/*
 * control.h - the control connection of one client: its commands, a line each, and the replies. A part
 * of lesson 12's server.
 *
 * The lines are those of telnet (RFC 959, 2.3 and 4.1.3): what a telnet program puts between the
 * bytes (IAC and what follows, RFC 854) is taken out, also when it comes as urgent data.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "buffer.h"
#include "channel.h"
#include "lines.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONTROL_LINE = 8192 }; /* bytes of the longest command, without its end */

struct control {
    struct channel channel;
    struct lines lines;
    enum {
        TELNET_BYTES,
        TELNET_CR,
        TELNET_IAC,
        TELNET_OPTION,
        TELNET_SUBNEGOTIATION,
        TELNET_SUBNEGOTIATION_IAC,
    } telnet;   /* what the last byte was */
    char *held; /* a copy of a line, or NULL */
    size_t held_length;
    bool is_held;          /* it is to be handed out next */
    struct buffer replies; /* not sent yet */
    bool is_incomplete;    /* there was no memory for one of them */
    double timeout;        /* for the client to take replies; 0: none */
};

/* Takes over the connection `fd`; control_close closes it. Returns 0, or -1 with errno; then the
 * descriptor is still the caller's. */
int control_open(struct control *control, int fd, double timeout);

/* Gives back the memory and TLS. The descriptor is not closed: it is the server's. */
void control_close(struct control *control);

/* ---- commands ---- */

/*
 * The next line that is complete, without its end; a NUL byte stands behind it, and there may be some
 * inside. It is valid until the next call.
 * Returns 1; 0 if none is complete; or -1 with errno EMSGSIZE, once for each line that is too long.
 */
int control_next(struct control *control, char **line, size_t *length);

/* Receives what has come. Returns 1; 0 if the client has ended the stream; or -1 with errno EAGAIN if
 * nothing has come, or as channel_recv. */
int control_fill(struct control *control);

/* Sends the replies, and waits for the next line, but not longer than `seconds` (0: no limit).
 * Returns as control_next; 0 at the end of the stream; -1 also with ETIMEDOUT, or as above. */
int control_receive(struct control *control, double seconds, char **line, size_t *length);

/* The line that was handed out last is not for now: control_next hands it out once more. Returns 0, or
 * -1 with errno ENOMEM. */
int control_hold(struct control *control, const char *line, size_t length);

/* Waits for so many seconds, and hears nothing. Returns 0; or -1 with errno ECONNRESET, as soon as the
 * client has left or the server stops. */
int control_pause(const struct control *control, double seconds);

/* Throws away what has come and was not handed out. For the moment before TLS: who could write to
 * the plain connection must not be heard as the client that TLS protects. */
void control_discard(struct control *control);

/* ---- replies ----
 *
 * They wait until control_flush, or control_receive, sends them. A control character in a reply
 * becomes '?', so that a name in it can't end it. Without memory a reply is lost, and the next flush
 * fails. */

/* "CODE TEXT", the only line of a reply or its last one. */
__attribute__((format(printf, 3, 4))) void
control_reply(struct control *control, int code, const char *format, ...);

/* "CODE-TEXT", the first line of a reply that has more. */
__attribute__((format(printf, 3, 4))) void
control_begin(struct control *control, int code, const char *format, ...);

/* " TEXT", a line in the middle. */
__attribute__((format(printf, 2, 3))) void control_add(struct control *control,
                                                       const char *format, ...);

/* Sends them. Returns 0, or -1 with errno as channel_send_all, or ENOMEM. */
int control_flush(struct control *control);

#endif
