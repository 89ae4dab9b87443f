/*
 * reply.h - what mail servers answer: the lines of SMTP and POP3.
 *
 * Each function looks at one line of `length` bytes, without the \r\n at its end. The bytes
 * came from a server and can be anything.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * A line of an SMTP reply is "250 text", or "250-text" if the reply goes on in the next line;
 * the text may be missing, and the space before it (RFC 5321, section 4.2).
 * last: set to whether the reply ends here
 * Returns the code, from 200 to 599, or -1 if this is no such line.
 */
static inline int smtp_parse_reply(const char *line, size_t length, bool *last)
{
    if (length < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '9' ||
        line[2] < '0' || line[2] > '9')
        return -1;
    if (length > 3 && line[3] != ' ' && line[3] != '-')
        return -1;
    *last = length == 3 || line[3] == ' ';
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/*
 * POP3 begins each reply with "+OK" or "-ERR" (RFC 1939, section 3).
 * Returns 1 for the first, 0 for the second, and -1 for anything else.
 */
static inline int pop3_parse_status(const char *line, size_t length)
{
    if (length >= 3 && memcmp(line, "+OK", 3) == 0 && (length == 3 || line[3] == ' '))
        return 1;
    if (length >= 4 && memcmp(line, "-ERR", 4) == 0 && (length == 4 || line[4] == ' '))
        return 0;
    return -1;
}

/* Reads the number at *at, and moves *at behind it. Returns -1 if there is none, or if it has
 * more than nine digits. */
static inline long reply_number(const char *line, size_t length, size_t *at)
{
    size_t begin = *at;
    long number = 0;

    while (*at < length && *at - begin < 10 && line[*at] >= '0' && line[*at] <= '9')
        number = number * 10 + (line[(*at)++] - '0');
    return *at == begin || *at - begin > 9 ? -1 : number;
}

/*
 * STAT is answered with "+OK 2 320": so many messages, and bytes in all (RFC 1939, section 5).
 * Returns 0, or -1 if it is not.
 */
static inline int pop3_parse_stat(const char *line, size_t length, long *messages,
                                  long *bytes)
{
    size_t at = strlen("+OK ");

    if (pop3_parse_status(line, length) != 1)
        return -1;
    *messages = reply_number(line, length, &at);
    if (*messages == -1 || at == length || line[at++] != ' ')
        return -1;
    *bytes = reply_number(line, length, &at);
    return *bytes == -1 || (at < length && line[at] != ' ') ? -1 : 0;
}

/*
 * A text of many lines ends with a line that is only a dot; so that none of its own does, each
 * that begins with a dot gets one more (RFC 1939, section 3).
 * Takes that one away again: moves *line and *length. Returns false at the end of the text.
 */
static inline bool pop3_text_line(const char **line, size_t *length)
{
    if (*length == 1 && **line == '.')
        return false;
    if (*length > 1 && **line == '.') {
        (*line)++;
        (*length)--;
    }
    return true;
}

#endif
