/*
 * put.h - the client's part of PUT, for lesson 11.
 */
#ifndef PUT_H
#define PUT_H

#include "session.h"

#include <stdbool.h>

/* Sends the files, of which the last one is NULL, to the server. Says of each what has become of
 * it. Returns whether all are there. */
bool put_files(struct session *session, char **paths);

#endif
