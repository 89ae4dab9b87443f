/*
 * login.h - the commands with which a client says who it is, and makes the connection safe. A part of
 * lesson 12's server.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include "session.h"

void handle_user(struct session *self, const char *argument);
void handle_pass(struct session *self, const char *argument);
void handle_rein(struct session *self, const char *argument);
void handle_quit(struct session *self, const char *argument);

/* RFC 4217: TLS on the control connection, and on data connections. */
void handle_auth(struct session *self, const char *argument);
void handle_pbsz(struct session *self, const char *argument);
void handle_prot(struct session *self, const char *argument);

/* Nobody is logged in any more: gives back what the user had. */
void login_end(struct session *self);

#endif
