/*
 * words.c - splits what was typed, as words.h says.
 */
#include "words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/*
 * Takes the word that begins at *from, of `end` bytes in all, and writes what it means into `word`, which
 * may be the same memory. Moves *from behind it. Returns its length; *quote is the quote that is open at
 * its end, or 0.
 */
static size_t take_word(const char *line, size_t *from, size_t end, char *word,
                        char *quote)
{
    size_t at = *from, used = 0;

    for (*quote = 0; at < end && (*quote != 0 || !is_blank(line[at])); at++) {
        const char byte = line[at];
        if (byte == *quote && *quote != 0)
            *quote = 0;
        else if (*quote == 0 && (byte == '\'' || byte == '"'))
            *quote = byte;
        else if (byte == '\\' && *quote != '\'' && at + 1 < end)
            word[used++] = line[++at];
        else
            word[used++] = byte;
    }
    *from = at;
    return used;
}

int words_split(char *line, char *words[WORDS_MAX])
{
    const size_t end = strlen(line);
    size_t at = 0;
    int count = 0;
    char quote;

    for (;;) {
        while (at < end && is_blank(line[at]))
            at++;
        words[count] = NULL;
        if (at == end)
            return count;
        if (count == WORDS_MAX - 1) {
            errno = E2BIG;
            return -1;
        }
        char *word = line + at;
        size_t length = take_word(line, &at, end, word, &quote);
        if (quote != 0) {
            errno = EINVAL;
            return -1;
        }
        at += at < end; /* the blank behind it, which the NUL byte may replace */
        word[length] = '\0';
        words[count++] = word;
    }
}

size_t words_last(const char *line, size_t length, char *word, int *index)
{
    size_t at = 0;
    char quote;

    for (*index = 0;; ++*index) {
        while (at < length && is_blank(line[at]))
            at++;
        size_t begin = at;
        size_t used = take_word(line, &at, length, word, &quote);
        if (at == length) {
            word[used] = '\0';
            return begin;
        }
    }
}

void words_escape(const char *word, char *typed)
{
    for (; *word != '\0'; word++) {
        if (strchr(" \t\\'\"", *word) != NULL)
            *typed++ = '\\';
        *typed++ = *word;
    }
    *typed = '\0';
}
