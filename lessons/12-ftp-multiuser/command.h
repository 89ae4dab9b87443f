/*
 * command.h - the table of commands, and what they have in common. A part of lesson 12's server.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "session.h"

/*
 * Answers one line of the client, of `length` bytes and with a NUL byte behind them: finds its command
 * in the table, checks that it may come now (530, if nobody is logged in) and has an argument if it
 * needs one (501), and calls its function. What is in no table gets 500.
 */
void command_answer(struct session *self, const char *line, size_t length);

#endif
