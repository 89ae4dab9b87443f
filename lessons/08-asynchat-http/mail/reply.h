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

/*
 * A line of an SMTP reply is "250 text", or "250-text" if the reply goes on in the next line;
 * the text may be missing, and the space before it (RFC 5321, section 4.2).
 * Returns the code, from 200 to 599, with *last set to whether the reply ends with this line; or
 * -1 if this is no such line.
 */
int reply_smtp_code(const char *line, size_t length, bool *last);

/*
 * POP3 begins each reply with "+OK" or "-ERR" (RFC 1939, section 3).
 * Returns 1 for the first, 0 for the second, and -1 for anything else.
 */
int reply_pop3_status(const char *line, size_t length);

/*
 * STAT is answered with "+OK 2 320": so many messages, and bytes in all (RFC 1939, section 5).
 * More may follow behind a space.
 * Returns 0 with *messages and *bytes set, both 0 or more; or -1 if this is no such line, or a
 * number in it is greater than LLONG_MAX.
 */
int reply_pop3_stat(const char *line, size_t length, long long *messages,
                    long long *bytes);

/*
 * A text of many lines ends with a line that is only a dot. A line of the text itself that begins
 * with a dot was sent with one dot more (RFC 1939, section 3).
 * Takes this dot away: changes *line and *length. Returns whether this is a line of the text:
 * false at its end.
 */
bool reply_text_line(const char **line, size_t *length);

#endif
