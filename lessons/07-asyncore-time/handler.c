/*
 * handler.c - the class of a client's connection: what each message is answered with, and when
 * more is read. The loop calls its methods, and none of them waits.
 *
 * The table handler_ops is near the end: begin there.
 */
#include "handler.h"
#include "asyncore.h"
#include "cli.h"
#include "lines.h"
#include "net.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct handler {
    struct dispatcher dispatcher;
    struct service *service;
    struct lines lines;   /* what has come */
    struct buffer output; /* what the client has not taken yet */
    bool ended;           /* nothing more comes from it */
};

static struct handler *handler_of(struct dispatcher *d)
{
    return container_of(d, struct handler, dispatcher);
}

/* Prints what happens to the client. */
static void report(struct dispatcher *d, const char *what)
{
    char name[NET_NAME_SIZE];
    printf("[%s] %s\n", net_format_address(&d->addr, name), what);
}

/* A client that does not take its answers shall ask for no more. */
static bool handler_readable(struct dispatcher *d)
{
    struct handler *handler = handler_of(d);
    size_t max_queue = (size_t)handler->service->max_queue;

    /* EXERCISE 5: not after its end, and not while max_queue bytes or more wait for it */
    return !handler->ended && buffer_length(&handler->output) < max_queue;
    /* END EXERCISE */
}

/* There is almost always room to send: true without a reason would keep the CPU busy. */
static bool handler_writable(struct dispatcher *d)
{
    /* EXERCISE 4: only when something waits for the client */
    return buffer_length(&handler_of(d)->output) > 0;
    /* END EXERCISE */
}

/*
 * The client has ended its side. If it has only half-closed, it still gets what waits for it.
 * dispatcher_close does not free the handler: the loop will, when nobody uses it any more.
 */
static int handler_handle_close(struct dispatcher *d)
{
    struct handler *handler = handler_of(d);

    handler->ended = true;
    if (buffer_length(&handler->output) > 0)
        return 0;
    report(d, "left");
    dispatcher_close(d);
    return 0;
}

/* Sends what waits, as far as there is room. */
static int handler_handle_write(struct dispatcher *d)
{
    struct handler *handler = handler_of(d);
    struct buffer *output = &handler->output;

    ssize_t sent = d->ops.send(d, buffer_front(output), buffer_length(output));
    if (sent == -1)
        return -1;
    buffer_take(output, (size_t)sent); /* no more writable, if that was all */
    return handler->ended && buffer_length(output) == 0 ? handler_handle_close(d) : 0;
}

/* Puts the answer to one message behind those that wait: the time, or why there is none. */
static int answer(struct handler *handler, bool is_whole, const char *message,
                  size_t length)
{
    struct service *service = handler->service;
    char text[80], name[NET_NAME_SIZE];
    time_t now = time(NULL);
    char date[26]; /* as much as ctime_r writes */

    if (!is_whole) {
        snprintf(text, sizeof text, "error: message longer than %ld bytes\r\n",
                 service->max_line);
        return buffer_append(&handler->output, text, strlen(text));
    }
    if (!service->quiet) {
        net_format_address(&handler->dispatcher.addr, name);
        printf("[%s] %zu bytes: ", name, length);
        cli_print_bytes(stdout, message, length);
        putchar('\n');
    }
    snprintf(text, sizeof text, "%.24s\r\n", ctime_r(&now, date));
    return buffer_append(&handler->output, text, strlen(text));
}

/* Takes what has come, and answers each message that is complete. */
static int handler_handle_read(struct dispatcher *d)
{
    struct handler *handler = handler_of(d);
    char *message;
    size_t size, length;
    int result;

    char *room = lines_room(&handler->lines, &size);
    if (room == NULL)
        return -1;
    ssize_t received = d->ops.recv(d, room, size);
    if (received <= 0)
        return (int)received; /* 0: handle_close was called */
    lines_added(&handler->lines, (size_t)received);
    while ((result = lines_next(&handler->lines, &message, &length)) != 0)
        if (answer(handler, result == 1, message, length) == -1)
            return -1;
    return buffer_length(&handler->output) > 0 ? handler_handle_write(d) : 0;
}

static void handler_destroy(struct dispatcher *d)
{
    struct handler *handler = handler_of(d);

    handler->service->clients--;
    lines_free(&handler->lines);
    buffer_free(&handler->output);
    free(handler);
}

static const struct dispatcher_ops handler_ops = {
    .readable = handler_readable,
    .writable = handler_writable,
    .handle_read = handler_handle_read,
    .handle_write = handler_handle_write,
    .handle_close = handler_handle_close,
    .destroy = handler_destroy,
};

int handler_open(struct service *service, int fd, const struct sockaddr_storage *peer)
{
    struct handler *handler = calloc(1, sizeof *handler);

    if (handler == NULL)
        return -1;
    if (dispatcher_init(&handler->dispatcher, &handler_ops, fd, NULL) == -1) {
        free(handler);
        return -1;
    }
    net_set_nodelay(fd);              /* if it fails, answers may come later */
    handler->dispatcher.addr = *peer; /* also if it has left already */
    handler->service = service;
    lines_init(&handler->lines, (size_t)service->max_line);
    service->clients++;
    report(&handler->dispatcher, "joined");
    return 0;
}
