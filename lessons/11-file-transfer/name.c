/*
 * name.c - names of files, as name.h says.
 */
#include "name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool name_is_allowed(const char *bytes, size_t length)
{
    /* EXERCISE 1: refuse what is empty or too long, what has a '/' or a NUL byte in it, and "."
     * and ".." */
    if (length == 0 || length > NAME_LENGTH)
        return false;
    if (memchr(bytes, '/', length) != NULL || memchr(bytes, '\0', length) != NULL)
        return false;
    return !(bytes[0] == '.' && (length == 1 || (length == 2 && bytes[1] == '.')));
    /* END EXERCISE */
}

const char *name_encode(const char *name, char word[NAME_WORD_SIZE])
{
    char *end = word;

    for (; *name != '\0'; name++) {
        unsigned char byte = (unsigned char)*name;
        if (byte > ' ' && byte <= '~' && byte != '%')
            *end++ = *name;
        else
            end += sprintf(end, "%%%02X", byte);
    }
    *end = '\0';
    return word;
}

/* Returns the value of a hexadecimal digit, or -1. */
static int digit_value(char digit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = memchr(digits, digit, sizeof digits - 1);
    return at == NULL ? -1 : (int)((at - digits) % 16);
}

int name_decode(const char *word, size_t length, char name[NAME_SIZE])
{
    size_t used = 0;

    errno = EINVAL;
    for (size_t i = 0; i < length; i++) {
        char byte = word[i];
        if (byte == '%') {
            int high = length - i > 2 ? digit_value(word[i + 1]) : -1;
            int low = length - i > 2 ? digit_value(word[i + 2]) : -1;
            if (high == -1 || low == -1)
                return -1;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        if (used == NAME_LENGTH)
            return -1;
        name[used++] = byte;
    }
    name[used] = '\0';
    return name_is_allowed(name, used) ? 0 : -1;
}
