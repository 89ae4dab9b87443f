/*
 * connection.c - a client's connection: the protocol, on common/asynchat.h, which puts messages
 * together, and sends what is pushed.
 *
 * A connection is in one of three states, each with a terminator of its own:
 *
 *     HEAD     "\r\n\r\n"        the head of a request comes
 *     BODY     Content-Length    its body comes
 *     LEAVING  none              the last response is pushed; what still comes is thrown away
 */
#include "connection.h"

#include "asynchat.h"
#include "cli.h"
#include "http.h"
#include "net.h"
#include "response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct connection {
    struct async_chat chat;
    struct service *service;
    struct idle idle;
    enum { HEAD, BODY, LEAVING } state;
    size_t collected; /* bytes of this head, or of this body */
    char last;        /* the last of them */
    size_t moved;     /* bytes of a body or of responses, since it was touched */
    char *head;       /* of the request, once it has come; `request` points into it */
    struct http_request request;
    bool ended;       /* the client has ended its direction */
    bool half_closed; /* the server has ended its own */
};

static struct connection *connection_of(struct dispatcher *d)
{
    return container_of(d, struct connection, chat.dispatcher);
}

/* ---- who is too slow ---- */

/* The connection has made progress: its time-out begins again. */
static void touch(struct connection *c)
{
    c->moved = 0;
    idle_touch(&c->service->idle, &c->idle);
}

/* So many bytes of a body have come, or of a response were sent. If each byte were progress, one
 * now and then would hold the connection for ever. So the time-out begins again when as many have
 * moved as min_rate demands in a whole time-out. */
static void count_moved(struct connection *c, size_t bytes)
{
    c->moved += bytes;
    if ((double)c->moved >= c->service->timeout * (double)c->service->min_rate)
        touch(c);
}

/* ---- what comes next ---- */

/* The head of the next request. */
static void expect_head(struct connection *c)
{
    c->state = HEAD;
    c->collected = 0;
    c->last = '\0';
    async_chat_set_terminator(&c->chat, "\r\n\r\n", 4);
}

/* The body of this request. */
static void expect_body(struct connection *c)
{
    c->state = BODY;
    c->collected = 0;
    touch(c);
    /* EXERCISE 2: the message is complete when content_length bytes have come */
    async_chat_set_terminator(&c->chat, NULL, (size_t)c->request.content_length);
    /* END EXERCISE */
}

/*
 * No more requests: what waits is sent, and then the connection ends. If the server closed it
 * while the client still sends, that would be a reset, and the client might lose the response.
 * So it half-closes, and throws away what comes until the client closes, too.
 */
static void leave(struct connection *c)
{
    c->state = LEAVING;
    async_chat_set_terminator(&c->chat, NULL, 0);
}

/* In the state LEAVING, when all is sent: half-closes; or closes, if the client has ended. */
static void half_close_when_sent(struct connection *c)
{
    /* EXERCISE 5: only in the state LEAVING, only once, and only when no output waits */
    if (c->state != LEAVING || c->half_closed || async_chat_has_output(&c->chat))
        return;
    /* END EXERCISE */
    c->half_closed = true;
    if (c->ended)
        dispatcher_close(&c->chat.dispatcher);
    else
        shutdown(c->chat.dispatcher.fd, SHUT_WR);
}

/* ---- a response ends a request ---- */

/* Prints one line for a request: its first line, and the response. */
static void log_response(const struct connection *c, const struct response *response)
{
    char name[NET_NAME_SIZE];
    struct slice line = c->request.line;
    size_t shown = line.length < 200 ? line.length : 200;

    if (c->service->quiet)
        return;
    printf("[%s] ", net_format_address(&c->chat.dispatcher.addr, name));
    if (shown > 0)
        cli_print_bytes(stdout, line.bytes, shown);
    else
        printf("(no whole request)");
    printf("%s: %d %s, %lld bytes\n", shown < line.length ? "..." : "", response->status,
           response->reason, response->length);
}

