/*
 * asynchat.h - protocols of requests and responses, on asyncore.h. You say what a message ends
 * with, and get it in one piece, however its bytes arrive; and you push responses of any
 * length, which are sent as there is room. It retells Python's module asynchat (gone since
 * 3.12) in C; common/README.md has a table of what is named how, and what differs.
 *
 *     struct session {
 *         struct async_chat chat;
 *         ...
 *     };
 *     static const struct async_chat_ops session_ops = {
 *         .dispatcher.destroy = session_destroy,
 *         .found_terminator = session_found_terminator,
 *     };
 *
 *     async_chat_init(&session->chat, &session_ops, fd, NULL);
 *     async_chat_set_terminator(&session->chat, "\r\n", 2);
 *
 * What asyncore.h says holds here, too: what a table leaves out is inherited, a method returns
 * 0, or -1 with errno set, and after dispatcher_close no handler is called, even if there are
 * bytes still that have come.
 */
#ifndef ASYNCHAT_H
#define ASYNCHAT_H

#include "asyncore.h"
#include "buffer.h"
#include "class.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- producers: what is to be sent, made when there is room for it ---- */

struct producer;

struct producer_ops {
    /*
     * Lets *bytes point to the next piece; the memory is the producer's, and stays as it is
     * until the next call. It may push.
     * Returns the length of the piece, 0 at the end, or -1 with errno set (not to EAGAIN):
     * then nothing more comes from this producer.
     */
    ssize_t (*more)(struct producer *producer, const char **bytes);

    /* Frees what the producer has, and itself if it was allocated. Called once, and last. */
    void (*destroy)(struct producer *producer);
};

struct producer {
    struct producer_ops ops;
    struct producer *next; /* in the queue */
};

/* Begins a producer of the class `ops`, which is copied. The base's `more` is at the end at
 * once, and its destroy does nothing. */
void producer_init(struct producer *producer, const struct producer_ops *ops);

/*
 * Makes a producer that yields a copy of `length` bytes, `buffer_size` (1 or more) at a time.
 * Returns NULL, with errno ENOMEM, if there is no memory. Python: simple_producer.
 */
struct producer *simple_producer(const void *bytes, size_t length, size_t buffer_size);

/* ---- async_chat ---- */

struct async_chat;

struct async_chat_ops {
    struct dispatcher_ops dispatcher;

    /* Takes some bytes of the message, 1 or more: as many as have come. The base's keeps them
     * for async_chat_get_data. */
    int (*collect_incoming_data)(struct async_chat *chat, const char *bytes,
                                 size_t length);

    /* The message is complete. The terminator itself is not collected. */
    int (*found_terminator)(struct async_chat *chat);
};

/* What ends a message: these bytes; or, if `bytes` is NULL, that so many have come; or, if
 * `length` is 0, nothing does. */
struct terminator {
    const char *bytes;
    size_t length;
};

/* A class derived from it may set the two sizes, to 1 or more. The rest is asynchat.c's own. Here
 * are the two methods that struct async_chat_ops adds to a dispatcher's; those are in
 * dispatcher.ops. */
struct async_chat {
    struct dispatcher dispatcher;
    int (*collect_incoming_data)(struct async_chat *chat, const char *bytes,
                                 size_t length);
    int (*found_terminator)(struct async_chat *chat);
    size_t ac_in_buffer_size;  /* bytes that are received at a time; 65536 */
    size_t ac_out_buffer_size; /* bytes that are sent at a time; 65536 */
    struct terminator terminator;
    struct buffer in_buffer;        /* what was received, and not handed out yet */
    struct buffer incoming;         /* what was collected */
    struct producer *first, **last; /* the queue; *last is where the next one is noted */
    const char *out;                /* of the first one's piece, what was not sent yet */
    size_t out_length;              /* its length */
    bool sending;                   /* a producer's `more` may be running */
    bool discarded;                 /* the queue was emptied while it was running */
    bool closes_when_done;
};

