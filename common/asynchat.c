/*
 * asynchat.c - messages with terminators, and a queue of producers. asynchat.h says what each
 * function does for its caller; here is how.
 *
 * Read it from hand_out_one: what has come is a row of bytes, and each round of hand_out
 * takes a piece from its front. Then async_chat_initiate_send: what waits is a queue of
 * producers, and the first of them has yielded a piece, of which a rest is not sent yet.
 *
 * A method that is called may do anything with the object: push, discard, set a terminator,
 * close. So what it is told about is taken out of the buffer, or of the queue, before.
 */
#include "asynchat.h"
#include "asyncore.h"
#include "buffer.h"
#include "class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_SIZE = 65536 };

static size_t smaller(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* ---- producers ---- */

static ssize_t nothing_more(struct producer *producer, const char **bytes)
{
    (void)producer;
    (void)bytes;
    return 0;
}

static void no_destroy(struct producer *producer)
{
    (void)producer;
}

static const struct producer_ops base_ops = {
    .more = nothing_more,
    .destroy = no_destroy,
};

void producer_init(struct producer *producer, const struct producer_ops *ops)
{
    *producer = (struct producer){.ops = *ops};
    INHERIT(&producer->ops, &base_ops, more);
    INHERIT(&producer->ops, &base_ops, destroy);
}

struct simple {
    struct producer producer;
    size_t done, length, buffer_size;
    char bytes[];
};

static ssize_t simple_more(struct producer *producer, const char **bytes)
{
    struct simple *simple = container_of(producer, struct simple, producer);
    size_t count = smaller(simple->length - simple->done, simple->buffer_size);

    *bytes = simple->bytes + simple->done;
    simple->done += count;
    return (ssize_t)count;
}

static void simple_destroy(struct producer *producer)
{
    free(container_of(producer, struct simple, producer));
}

static const struct producer_ops simple_ops = {
    .more = simple_more,
    .destroy = simple_destroy,
};

struct producer *simple_producer(const void *bytes, size_t length, size_t buffer_size)
{
    struct simple *simple = malloc(sizeof *simple + length);

    if (simple == NULL)
        return NULL;
    producer_init(&simple->producer, &simple_ops);
    simple->done = 0;
    simple->length = length;
    simple->buffer_size = buffer_size;
    if (length > 0)
        memcpy(simple->bytes, bytes, length);
    return &simple->producer;
}

/* ---- the life of an async_chat ---- */

static const struct async_chat_ops chat_ops = {
    .dispatcher.writable = async_chat_writable,
    .dispatcher.handle_read = async_chat_handle_read,
    .dispatcher.handle_write = async_chat_handle_write,
    .dispatcher.destroy = async_chat_destroy,
    .collect_incoming_data = async_chat_collect_incoming_data,
    .found_terminator = async_chat_found_terminator,
};

int async_chat_init(struct async_chat *chat, const struct async_chat_ops *ops, int fd,
                    struct socket_map *map)
{
    struct async_chat_ops all = *ops;

    dispatcher_inherit(&all.dispatcher, &chat_ops.dispatcher);
    INHERIT(&all, &chat_ops, collect_incoming_data);
    INHERIT(&all, &chat_ops, found_terminator);
    *chat = (struct async_chat){.collect_incoming_data = all.collect_incoming_data,
                                .found_terminator = all.found_terminator,
                                .ac_in_buffer_size = BUFFER_SIZE,
                                .ac_out_buffer_size = BUFFER_SIZE};
    chat->last = &chat->first;
    return dispatcher_init(&chat->dispatcher, &all.dispatcher, fd, map);
}

static void empty_queue(struct async_chat *chat)
{
    struct producer *producer = chat->first;

    chat->first = NULL;
    chat->last = &chat->first;
    chat->out_length = 0;
    while (producer != NULL) {
        struct producer *next = producer->next;
        producer->ops.destroy(producer);
        producer = next;
    }
}

void async_chat_discard_buffers(struct async_chat *chat)
{
    /* A method may be reading what has come: so the bytes are taken, and their memory stays. */
    buffer_take(&chat->in_buffer, buffer_length(&chat->in_buffer));
    buffer_free(&chat->incoming);
    chat->discarded = true;
    empty_queue(chat);
}

void async_chat_destroy(struct dispatcher *d)
{
    struct async_chat *chat = async_chat_of(d);

    empty_queue(chat);
    buffer_free(&chat->in_buffer);
    buffer_free(&chat->incoming);
}

/* ---- what comes: the terminator ---- */

void async_chat_set_terminator(struct async_chat *chat, const char *bytes, size_t length)
{
    chat->terminator = (struct terminator){bytes, length};
}

struct terminator async_chat_get_terminator(const struct async_chat *chat)
{
    return chat->terminator;
}

size_t async_chat_find(const char *bytes, size_t length, struct terminator terminator)
{
    const char *end = bytes + length;

    for (const char *at = bytes; at < end; at++) {
        at = memchr(at, terminator.bytes[0], (size_t)(end - at));
        if (at == NULL)
            break;
        /* EXERCISE 1: the end of the bytes may cut the terminator off: compare what can be seen
         * of it, and return where it begins */
        size_t visible = smaller((size_t)(end - at), terminator.length);
        if (memcmp(at, terminator.bytes, visible) == 0)
            return (size_t)(at - bytes);
        /* END EXERCISE */
    }
    return length;
}

/* ---- what comes: handed out ---- */

/*
 * Hands out the next piece of what has come, and says so if a message is complete with it.
 * Returns 1; 0 if the rest may be the beginning of a terminator, so that more must come; or
 * -1 with errno set by a method.
 */
static int hand_out_one(struct async_chat *chat)
{
    const char *piece = buffer_front(&chat->in_buffer);
    size_t waiting = buffer_length(&chat->in_buffer);
    size_t length = waiting; /* of the piece, without the terminator */
    size_t end = 0;          /* bytes of a terminator behind it */
    bool found = false;

    if (chat->terminator.length > 0 && chat->terminator.bytes == NULL) {
        length = smaller(waiting, chat->terminator.length);
        chat->terminator.length -= length;
        found = chat->terminator.length == 0;
    } else if (chat->terminator.length > 0) {
        length = async_chat_find(piece, waiting, chat->terminator);
        found = waiting - length >= chat->terminator.length;
        end = found ? chat->terminator.length : 0;
    }
    if (length + end == 0)
        return 0;
    buffer_take(&chat->in_buffer, length + end); /* the bytes stay where they are */
    if (length > 0 && chat->collect_incoming_data(chat, piece, length) == -1)
        return -1;
    if (found && !chat->dispatcher.closing && chat->found_terminator(chat) == -1)
        return -1;
    return 1;
}

/* A connection to which nothing has come needs no memory. */
static void free_if_empty(struct buffer *buffer)
{
    if (buffer_length(buffer) == 0)
        buffer_free(buffer);
}

/* Hands out what has come, as long as the object wants it. Returns 0, or -1 with errno set. */
static int hand_out(struct async_chat *chat)
{
    struct dispatcher *d = &chat->dispatcher;
    int result = 1;

    while (result == 1 && buffer_length(&chat->in_buffer) > 0 && !d->closing &&
           d->ops.readable(d))
        result = hand_out_one(chat);
    free_if_empty(&chat->in_buffer);
    return result == -1 ? -1 : 0;
}

int async_chat_handle_read(struct dispatcher *d)
{
    struct async_chat *chat = async_chat_of(d);

    char *room = buffer_reserve(&chat->in_buffer, chat->ac_in_buffer_size);
    if (room == NULL)
        return -1;
    ssize_t received = d->ops.recv(d, room, chat->ac_in_buffer_size);
    if (received > 0) {
        buffer_added(&chat->in_buffer, (size_t)received);
        return hand_out(chat);
    }
    free_if_empty(&chat->in_buffer);
    return (int)received;
}

int async_chat_collect_incoming_data(struct async_chat *chat, const char *bytes,
                                     size_t length)
{
    return buffer_append(&chat->incoming, bytes, length);
}

int async_chat_found_terminator(struct async_chat *chat)
{
    (void)chat;
    errno = ENOSYS;
    return -1;
}

char *async_chat_get_data(struct async_chat *chat, size_t *length)
{
    char *bytes = chat->incoming.bytes; /* the front: nothing is ever taken from there */

    *length = buffer_length(&chat->incoming);
    chat->incoming = (struct buffer){0};
    return bytes;
}

/* ---- what goes out ---- */

bool async_chat_has_output(const struct async_chat *chat)
{
    return chat->first != NULL;
}

bool async_chat_writable(struct dispatcher *d)
{
    const struct async_chat *chat = async_chat_of(d);
    return !d->connected || async_chat_has_output(chat) || chat->closes_when_done;
}

/* Puts a producer at the front of the queue, or takes it from there. */
static void put_first(struct async_chat *chat, struct producer *producer)
{
    producer->next = chat->first;
    if (chat->first == NULL)
        chat->last = &producer->next;
    chat->first = producer;
}

static struct producer *take_first(struct async_chat *chat)
{
    struct producer *producer = chat->first;

    chat->first = producer->next;
    if (chat->first == NULL)
        chat->last = &chat->first;
    return producer;
}

/* Asks the producers for a piece, if none waits; who has nothing more is destroyed. Returns 0,
 * or -1 with errno set by a producer. */
static int fetch(struct async_chat *chat)
{
    while (chat->out_length == 0 && chat->first != NULL) {
        struct producer *producer = take_first(chat);
        const char *bytes;
        chat->discarded = false;
        ssize_t count = producer->ops.more(producer, &bytes);
        if (count > 0 && !chat->discarded) {
            put_first(chat, producer);
            chat->out = bytes;
            chat->out_length = (size_t)count;
            return 0;
        }
        int error = errno;
        producer->ops.destroy(producer);
        errno = error;
        if (count == -1)
            return -1;
    }
    return 0;
}

/* Sends what fits of the piece. Returns 0, or -1 with errno set. */
static int send_piece(struct async_chat *chat)
{
    struct dispatcher *d = &chat->dispatcher;

    if (chat->out_length == 0 || !d->connected)
        return 0;
    ssize_t sent =
        d->ops.send(d, chat->out, smaller(chat->out_length, chat->ac_out_buffer_size));
    if (sent == -1)
        return -1;
    chat->out += sent;
    chat->out_length -= (size_t)sent;
    if (d->broken)
        empty_queue(chat); /* nobody takes it any more */
    return fetch(chat);    /* the next one waits, or nothing does */
}

int async_chat_initiate_send(struct async_chat *chat)
{
    struct dispatcher *d = &chat->dispatcher;

    if (chat->sending || !d->connected)
        return 0;
    chat->sending = true;
    int result = fetch(chat);
    if (result == 0)
        result = send_piece(chat);
    chat->sending = false;
    if (result == 0 && chat->first == NULL && chat->closes_when_done && !d->closing)
        return d->ops.handle_close(d);
    return result;
}

int async_chat_push_with_producer(struct async_chat *chat, struct producer *producer)
{
    if (chat->closes_when_done || chat->dispatcher.closing) {
        producer->ops.destroy(producer);
        return 0;
    }
    producer->next = NULL;
    *chat->last = producer;
    chat->last = &producer->next;
    dispatcher_update(&chat->dispatcher);
    return async_chat_initiate_send(chat);
}

int async_chat_push(struct async_chat *chat, const void *bytes, size_t length)
{
    struct producer *producer = simple_producer(bytes, length, length);

    return producer == NULL ? -1 : async_chat_push_with_producer(chat, producer);
}

void async_chat_close_when_done(struct async_chat *chat)
{
    chat->closes_when_done = true;
    dispatcher_update(&chat->dispatcher);
}

/* Sends; and if the object now wants more of what has come, hands that out. */
int async_chat_handle_write(struct dispatcher *d)
{
    struct async_chat *chat = async_chat_of(d);

    return async_chat_initiate_send(chat) == -1 ? -1 : hand_out(chat);
}