/* Sends the response to the request. Then another request may come, or the connection ends. */
static int send_response(struct connection *c, const struct response *response)
{
    log_response(c, response);
    touch(c);
    if (response_push(response, &c->request, &c->chat) == -1)
        return -1;
    if (c->request.keep_alive)
        expect_head(c);
    else
        leave(c);
    free(c->head);
    c->head = NULL;
    c->request = (struct http_request){0};
    half_close_when_sent(c);
    return 0;
}

/* Makes the response to the request, whose body has come, and sends it. */
static int respond(struct connection *c, const char *body, size_t length)
{
    struct response response = response_to(&c->request, c->service->root, body, length);
    return send_response(c, &response);
}

/* Sends a response that is a status alone, and ends the connection: the request was not
 * understood, or not read to its end, so it is not known where the next one would begin. */
static int refuse(struct connection *c, int status)
{
    struct response response = response_of_status(status);

    c->request.keep_alive = false;
    return send_response(c, &response);
}

/* ---- the protocol ---- */

/* A head has come, which is the connection's from now on. If the request has no body, the
 * response is sent at once. */
static int begin_request(struct connection *c, char *head, size_t length)
{
    c->head = head;
    if (length == 0) { /* two empty lines before a request */
        expect_head(c);
        return 0;
    }
    int status = http_parse_request(head, length, &c->request);
    if (status == 0 && c->request.content_length > c->service->max_body)
        status = 413;
    if (status != 0)
        return refuse(c, status);
    if (c->request.content_length == 0)
        return respond(c, NULL, 0);
    expect_body(c);
    const char *go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    return c->request.expects_continue ? async_chat_push(&c->chat, go_on, strlen(go_on))
                                       : 0;
}

/* A piece of a message has come. A head that is too long, or has a newline without \r, is refused
 * before its end has come: perhaps it never comes. */
static int collect_incoming_data(struct async_chat *chat, const char *bytes,
                                 size_t length)
{
    struct connection *c = container_of(chat, struct connection, chat);

    if (c->state == LEAVING)
        return 0;
    if (async_chat_collect_incoming_data(chat, bytes, length) == -1)
        return -1;
    if (c->state == BODY)
        count_moved(c, length);
    else if (c->collected == 0)
        touch(c); /* only here: the whole head has to come in one time-out */
    bool is_bare = c->state == HEAD && http_has_bare_newline(c->last, bytes, length);
    c->collected += length;
    c->last = bytes[length - 1];
    if (c->state == BODY || (!is_bare && c->collected <= HTTP_MAX_HEAD))
        return 0;
    struct slice head;
    c->head = async_chat_get_data(chat, &head.length);
    head.bytes = c->head;
    http_next_line(&head, &c->request.line);
    bool has_line = head.bytes != NULL && c->request.line.length < HTTP_MAX_HEAD;
    return refuse(c, is_bare ? 400 : has_line ? 431 : 414);
}

/* A message is complete: a head, or a body. */
static int found_terminator(struct async_chat *chat)
{
    struct connection *c = container_of(chat, struct connection, chat);
    size_t length;

    if (c->state == LEAVING)
        return 0;
    char *bytes = async_chat_get_data(chat, &length);
    if (c->state == HEAD)
        return begin_request(c, bytes, length);
    int result = respond(c, bytes, length);
    free(bytes);
    return result;
}

/* ---- the methods that are not the protocol's ---- */

/* While a response waits, no request is taken: so a client that does not read costs a bounded
 * amount of memory. In the state LEAVING what comes costs none, because it is thrown away. */
static bool readable(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    /* EXERCISE 6: not after the client's end; else if no output waits, or in LEAVING */
    return !c->ended && (c->state == LEAVING || !async_chat_has_output(&c->chat));
    /* END EXERCISE */
}

