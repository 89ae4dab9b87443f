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
 * last: set to whether the reply ends here
 * Returns the code, from 200 to 599, or -1 if this is no such line.
 */
int reply_smtp_code(const char *line, size_t length, bool *last);

/*
 * POP3 begins each reply with "+OK" or "-ERR" (RFC 1939, section 3).
 * Returns 1 for the first, 0 for the second, and -1 for anything else.
 */
int reply_pop3_status(const char *line, size_t length);

/*
 * STAT is answered with "+OK 2 320": so many messages, and bytes in all (RFC 1939, section 5).
 * Returns 0, or -1 if it is not.
 */
int reply_pop3_stat(const char *line, size_t length, long *messages, long *bytes);

/*
 * A text of many lines ends with a line that is only a dot; so that none of its own does, each
 * that begins with a dot gets one more (RFC 1939, section 3).
 * Takes that one away again: moves *line and *length. Returns false at the end of the text.
 */
bool reply_text_line(const char **line, size_t *length);

#endif
