/*
 * remote_list.h - what is in a directory of the server. A part of lesson 12's client.
 */
#ifndef REMOTE_LIST_H
#define REMOTE_LIST_H

#include "buffer.h"
#include "remote.h"

#include <stddef.h>

enum { REMOTE_LIST_MAX = 64 * 1024 * 1024 }; /* bytes of the longest list */

/* Begins as {0}; remote_list_free ends it. */
struct remote_list {
    char *directory;              /* of which it is; NULL: it is empty */
    struct buffer text;           /* as it came */
    struct remote_entry *entries; /* which point into it */
    size_t count;
    bool
        has_facts; /* false: the names are all that is known (NLST); the type is REMOTE_OTHER */
};

/*
 * Asks for the list of a directory ("" is the current one), with MLSD, if the server has it, else with
 * NLST. What names the directory itself is left out. Names may be anything: remote_name_is_safe.
 * Returns 0; or -1 with the reason, and the list is empty.
 */
int remote_list_load(struct remote_list *list, struct remote *remote,
                     const char *directory);

/* The same, unless it has that list already. */
int remote_list_use(struct remote_list *list, struct remote *remote,
                    const char *directory);

/* Receives the lines that LIST has for `path` ("": the current directory) into `text`. Returns 0, or -1
 * with the reason. */
int remote_list_receive(struct remote *remote, const char *verb, const char *path,
                        struct buffer *text);

/* Hands out the next line of a text: *at is 0 for the first one. Returns whether there is one. */
bool remote_list_line(const struct buffer *text, size_t *at, const char **line,
                      size_t *length);

/* Empties it. */
void remote_list_free(struct remote_list *list);

#endif