/* Sends as the base does, and counts what the client takes. */
static ssize_t send_and_count(struct dispatcher *d, const void *bytes, size_t length)
{
    ssize_t sent = dispatcher_send(d, bytes, length);

    if (sent > 0)
        count_moved(connection_of(d), (size_t)sent);
    return sent;
}

static int handle_write(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    if (async_chat_handle_write(d) == -1)
        return -1;
    if (!async_chat_has_output(&c->chat))
        touch(c); /* the response is sent: the next request has a whole time-out */
    half_close_when_sent(c);
    return 0;
}

/* The client has ended its direction. If it has only half-closed, it still gets its response. */
static int handle_close(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    c->ended = true;
    if (async_chat_has_output(&c->chat))
        leave(c);
    else
        dispatcher_close(d);
    return 0;
}

/* Something has failed, and a part of the response may be sent already: only the end of the
 * connection can tell this to the client. */
static void handle_error(struct dispatcher *d, int error)
{
    async_chat_discard_buffers(&connection_of(d)->chat);
    dispatcher_handle_error(d, error);
}

static void destroy(struct dispatcher *d)
{
    struct connection *c = connection_of(d);

    c->service->clients--;
    idle_leave(&c->idle);
    free(c->head);
    async_chat_destroy(d);
    free(c);
}

static const struct async_chat_ops connection_ops = {
    .dispatcher.readable = readable,
    .dispatcher.handle_write = handle_write,
    .dispatcher.handle_close = handle_close,
    .dispatcher.handle_error = handle_error,
    .dispatcher.send = send_and_count,
    .dispatcher.destroy = destroy,
    .collect_incoming_data = collect_incoming_data,
    .found_terminator = found_terminator,
};

/* ---- the beginning of a connection, and its time-out ---- */

/* There are too many clients: this one gets 503. If the loop can't wait for it, it can't wait for
 * its end, either. So the connection ends at once; with bytes unread that would be a reset. */
static void turn_away(struct connection *c)
{
    struct dispatcher *d = &c->chat.dispatcher;

    if (refuse(c, 503) == -1 || d->fd > c->service->max_fd) {
        async_chat_handle_read(d);
        dispatcher_close(d);
    }
}

int connection_open(struct service *service, int fd, const struct sockaddr_storage *peer)
{
    struct connection *c = calloc(1, sizeof *c);

    if (c == NULL)
        return -1;
    if (async_chat_init(&c->chat, &connection_ops, fd, NULL) == -1) {
        free(c);
        return -1;
    }
    net_set_nodelay(fd); /* if it fails, responses may come later */
    /* If the client has left already, async_chat_init can't ask for its address. */
    c->chat.dispatcher.addr = *peer;
    c->service = service;
    idle_init(&c->idle);
    touch(c);
    expect_head(c);
    service->clients++;
    if (service->clients > service->max_clients || fd > service->max_fd)
        turn_away(c);
    return 0;
}

/* The time of a connection is over. If the client has begun a request, it waits for a response, and
 * gets 408, and a time-out to take it; else the end of the connection is enough. */
static void time_out(struct connection *c)
{
    bool in_request = c->state == BODY || (c->state == HEAD && c->collected > 0);
    char name[NET_NAME_SIZE];

    if (in_request && !async_chat_has_output(&c->chat) && refuse(c, 408) == 0)
        return;
    if (async_chat_has_output(&c->chat) && !c->service->quiet)
        printf("[%s] ended: it takes its response too slowly\n",
               net_format_address(&c->chat.dispatcher.addr, name));
    idle_leave(&c->idle);
    dispatcher_close(&c->chat.dispatcher);
}

double connection_end_slow(struct service *service)
{
    struct idle *oldest;

    while (service->timeout > 0 && (oldest = service->idle.next) != &service->idle) {
        double left = oldest->since + service->timeout - net_now();
        if (left > 0)
            return left;
        time_out(container_of(oldest, struct connection, idle));
    }
    return -1;
}
