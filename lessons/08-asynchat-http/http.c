/*
 * http.c - reads the heads of requests and responses, as http.h says.
 */
#include "http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- what requests and responses share: lines, and fields ---- */

/* Whether it is a "token", as the names of fields and methods are: RFC 9110, 5.6.2. */
static bool is_token(struct slice word)
{
    for (size_t i = 0; i < word.length; i++) {
        char byte = word.bytes[i];
        if (byte <= ' ' || byte > '~' || strchr("\"(),/:;<=>?@[\\]{}", byte) != NULL)
            return false;
    }
    return word.length > 0;
}

bool http_next_line(struct slice *head, struct slice *line)
{
    *line = slice_cut(head, '\n');
    if (head->bytes == NULL) /* it was the last line, or there was none */
        return line->bytes != NULL;
    if (line->length == 0 || line->bytes[line->length - 1] != '\r')
        return false;
    line->length--;
    return true;
}

/* "HTTP/1.1" has a major and a minor number. Returns 0, or the status that refuses it. */
static int parse_version(struct slice version, int *minor)
{
    if (version.length != 8 || memcmp(version.bytes, "HTTP/", 5) != 0 ||
        version.bytes[6] != '.')
        return 400;
    long long major = slice_number((struct slice){version.bytes + 5, 1}, 10);
    *minor = (int)slice_number((struct slice){version.bytes + 7, 1}, 10);
    if (major < 0 || *minor < 0)
        return 400;
    return major == 1 ? 0 : 505;
}

/* What the fields say, of those that matter here. */
struct fields {
    long long content_length;                       /* -1: there is none */
    int content_lengths, hosts, transfer_encodings; /* how many */
    bool close, keep_alive;                         /* Connection */
    bool expects_continue;                          /* Expect: 100-continue */
    bool chunked;                                   /* Transfer-Encoding, the last one */
};

static void note_connection(struct fields *fields, struct slice value)
{
    while (value.bytes != NULL) {
        struct slice word = slice_trim(slice_cut(&value, ','));
        fields->close = fields->close || slice_is_any_case(word, "close");
        fields->keep_alive = fields->keep_alive || slice_is_any_case(word, "keep-alive");
    }
}

/*
 * Whether it is a host, perhaps with a port: "example.org", "[::1]:8080" (RFC 3986, 3.2.2). Of a
 * name or an address it is checked which bytes stand in it, and not their order.
 */
static bool is_host(struct slice host)
{
    bool is_bracketed = host.length > 0 && *host.bytes == '[';
    const char *others = is_bracketed ? ".:" : "-._~!$&'()*+,;=%";

    struct slice name = slice_cut(&host, is_bracketed ? ']' : ':');
    if (is_bracketed && (host.bytes == NULL || slice_cut(&host, ':').length > 0))
        return false;
    if (host.length > 0 && slice_number(host, 10) == -1)
        return false; /* the port is no number */
    size_t begin = is_bracketed ? 1 : 0;
    for (size_t i = begin; i < name.length; i++)
        if (!isalnum((unsigned char)name.bytes[i]) &&
            strchr(others, name.bytes[i]) == NULL)
            return false;
    return name.length > begin;
}

/* Notes what a field says. Returns whether it is well-formed. */
static bool note_field(struct fields *fields, struct slice name, struct slice value)
{
    if (slice_is_any_case(name, "Host")) {
        fields->hosts++;
        return value.length == 0 || is_host(value); /* empty: the client knows no name */
    } else if (slice_is_any_case(name, "Content-Length")) {
        fields->content_lengths++;
        fields->content_length = slice_number(value, 10);
        return fields->content_length >= 0;
    } else if (slice_is_any_case(name, "Transfer-Encoding")) {
        fields->transfer_encodings++;
        fields->chunked = slice_is_any_case(value, "chunked");
    } else if (slice_is_any_case(name, "Connection")) {
        note_connection(fields, value);
    } else if (slice_is_any_case(name, "Expect")) {
        fields->expects_continue = slice_is_any_case(value, "100-continue");
    }
    return true;
}

/* Reads the lines after the first. Returns whether all are well-formed. */
static bool parse_fields(struct slice head, struct fields *fields)
{
    struct slice line;

    *fields = (struct fields){.content_length = -1};
    while (head.bytes != NULL) {
        if (!http_next_line(&head, &line))
            return false;
        struct slice value = line;
        struct slice name = slice_cut(&value, ':');
        if (!is_token(name) || value.bytes == NULL)
            return false; /* also a space before the colon, and a folded line */
        for (size_t i = 0; i < value.length; i++)
            if (iscntrl((unsigned char)value.bytes[i]) && value.bytes[i] != '\t')
                return false; /* also \r or \n alone, and NUL */
        if (!note_field(fields, name, slice_trim(value)))
            return false;
    }
    return true;
}

/* ---- requests ---- */

