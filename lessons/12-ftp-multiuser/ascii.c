/*
 * ascii.c - the ends of lines, as ascii.h says.
 */
#include "ascii.h"

#include <string.h>

size_t ascii_to_network(char *bytes, size_t count)
{
    size_t newlines = 0;

    for (size_t i = 0; i < count; i++)
        newlines += bytes[i] == '\n';
    /* From the end, so that no byte is overwritten before it has moved. */
    char *to = bytes + count + newlines;
    for (const char *from = bytes + count; from < to;) {
        *--to = *--from;
        if (*from == '\n')
            *--to = '\r';
    }
    return count + newlines;
}

size_t ascii_to_file(char *bytes, size_t count, bool *has_cr)
{
    size_t kept = 0;

    if (*has_cr) {
        memmove(bytes + 1, bytes, count++);
        bytes[0] = '\r';
    }
    *has_cr = count > 0 && bytes[count - 1] == '\r';
    if (*has_cr)
        count--;
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != '\r' || i + 1 == count || bytes[i + 1] != '\n')
            bytes[kept++] = bytes[i];
    return kept;
}
