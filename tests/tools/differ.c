/*
 * differ.c - shows two rows of bytes, and where they part, as differ.h describes it.
 */
#include "differ.h"
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns how many columns cli_print_bytes needs for the bytes. */
static int columns_of(const char *bytes, size_t length)
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

void differ_print(const char *wanted, size_t wanted_length, const char *came,
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
