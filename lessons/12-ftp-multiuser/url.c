/*
 * url.c - takes an URL apart, as url.h says.
 */
#include "url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Returns the value of two hexadecimal digits, or -1. */
static int parse_byte(const char *at, const char *end)
{
    char digits[3] = {0};

    if (end - at < 2 || !isxdigit((unsigned char)at[0]) ||
        !isxdigit((unsigned char)at[1]))
        return -1;
    memcpy(digits, at, 2);
    return (int)strtol(digits, NULL, 16);
}

/* Decodes the bytes from `at` to `end` into `part`. Returns NULL, or a reason. */
static const char *decode(const char *at, const char *end, char part[URL_PART_SIZE])
{
    size_t used = 0;

    for (; at < end; at++) {
        int byte = (unsigned char)*at;
        if (byte == '%') {
            byte = parse_byte(at + 1, end);
            if (byte == -1)
                return "there is a % without two hexadecimal digits";
            at += 2;
        }
        if (byte < ' ' || byte == 0x7f)
            return "there is a control character in it";
        if (used == URL_PART_SIZE - 1)
            return "a part of it is too long";
        part[used++] = (char)byte;
    }
    part[used] = '\0';
    return NULL;
}

static const char *parse_login(const char *at, const char *end, struct url *url)
{
    const char *colon = memchr(at, ':', (size_t)(end - at));
    const char *reason = decode(at, colon != NULL ? colon : end, url->user);

    if (reason == NULL && colon != NULL) {
        url->has_password = true;
        reason = decode(colon + 1, end, url->password);
    }
    return reason;
}

static const char *parse_port(const char *at, const char *end, struct url *url)
{
    url->port = 0;
    for (; at < end; at++) {
        if (!isdigit((unsigned char)*at))
            return "the port is no number";
        url->port = url->port * 10 + (*at - '0');
        if (url->port > 65535)
            break;
    }
    return url->port >= 1 && url->port <= 65535 ? NULL : "the port is not 1 to 65535";
}

/* "host", "host:port", "[address]" or "[address]:port". */
static const char *parse_host(const char *at, const char *end, struct url *url)
{
    const char *name = at, *name_end;

    if (at < end && *at == '[') {
        name = at + 1;
        name_end = memchr(name, ']', (size_t)(end - name));
        if (name_end == NULL)
            return "the ] is missing";
        at = name_end + 1;
        if (at < end && *at != ':')
            return "there is something behind the ]";
    } else {
        const char *colon = memchr(at, ':', (size_t)(end - at));
        at = name_end = colon != NULL ? colon : end;
    }
    const char *reason = decode(name, name_end, url->host);
    if (reason == NULL && url->host[0] == '\0')
        reason = "the host is missing";
    if (reason == NULL && end - at > 1) /* a port may be empty (RFC 3986, 3.2.3) */
        reason = parse_port(at + 1, end, url);
    return reason;
}

const char *url_parse(const char *text, struct url *url)
{
    static const char scheme[] = "ftp://";

    memset(url, 0, sizeof *url);
    url->port = -1;
    if (strncasecmp(text, "ftps://", 7) == 0)
        return "ftps:// is TLS from the first byte; here it is ftp:// and --tls";
    if (strncasecmp(text, scheme, strlen(scheme)) != 0)
        return "it does not begin with ftp://";
    text += strlen(scheme);
    const char *end = text + strcspn(text, "/");
    /* The last @: an address has none, and careless people write one into a password. */
    const char *at = end;
    while (at > text && at[-1] != '@')
        at--;
    const char *reason = at > text ? parse_login(text, at - 1, url) : NULL;
    if (reason == NULL)
        reason = parse_host(at, end, url);
    if (reason == NULL && *end == '/')
        reason = decode(end + 1, end + strlen(end), url->path);
    return reason;
}
