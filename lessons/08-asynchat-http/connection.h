/*
 * connection.h - a client's connection, for the server of lesson 8: how long it lasts, and how
 * it is answered. What is answered, server.c says.
 *
 * A connection is in one of three states, each with a terminator of its own:
 *
 *     HEAD     "\r\n\r\n"        the head of a request comes
 *     BODY     Content-Length    its body comes
 *     LEAVING  none              the last answer is given; what still comes is thrown away
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "asynchat.h"
#include "cli.h"
#include "http.h"
#include "idle.h"
#include "net.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { MAX_HEAD = 8192 }; /* bytes of a request, without its body */

/* What all connections share. */
struct service {
    int root; /* a directory; -1: there are no files */
    long clients, max_clients;
    long max_body;    /* bytes */
    double timeout;   /* seconds of silence; 0: no limit */
    bool quiet;       /* no line for each request */
    struct idle idle; /* the list of the connections */
};

struct connection {
    struct async_chat chat;
    struct service *service;
    struct idle idle;
    enum { HEAD, BODY, LEAVING } state;
    size_t collected; /* bytes of this head, or of this body */
    char last;        /* the last of them */
    char *head;       /* of the request; `request` points into it */
    struct http_request request;
    bool ended;       /* nothing more comes from the client */
    bool half_closed; /* nothing more goes to it */
};

static inline struct connection *connection_of(struct dispatcher *d)
{
    return container_of(d, struct connection, chat.dispatcher);
}

static inline bool is_method(const struct connection *c, const char *method)
{
    return text_is(c->request.method, method);
}

/* ---- how it goes on ---- */

/* The next request may come. */
static inline void expect_head(struct connection *c)
{
    c->state = HEAD;
    c->collected = 0;
    async_chat_set_terminator(&c->chat, "\r\n\r\n", 4);
}

/* The body of this request comes. */
static inline void expect_body(struct connection *c)
{
    c->state = BODY;
    c->collected = 0;
    /* EXERCISE 2: the message is complete when content_length bytes have come */
    async_chat_set_terminator(&c->chat, NULL, (size_t)c->request.content_length);
    /* END EXERCISE */
}

/*
 * No more requests: what waits is sent, and then the connection ends. If the server closed it
 * while the client still sends, that would be a reset, and the client might lose the answer.
 * So it half-closes, and throws away what comes until the client closes, too.
 */
static inline void leave(struct connection *c)
{
    c->state = LEAVING;
    async_chat_set_terminator(&c->chat, NULL, 0);
}

/* Whoever leaves goes when all is sent. */
static inline void go_when_done(struct connection *c)
{
    /* EXERCISE 5: only who leaves, has not half-closed yet, and has no output any more */
    if (c->state != LEAVING || c->half_closed || async_chat_has_output(&c->chat))
        return;
    /* END EXERCISE */
    c->half_closed = true;
    if (c->ended)
        dispatcher_close(&c->chat.dispatcher);
    else
        shutdown(c->chat.dispatcher.fd, SHUT_WR);
}

/* ---- answers ---- */

static inline const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    size_t i = 0;
    while (table[i].status != status)
        i++;
    return table[i].reason;
}

/* The time, as HTTP writes it. It is made once a second. */
static inline const char *http_date(void)
{
    static char text[40];
    static time_t made;
    struct tm parts;

    time_t second = time(NULL);
    if (second != made && gmtime_r(&second, &parts) != NULL) {
        made = second;
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    }
    return text;
}

/* One line for a request: its first line, and what was answered. */
static inline void log_answer(const struct connection *c, int status, long long length)
{
    char name[NET_NAME_SIZE];
    struct text line = c->request.line;
    size_t shown = line.length < 200 ? line.length : 200;

    if (c->service->quiet)
        return;
    printf("[%s] ", net_format_address(&c->chat.dispatcher.addr, name));
    if (shown > 0)
        cli_print_bytes(stdout, line.bytes, shown);
    else
        printf("(no request)");
    printf("%s: %d %s, %lld bytes\n", shown < line.length ? "..." : "", status,
           reason_of(status), length);
}

