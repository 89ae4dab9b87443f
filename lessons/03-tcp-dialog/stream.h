/*
 * stream.h - messages on a TCP stream, for both programs of lesson 3.
 *
 * TCP delivers bytes in order. It does not keep what one send sent together: one recv may
 * return half of it, or the bytes of several. So both sides must agree where a message
 * ends. That is called framing, and here are three framings, and none:
 *
 *   line     the message, and a newline        (the message can't hold a newline)
 *   nul      the message, and a NUL byte       (the message can't hold a NUL)
 *   length   4 bytes that count, then the message: it can hold any bytes
 *   raw      no framing: whatever one recv returns is taken for a message
 */
#ifndef STREAM_H
#define STREAM_H

#include <stddef.h>

enum stream_framing { STREAM_RAW, STREAM_LINE, STREAM_NUL, STREAM_LENGTH };

/* The names of the framings for --frame, in the order of the enum; NULL ends them. */
extern const char *const STREAM_FRAMINGS[];

/* Returns the framing of that name, which is one of STREAM_FRAMINGS. */
enum stream_framing stream_framing_named(const char *name);

/*
 * One end of a connection, ready to send and receive messages. What was received waits in
 * the buffer `in` until it is a whole message. With the framing `line`, after one recv that
 * returned "one\ntw":
 *
 *        o   n   e  \n   t   w   .   .   .
 *        ^ start                 ^ end     ^ in_size
 *
 * The first message is "one". Then start moves behind the newline, and "tw" waits for more.
 */
struct stream {
    int fd;
    enum stream_framing framing;
    size_t max;        /* the longest message to receive, in bytes, without its framing */
    char *in;          /* what was received */
    size_t in_size;    /* how much fits into it; it grows when a message needs it */
    size_t start, end; /* the bytes from start to end still wait to be handed out */
    char *out;         /* the message being sent, with its framing */
    size_t out_size;   /* how much fits into it; it grows, too */
};

/*
 * Begins a stream on the connected socket `fd`; `max` (at least 1) is the longest message
 * to receive, in bytes. Returns 0, or -1 with errno ENOMEM; stream_free ends it in both cases.
 */
int stream_init(struct stream *stream, int fd, enum stream_framing framing, size_t max);

/* Frees the stream's memory. The descriptor stays open: it is the caller's. */
void stream_free(struct stream *stream);

/*
 * Makes recv and send give up, with errno EAGAIN, when nothing has moved for so many
 * seconds; 0 waits for ever. Returns 0, or -1 with errno set by setsockopt(2).
 */
int stream_set_timeout(struct stream *stream, double seconds);

/*
 * Receives the next message, and waits until it is whole. *message points into the stream's
 * buffer: the caller may change its bytes, and they are good until the next call of
 * stream_receive or stream_free.
 *
 * Returns 1 with *message and *length set; 0 when the peer has ended the stream between
 * two messages; or -1 with errno set: EMSGSIZE if the message is longer than the stream's
 * max, EBADMSG if the stream ended inside a message, EAGAIN after a time-out, ENOMEM, EINTR
 * if a signal asks the program to stop, or what recv(2) says, such as ECONNRESET. After -1
 * receive no more: where the next message begins is not known.
 */
int stream_receive(struct stream *stream, char **message, size_t *length);

/*
 * Sends `length` bytes as one message, whole, with its framing, and waits until the kernel has
 * taken them. The message must not hold the terminator of its framing, and with `length` it has
 * less than 4 GiB: nobody checks that. It stays the caller's.
 * Returns 0, or -1 with errno set: ENOMEM, EAGAIN after a time-out, EINTR as above, or what
 * send(2) says. If send failed, nobody knows how much has arrived.
 */
int stream_send(struct stream *stream, const char *message, size_t length);

/*
 * To be called before the socket is closed, when the peer may still be sending: half-closes,
 * and reads what comes until the peer has closed, too. To close with bytes unread would reset
 * the connection, and the peer might lose the last answer. It waits for 2 seconds at most, and
 * changes the time-out of the stream.
 */
void stream_linger(struct stream *stream);

#endif
