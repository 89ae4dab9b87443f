/*
 * prompt.h - the line that is typed: edited, completed with Tab, and remembered. It stands on libedit's
 * histedit.h. A part of lesson 12's client.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include "verbs.h"

#include <histedit.h>
#include <stdio.h>

/* Private. prompt_begin makes it, prompt_end gives it back. */
struct prompt {
    EditLine *line;
    History *history;
    char *file; /* with the history; or NULL */
    struct verbs *verbs;
    bool was_cleared; /* Ctrl-C was pressed */
};

/*
 * Takes over the terminal that stdin is, and reads the history: from ftp_history in the directory
 * ${XDG_STATE_HOME:-~/.local/state}/twelve-sockets, which is made. If it can't be read, there is none.
 * Returns 0, or -1 with errno ENOMEM.
 */
int prompt_begin(struct prompt *prompt, struct verbs *verbs);

/*
 * Shows the prompt and reads a line, without its end. Ctrl-C clears it, and begins anew.
 * Returns it, and free(3) gives it back; or NULL at the end (Ctrl-D).
 */
char *prompt_read(struct prompt *prompt);

/* Writes the history, for this user alone, and gives the memory back. */
void prompt_end(struct prompt *prompt);

#endif