/*
 * Pushes the head of an answer, and `text` behind it. Every answer says how long its body is:
 * else the client could not know where the next one begins.
 * fields: further lines, each with its \r\n
 * length: of the body, in bytes
 */
static inline int push_head(struct connection *c, int status, const char *fields,
                            long long length, const char *text)
{
    char bytes[1024];

    log_answer(c, status, length);
    int size = snprintf(bytes, sizeof bytes,
                        "HTTP/1.1 %d %s\r\n"
                        "Date: %s\r\n"
                        "Content-Length: %lld\r\n"
                        "Connection: %s\r\n"
                        "%s\r\n%s",
                        status, reason_of(status), http_date(), length,
                        c->request.keep_alive ? "keep-alive" : "close", fields,
                        is_method(c, "HEAD") ? "" : text);
    return async_chat_push(&c->chat, bytes, (size_t)size);
}

static inline int answer_text(struct connection *c, int status, const char *fields,
                              const char *text)
{
    char all[256];

    snprintf(all, sizeof all, "Content-Type: text/plain; charset=utf-8\r\n%s", fields);
    return push_head(c, status, all, (long long)strlen(text), text);
}

/* Answers with a status alone: its reason is the text. */
static inline int answer_status(struct connection *c, int status, const char *fields)
{
    char text[80];

    snprintf(text, sizeof text, "%s\n", reason_of(status));
    return answer_text(c, status, fields, text);
}

/* The request is answered: another one may come, or the connection ends. */
static inline void end_request(struct connection *c)
{
    if (c->request.keep_alive)
        expect_head(c);
    else
        leave(c);
    free(c->head);
    c->head = NULL;
    c->request = (struct http_request){0};
    go_when_done(c);
}

/* Answers what is no request that can be understood. Where the next one would begin, nobody
 * knows: so this is the end of the connection. */
static inline int refuse(struct connection *c, int status)
{
    c->request.keep_alive = false;
    if (answer_status(c, status, "") == -1)
        return -1;
    end_request(c);
    return 0;
}

/* ---- the methods that are not the protocol's ---- */

/* While an answer waits, no more is asked: a client that does not read costs a bounded amount
 * of memory. Who leaves may say what it likes. */
static inline bool connection_readable(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    /* EXERCISE 6: not after its end; and only when nothing waits for it, or it leaves */
    return !c->ended && (c->state == LEAVING || !async_chat_has_output(&c->chat));
    /* END EXERCISE */
}

static inline int connection_handle_read(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    if (c->state != LEAVING)
        idle_touch(&c->service->idle, &c->idle);
    return async_chat_handle_read(d);
}

static inline int connection_handle_write(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    idle_touch(&c->service->idle, &c->idle);
    if (async_chat_handle_write(d) == -1)
        return -1;
    go_when_done(c);
    return 0;
}

/* The client has ended its side. If it has only half-closed, it still gets its answer. */
static inline int connection_handle_close(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    c->ended = true;
    if (async_chat_has_output(&c->chat))
        leave(c);
    else
        dispatcher_close(d);
    return 0;
}

/* An answer that can't be completed: only the end of the connection can say so. */
static inline void connection_handle_error(struct dispatcher *d, int error)
{
    async_chat_discard_buffers(&connection_of(d)->chat);
    dispatcher_handle_error(d, error);
}

static inline void connection_destroy(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    c->service->clients--;
    idle_leave(&c->idle);
    free(c->head);
    async_chat_destroy(d);
    free(c);
}

/* It has been silent for too long. */
static inline void connection_time_out(struct connection *c)
{
    struct dispatcher *d = &c->chat.dispatcher;
    bool in_request = c->state == BODY || (c->state == HEAD && c->collected > 0);

    idle_touch(&c->service->idle, &c->idle);
    if (!in_request || async_chat_has_output(&c->chat) || refuse(c, 408) == -1)
        dispatcher_close(d);
}

#endif
