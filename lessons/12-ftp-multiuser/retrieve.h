/*
 * retrieve.h - the commands that send something to the client: files and listings. A part of lesson 12's
 * server.
 */
#ifndef RETRIEVE_H
#define RETRIEVE_H

#include "session.h"

/* Over a data connection. */
void handle_retr(struct session *self, const char *argument);
void handle_list(struct session *self, const char *argument);
void handle_nlst(struct session *self, const char *argument);
void handle_mlsd(struct session *self, const char *argument);

/* In the reply. */
void handle_mlst(struct session *self, const char *argument);
void handle_stat(struct session *self, const char *argument);

#endif
