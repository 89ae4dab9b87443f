/*
 * http.h - what the head of an HTTP/1.1 message says, for the programs of lesson 8: RFC 9112,
 * for requests and responses. It looks at bytes, and knows nothing of sockets.
 *
 * It is strict. Whoever reads a head more kindly than another program on the way can be told
 * two things at once: "request smuggling". So what is not written as the RFC has it is
 * refused, with 400.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A part of a head. It lives as long as the head does. */
struct text {
    const char *bytes;
    size_t length;
};

static inline bool text_is(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

/* The same; capital letters are as good as small ones. */
static inline bool text_is_any_case(struct text text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.bytes, word, text.length) == 0;
}

/* Cuts `text` at the first `separator`: returns what stands before it, and leaves in `text`
 * what stands behind. Without one, returns all, and leaves nothing: then `bytes` is NULL. */
static inline struct text text_cut(struct text *text, char separator)
{
    struct text first = *text;
    const char *at =
        text->length > 0 ? memchr(text->bytes, separator, text->length) : NULL;

    *text = (struct text){0};
    if (at != NULL) {
        size_t rest = first.length - (size_t)(at - first.bytes) - 1;
        *text = (struct text){at + 1, rest};
        first.length -= rest + 1;
    }
    return first;
}

/* Without the spaces and tabs around it. */
static inline struct text text_trim(struct text text)
{
    while (text.length > 0 && (*text.bytes == ' ' || *text.bytes == '\t'))
        text = (struct text){text.bytes + 1, text.length - 1};
    while (text.length > 0 &&
           (text.bytes[text.length - 1] == ' ' || text.bytes[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* Reads a number of digits of `base` (10 or 16). Returns -1 if it is none; a number that is too
 * large becomes a very large one. */
static inline long long text_number(struct text text, int base)
{
    static const char digits[] = "0123456789abcdef";
    const long long largest = (long long)1 << 56;
    long long number = 0;

    for (size_t i = 0; i < text.length; i++) {
        int byte = text.bytes[i];
        if (byte >= 'A' && byte <= 'F')
            byte += 'a' - 'A';
        const char *digit = byte != '\0' ? strchr(digits, byte) : NULL;
        if (digit == NULL || digit - digits >= base)
            return -1;
        number = number * base + (digit - digits);
        if (number > largest)
            number = largest;
    }
    return text.length > 0 ? number : -1;
}

/* Whether it is a word as names and methods are: RFC 9110, 5.6.2. */
static inline bool http_is_token(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.bytes[i];
        if (byte <= ' ' || byte > '~' || strchr("\"(),/:;<=>?@[\\]{}", byte) != NULL)
            return false;
    }
    return text.length > 0;
}

/* ---- the fields, which requests and responses share ---- */

struct http_fields {
    long long content_length;                       /* -1: there is none */
    int content_lengths, hosts, transfer_encodings; /* how many */
    bool close, keep_alive;                         /* Connection */
    bool expects_continue;                          /* Expect: 100-continue */
    bool chunked;                                   /* Transfer-Encoding, the last one */
};

static inline void http_note_connection(struct http_fields *fields, struct text value)
{
    while (value.bytes != NULL) {
        struct text word = text_trim(text_cut(&value, ','));
        fields->close = fields->close || text_is_any_case(word, "close");
        fields->keep_alive = fields->keep_alive || text_is_any_case(word, "keep-alive");
    }
}

/* Notes what a field says, if it is one of those that matter here. Returns whether it is
 * well-formed. */
static inline bool http_note_field(struct http_fields *fields, struct text name,
                                   struct text value)
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
        http_note_connection(fields, value);
    } else if (text_is_any_case(name, "Expect")) {
        fields->expects_continue = text_is_any_case(value, "100-continue");
    }
    return true;
}

/* Takes the next line from the front of `head`. Returns whether there is one; it ends with
 * \r\n, except for the last. */
static inline bool http_next_line(struct text *head, struct text *line)
{
    if (head->bytes == NULL)
        return false;
    *line = text_cut(head, '\n');
    if (head->bytes == NULL)
        return true;
    line->length -= line->length > 0; /* the \r, or what a bare \n makes malformed */
    return line->bytes[line->length] == '\r';
}

/* Reads the lines after the first. Returns whether all are well-formed. */
static inline bool http_parse_fields(struct text head, struct http_fields *fields)
{
    struct text line;

    *fields = (struct http_fields){.content_length = -1};
    while (head.bytes != NULL) {
        if (!http_next_line(&head, &line))
            return false;
        struct text value = line;
        struct text name = text_cut(&value, ':');
        if (!http_is_token(name) || value.bytes == NULL)
            return false; /* also a space before the colon, and a folded line */
        for (size_t i = 0; i < value.length; i++)
            if ((unsigned char)value.bytes[i] < ' ' && value.bytes[i] != '\t')
                return false; /* also a bare \r or \n, and NUL */
        if (!http_note_field(fields, name, text_trim(value)))
            return false;
    }
    return true;
}

/* Whether a newline stands without \r before it, somewhere in a piece of a head. `before` is
 * the byte before the piece. Nobody ends a line so, but a terminal does. */
static inline bool http_has_bare_newline(char before, const char *bytes, size_t length)
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

/* ---- requests ---- */

struct http_request {
    struct text line; /* "GET /time HTTP/1.1" */
    struct text method;
    struct text target; /* its path and query: "/time?x", also of "http://host/time?x" */
    bool keep_alive;    /* the connection stays for a next request */
    bool expects_continue;    /* the client waits for "100 Continue" before the body */
    long long content_length; /* of the body that follows */
};

/* "HTTP/1.1" has a major and a minor number. Returns 0, or the status that refuses it. */
static inline int http_parse_version(struct text version, int *minor)
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

/* The target: a path; or a whole URL, of which the path is cut out. Returns 0 or 400. */
static inline int http_parse_target(struct text *target)
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
static inline int http_parse_request_line(struct text line, struct http_request *request,
                                          int *minor)
{
    request->method = text_cut(&line, ' ');
    request->target = text_cut(&line, ' ');
    int status = http_parse_version(line, minor);
    if (!http_is_token(request->method) || status == 400)
        return 400;
    return status != 0 ? status : http_parse_target(&request->target);
}

/*
 * Reads the head of a request, `length` bytes up to and without the empty line. What it notes
 * in `request` points into these bytes.
 * Returns 0, or the status that refuses it: 400, 501, 505.
 */
static inline int http_parse_request(const char *bytes, size_t length,
                                     struct http_request *request)
{
    struct text head = {bytes, length}, line;
    struct http_fields fields;
    int minor = 0;

    *request = (struct http_request){0};
    while (head.length > 2 && memcmp(head.bytes, "\r\n", 2) == 0)
        head = (struct text){head.bytes + 2, head.length - 2}; /* it does no harm */
    bool is_whole = http_next_line(&head, &line);
    request->line = line;
    if (!is_whole)
        return 400;
    int status = http_parse_request_line(line, request, &minor);
    if (status != 0)
        return status;
    if (!http_parse_fields(head, &fields))
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

/*
 * Decodes the path of a target: %41 is A, and the query behind ? is left out. It never leads
 * upwards: `..` is refused, and a / that is written as %2F, and NUL.
 * path: room for length + 1 bytes; ends with a NUL byte
 * Returns 0 or 400.
 */
static inline int http_decode_path(struct text target, char *path)
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

struct http_response {
    int status;
    struct text line;         /* "HTTP/1.1 200 OK" */
    bool chunked;             /* the body comes in pieces, each with its length */
    long long content_length; /* of the body; -1: up to the end of the connection */
    bool keep_alive;
};

/* Reads the head of a response, as http_parse_request does. Returns 0, or -1 if it is
 * malformed. */
static inline int http_parse_response(const char *bytes, size_t length,
                                      struct http_response *response)
{
    struct text head = {bytes, length}, line;
    struct http_fields fields;
    int minor = 0;

    *response = (struct http_response){0};
    if (!http_next_line(&head, &line))
        return -1;
    response->line = line;
    if (http_parse_version(text_cut(&line, ' '), &minor) != 0)
        return -1;
    struct text status = text_cut(&line, ' ');
    response->status = (int)text_number(status, 10);
    if (status.length != 3 || response->status < 100 || !http_parse_fields(head, &fields))
        return -1;
    if (fields.content_lengths > 1)
        return -1;
    response->chunked = fields.chunked;
    response->content_length = fields.transfer_encodings > 0 ? -1 : fields.content_length;
    response->keep_alive = !fields.close && (minor > 0 || fields.keep_alive);
    return 0;
}

#endif
