/*
 * frame.c - packs frames, and finds them in what has come.
 */
#include "frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

size_t frame_pack(char packed[], char type, const void *bytes, size_t length)
{
    const uint32_t in_network_order = htonl((uint32_t)length);

    packed[0] = type;
    memcpy(packed + 1, &in_network_order, sizeof in_network_order);
    if (length > 0 && bytes != packed + FRAME_HEAD)
        memcpy(packed + FRAME_HEAD, bytes, length);
    return FRAME_HEAD + length;
}

int frame_next(struct buffer *buffer, struct frame *frame)
{
    const char *front = buffer_front(buffer);
    uint32_t length;

    /* EXERCISE 1: if a whole frame has come, set *frame, take it out of the buffer, and return 1;
     * return 0 if a part is missing, and -1 if it is too long */
    if (buffer_length(buffer) < FRAME_HEAD)
        return 0;
    memcpy(&length, front + 1, sizeof length);
    frame->length = ntohl(length);
    if (frame->length > FRAME_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    if (buffer_length(buffer) < FRAME_HEAD + frame->length)
        return 0;
    frame->type = front[0];
    frame->bytes = front + FRAME_HEAD;
    buffer_take(buffer, FRAME_HEAD + frame->length);
    return 1;
    /* END EXERCISE */
}
