/*
 * get.h - the client's part of GET, for lesson 11.
 */
#ifndef GET_H
#define GET_H

#include "session.h"

#include <stdbool.h>

/* Gets the files, of which the last one is NULL, from the server into the current directory. Says
 * of each what has become of it. Returns whether all are there. */
bool get_files(struct session *session, char **names);

#endif
