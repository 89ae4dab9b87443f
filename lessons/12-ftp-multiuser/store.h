/*
 * store.h - the commands that take a file from the client. A part of lesson 12's server.
 */
#ifndef STORE_H
#define STORE_H

#include "session.h"

void handle_stor(struct session *self, const char *argument);
void handle_appe(struct session *self, const char *argument);
void handle_stou(struct session *self, const char *argument);
void handle_allo(struct session *self, const char *argument);

#endif
