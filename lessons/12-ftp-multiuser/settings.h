/*
 * settings.h - the commands that set how something is transferred, and those that change nothing. A part
 * of lesson 12's server.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "session.h"

void handle_type(struct session *self, const char *argument);
void handle_stru(struct session *self, const char *argument);
void handle_mode(struct session *self, const char *argument);
void handle_rest(struct session *self, const char *argument);
void handle_opts(struct session *self, const char *argument);
void handle_noop(struct session *self, const char *argument);
void handle_syst(struct session *self, const char *argument);
void handle_clnt(struct session *self, const char *argument);
void handle_csid(struct session *self, const char *argument);

#endif
