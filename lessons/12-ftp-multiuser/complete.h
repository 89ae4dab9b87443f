/*
 * complete.h - what the word that is being typed could become. A part of lesson 12's client.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include "verbs.h"

#include <stddef.h>

/* Begins as {0}; complete_free ends it. */
struct complete {
    size_t begin; /* where the word begins in the line */
    char *
        *words; /* what it could be, as it has to be typed; in the order of their bytes */
    size_t count;
    size_t room;
};

/*
 * Finds what the last word of a line, of `length` bytes, could become: a command; or a name on the
 * server, whose list is kept in verbs->names, or here, as the command wants it. Names that a terminal should
 * not be sent are left out. Returns 0; or -1, if the list can't be had, or there is no memory.
 */
int complete_find(struct verbs *verbs, const char *line, size_t length,
                  struct complete *complete);

/* How many bytes all the words have in common, at their beginning. */
size_t complete_common(const struct complete *complete);

void complete_free(struct complete *complete);

#endif
