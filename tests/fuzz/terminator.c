/*
 * terminator.c - feeds async_chat any bytes in pieces of any size, and compares each message
 * that it finds with a search through the whole.
 *
 * Run it:       make fuzz ARGS="60 terminator"
 * Its partner:  common/asynchat.c; libFuzzer, which chooses the bytes and has main
 *
 * The first byte of the input says how long the terminator is, and whether every second message
 * is counted. The second chooses the sizes of the pieces. Then stands the terminator, and then
 * what is received.
 */
#include "asynchat.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct async_chat chat;
    const char *stream; /* all that is received */
    size_t length, received, checked;
    const char *terminator;
    size_t terminator_length;
    size_t
        counted; /* the next message has so many bytes; 0: it ends with the terminator */
    bool alternates;
    unsigned random;
};

static struct reader *reader_of(struct async_chat *chat)
{
    return container_of(chat, struct reader, chat);
}

/* Where the terminator begins, looking from `checked` on; or the length of the stream. */
static size_t search(const struct reader *reader)
{
    for (size_t at = reader->checked; at + reader->terminator_length <= reader->length;
         at++)
        if (memcmp(reader->stream + at, reader->terminator, reader->terminator_length) ==
            0)
            return at;
    return reader->length;
}

static ssize_t reader_recv(struct dispatcher *d, void *bytes, size_t size)
{
    struct reader *reader = reader_of(async_chat_of(d));
    size_t left = reader->length - reader->received;

    reader->random = reader->random * 1103515245 + 12345;
    size_t piece = reader->random >> 16 & 7;
    piece = piece < 1 ? 1 : piece;
    piece = piece < left ? piece : left;
    piece = piece < size ? piece : size;
    memcpy(bytes, reader->stream + reader->received, piece);
    reader->received += piece;
    return (ssize_t)piece;
}

static int reader_found_terminator(struct async_chat *chat)
{
    struct reader *reader = reader_of(chat);
    size_t length;
    char *message = async_chat_get_data(chat, &length);
    size_t expected =
        reader->counted > 0 ? reader->counted : search(reader) - reader->checked;

    if (length != expected ||
        (length > 0 && memcmp(message, reader->stream + reader->checked, length) != 0))
        abort();
    reader->checked += length + (reader->counted > 0 ? 0 : reader->terminator_length);
    if (reader->checked > reader->received)
        abort();
    free(message);
    reader->counted = reader->alternates && reader->counted == 0 ? length % 5 + 1 : 0;
    if (reader->counted > 0)
        async_chat_set_terminator(chat, NULL, reader->counted);
    else
        async_chat_set_terminator(chat, reader->terminator, reader->terminator_length);
    return 0;
}

static const struct async_chat_ops ops = {
    .dispatcher.recv = reader_recv,
    .found_terminator = reader_found_terminator,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader reader = {0};

    if (size < 2 || size < 2 + (size_t)data[0] % 8 + 1)
        return -1; /* it says no terminator: of no use */
    reader.alternates = data[0] >= 128;
    reader.random = data[1];
    reader.terminator = (const char *)data + 2;
    reader.terminator_length = data[0] % 8 + 1;
    reader.stream = reader.terminator + reader.terminator_length;
    reader.length = size - 2 - reader.terminator_length;
    async_chat_init(&reader.chat, &ops, -1, NULL);
    reader.chat.ac_in_buffer_size = 16;
    async_chat_set_terminator(&reader.chat, reader.terminator, reader.terminator_length);
    while (reader.received < reader.length)
        if (async_chat_handle_read(&reader.chat.dispatcher) == -1)
            abort();
    if (reader.counted > 0 ? reader.checked + reader.counted <= reader.length
                           : search(&reader) < reader.length)
        abort(); /* a message was not found */
    async_chat_destroy(&reader.chat.dispatcher);
    return 0;
}
