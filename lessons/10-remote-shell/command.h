/*
 * command.h - a command that runs for a client, as its server sees it: descriptors to poll, a signal
 * to send, an exit status to wait for.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Begins as COMMAND_NONE. What a descriptor is for is told from the server's side. */
struct command {
    pid_t keeper; /* the process that keeps it (keeper.h); 0: none runs */
    int control;  /* to the keeper; readable when the command has ended */
    int input;    /* to its stdin; -1: closed. The three do not block */
    int output;   /* from its stdout; -1: nothing more comes */
    int error;    /* from its stderr; the same */
    int place;    /* from its shell, at the end: the directory it was in */
};

#define COMMAND_NONE ((struct command){0, -1, -1, -1, -1, -1})

/*
 * Starts `text` with a shell, in `directory` ("": the server's). The shell inherits nothing else of the
 * server: no descriptor, no blocked and no ignored signal; only its environment.
 * Returns 0, and command_finish ends it; or -1 with errno set by pipe(2), socketpair(2) or fork(2).
 */
int command_start(struct command *command, const char *text, const char *directory);

/* Sends a signal to the command's process group. */
void command_signal(struct command *command, int number);

/* Asks the keeper to end the command: SIGHUP now, and soon SIGKILL, for all that it has started. */
void command_end(struct command *command);

/*
 * Whether the command has ended, and all that it has started; then its exit status is in *status,
 * as $? of a shell. Does not wait. What it has written can still be read.
 */
bool command_has_ended(struct command *command, unsigned char *status);

/* Closes *fd, unless it is closed, and sets it to -1. */
void command_close(int *fd);

/*
 * Ends the command, if one runs, waits for that, and closes all of it. If its shell has said in which
 * directory it was, that is written into `directory`, unless it is longer than `size`.
 */
void command_finish(struct command *command, char *directory, size_t size);

#endif
