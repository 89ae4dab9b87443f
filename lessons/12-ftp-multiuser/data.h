/*
 * data.h - the data connection: how it is agreed on, and how it comes to be. A part of lesson 12's
 * server.
 *
 * FTP has two connections. Commands and replies use the control connection. For each file and each
 * listing there is a data connection, which ends with it. The client says who connects:
 *
 *     passive, PASV or EPSV: the server listens on a port for the client      client -----> server
 *     active, PORT or EPRT:  the client listens, and says on which port       client <----- server
 *
 * Both ends must be those of the control connection. Else a client could let the server connect to
 * a third party (the FTP bounce attack, RFC 2577), or a stranger could take the connection that is
 * meant for somebody else.
 */
#ifndef DATA_H
#define DATA_H

#include "channel.h"

#include <stdbool.h>
#include <sys/socket.h>

struct session;

struct data {
    enum { DATA_NONE, DATA_PASSIVE, DATA_ACTIVE } mode; /* for the next transfer */
    int listener;                                       /* passive: it listens; else -1 */
    struct sockaddr_storage address; /* active: where the client listens */
    bool only_epsv;                  /* EPSV ALL */
    struct channel channel;          /* the connection, or fd -1 */
};

void data_init(struct data *data);

/* Closes the connection and the listener, whatever there is, and forgets what was agreed on. */
void data_close(struct data *data);

/* The commands that agree on one; each forgets the one before. */
void handle_pasv(struct session *self, const char *argument);
void handle_epsv(struct session *self, const char *argument);
void handle_port(struct session *self, const char *argument);
void handle_eprt(struct session *self, const char *argument);

/*
 * Makes the connection: waits for the client's, or connects to the client. Replies 150 with `what`
 * then, and does TLS's handshake if the client wants it. While it waits, it hears ABOR and sees the
 * client leave.
 * Returns whether self->data.channel is ready; else it is closed, and the reply was sent, 425, 521, 522 or
 * what ABOR gets; or the client has left, and self->is_over is set.
 */
bool data_open(struct session *self, const char *what);

#endif