/* As dispatcher_init. Nothing ends a message yet. Python: __init__. */
int async_chat_init(struct async_chat *chat, const struct async_chat_ops *ops, int fd,
                    struct socket_map *map);

/*
 * Says what ends a message from now on:
 * - `length` bytes, 1 or more: the message ends where they stand. They stay the caller's, and
 *   must be valid until there is another terminator.
 * - NULL and a length: the message ends when so many bytes have come. After that nothing ends a
 *   message, until this function is called again.
 * - a length of 0: nothing ends a message. All is collected as it comes.
 * found_terminator and collect_incoming_data may call it: then it holds for what was received,
 * and not handed out yet. But if a piece is handed out because the terminator stands behind it,
 * found_terminator follows in any case. Python: set_terminator.
 */
void async_chat_set_terminator(struct async_chat *chat, const char *bytes, size_t length);

/* The terminator; of a number of bytes, how many are still missing. Python: get_terminator. */
struct terminator async_chat_get_terminator(const struct async_chat *chat);

/*
 * Hands over what the base's collect_incoming_data has kept, and keeps nothing any more.
 * Returns the bytes, which the caller frees, and sets *length; there is no NUL byte behind them.
 * If there are none, returns NULL, and *length is 0. Python: _get_data.
 */
char *async_chat_get_data(struct async_chat *chat, size_t *length);

/*
 * Puts a copy of the bytes behind what waits to be sent, and sends what fits. After
 * async_chat_close_when_done or dispatcher_close they are thrown away, and that is no failure:
 * it returns 0. Python: push.
 * Returns 0, or -1 with errno ENOMEM, or as by async_chat_initiate_send.
 */
int async_chat_push(struct async_chat *chat, const void *bytes, size_t length);

/* The same with what the producer will yield. It is the async_chat's from now on, even if
 * this fails. Python: push_with_producer. */
int async_chat_push_with_producer(struct async_chat *chat, struct producer *producer);

/* Has the loop call handle_close when all that waits is sent. Python: close_when_done. */
void async_chat_close_when_done(struct async_chat *chat);

/* Whether something waits to be sent. */
bool async_chat_has_output(const struct async_chat *chat);

/* Throws away what has come and was not handed out, what was collected, and what waits to be
 * sent. Python: discard_buffers. */
void async_chat_discard_buffers(struct async_chat *chat);

/*
 * Sends what fits of what waits, but at most ac_out_buffer_size bytes. Calls handle_close if
 * nothing waits and async_chat_close_when_done was called. Python: initiate_send.
 * Returns 0, or -1 with errno set by a producer, by handle_close, or as by dispatcher_send.
 */
int async_chat_initiate_send(struct async_chat *chat);

/*
 * Looks for a terminator, which is bytes, in `length` bytes. Returns the index at which it begins;
 * or, if only its first part is there, as the last of these bytes, the index of this part: the
 * rest may come later; or `length`, if there is neither. Python: find of the bytes, and
 * find_prefix_at_end.
 */
size_t async_chat_find(const char *bytes, size_t length, struct terminator terminator);

/*
 * Its methods. Bytes at the end of what has come that may be the first part of a terminator are
 * held back; if the stream ends there, they are never handed out. While `readable` returns false, nothing is received, and nothing of what was
 * received is handed out; it is asked again after the next handle_read or handle_write. A
 * destroy of your own calls this one before it frees the object.
 */
bool async_chat_writable(struct dispatcher *d); /* something waits, or is to be closed */
int async_chat_handle_read(struct dispatcher *d);
int async_chat_handle_write(struct dispatcher *d);
void async_chat_destroy(struct dispatcher *d);
int async_chat_collect_incoming_data(struct async_chat *chat, const char *bytes,
                                     size_t length);
int async_chat_found_terminator(struct async_chat *chat); /* fails with ENOSYS */

/* The async_chat of a dispatcher, in a method of `dispatcher_ops`. */
static inline struct async_chat *async_chat_of(struct dispatcher *d)
{
    return container_of(d, struct async_chat, dispatcher);
}

#endif
