/*
 * slice.c - cuts bytes into slices, as slice.h says.
 */
#include "slice.h"

#include <string.h>
#include <strings.h>

bool slice_is(struct slice slice, const char *word)
{
    return slice.length == strlen(word) && memcmp(slice.bytes, word, slice.length) == 0;
}

bool slice_is_any_case(struct slice slice, const char *word)
{
    return slice.length == strlen(word) &&
           strncasecmp(slice.bytes, word, slice.length) == 0;
}

struct slice slice_cut(struct slice *rest, char separator)
{
    struct slice all = *rest;
    const char *at = all.length > 0 ? memchr(all.bytes, separator, all.length) : NULL;

    *rest = (struct slice){0};
    if (at == NULL)
        return all;
    size_t before = (size_t)(at - all.bytes);
    *rest = (struct slice){at + 1, all.length - before - 1};
    return (struct slice){all.bytes, before};
}

struct slice slice_trim(struct slice slice)
{
    while (slice.length > 0 && (*slice.bytes == ' ' || *slice.bytes == '\t'))
        slice = (struct slice){slice.bytes + 1, slice.length - 1};
    while (slice.length > 0 && (slice.bytes[slice.length - 1] == ' ' ||
                                slice.bytes[slice.length - 1] == '\t'))
        slice.length--;
    return slice;
}

long long slice_number(struct slice slice, int base)
{
    static const char digits[] = "0123456789abcdef";
    const long long largest = (long long)1 << 56;
    long long number = 0;

    for (size_t i = 0; i < slice.length; i++) {
        int byte = slice.bytes[i];
        if (byte >= 'A' && byte <= 'F')
            byte += 'a' - 'A';
        const char *digit = byte != '\0' ? strchr(digits, byte) : NULL;
        if (digit == NULL || digit - digits >= base)
            return -1;
        number = number * base + (digit - digits);
        if (number > largest)
            number = largest;
    }
    return slice.length > 0 ? number : -1;
}
