/*
 * replies.c - has the parsers of lesson 8 read any bytes as the lines of SMTP and POP3 servers.
 *
 * Run it:       make fuzz ARGS="60 replies"
 * Its partner:  lessons/08-asynchat-http/mail/reply.h; libFuzzer, which chooses the bytes and has
 *               main
 */
#include "../../lessons/08-asynchat-http/mail/reply.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Ends the run if `condition` is not true: libFuzzer keeps the input. */
static void check(bool condition)
{
    if (!condition)
        abort();
}

static void check_line(const char *line, size_t length)
{
    bool last = false;
    long long messages = -1, bytes = -1;
    const char *text = line;
    size_t text_length = length;

    int code = reply_smtp_code(line, length, &last);
    check(code == -1 || (code >= 200 && code <= 599 && length >= 3));
    check(code == -1 || last == (length == 3 || line[3] == ' '));
    int status = reply_pop3_status(line, length);
    check(status == -1 || *line == (status == 1 ? '+' : '-'));
    if (reply_pop3_stat(line, length, &messages, &bytes) == 0)
        check(status == 1 && messages >= 0 && bytes >= 0);
    if (reply_text_line(&text, &text_length))
        check(text + text_length == line + length && length - text_length <= 1);
    else
        check(length == 1 && *line == '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data;
    const char *end = line + size;

    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline == NULL ? end : newline;
        check_line(line, (size_t)(stop - line));
        line = stop + 1;
    }
    return 0;
}
