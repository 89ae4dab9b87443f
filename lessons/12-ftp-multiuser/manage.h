/*
 * manage.h - the commands that ask about files and directories and change them, without a data connection.
 * A part of lesson 12's server.
 */
#ifndef MANAGE_H
#define MANAGE_H

#include "session.h"

/* Where the client is. */
void handle_cwd(struct session *self, const char *argument);
void handle_cdup(struct session *self, const char *argument);
void handle_pwd(struct session *self, const char *argument);

/* Directories and names. */
void handle_mkd(struct session *self, const char *argument);
void handle_rmd(struct session *self, const char *argument);
void handle_dele(struct session *self, const char *argument);
void handle_rnfr(struct session *self, const char *argument);
void handle_rnto(struct session *self, const char *argument);

/* What a file has. */
void handle_size(struct session *self, const char *argument);
void handle_mdtm(struct session *self, const char *argument);
void handle_hash(struct session *self, const char *argument);
void handle_avbl(struct session *self, const char *argument);
void handle_site_quota(struct session *self, const char *argument);

#endif
