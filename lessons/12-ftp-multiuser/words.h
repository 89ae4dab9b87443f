/*
 * words.h - the words of a line that somebody has typed. A part of lesson 12's client.
 *
 * Words are separated by spaces and tabs. A backslash takes the next byte as it is; so do single and
 * double quotes all bytes up to the next one (but a backslash counts between double ones).
 */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

enum { WORDS_MAX = 256 };

/*
 * Splits the line, and changes it: the words point into it. Behind the last one stands NULL.
 * Returns how many there are; or -1 with errno EINVAL (a quote is not closed), or E2BIG (more than
 * WORDS_MAX - 1).
 */
int words_split(char *line, char *words[WORDS_MAX]);

/*
 * Takes the last word of `length` bytes, which has perhaps been begun only, and may be empty: writes what
 * it means into `word`, which has room for length + 1 bytes, and sets *index to how many words stand
 * before it. Returns where it begins in the line.
 */
size_t words_last(const char *line, size_t length, char *word, int *index);

/* Writes a word as it has to be typed, with backslashes: so `typed` needs room for twice its bytes,
 * and one. */
void words_escape(const char *word, char *typed);

#endif
