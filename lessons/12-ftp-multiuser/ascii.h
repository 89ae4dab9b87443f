/*
 * ascii.h - the ends of lines: "\n" in a file here, "\r\n" on the way (TYPE A; RFC 959, 3.1.1.1). A part
 * of lesson 12's server.
 */
#ifndef ASCII_H
#define ASCII_H

#include <stdbool.h>
#include <stddef.h>

/* Puts a '\r' before each '\n'. There must be room for twice as many bytes. Returns how many they are
 * then. */
size_t ascii_to_network(char *bytes, size_t count);

/*
 * Takes the '\r' before each '\n' away. It may be the last byte of one piece, and the '\n' the first of
 * the next: so a '\r' at the end is kept back in *has_cr, which begins as false, and stands at the front
 * of the next piece. There must be room for one byte more. Returns how many they are then.
 */
size_t ascii_to_file(char *bytes, size_t count, bool *has_cr);

#endif
