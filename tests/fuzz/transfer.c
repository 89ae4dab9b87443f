/*
 * transfer.c - has the parsers of lesson 11 read any bytes as requests, replies, entries of a list
 * and names. What they accept must be what the protocol allows.
 *
 * Run it:       make fuzz ARGS="60 transfer"
 * Its partner:  lessons/11-file-transfer/protocol.h and name.h; libFuzzer, which chooses the bytes
 *               and has main
 */
#include "../../lessons/11-file-transfer/protocol.h"

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

/* A name must be that of something in the root; and it must come through the protocol. */
static void check_name(const char *name)
{
    char word[NAME_WORD_SIZE], again[NAME_SIZE];

    check(name[0] != '\0' && strlen(name) <= NAME_LENGTH && strchr(name, '/') == NULL);
    check(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    name_encode(name, word);
    check(strlen(word) < sizeof word);
    for (const char *at = word; *at != '\0'; at++)
        check(*at > ' ' && *at <= '~');
    check(name_decode(word, strlen(word), again) == 0 && strcmp(name, again) == 0);
}

static void check_digest(const char *digest)
{
    check(strlen(digest) == DIGEST_LENGTH &&
          strspn(digest, "0123456789abcdef") == DIGEST_LENGTH);
}

static void check_command(const char *line, size_t length)
{
    struct command command;

    if (protocol_parse_command(line, length, &command) != NULL)
        return;
    check(command.what != COMMAND_UNKNOWN && command.number >= 0);
    if (command.what != COMMAND_LIST)
        check_name(command.name);
    if (command.digest[0] != '\0')
        check_digest(command.digest);
}

static void check_reply(const char *line, size_t length)
{
    struct reply reply;

    if (protocol_parse_reply(line, length, &reply) == -1)
        return;
    check(memcmp(line, reply.is_ok ? "OK" : "ERR", reply.is_ok ? 2 : 3) == 0);
    check(reply.number >= -1);
    if (reply.digest[0] != '\0')
        check_digest(reply.digest);
    check(reply.is_ok ||
          (reply.reason >= line && reply.reason + reply.reason_length == line + length) ||
          reply.reason_length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data;
    char name[NAME_SIZE], digest[DIGEST_SIZE];
    off_t number = 0;

    check_command(line, size);
    check_reply(line, size);
    if (protocol_parse_entry(line, size, name, &number) == 0)
        check_name(name);
    check(number >= 0);
    if (protocol_parse_from(line, size, &number) == 0)
        check(number >= 0);
    if (protocol_parse_digest(line, size, digest) == 0)
        check_digest(digest);
    if (name_decode(line, size, name) == 0)
        check_name(name);
    return 0;
}
