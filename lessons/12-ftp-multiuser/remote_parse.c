/*
 * remote_parse.c - takes apart what a server says, as remote_parse.h tells.
 */
#include "remote_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads a decimal number from *at on, at most `max`, and moves *at behind it. Returns it, or -1. */
static intmax_t take_number(const char **at, const char *end, intmax_t max)
{
    intmax_t number = 0;

    if (*at == end || !is_digit(**at))
        return -1;
    for (; *at < end && is_digit(**at); ++*at) {
        int digit = **at - '0';
        if (number > (max - digit) / 10)
            return -1;
        number = number * 10 + digit;
    }
    return number;
}

/* Whether the bytes begin with the word, in any case, and a space or the end is behind it. */
static bool begins_with(const char *line, size_t length, const char *word)
{
    size_t size = strlen(word);

    return length >= size && strncasecmp(line, word, size) == 0 &&
           (length == size || line[size] == ' ');
}

/* ---- a reply ---- */

/* Returns the code with which the line begins, or -1. */
static int parse_code(const char *line, size_t length)
{
    if (length < 3 || line[0] < '1' || line[0] > '5' || !is_digit(line[1]) ||
        !is_digit(line[2]))
        return -1;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

int remote_reply_add(struct remote_reply *reply, const char *line, size_t length)
{
    const int code = parse_code(line, length);
    const char behind = length > 3 ? line[3] : ' ';

    if (reply->is_whole) {
        buffer_take(&reply->text, buffer_length(&reply->text));
        reply->is_whole = false;
        reply->code = 0;
    }
    if (reply->code == 0) {
        errno = EBADMSG;
        if (code == -1 || (behind != ' ' && behind != '-'))
            return -1;
        reply->code = code;
    }
    errno = EMSGSIZE;
    if (buffer_length(&reply->text) + length >= REMOTE_REPLY_MAX)
        return -1;
    if (buffer_append(&reply->text, line, length) == -1 ||
        buffer_append(&reply->text, "\n", 1) == -1)
        return -1;
    reply->is_whole = code == reply->code && behind == ' ';
    return reply->is_whole ? 1 : 0;
}

bool remote_reply_line(const struct remote_reply *reply, size_t *at, const char **line,
                       size_t *length)
{
    const size_t waiting = buffer_length(&reply->text);

    if (*at >= waiting)
        return false;
    *line = buffer_front(&reply->text) + *at;
    *length = (size_t)((char *)memchr(*line, '\n', waiting - *at) - *line);
    *at += *length + 1;
    return true;
}

const char *remote_reply_last(const struct remote_reply *reply, size_t *length)
{
    const char *line = "";
    size_t at = 0;

    *length = 0;
    while (remote_reply_line(reply, &at, &line, length))
        ;
    const size_t code = *length > 4 ? 4 : *length;
    *length -= code;
    return line + code;
}

/* ---- what single replies say ---- */

int remote_parse_passive(const char *text, size_t length)
{
    const char *at = text, *end = text + length;
    intmax_t numbers[6];

    /* Not all servers put them into parentheses (RFC 1123, 4.1.2.6). */
    while (at < end && !is_digit(*at))
        at++;
    for (int i = 0; i < 6; i++) {
        if (i > 0 && (at == end || *at++ != ','))
            return -1;
        numbers[i] = take_number(&at, end, 255);
        if (numbers[i] == -1)
            return -1;
    }
    const int port = (int)(numbers[4] * 256 + numbers[5]);
    return port > 0 ? port : -1;
}

int remote_parse_extended(const char *text, size_t length)
{
    const char *end = text + length;
    const char *at = length > 0 ? memchr(text, '(', length) : NULL;

    if (at == NULL || end - at < 6)
        return -1;
    const char delimiter = at[1];
    if (delimiter < 33 || delimiter > 126 || is_digit(delimiter) || at[2] != delimiter ||
        at[3] != delimiter)
        return -1;
    at += 4;
    const intmax_t port = take_number(&at, end, 65535);
    return port > 0 && at < end && *at == delimiter ? (int)port : -1;
}

off_t remote_parse_size(const char *line, size_t length)
{
    const char *end = line + length;

    if (length < 5 || line[3] != ' ')
        return -1;
    line += 4;
    const intmax_t size = take_number(&line, end, INT64_MAX);
    while (line < end && *line == ' ')
        line++;
    return line == end ? (off_t)size : -1;
}

int remote_parse_hash(const char *line, size_t length, char digest[DIGEST_SIZE])
{
    static const char begin[] = "213 SHA-256 0-";
    const char *end = line + length;

    if (length < strlen(begin) || strncasecmp(line, begin, strlen(begin)) != 0)
        return -1;
    line += strlen(begin);
    if (take_number(&line, end, INT64_MAX) == -1 || line == end || *line++ != ' ')
        return -1;
    if (end - line < DIGEST_LENGTH ||
        (end - line > DIGEST_LENGTH && line[DIGEST_LENGTH] != ' '))
        return -1;
    for (int i = 0; i < DIGEST_LENGTH; i++) {
        if (!isxdigit((unsigned char)line[i]))
            return -1;
        digest[i] = (char)tolower((unsigned char)line[i]);
    }
    digest[DIGEST_LENGTH] = '\0';
    return 0;
}

ssize_t remote_parse_path(const char *line, size_t length, char *path)
{
    const char *end = line + length;
    const char *at = length > 0 ? memchr(line, '"', length) : NULL;
    ssize_t used = 0;

    if (at == NULL)
        return -1;
    for (at++; at < end; at++) {
        /* A byte 255 is doubled on the control connection, because it begins a command of Telnet. */
        if (*at == '\xff' && at + 1 < end && at[1] == '\xff')
            at++;
        else if (*at == '"' && at + 1 < end && at[1] == '"')
            at++;
        else if (*at == '"')
            return used;
        path[used++] = *at;
    }
    return -1;
}

/* The algorithms of " HASH SHA-1;SHA-256*;SHA-512": that with the star is chosen. */
static void parse_hashes(const char *at, const char *end,
                         struct remote_features *features)
{
    static const char name[] = "SHA-256";
    const size_t length = strlen(name);

    while (at < end) {
        const char *next = memchr(at, ';', (size_t)(end - at));
        const size_t size = (size_t)((next != NULL ? next : end) - at);
        if (size >= length && strncasecmp(at, name, length) == 0 &&
            (size == length || (size == length + 1 && at[length] == '*'))) {
            features->has_hash = true;
            features->must_choose_hash = size == length;
        }
        at = next != NULL ? next + 1 : end;
    }
}

void remote_parse_feature(const char *line, size_t length,
                          struct remote_features *features)
{
    if (length == 0 || *line != ' ')
        return;
    line++;
    length--;
    while (length > 0 && line[length - 1] == ' ') /* some servers leave one there */
        length--;
    if (begins_with(line, length, "HASH"))
        parse_hashes(line + (length > 5 ? 5 : length), line + length, features);
    else if (begins_with(line, length, "REST STREAM"))
        features->has_rest = true;
    else if (begins_with(line, length, "MLST"))
        features->has_mlst = true;
    else if (begins_with(line, length, "SIZE"))
        features->has_size = true;
}

/* ---- lists ---- */

static bool is_word(const char *at, size_t length, const char *word)
{
    return length == strlen(word) && strncasecmp(at, word, length) == 0;
}

static enum remote_type parse_type(const char *value, size_t length)
{
    if (is_word(value, length, "file"))
        return REMOTE_FILE;
    if (is_word(value, length, "dir"))
        return REMOTE_DIRECTORY;
    if (is_word(value, length, "cdir") || is_word(value, length, "pdir"))
        return REMOTE_ITSELF;
    return REMOTE_OTHER;
}

/* "20261126120000", and perhaps a fraction: becomes "2026-11-26 12:00". */
static void parse_time(const char *value, size_t length, char modified[17])
{
    if (length < 14)
        return;
    for (int i = 0; i < 14; i++)
        if (!is_digit(value[i]))
            return;
    snprintf(modified, 17, "%.4s-%.2s-%.2s %.2s:%.2s", value, value + 4, value + 6,
             value + 8, value + 10);
}

/* One fact, "size=50". */
static void parse_fact(const char *fact, size_t length, struct remote_entry *entry)
{
    const char *equals = length > 0 ? memchr(fact, '=', length) : NULL;

    if (equals == NULL)
        return;
    const size_t name = (size_t)(equals - fact);
    const char *value = equals + 1, *end = fact + length;
    const size_t size = (size_t)(end - value);
    if (is_word(fact, name, "type")) {
        entry->type = parse_type(value, size);
    } else if (is_word(fact, name, "modify")) {
        parse_time(value, size, entry->modified);
    } else if (is_word(fact, name, "size")) {
        const off_t number = (off_t)take_number(&value, end, INT64_MAX);
        entry->size = value == end ? number : -1;
    }
}

int remote_parse_entry(const char *line, size_t length, struct remote_entry *entry)
{
    const char *end = line + length;
    const char *space = length > 0 ? memchr(line, ' ', length) : NULL;

    *entry = (struct remote_entry){.type = REMOTE_OTHER, .size = -1};
    if (space == NULL || space + 1 == end)
        return -1;
    entry->name = space + 1;
    entry->name_length = (size_t)(end - entry->name);
    while (line < space) {
        const char *next = memchr(line, ';', (size_t)(space - line));
        if (next == NULL)
            return -1;
        parse_fact(line, (size_t)(next - line), entry);
        line = next + 1;
    }
    return 0;
}

bool remote_name_is_safe(const char *name, size_t length)
{
    if (length == 0 || memchr(name, '/', length) != NULL ||
        memchr(name, '\0', length) != NULL)
        return false;
    return !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}
