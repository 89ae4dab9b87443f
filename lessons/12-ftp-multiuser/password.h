/*
 * password.h - how a program gets a password from who runs it, for the programs of lesson 12.
 *
 * A password is a line of stdin: 1 byte or more, and none of them a control character. All bytes
 * from 128 on are as good as letters.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stddef.h>

/*
 * Reads a line from stdin into `password`, which has room for `size` bytes with the NUL byte.
 * Returns 0; or -1 with errno ENODATA (the line is empty, or there is none), ERANGE (it is too
 * long), EINVAL (it has a control character), or set by read(2). Then `password` is empty.
 */
int password_read(char *password, size_t size);

/*
 * The same from the terminal that stdin is, without the echo, after printing `prompt` on stderr.
 * What was typed ahead is thrown away. A signal from the terminal, or SIGTERM, acts when the echo
 * is on again; if the program goes on after it, it asks again.
 * Returns as password_read; or -1 with errno ENOTTY, if stdin is no terminal.
 */
int password_ask(const char *prompt, char *password, size_t size);

/* What is wrong with the password, in words, for an errno that these functions have set. */
const char *password_reason(int error);

#endif
