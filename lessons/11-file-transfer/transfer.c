/*
 * transfer.c - moves lines and files, as transfer.h says.
 */
#include "transfer.h"

#include "hasher.h"
#include "protocol.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/sendfile.h>
#endif

/* ---- lines ---- */

/* As transfer_receive_line, but the line may be empty. */
static int receive_any_line(struct transfer *transfer, const char **line, size_t *length)
{
    char *bytes;

    ssize_t received = rfile_readline(transfer->rfile, PROTOCOL_LINE, &bytes);
    if (received <= 0)
        return (int)received;
    *line = bytes;
    *length = (size_t)received - 1;
    if (bytes[*length] != '\n') {
        errno = received == PROTOCOL_LINE ? EMSGSIZE : ECONNRESET;
        return -1;
    }
    if (*length > 0 && bytes[*length - 1] == '\r')
        --*length;
    return 1;
}

int transfer_receive_line(struct transfer *transfer, const char **line, size_t *length)
{
    int result = wfile_flush(transfer->wfile) == -1 ? -1 : 1;

    *length = 0;
    while (result == 1 && *length == 0)
        result = receive_any_line(transfer, line, length);
    return result;
}

int transfer_write_line(struct transfer *transfer, const char *format, ...)
{
    char line[PROTOCOL_LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line - 2, format, arguments);
    va_end(arguments);
    strcat(line, "\r\n");
    return wfile_write(transfer->wfile, line, strlen(line));
}

int transfer_add_file(struct transfer *transfer, struct digest *digest, int file,
                      off_t length)
{
    const off_t step = 256 * 1024 * 1024; /* seconds, even if the disk is slow */

    for (off_t from = 0; from < length; from += step) {
        if (from > 0 && (transfer_write_line(transfer, "%s", "") == -1 ||
                         wfile_flush(transfer->wfile) == -1))
            return -1;
        off_t to = length - from < step ? length : from + step;
        if (digest_add_file(digest, file, from, to) == -1)
            return -1;
    }
    return 0;
}

/* ---- from the connection ---- */

/* Receives what has come, at most `size` bytes, into transfer->piece. Returns how many, 1 or more;
 * or -1 with errno. */
static ssize_t receive_some(struct transfer *transfer, size_t size)
{
    ssize_t received = rfile_read1(transfer->rfile, transfer->piece, size);
    if (received != 0)
        return received;
    errno = ECONNRESET;
    return -1;
}

int transfer_receive_bytes(struct transfer *transfer, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t received =
            rfile_read1(transfer->rfile, transfer->piece + done, length - done);
        if (received == 0)
            errno = ECONNRESET;
        if (received <= 0)
            return -1;
        done += (size_t)received;
    }
    return 0;
}

/* As transfer_receive_file, with the digest in the hands of the hasher. */
static enum transfer_end receive_pieces(struct transfer *transfer, struct part *part,
                                        off_t size, struct hasher *hasher)
{
    /* EXERCISE 2: until the part has `size` bytes: receive some, but never one that stands behind
     * the file; add them to the part, and tell the hasher what size it has now */
    while (part->size < size) {
        off_t left = size - part->size;
        size_t wanted = left < TRANSFER_PIECE ? (size_t)left : TRANSFER_PIECE;
        ssize_t received = receive_some(transfer, wanted);
        if (received == -1)
            return TRANSFER_BROKEN;
        if (part_add(part, transfer->piece, (size_t)received) == -1)
            return TRANSFER_FILE;
        if (hasher_written(hasher, part->size) == -1)
            return TRANSFER_FILE;
        progress_add(transfer->progress, (size_t)received);
    }
    /* END EXERCISE */
    return TRANSFER_DONE;
}

enum transfer_end transfer_receive_file(struct transfer *transfer, struct part *part,
                                        off_t size, struct digest *digest)
{
    struct hasher hasher;

    if (wfile_flush(transfer->wfile) == -1)
        return TRANSFER_BROKEN;
    if (hasher_begin(&hasher, digest, part->file, part->size) == -1)
        return TRANSFER_FILE;
    enum transfer_end end = receive_pieces(transfer, part, size, &hasher);
    const int error = errno;
    if (hasher_end(&hasher) == -1 && end == TRANSFER_DONE)
        return TRANSFER_FILE;
    errno = error;
    return end;
}

/* ---- to the connection ---- */

/* Has the peer said something, or closed? */
static bool has_come(const struct rfile *rfile)
{
    struct pollfd wait = {.fd = rfile->fd, .events = POLLIN};
    return buffer_length(&rfile->buffer) > 0 || poll(&wait, 1, 0) > 0;
}

/* Sends the next piece of the file, `size` bytes at most, and sets *sent to how many they were. */
static enum transfer_end send_piece(struct transfer *transfer, int file, off_t at,
                                    size_t size, struct digest *digest, size_t *sent)
{
    if (size > TRANSFER_PIECE)
        size = TRANSFER_PIECE;
    ssize_t count = pread(file, transfer->piece, size, at);

    if (count == 0)
        errno = EIO;
    if (count <= 0)
        return TRANSFER_FILE;
    *sent = (size_t)count;
    if (digest != NULL && digest_add(digest, transfer->piece, *sent) == -1)
        return TRANSFER_FILE;
    if (wfile_write(transfer->wfile, transfer->piece, *sent) == -1)
        return TRANSFER_BROKEN;
    return TRANSFER_DONE;
}

/* The same, without a digest: the bytes need not come into this program. */
static enum transfer_end send_directly(struct transfer *transfer, int file, off_t at,
                                       size_t size, size_t *sent)
{
#ifdef __linux__
    if (wfile_flush(transfer->wfile) == -1)
        return TRANSFER_BROKEN;
    ssize_t count = sendfile(transfer->wfile->fd, file, &at, size);
    if (count > 0) {
        *sent = (size_t)count;
        return TRANSFER_DONE;
    }
    if (count == -1 && errno == EINTR) {
        *sent = 0;
        return TRANSFER_DONE;
    }
    if (count == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
        errno = ETIMEDOUT;
    /* EINVAL: this file system can't do that. EIO: read it, to know whose error it is. */
    if (count == -1 && errno != EINVAL && errno != ENOSYS && errno != EIO)
        return TRANSFER_BROKEN;
#endif
    return send_piece(transfer, file, at, size, NULL, sent);
}

enum transfer_end transfer_send_file(struct transfer *transfer, int file, off_t from,
                                     off_t size, struct digest *digest)
{
    /* As much as one sendfile takes may be more: no copy of it is made. */
    const off_t most = digest == NULL ? 8 * TRANSFER_PIECE : TRANSFER_PIECE;

    for (off_t at = from; at < size;) {
        size_t wanted = (size_t)(size - at < most ? size - at : most);
        size_t sent = 0;
        if (transfer->may_be_answered && has_come(transfer->rfile))
            return TRANSFER_ANSWERED;
        enum transfer_end end =
            digest == NULL ? send_directly(transfer, file, at, wanted, &sent)
                           : send_piece(transfer, file, at, wanted, digest, &sent);
        if (end != TRANSFER_DONE)
            return end;
        at += (off_t)sent;
        progress_add(transfer->progress, sent);
    }
    return TRANSFER_DONE;
}
