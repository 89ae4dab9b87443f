/*
 * command.h - the table of commands, and what they have in common. A part of lesson 12's server.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "session.h"

/*
 * Answers one line of the client, of `length` bytes and with a NUL byte behind them: finds its command
 * in the table, checks that it may come now (530, if nobody is logged in) and has an argument if it
 * needs one (501), and calls its function. What is in no table gets 500, and a NUL byte inside of the line
 * 501. What REST and RNFR have set is forgotten behind every command but a few.
 */
void command_answer(struct session *self, const char *line, size_t length);

/* Replies to a line that is no command; REST and RNFR are forgotten behind it, too. */
void command_refuse(struct session *self, int code, const char *reason);

#endif
