/*
 * http.c - reads the heads of requests and responses, as http.h says.
 */
#include "http.h"

#include <string.h>
#include <strings.h>

/* ---- what requests and responses share: lines, and fields ---- */

/* Whether it is a word as names and methods are: RFC 9110, 5.6.2. */
static bool is_token(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.bytes[i];
        if (byte <= ' ' || byte > '~' || strchr("\"(),/:;<=>?@[\\]{}", byte) != NULL)
            return false;
    }
    return text.length > 0;
}

bool http_next_line(struct text *head, struct text *line)
{
    if (head->bytes == NULL)
        return false;
    *line = text_cut(head, '\n');
    if (head->bytes == NULL)
        return true;
    line->length -= line->length > 0; /* the \r, or what a bare \n makes malformed */
    return line->bytes[line->length] == '\r';
}

/* "HTTP/1.1" has a major and a minor number. Returns 0, or the status that refuses it. */
static int parse_version(struct text version, int *minor)
{
    if (version.length != 8 || memcmp(version.bytes, "HTTP/", 5) != 0 ||
        version.bytes[6] != '.')
        return 400;
    long long major = text_number((struct text){version.bytes + 5, 1}, 10);
    *minor = (int)text_number((struct text){version.bytes + 7, 1}, 10);
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

static void note_connection(struct fields *fields, struct text value)
{
    while (value.bytes != NULL) {
        struct text word = text_trim(text_cut(&value, ','));
        fields->close = fields->close || text_is_any_case(word, "close");
        fields->keep_alive = fields->keep_alive || text_is_any_case(word, "keep-alive");
    }
}

/* Notes what a field says. Returns whether it is well-formed. */
static bool note_field(struct fields *fields, struct text name, struct text value)
{
    if (text_is_any_case(name, "Host")) {
        fields->hosts++;
    } else if (text_is_any_case(name, "Content-Length")) {
        fields->content_lengths++;
        fields->content_length = text_number(value, 10);
        return fields->content_length >= 0;
    } else if (text_is_any_case(name, "Transfer-Encoding")) {
        fields->transfer_encodings++;
        fields->chunked = text_is_any_case(value, "chunked");
    } else if (text_is_any_case(name, "Connection")) {
        note_connection(fields, value);
    } else if (text_is_any_case(name, "Expect")) {
        fields->expects_continue = text_is_any_case(value, "100-continue");
    }
    return true;
}

/* Reads the lines after the first. Returns whether all are well-formed. */
static bool parse_fields(struct text head, struct fields *fields)
{
    struct text line;

    *fields = (struct fields){.content_length = -1};
    while (head.bytes != NULL) {
        if (!http_next_line(&head, &line))
            return false;
        struct text value = line;
        struct text name = text_cut(&value, ':');
        if (!is_token(name) || value.bytes == NULL)
            return false; /* also a space before the colon, and a folded line */
        for (size_t i = 0; i < value.length; i++)
            if ((unsigned char)value.bytes[i] < ' ' && value.bytes[i] != '\t')
                return false; /* also a bare \r or \n, and NUL */
        if (!note_field(fields, name, text_trim(value)))
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

/* The target: a path; or a whole URL, of which the path is cut out. Returns 0 or 400. */
static int parse_target(struct text *target)
{
    static const char scheme[] = "http://";
    const size_t length = sizeof scheme - 1;

    for (size_t i = 0; i < target->length; i++)
        if (target->bytes[i] <= ' ' || target->bytes[i] > '~')
            return 400;
    if (target->length > length && strncasecmp(target->bytes, scheme, length) == 0) {
        struct text rest = {target->bytes + length, target->length - length};
        size_t authority = text_cut(&rest, '/').length;
        if (rest.bytes == NULL)
            *target = (struct text){"/", 1};
        else
            *target = (struct text){rest.bytes - 1, rest.length + 1};
        return authority > 0 ? 0 : 400;
    }
    return target->length > 0 && *target->bytes == '/' ? 0 : 400;
}

/* "GET /time HTTP/1.1". Returns 0, or the status that refuses it. */
static int parse_request_line(struct text line, struct http_request *request, int *minor)
{
    request->method = text_cut(&line, ' ');
    request->target = text_cut(&line, ' ');
    int status = parse_version(line, minor);
    if (!is_token(request->method) || status == 400)
        return 400;
    return status != 0 ? status : parse_target(&request->target);
}

int http_parse_request(const char *bytes, size_t length, struct http_request *request)
{
    struct text head = {bytes, length}, line;
    struct fields fields;
    int minor = 0;

    *request = (struct http_request){0};
    while (head.length > 2 && memcmp(head.bytes, "\r\n", 2) == 0)
        head = (struct text){head.bytes + 2, head.length - 2}; /* it does no harm */
    bool is_whole = http_next_line(&head, &line);
    request->line = line;
    if (!is_whole)
        return 400;
    int status = parse_request_line(line, request, &minor);
    if (status != 0)
        return status;
    if (!parse_fields(head, &fields))
        return 400;
    /* Which of two answers is right, to "how long is the body"? Nobody knows. */
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

int http_decode_path(struct text target, char *path)
{
    struct text rest = text_cut(&target, '?');
    char *to = path;

    for (size_t i = 0; i < rest.length; i++) {
        char byte = rest.bytes[i];
        if (byte == '%') {
            size_t left = rest.length - i - 1;
            struct text digits = {rest.bytes + i + 1, left < 2 ? left : 2};
            long long number = left < 2 ? -1 : text_number(digits, 16);
            if (number < 0 || number == '/')
                return 400;
            byte = (char)number;
            i += 2;
        }
        if (byte == '\0')
            return 400;
        *to++ = byte;
    }
    *to = '\0';
    rest = (struct text){path, (size_t)(to - path)};
    /* EXERCISE 3: a path that leads upwards is refused: one of its names, between two /, is .. */
    while (rest.bytes != NULL)
        if (text_is(text_cut(&rest, '/'), ".."))
            return 400;
    return 0;
    /* END EXERCISE */
}

/* ---- responses ---- */

int http_parse_response(const char *bytes, size_t length, struct http_response *response)
{
    struct text head = {bytes, length}, line;
    struct fields fields;
    int minor = 0;

    *response = (struct http_response){0};
    if (!http_next_line(&head, &line))
        return -1;
    response->line = line;
    if (parse_version(text_cut(&line, ' '), &minor) != 0)
        return -1;
    struct text status = text_cut(&line, ' ');
    response->status = (int)text_number(status, 10);
    if (status.length != 3 || response->status < 100 || !parse_fields(head, &fields))
        return -1;
    if (fields.content_lengths > 1)
        return -1;
    response->chunked = fields.chunked;
    response->content_length = fields.transfer_encodings > 0 ? -1 : fields.content_length;
    response->keep_alive = !fields.close && (minor > 0 || fields.keep_alive);
    return 0;
}
