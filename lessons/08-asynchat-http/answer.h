/*
 * answer.h - what is answered to a request, for the server of lesson 8: the time, an echo, a
 * file, or a status alone. An answer is made first, and then it is sent.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "asynchat.h"
#include "http.h"

#include <stddef.h>

struct answer {
    int status;         /* 200 */
    const char *reason; /* "OK" */
    const char *type;   /* of the body: "text/plain" */
    const char *fields; /* further lines of the head, each with its \r\n */
    long long length;   /* of the body, in bytes */
    /* The body is one of these. */
    char text[40];         /* short, and sent together with the head; else "" */
    const char *bytes;     /* those of the request's body, or NULL */
    struct producer *file; /* a file, piece by piece, or NULL */
};

/* Makes an answer that is a status alone: its reason is the text. */
struct answer answer_status(int status);

/*
 * Makes the answer to a request. After a path that is malformed, or that leads outside, the
 * connection is to end: request->keep_alive becomes false.
 * root: the directory of the files, or -1
 * body: the `length` bytes of the request's body; they are needed until answer_push
 */
struct answer answer_request(struct http_request *request, int root, const char *body,
                             size_t length);

/*
 * Pushes the answer to `request`; of an answer to HEAD, the head alone. Its file is the chat's
 * from now on, even if this fails.
 * Returns 0, or -1 with errno set as by async_chat_push.
 */
int answer_push(const struct answer *answer, const struct http_request *request,
                struct async_chat *chat);

#endif
