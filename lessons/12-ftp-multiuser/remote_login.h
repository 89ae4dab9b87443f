/*
 * remote_login.h - what is said before the first transfer: TLS (RFC 4217), login, and what the server
 * can do (RFC 2389). A part of lesson 12's client.
 */
#ifndef REMOTE_LOGIN_H
#define REMOTE_LOGIN_H

#include "remote.h"

/*
 * USER and, if the server wants one, PASS. remote_login_features should follow.
 * `ask` is called for the password, with `context`, if the server wants one; it returns NULL if
 * there is none.
 * Returns 0, or -1 with the reason. remote->reply is the answer to the login.
 */
int remote_login(struct remote *remote, const char *user,
                 const char *(*ask)(void *context), void *context);

/* Asks the server what it can do (FEAT), and chooses the digest, if it has to, and TYPE I. Returns 0, or -1 with the reason. */
int remote_login_features(struct remote *remote);

/*
 * AUTH TLS, the handshake, PBSZ 0 and PROT P: from here on, all is under TLS. Whom the server has
 * logged in before has to log in again. remote->context must be set; unless it was made to check no
 * certificate, that of the server must be for remote->host.
 * Returns 0; or -1 with the reason: if the server refuses, the session goes on as it was; else it is
 * lost.
 */
int remote_login_tls(struct remote *remote);

/*
 * Begins TLS on a connection to the server, as a client, and does the handshake. It goes on with the
 * session of the control connection, if that has one: so the server sees that both have the same
 * client, and nothing has to be computed anew.
 * Returns 0, or -1 with the reason.
 */
int remote_login_handshake(struct remote *remote, struct channel *channel);

#endif
