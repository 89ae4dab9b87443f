/*
 * frames.c - has lesson 10 find frames in any bytes, in pieces of any length, and packs them again.
 *
 * Run it:       make fuzz ARGS="60 frames"
 * Its partner:  lessons/10-remote-shell/frame.h; libFuzzer, which chooses the bytes and has main
 */
#include "../../lessons/10-remote-shell/frame.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Ends the run if `condition` is not true: libFuzzer keeps the input. */
static void check(bool condition)
{
    if (!condition)
        abort();
}

/*
 * Takes the frames out of `buffer`, of which *done bytes of `data` were taken before: each must be what
 * stands there, and packed again it must be the same bytes. Returns false if one is too long.
 */
static bool take_frames(struct buffer *buffer, const uint8_t *data, size_t *done)
{
    static char packed[FRAME_SIZE];
    struct frame frame;
    int result;

    while ((result = frame_next(buffer, &frame)) == 1) {
        check(frame.length <= FRAME_MAX);
        const size_t size = frame_pack(packed, frame.type, frame.bytes, frame.length);
        check(size == FRAME_HEAD + frame.length);
        check(memcmp(packed, data + *done, size) == 0);
        *done += size;
    }
    check(result == 0 || frame.length > FRAME_MAX);
    return result == 0;
}

/* The first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer buffer = {0};
    size_t done = 0, added = 0;

    if (size == 0)
        return 0;
    const size_t piece = (size_t)data[0] + 1;
    data++;
    size--;
    while (added < size) {
        const size_t length = size - added < piece ? size - added : piece;
        check(buffer_append(&buffer, data + added, length) == 0);
        added += length;
        if (!take_frames(&buffer, data, &done))
            break;
        check(done + buffer_length(&buffer) == added);
    }
    buffer_free(&buffer);
    return 0;
}
