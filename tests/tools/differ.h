/*
 * differ.h - how peer and swarm show that what came is not what should have come.
 */
#ifndef DIFFER_H
#define DIFFER_H

#include "cli.h"

/* Returns how many columns cli_print_bytes needs for the bytes. */
static inline int columns_of(const char *bytes, size_t length)
{
    char *text = NULL;
    size_t columns = 0;
    FILE *stream = open_memstream(&text, &columns);
    if (stream == NULL)
        cli_fail("open_memstream: %s", strerror(errno));
    cli_print_bytes(stream, bytes, length);
    fclose(stream);
    free(text);
    return (int)columns;
}

/* Prints both on stderr, in two lines, and under them a mark where they part. */
static inline void print_both(const char *wanted, size_t wanted_length, const char *came,
                              size_t came_length)
{
    size_t same = 0;
    while (same < wanted_length && same < came_length && wanted[same] == came[same])
        same++;
    fputs("  expected: ", stderr);
    cli_print_bytes(stderr, wanted, wanted_length);
    fputs("\n  received: ", stderr);
    cli_print_bytes(stderr, came, came_length);
    fprintf(stderr, "\n  %*s^\n", columns_of(wanted, same) + (int)strlen("received: "),
            "");
}

#endif
