/*
 * reply.c - reads the lines of mail servers, as reply.h says.
 */
#include "reply.h"

#include <limits.h>
#include <string.h>

int reply_smtp_code(const char *line, size_t length, bool *last)
{
    if (length < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '9' ||
        line[2] < '0' || line[2] > '9')
        return -1;
    if (length > 3 && line[3] != ' ' && line[3] != '-')
        return -1;
    *last = length == 3 || line[3] == ' ';
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

int reply_pop3_status(const char *line, size_t length)
{
    if (length >= 3 && memcmp(line, "+OK", 3) == 0 && (length == 3 || line[3] == ' '))
        return 1;
    if (length >= 4 && memcmp(line, "-ERR", 4) == 0 && (length == 4 || line[4] == ' '))
        return 0;
    return -1;
}

/* Reads the number at *at, and moves *at behind it. Returns -1 if there is none, or if it is too
 * large. */
static long long read_number(const char *line, size_t length, size_t *at)
{
    size_t begin = *at;
    long long number = 0;

    for (; *at < length && line[*at] >= '0' && line[*at] <= '9'; (*at)++) {
        int digit = line[*at] - '0';
        if (number > (LLONG_MAX - digit) / 10)
            return -1;
        number = number * 10 + digit;
    }
    return *at == begin ? -1 : number;
}

int reply_pop3_stat(const char *line, size_t length, long long *messages,
                    long long *bytes)
{
    size_t at = strlen("+OK ");

    if (reply_pop3_status(line, length) != 1)
        return -1;
    *messages = read_number(line, length, &at);
    if (*messages == -1 || at == length || line[at++] != ' ')
        return -1;
    *bytes = read_number(line, length, &at);
    return *bytes == -1 || (at < length && line[at] != ' ') ? -1 : 0;
}

bool reply_text_line(const char **line, size_t *length)
{
    if (*length == 1 && **line == '.')
        return false;
    if (*length > 1 && **line == '.') {
        (*line)++;
        (*length)--;
    }
    return true;
}