bool http_has_bare_newline(char before, const char *bytes, size_t length)
{
    const char *end = bytes + length;

    for (const char *at = bytes; at < end; at++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (at == NULL)
            return false;
        if ((at > bytes ? at[-1] : before) != '\r')
            return true;
    }
    return false;
}

/* The target is a path, or a whole URL, and perhaps a query: "/time?x", "http://host/time?x".
 * Sets `path`. Returns 0 or 400. */
static int parse_target(struct slice target, struct slice *path)
{
    static const char scheme[] = "http://";
    const size_t length = sizeof scheme - 1;

    for (size_t i = 0; i < target.length; i++)
        if (target.bytes[i] <= ' ' || target.bytes[i] > '~' || target.bytes[i] == '#')
            return 400;
    *path = slice_cut(&target, '?'); /* first: the query may have a / in it */
    if (path->length > length && strncasecmp(path->bytes, scheme, length) == 0) {
        struct slice rest = {path->bytes + length, path->length - length};
        struct slice host = slice_cut(&rest, '/');
        if (rest.bytes == NULL)
            *path = (struct slice){"/", 1};
        else
            *path = (struct slice){rest.bytes - 1, rest.length + 1};
        return is_host(host) ? 0 : 400;
    }
    return path->length > 0 && *path->bytes == '/' ? 0 : 400;
}

/* "GET /time HTTP/1.1". Returns 0, or the status that refuses it. */
static int parse_request_line(struct slice line, struct http_request *request, int *minor)
{
    request->method = slice_cut(&line, ' ');
    struct slice target = slice_cut(&line, ' ');
    int status = parse_version(line, minor);
    if (!is_token(request->method) || status == 400)
        return 400;
    return status != 0 ? status : parse_target(target, &request->path);
}

int http_parse_request(const char *bytes, size_t length, struct http_request *request)
{
    struct slice head = {bytes, length}, line;
    struct fields fields;
    int minor = 0;

    *request = (struct http_request){0};
    /* A client may send empty lines between two requests: RFC 9112, 2.2. */
    while (head.length > 2 && memcmp(head.bytes, "\r\n", 2) == 0)
        head = (struct slice){head.bytes + 2, head.length - 2};
    bool is_well_formed = http_next_line(&head, &line);
    request->line = line;
    if (!is_well_formed)
        return 400;
    int status = parse_request_line(line, request, &minor);
    if (status != 0)
        return status;
    if (!parse_fields(head, &fields))
        return 400;
    /* Two fields say how long the body is, or one that HTTP/1.0 does not have: another program
     * may believe the one that this server would not. */
    if (fields.content_lengths > 1 ||
        (fields.transfer_encodings > 0 && (fields.content_lengths > 0 || minor == 0)))
        return 400;
    if (fields.hosts > 1 || (fields.hosts == 0 && minor > 0))
        return 400;
    if (fields.transfer_encodings > 0)
        return 501;
    request->content_length = fields.content_lengths > 0 ? fields.content_length : 0;
    request->expects_continue = fields.expects_continue && minor > 0;
    request->keep_alive = !fields.close && (minor > 0 || fields.keep_alive);
    return 0;
}

int http_decode_path(struct slice encoded, char *path)
{
    char *to = path;

    for (size_t i = 0; i < encoded.length; i++) {
        char byte = encoded.bytes[i];
        if (byte == '%') {
            struct slice digits = {encoded.bytes + i + 1, 2};
            long long number = encoded.length - i > 2 ? slice_number(digits, 16) : -1;
            if (number == -1 || number == '/')
                return 400;
            byte = (char)number;
            i += 2;
        }
        if (byte == '\0')
            return 400;
        *to++ = byte;
    }
    *to = '\0';
    struct slice rest = {path, (size_t)(to - path)};
    /* EXERCISE 3: a path that leads upwards is refused: one of its names, between two /, is .. */
    while (rest.bytes != NULL)
        if (slice_is(slice_cut(&rest, '/'), ".."))
            return 400;
    return 0;
    /* END EXERCISE */
}

/* ---- responses ---- */

int http_parse_response(const char *bytes, size_t length, struct http_response *response)
{
    struct slice head = {bytes, length}, line;
    struct fields fields;
    int minor = 0;

    *response = (struct http_response){0};
    if (!http_next_line(&head, &line))
        return -1;
    response->line = line;
    if (parse_version(slice_cut(&line, ' '), &minor) != 0)
        return -1;
    struct slice status = slice_cut(&line, ' ');
    response->status = (int)slice_number(status, 10);
    if (status.length != 3 || response->status < 100 || !parse_fields(head, &fields))
        return -1;
    if (fields.content_lengths > 1)
        return -1;
    response->chunked = fields.chunked;
    response->content_length = fields.transfer_encodings > 0 ? -1 : fields.content_length;
    response->keep_alive = !fields.close && (minor > 0 || fields.keep_alive);
    return 0;
}
