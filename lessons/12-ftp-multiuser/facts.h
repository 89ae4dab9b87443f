/*
 * facts.h - the commands that change what a listing tells of a file: its time and its mode. A part of lesson
 * 12's server.
 */
#ifndef FACTS_H
#define FACTS_H

#include "session.h"

/* MFMT and MFF are those of draft-somers-ftp-mfxx. */
void handle_mfmt(struct session *self, const char *argument);
void handle_mff(struct session *self, const char *argument);
void handle_site_chmod(struct session *self, const char *argument);
void handle_site_utime(struct session *self, const char *argument);

#endif
