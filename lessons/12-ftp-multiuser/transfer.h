/*
 * transfer.h - moves bytes over a data connection, while the control connection is heard. A part of
 * lesson 12's server.
 *
 * A transfer waits for two connections at once: the data connection, until it takes or has bytes, and
 * the control connection, on which ABOR, STAT and NOOP are answered at once. The first other command
 * waits for the end of the transfer, and all that comes behind it, too.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "session.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How a transfer has ended, or a step of it. */
enum transfer_end {
    TRANSFER_DONE,
    TRANSFER_ABORTED, /* the client has sent ABOR */
    TRANSFER_BROKEN,  /* errno tells what the data connection has */
    TRANSFER_FILE,    /* errno tells what the file has */
    TRANSFER_LEFT,    /* the client has left */
};

/* A transfer under way. */
struct transfer {
    struct session *session;
    const char *verb; /* "RETR", for STAT */
    const char *path; /* a virtual path */
    double began;     /* on net_now's clock */
    off_t moved;      /* so many bytes so far */
};

/* Begins one over self->data.channel, which is open. */
void transfer_begin(struct transfer *transfer, struct session *self, const char *verb,
                    const char *path);

/* Sends all of the bytes. */
enum transfer_end transfer_send(struct transfer *transfer, const char *bytes,
                                size_t length);

/* Sends the bytes of `file` from `from` up to `size`; without TLS the kernel copies them to the socket
 * itself, with sendfile(2), if it can. With `is_ascii`, each "\n" becomes "\r\n". */
enum transfer_end transfer_send_file(struct transfer *transfer, int file, off_t from,
                                     off_t size, bool is_ascii);

/*
 * Receives what has come, at most `size` bytes, and sets *received: 0 at the end of the stream. The end
 * counts only if the client is still there: who dies ends all its connections, and what it sent may be
 * half a file.
 */
enum transfer_end transfer_receive(struct transfer *transfer, char *bytes, size_t size,
                                   size_t *received);

/*
 * Ends it: closes the data connection, and replies 226, or 426, 451, 452 or 552 with the reason. After
 * ABOR there are two replies (RFC 959, 4.1.3). `direction` is ACCESS_IN or ACCESS_OUT,
 * for the access log; or 0, which adds no line.
 */
void transfer_conclude(struct transfer *transfer, enum transfer_end end, int direction);

/* ---- the control connection meanwhile ---- */

/*
 * Waits for at most `seconds` (0: no limit; -1: not at all) for what `other`, which may be NULL, is to
 * be polled for; and answers what comes at the control connection and may be answered in the middle.
 * Returns TRANSFER_DONE with errno 0, as soon as `other` has one of its events, or with ETIMEDOUT when
 * the time has passed; TRANSFER_ABORTED or TRANSFER_LEFT. `transfer` is NULL while the data connection is
 * still to come.
 */
enum transfer_end transfer_attend(struct session *self, const struct transfer *transfer,
                                  struct pollfd *other, double seconds);

/* Replies to ABOR, after the end of what it has ended. */
void transfer_reply_abor(struct session *self);

/* ABOR, when no transfer runs. */
void handle_abor(struct session *self, const char *argument);

#endif
