/*
 * http.c - has the parsers of lesson 8 read any bytes as the head of a request and of a
 * response, and as a path. What they accept must be what the RFC allows.
 *
 * Run it:       make fuzz ARGS="60 http"
 * Its partner:  lessons/08-asynchat-http/http.h; libFuzzer, which chooses the bytes and has main
 */
#include "../../lessons/08-asynchat-http/http.h"

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

static void check_inside(struct slice text, const char *bytes, size_t length)
{
    check(text.bytes >= bytes && text.length <= length &&
          text.bytes + text.length <= bytes + length);
}

static void check_path(struct slice encoded)
{
    char *path = malloc(encoded.length + 1);

    if (http_decode_path(encoded, path) == 0) {
        check(strlen(path) <= encoded.length);
        for (const char *at = path; (at = strstr(at, "..")) != NULL; at++)
            check((at > path && at[-1] != '/') || (at[2] != '/' && at[2] != '\0'));
    }
    free(path);
}

static void check_request(const char *bytes, size_t length)
{
    struct http_request request;

    int status = http_parse_request(bytes, length, &request);
    check(status == 0 || status == 400 || status == 501 || status == 505);
    if (status != 0)
        return;
    check_inside(request.line, bytes, length);
    check_inside(request.method, bytes, length);
    check(request.method.length > 0 && request.path.length > 0);
    check(*request.path.bytes == '/');
    check(request.content_length >= 0);
    check(memchr(bytes, '\0', length) == NULL);
    check(!http_has_bare_newline('\0', bytes, length));
    check_path(request.path);
}

static void check_response(const char *bytes, size_t length)
{
    struct http_response response;

    if (http_parse_response(bytes, length, &response) == -1)
        return;
    check_inside(response.line, bytes, length);
    check(response.status >= 100 && response.status <= 999);
    check(response.content_length >= -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;

    check_request(bytes, size);
    check_response(bytes, size);
    check_path((struct slice){bytes, size});
    return 0;
}
