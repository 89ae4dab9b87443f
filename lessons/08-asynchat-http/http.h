/*
 * http.h - what the head of an HTTP/1.1 message says, for the programs of lesson 8: RFC 9112,
 * for requests and responses. It looks at bytes, and knows nothing of sockets.
 *
 * It is strict with requests. If a server accepts what the RFC does not allow, a program between
 * it and the client may understand the same bytes as another request, or as two: "request
 * smuggling". So lines, fields and lengths that are not as the RFC wants them are refused with 400,
 * and a host with bytes that no host can have. One thing is accepted that the RFC does not allow:
 * bytes that a path or a query should write as %XX, such as | and ", since browsers send some of
 * them.
 */
#ifndef HTTP_H
#define HTTP_H

#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

/* The limit of the server: bytes of a request's head, without its "\r\n\r\n". */
enum { HTTP_MAX_HEAD = 8192 };

/* ---- requests ---- */

struct http_request {
    struct slice line;        /* "GET /time?x HTTP/1.1" */
    struct slice method;      /* "GET" */
    struct slice path;        /* "/time", not decoded; also of "http://host/time" */
    bool keep_alive;          /* the connection stays for a next request */
    bool expects_continue;    /* the client sends the body after "100 Continue" */
    long long content_length; /* bytes of the body that follows; 0: there is none */
};

/*
 * Reads the head of a request: `length` bytes, without the "\r\n\r\n" at its end. The slices in
 * `request` point into these bytes, or to a constant.
 * Returns 0; or the status that refuses it: 400, 501 or 505. Then request->line is set, too, and
 * request->method if it could be read.
 */
int http_parse_request(const char *bytes, size_t length, struct http_request *request);

/*
 * Decodes the path of a request: %41 becomes A. Refuses a path that could lead upwards, with a
 * name `..`, and one with %2F (a / inside a name) or %00.
 * path: room for encoded.length + 1 bytes; ends with a NUL byte
 * Returns 0 or 400.
 */
int http_decode_path(struct slice encoded, char *path);

/*
 * Whether a newline without \r before it stands in a piece of a head; `before` is the byte before
 * the piece. A line ends with \r\n, but a person who types a request in a terminal sends \n alone,
 * and would wait for ever: the "\r\n\r\n" at the end of the head never comes.
 */
bool http_has_bare_newline(char before, const char *bytes, size_t length);

/* ---- responses ---- */

/* What the head of a response says to the client that reads it. */
struct http_response {
    int status;               /* 200 */
    struct slice line;        /* "HTTP/1.1 200 OK" */
    bool chunked;             /* the body comes in pieces, each with its length */
    long long content_length; /* bytes of the body; -1: the head does not say it */
    bool keep_alive;          /* the connection stays for a next response */
};

/* Reads the head of a response, as http_parse_request does. Returns 0, or -1 if it is
 * malformed. */
int http_parse_response(const char *bytes, size_t length, struct http_response *response);

/* ---- both ---- */

/*
 * Takes the next line from the front of `head`, and puts it into `line`, without its \r\n; the
 * last line of a head has none.
 * Returns true; or false, if no line is left (then line->bytes is NULL), or if this one ends with
 * \n alone.
 */
bool http_next_line(struct slice *head, struct slice *line);

#endif
