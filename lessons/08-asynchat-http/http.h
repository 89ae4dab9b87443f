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

#include "text.h"

#include <stdbool.h>
#include <stddef.h>

/* The limit of the server: bytes of a request, without its body. */
enum { HTTP_MAX_HEAD = 8192 };

/* ---- requests ---- */

struct http_request {
    struct text line; /* "GET /time HTTP/1.1" */
    struct text method;
    struct text target; /* its path and query: "/time?x", also of "http://host/time?x" */
    bool keep_alive;    /* the connection stays for a next request */
    bool expects_continue;    /* the client waits for "100 Continue" before the body */
    long long content_length; /* of the body that follows */
};

/*
 * Reads the head of a request, `length` bytes up to and without the empty line. What it notes
 * in `request` points into these bytes.
 * Returns 0, or the status that refuses it: 400, 501, 505.
 */
int http_parse_request(const char *bytes, size_t length, struct http_request *request);

/*
 * Decodes the path of a target: %41 is A, and the query behind ? is left out. It never leads
 * upwards: `..` is refused, and a / that is written as %2F, and NUL.
 * path: room for target.length + 1 bytes; ends with a NUL byte
 * Returns 0 or 400.
 */
int http_decode_path(struct text target, char *path);

/* Whether a newline stands without \r before it, somewhere in a piece of a head. `before` is
 * the byte before the piece. Nobody ends a line so, but a terminal does. */
bool http_has_bare_newline(char before, const char *bytes, size_t length);

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
int http_parse_response(const char *bytes, size_t length, struct http_response *response);

/* Takes the next line from the front of `head`. Returns whether there is one; it ends with
 * \r\n, except for the last. */
bool http_next_line(struct text *head, struct text *line);

#endif
