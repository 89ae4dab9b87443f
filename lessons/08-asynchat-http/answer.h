/*
 * answer.h - what each path answers, for the server of lesson 8: /time, /echo, and files.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "asynchat.h"
#include "connection.h"
#include "file.h"
#include "http.h"
#include "net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static inline int answer_time(struct connection *c)
{
    static char text[32];
    static time_t made; /* once a second is enough */
    struct tm parts;

    time_t second = time(NULL);
    if (second != made && localtime_r(&second, &parts) != NULL) {
        made = second;
        strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y\n", &parts);
    }
    return answer_text(c, 200, "", text);
}

/* Sends back what came as the body. */
static inline int answer_echo(struct connection *c, const char *body, size_t length)
{
    if (push_head(c, 200, "Content-Type: application/octet-stream\r\n", (long long)length,
                  "") == -1)
        return -1;
    return async_chat_push(&c->chat, body, length);
}

/* Why a file could not be opened. To whom a link was to lead outside, no more is answered. */
static inline int answer_no_file(struct connection *c, int error)
{
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        return answer_status(c, 503, "");
    if (error == ELOOP)
        c->request.keep_alive = false;
    return answer_status(c, 404, "");
}

static inline int answer_file(struct connection *c, const char *path)
{
    struct stat about;
    char type[80];

    int fd = file_open(c->service->root, path, &about); /* without a root: EBADF */
    if (fd == -1)
        return answer_no_file(c, errno);
    snprintf(type, sizeof type, "Content-Type: %s\r\n", file_type(path));
    struct producer *producer = file_producer(fd, about.st_size);
    if (producer == NULL)
        return net_close_failed(fd);
    int result = push_head(c, 200, type, about.st_size, "");
    if (result == -1 || is_method(c, "HEAD")) {
        producer->ops.destroy(producer);
        return result;
    }
    /* EXERCISE 4: the file follows, piece by piece, as there is room */
    return async_chat_push_with_producer(&c->chat, producer);
    /* END EXERCISE */
}

/* Answers the request, whose body has come. Returns 0, or -1 with errno set. */
static inline int answer(struct connection *c, const char *body, size_t length)
{
    bool gets = is_method(c, "GET") || is_method(c, "HEAD");
    char path[MAX_HEAD + 1];

    if (http_decode_path(c->request.target, path) != 0) {
        c->request.keep_alive = false;
        return answer_status(c, 400, "");
    }
    if (!gets && !is_method(c, "POST"))
        return answer_status(c, 501, "");
    bool is_echo = strcmp(path, "/echo") == 0;
    if (gets == is_echo)
        return answer_status(c, 405,
                             is_echo ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n");
    if (is_echo)
        return answer_echo(c, body, length);
    return strcmp(path, "/time") == 0 ? answer_time(c) : answer_file(c, path);
}

#endif
