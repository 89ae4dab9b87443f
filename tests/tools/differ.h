/*
 * differ.h - how peer and swarm show that what came is not what should have come.
 */
#ifndef DIFFER_H
#define DIFFER_H

#include <stddef.h>

/* Prints both on stderr, in two lines, and under them a mark where they part. */
void differ_print(const char *wanted, size_t wanted_length, const char *came,
                  size_t came_length);

#endif
