/*
 * protocol.c - reads the lines of the protocol, as protocol.h says.
 */
#include "protocol.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* A word of a line: where it begins, and how long it is. */
struct word {
    const char *bytes;
    size_t length;
};

/* Cuts the first word off `rest`, with the space behind it. */
static struct word next_word(struct word *rest)
{
    const char *space = rest->length > 0 ? memchr(rest->bytes, ' ', rest->length) : NULL;
    struct word word = *rest;

    if (space == NULL) {
        rest->length = 0;
        return word;
    }
    word.length = (size_t)(space - word.bytes);
    rest->bytes = space + 1;
    rest->length -= word.length + 1;
    return word;
}

static bool is_word(struct word word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.bytes, text, word.length) == 0;
}

/* Reads a number of at most 18 digits, which off_t must hold: it may have 32 bits. */
static bool read_number(struct word word, off_t *number)
{
    intmax_t value = 0;

    if (word.length == 0 || word.length > 18)
        return false;
    for (size_t i = 0; i < word.length; i++) {
        if (word.bytes[i] < '0' || word.bytes[i] > '9')
            return false;
        value = value * 10 + (word.bytes[i] - '0');
    }
    *number = (off_t)value;
    return *number == value;
}

static bool read_digest(struct word word, char digest[DIGEST_SIZE])
{
    if (word.length != DIGEST_LENGTH)
        return false;
    for (size_t i = 0; i < word.length; i++)
        if (memchr("0123456789abcdef", word.bytes[i], 16) == NULL)
            return false;
    memcpy(digest, word.bytes, word.length);
    digest[word.length] = '\0';
    return true;
}

/* The words behind PUT. */
static const char *parse_put(struct word rest, struct command *command)
{
    struct word name = next_word(&rest);
    struct word size = next_word(&rest);
    struct word digest = next_word(&rest);

    if (name_decode(name.bytes, name.length, command->name) == -1)
        return "this is not the name of a file";
    if (!read_number(size, &command->number))
        return "the size is not a number, or too large";
    if (!is_word(digest, "-") && !read_digest(digest, command->digest))
        return "the digest is not 64 small hexadecimal digits, and not -";
    return rest.length == 0 ? NULL : "PUT takes three words: NAME SIZE DIGEST";
}

/* The words behind GET. */
static const char *parse_get(struct word rest, struct command *command)
{
    struct word name = next_word(&rest);
    struct word offset = next_word(&rest);
    struct word last = next_word(&rest);

    if (name_decode(name.bytes, name.length, command->name) == -1)
        return "this is not the name of a file";
    if (!read_number(offset, &command->number))
        return "the offset is not a number, or too large";
    command->unverified = is_word(last, "unverified");
    if (rest.length > 0 || (last.length > 0 && !command->unverified))
        return "GET takes two words, NAME OFFSET, and perhaps: unverified";
    return NULL;
}

const char *protocol_parse_command(const char *line, size_t length,
                                   struct command *command)
{
    struct word rest = {line, length};
    struct word verb = next_word(&rest);

    memset(command, 0, sizeof *command);
    if (is_word(verb, "PUT")) {
        command->what = COMMAND_PUT;
        return parse_put(rest, command);
    }
    if (is_word(verb, "GET")) {
        command->what = COMMAND_GET;
        return parse_get(rest, command);
    }
    if (is_word(verb, "LIST") && rest.length == 0) {
        command->what = COMMAND_LIST;
        return NULL;
    }
    return "this is none of PUT, GET and LIST";
}

/* Returns 0 if `valid`, or -1 with errno EBADMSG. */
static int check(bool valid)
{
    if (valid)
        return 0;
    errno = EBADMSG;
    return -1;
}

int protocol_parse_reply(const char *line, size_t length, struct reply *reply)
{
    struct word rest = {line, length};
    struct word status = next_word(&rest);

    *reply = (struct reply){.number = -1};
    if (is_word(status, "ERR")) {
        reply->reason = rest.bytes;
        reply->reason_length = rest.length;
        return 0;
    }
    reply->is_ok = is_word(status, "OK");
    while (rest.length > 0) {
        struct word word = next_word(&rest);
        if (!read_digest(word, reply->digest) && !read_number(word, &reply->number) &&
            !is_word(word, "-"))
            return check(false);
    }
    return check(reply->is_ok);
}

int protocol_parse_entry(const char *line, size_t length, char name[NAME_SIZE],
                         off_t *size)
{
    struct word rest = {line, length};
    struct word word = next_word(&rest);

    return check(name_decode(word.bytes, word.length, name) == 0 &&
                 read_number(rest, size));
}

int protocol_parse_from(const char *line, size_t length, off_t *offset)
{
    struct word rest = {line, length};
    struct word verb = next_word(&rest);

    return check(is_word(verb, "FROM") && read_number(rest, offset));
}

int protocol_parse_digest(const char *line, size_t length, char digest[DIGEST_SIZE])
{
    return check(read_digest((struct word){line, length}, digest));
}
