/*
 * name.h - what may be the name of a file, and how it is written into a line of the protocol, for
 * lesson 11.
 */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>
#include <stddef.h>

enum {
    NAME_LENGTH = 255,           /* bytes of the longest name, as of most file systems */
    NAME_SIZE = NAME_LENGTH + 1, /* room for one, with the NUL byte */
    NAME_WORD_SIZE = 3 * NAME_LENGTH + 1, /* room for its word, with the NUL byte */
};

/*
 * Whether `length` bytes are the name of something in a directory, and of nothing elsewhere: 1 to
 * NAME_LENGTH bytes without '/' and NUL, and neither "." nor "..".
 */
bool name_is_allowed(const char *bytes, size_t length);

/*
 * Writes a name as one word of printable ASCII: '%' and each byte that is no such character become
 * %XX. `name` has at most NAME_LENGTH bytes. Returns word, for use inside printf.
 */
const char *name_encode(const char *name, char word[NAME_WORD_SIZE]);

/*
 * The inverse; a byte that need not have been encoded may stand for itself.
 * Returns 0; or -1 with errno EINVAL, if it is no name that is allowed.
 */
int name_decode(const char *word, size_t length, char name[NAME_SIZE]);

#endif
