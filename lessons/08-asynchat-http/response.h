/*
 * response.h - the response to a request, for the server of lesson 8: the time, an echo, a file,
 * or a status alone. It is made first, and then it is sent.
 */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "asynchat.h"
#include "http.h"

#include <stddef.h>

struct response {
    int status;         /* 200 */
    const char *reason; /* "OK" */
    const char *type;   /* of the body: "text/plain" */
    const char *fields; /* further lines of the head, each with its \r\n */
    long long length;   /* of the body, in bytes */
    /* The body is one of these; the others are "" or NULL. */
    char text[40];         /* short, and sent together with the head */
    const char *bytes;     /* those of the request's body, which are the caller's */
    struct producer *file; /* a file, piece by piece */
};

/* Makes a response that is a status alone: its body is the reason. */
struct response response_of_status(int status);

/*
 * Makes the response to a request. If the path is malformed or has a name `..`, the connection
 * is to end after it: request->keep_alive becomes false.
 * root: the directory of the files, or -1
 * body: the `length` bytes of the request's body; they are needed until response_push
 */
struct response response_to(struct http_request *request, int root, const char *body,
                            size_t length);

/*
 * Pushes the response to `request`; if that is a HEAD, without the body. The file is the chat's
 * from now on, even if this fails.
 * Returns 0, or -1 with errno set as by async_chat_push.
 */
int response_push(const struct response *response, const struct http_request *request,
                  struct async_chat *chat);

#endif
