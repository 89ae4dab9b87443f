/*
 * ftp_replies.c - has the parsers of lesson 12's client read any bytes as replies, ports, digests,
 * lists and URLs. What they accept must be what their headers promise.
 *
 * Run it:       make fuzz ARGS="60 ftp_replies"
 * Its partner:  lessons/12-ftp-multiuser/remote_parse.h and url.h; libFuzzer, which chooses the bytes
 *               and has main
 */
#include "../../lessons/12-ftp-multiuser/remote_parse.h"
#include "../../lessons/12-ftp-multiuser/url.h"

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

static void check_port(int port)
{
    check(port == -1 || (port >= 1 && port <= 65535));
}

/* What single lines may be. */
static void check_line(const char *line, size_t length)
{
    struct remote_features features = {0};
    struct remote_entry entry;
    char digest[DIGEST_SIZE];

    check_port(remote_parse_passive(line, length));
    check_port(remote_parse_extended(line, length));
    check(remote_parse_size(line, length) >= -1);
    if (remote_parse_hash(line, length, digest) == 0)
        check(strlen(digest) == DIGEST_LENGTH &&
              strspn(digest, "0123456789abcdef") == DIGEST_LENGTH);
    remote_parse_feature(line, length, &features);
    check(!features.must_choose_hash || features.has_hash);

    char *path = malloc(length + 1);
    check(path != NULL && remote_parse_path(line, length, path) <= (ssize_t)length);
    free(path);

    if (remote_parse_entry(line, length, &entry) == 0) {
        check(entry.name > line && entry.name_length > 0 &&
              entry.name + entry.name_length == line + length);
        check(entry.size >= -1);
        check(strlen(entry.modified) == 0 || strlen(entry.modified) == 16);
        if (remote_name_is_safe(entry.name, entry.name_length))
            check(memchr(entry.name, '/', entry.name_length) == NULL &&
                  memchr(entry.name, '\0', entry.name_length) == NULL);
    }
}

/* A reply that is whole has at least one line, and its last one is among them. */
static void check_reply(const struct remote_reply *reply)
{
    const char *line = NULL;
    size_t at = 0, length = 0;

    check(reply->code >= 100 && reply->code <= 599);
    while (remote_reply_line(reply, &at, &line, &length))
        check(memchr(line, '\n', length) == NULL);
    check(line != NULL && at == buffer_length(&reply->text));
    const char *last = remote_reply_last(reply, &length);
    check(last >= line && last + length == line + strcspn(line, "\n"));
}

static void check_url(const char *bytes, size_t length)
{
    char *text = malloc(length + 1);
    struct url url;

    check(text != NULL);
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (url_parse(text, &url) == NULL) {
        const char *const parts[] = {url.user, url.password, url.host, url.path};
        check(url.host[0] != '\0' &&
              (url.port == -1 || (url.port > 0 && url.port < 65536)));
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            check(strlen(parts[i]) < URL_PART_SIZE && strpbrk(parts[i], "\r\n") == NULL);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct remote_reply reply = {0};
    const char *line = (const char *)data;
    const char *end = line + size;
    bool is_reply = true;

    check_url(line, size);
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((newline != NULL ? newline : end) - line);
        check_line(line, length);
        int result = is_reply ? remote_reply_add(&reply, line, length) : -1;
        check(result != 1 || reply.is_whole);
        if (result == 1 &&
            memchr(buffer_front(&reply.text), '\0', buffer_length(&reply.text)) == NULL)
            check_reply(&reply);
        is_reply = result != -1;
        line += length + (newline != NULL);
    }
    buffer_free(&reply.text);
    return 0;
}
