/*
 * verbs.h - what somebody can type: the commands of lesson 12's client.
 *
 * A command prints what it does on stdout, and on stderr, in one line, why it has failed.
 */
#ifndef VERBS_H
#define VERBS_H

#include "logon.h"
#include "remote.h"
#include "remote_list.h"

#include <stdbool.h>

/* What the commands of one program have in common. */
struct verbs {
    struct remote *remote;
    struct logon *logon;
    bool quiet, no_verify;
    struct remote_list names; /* for completion; empty, when it may have become untrue */
    bool is_done;             /* `quit` was said */
};

/* One command. */
struct verb {
    const char *name;
    const char *arguments; /* as help shows them, or "" */
    const char *help;
    int min, max; /* how many words may stand behind it */
    bool (*run)(struct verbs *verbs, char **words, int count);
    /* What its first word is the name of, and each other one, for completion. */
    enum verb_names {
        VERB_NOTHING,
        VERB_REMOTE,
        VERB_REMOTE_DIRECTORY,
        VERB_LOCAL,
        VERB_LOCAL_DIRECTORY
    } first,
        others;
};

/* All of them; the last one has no name. */
extern const struct verb verbs_table[];

/* Returns the command with this name, or NULL. */
const struct verb *verbs_find(const char *name);

/* Executes a line, and changes it. Returns whether it succeeded; an empty line does. */
bool verbs_run(struct verbs *verbs, char *line);

/* Prints all lines of the last reply, without their codes. */
void verbs_print_reply(const struct remote *remote);

/* Says on stderr why the last call has failed: "WHAT: REASON". Returns false. */
bool verbs_complain(const struct verbs *verbs, const char *what);

/* The same, of a file: "WHAT: NAME: REASON". The name may have any bytes. Returns false. */
bool verbs_complain_of(const struct verbs *verbs, const char *what, const char *name);

/* Lists `path` ("": the current directory) on stdout. Returns whether it could. */
bool verbs_list(struct verbs *verbs, const char *path);

#endif
