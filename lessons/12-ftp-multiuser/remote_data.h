/*
 * remote_data.h - data connections: each list and each file has its own. A part of lesson 12's client.
 *
 *     remote_data_command     EPSV or PASV, and connect; or EPRT or PORT, and listen;
 *                             REST; the command; the reply "150"; accept; TLS
 *     remote_data_receive, remote_data_send      the bytes
 *     remote_data_end         the reply "226"; or remote_data_abort
 */
#ifndef REMOTE_DATA_H
#define REMOTE_DATA_H

#include "remote.h"

#include <stdbool.h>
#include <sys/types.h>

struct remote_data {
    struct remote *remote;
    struct channel channel;
    int listener; /* -1: none */
};

/*
 * Asks for a transfer: "VERB ARGUMENT", or "VERB" if `argument` is NULL, from the byte `from` on, and opens
 * its data connection.
 * Returns 0, and remote_data_end or remote_data_abort has to follow; or -1 with the reason, and
 * neither must.
 */
int remote_data_command(struct remote_data *data, struct remote *remote, off_t from,
                        const char *verb, const char *argument);

/*
 * Receives what has come. Returns how many bytes, 1 or more; 0 at the end; or -1 with errno, as
 * channel_recv and channel_wait.
 */
ssize_t remote_data_receive(struct remote_data *data, void *bytes, size_t size);

/* Sends all of the bytes. Returns 0, or -1 with errno as channel_send_all. */
int remote_data_send(struct remote_data *data, const void *bytes, size_t length);

/*
 * All was sent, or received: closes the connection, and receives the last reply. Returns 0; or -1 with
 * the reason, if that is not a 2xx.
 */
int remote_data_end(struct remote_data *data);

/*
 * The transfer has failed with `error` (an errno): breaks it off, if the server has not done so, and
 * receives what it still says. With EINTR, which is Ctrl-C, remote->was_interrupted is set, and the
 * session goes on.
 * Returns -1, with the reason: that of the server, if it has one.
 */
int remote_data_abort(struct remote_data *data, int error);

/* The same for a failure here, such as a full disk: the reason is `reason`. Returns -1. */
int remote_data_refuse(struct remote_data *data, const char *reason);

#endif
