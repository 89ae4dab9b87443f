/*
 * text.c - a part of some bytes, cut into smaller ones, as text.h says.
 */
#include "text.h"

#include <string.h>
#include <strings.h>

bool text_is(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

bool text_is_any_case(struct text text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.bytes, word, text.length) == 0;
}

struct text text_cut(struct text *text, char separator)
{
    struct text first = *text;
    const char *at =
        text->length > 0 ? memchr(text->bytes, separator, text->length) : NULL;

    *text = (struct text){0};
    if (at != NULL) {
        size_t rest = first.length - (size_t)(at - first.bytes) - 1;
        *text = (struct text){at + 1, rest};
        first.length -= rest + 1;
    }
    return first;
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && (*text.bytes == ' ' || *text.bytes == '\t'))
        text = (struct text){text.bytes + 1, text.length - 1};
    while (text.length > 0 &&
           (text.bytes[text.length - 1] == ' ' || text.bytes[text.length - 1] == '\t'))
        text.length--;
    return text;
}

long long text_number(struct text text, int base)
{
    static const char digits[] = "0123456789abcdef";
    const long long largest = (long long)1 << 56;
    long long number = 0;

    for (size_t i = 0; i < text.length; i++) {
        int byte = text.bytes[i];
        if (byte >= 'A' && byte <= 'F')
            byte += 'a' - 'A';
        const char *digit = byte != '\0' ? strchr(digits, byte) : NULL;
        if (digit == NULL || digit - digits >= base)
            return -1;
        number = number * base + (digit - digits);
        if (number > largest)
            number = largest;
    }
    return text.length > 0 ? number : -1;
}
