/*
 * frame.h - the messages of lesson 10: a type, a length, and so many bytes. It is lesson 3's framing
 * `length`, with a byte before it that says what the bytes are.
 *
 *      type    length, in network order      bytes
 *     .-----+------+------+------+------+----------------.
 *     | 'o' |   0  |   0  |   0  |   6  | h e l l o \n   |
 *     '-----+------+------+------+------+----------------'
 *
 * There is no descriptor in here: a frame is packed into memory, and found in a buffer.
 */
#ifndef FRAME_H
#define FRAME_H

#include "buffer.h"

#include <stddef.h>

enum {
    FRAME_HEAD = 5,    /* bytes of the type and the length */
    FRAME_MAX = 65536, /* bytes that a frame may carry */
    FRAME_SIZE = FRAME_HEAD + FRAME_MAX
};

/* The types, which are bytes on the wire. */
enum {
    /* from the server */
    FRAME_CHALLENGE = 'h', /* random bytes, for which the client must know the answer */
    FRAME_ACCEPTED = 'k',  /* the answer was right; no bytes */
    FRAME_STDOUT = 'o',    /* what the command wrote there */
    FRAME_STDERR = 'e',
    FRAME_EXIT = 'x',  /* the command has ended; one byte, as $? of a shell */
    FRAME_ERROR = 'r', /* why something was not done, or was ended: a text */
    /* the command has taken its input: send the next piece; no bytes */
    FRAME_WANTED = 'w',
    /* from the client */
    FRAME_ANSWER = 'a',  /* to a challenge */
    FRAME_COMMAND = 'c', /* a line for the shell */
    FRAME_SIGNAL = 's',  /* a signal for the command: INT, TERM, HUP or QUIT */
    FRAME_INPUT =
        'i' /* a piece of the command's stdin, when it is wanted; no bytes: the end */
};

/* A frame that has come. */
struct frame {
    char type;
    const char *bytes;
    size_t length;
};

/*
 * Packs a frame: writes its head into `packed`, and `length` bytes behind it, at most FRAME_MAX. They
 * may stand there already: then `bytes` is packed + FRAME_HEAD, and they are not copied.
 * Returns how many bytes to send.
 */
size_t frame_pack(char packed[], char type, const void *bytes, size_t length);

/*
 * Takes the next frame out of `buffer`. Its bytes stay valid until something is added to the buffer.
 * Returns 1 with *frame set; 0 if no whole frame is there; or -1 with errno EMSGSIZE and
 * frame->length set, if its head announces more than FRAME_MAX. Then nothing is taken.
 */
int frame_next(struct buffer *buffer, struct frame *frame);

#endif
