/*
 * transfer.c - moves bytes over a data connection, as transfer.h says.
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "transfer.h"

#include "access_log.h"
#include "address.h"
#include "ascii.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#ifndef POLLRDHUP /* not on Linux: there, who leaves is noticed later */
#define POLLRDHUP 0
#endif

enum {
    PIECE = 64 * 1024, /* what is read at once; half of it, if it may become longer */
    SENDFILE = 4 * 1024 * 1024, /* what sendfile gets at once */
};

/* So many seconds after the data connection has ended, the control connection may still end, too: the kernel
 * closes one after the other when a client dies. */
static const double GRACE = 0.01;

/* ---- the control connection meanwhile ---- */

void transfer_reply_abor(struct session *self)
{
    control_reply(&self->control, 226, "ABOR: done");
}

void handle_abor(struct session *self, const char *argument)
{
    (void)argument;
    data_close(&self->data);
    control_reply(&self->control, 226, "ABOR: nothing was being transferred");
}

static void reply_status(struct session *self, const struct transfer *transfer)
{
    if (transfer == NULL)
        control_reply(&self->control, 211, "waiting for the data connection");
    else
        control_reply(&self->control, 211, "%s %s: %jd bytes so far", transfer->verb,
                      transfer->path, (intmax_t)transfer->moved);
}

/* Answers the lines that are complete, up to the first one that has to wait. */
static enum transfer_end answer_lines(struct session *self,
                                      const struct transfer *transfer)
{
    struct control *control = &self->control;
    char *line;
    size_t length;
    int result;

    while (!control->is_held && (result = control_next(control, &line, &length)) != 0) {
        if (result == -1)
            control_reply(control, 500, "the line is too long");
        else if (strcasecmp(line, "ABOR") == 0)
            return TRANSFER_ABORTED;
        else if (strcasecmp(line, "NOOP") == 0)
            control_reply(control, 200, "OK");
        else if (strcasecmp(line, "STAT") == 0)
            reply_status(self, transfer);
        else if (control_hold(control, line, length) == -1)
            return TRANSFER_LEFT;
    }
    return control_flush(control) == -1 ? TRANSFER_LEFT : TRANSFER_DONE;
}

/* Something is to be had at the control connection. */
static enum transfer_end hear(struct control *control)
{
    /* While a command waits no more is read; so all that can be noticed is that the client leaves. */
    if (control->is_held)
        return TRANSFER_LEFT;
    int result = control_fill(control);
    return result == 1 || (result == -1 && errno == EAGAIN) ? TRANSFER_DONE
                                                            : TRANSFER_LEFT;
}

enum transfer_end transfer_attend(struct session *self, const struct transfer *transfer,
                                  struct pollfd *other, double seconds)
{
    const double end = net_now() + seconds;
    struct control *control = &self->control;

    for (;;) {
        enum transfer_end result = answer_lines(self, transfer);
        if (result != TRANSFER_DONE)
            return result;
        if (!control->is_held && channel_has_pending(&control->channel)) {
            result = hear(control); /* TLS has it already, so poll would not tell */
            if (result != TRANSFER_DONE)
                return result;
            continue;
        }
        struct pollfd waits[2] = {
            {.fd = control->channel.fd, .events = control->is_held ? POLLRDHUP : POLLIN}};
        if (other != NULL)
            waits[1] = *other;
        const double left = end - net_now();
        int timeout = seconds == 0 ? -1 : left > 0 ? (int)(left * 1000) + 1 : 0;
        int count = poll(waits, other != NULL ? 2 : 1, timeout);
        if (count == 0) {
            errno = ETIMEDOUT;
            return TRANSFER_DONE;
        }
        if (count == -1)
            continue; /* a signal */
        if (waits[0].revents != 0) {
            result = hear(control);
            if (result != TRANSFER_DONE)
                return result;
        } else {
            other->revents = waits[1].revents;
            errno = 0;
            return TRANSFER_DONE;
        }
    }
}

/* ---- steps of a transfer ---- */

void transfer_begin(struct transfer *transfer, struct session *self, const char *verb,
                    const char *path)
{
    *transfer = (struct transfer){
        .session = self, .verb = verb, .path = path, .began = net_now()};
}

/* A call on the data connection has failed. If it only has to wait: waits, and returns TRANSFER_DONE when
 * the call may be made again. */
static enum transfer_end wait_for_data(struct transfer *transfer)
{
    struct session *self = transfer->session;
    struct pollfd wait = {.fd = self->data.channel.fd,
                          .events = self->data.channel.waits_for};

    if (errno != EAGAIN)
        return TRANSFER_BROKEN;
    enum transfer_end end =
        transfer_attend(self, transfer, &wait, session_server(self)->timeout);
    return end == TRANSFER_DONE && errno == ETIMEDOUT ? TRANSFER_BROKEN : end;
}

/* So many bytes have moved. With --rate, waits until so many may have moved. */
static enum transfer_end count_moved(struct transfer *transfer, size_t count)
{
    struct session *self = transfer->session;
    const long rate = session_server(self)->rate;

    transfer->moved += (off_t)count;
    if (rate == 0)
        return TRANSFER_DONE;
    double wait = transfer->began + (double)transfer->moved / (double)rate - net_now();
    return wait > 0 ? transfer_attend(self, transfer, NULL, wait) : TRANSFER_DONE;
}

/* As much of `size` as may move at once. */
static size_t limit_piece(const struct transfer *transfer, off_t size, size_t most)
{
    const long rate = session_server(transfer->session)->rate;

    if (rate > 0 && most > (size_t)rate / 10 + 1)
        most = (size_t)rate / 10 + 1;
    return size < (off_t)most ? (size_t)size : most;
}

enum transfer_end transfer_send(struct transfer *transfer, const char *bytes,
                                size_t length)
{
    struct channel *channel = &transfer->session->data.channel;
    enum transfer_end end = TRANSFER_DONE;

    while (length > 0 && end == TRANSFER_DONE) {
        ssize_t sent =
            channel_send(channel, bytes, limit_piece(transfer, (off_t)length, length));
        if (sent == -1) {
            end = wait_for_data(transfer);
        } else {
            bytes += sent;
            length -= (size_t)sent;
            end = count_moved(transfer, (size_t)sent);
        }
    }
    return end;
}

enum transfer_end transfer_receive(struct transfer *transfer, char *bytes, size_t size,
                                   size_t *received)
{
    struct session *self = transfer->session;
    enum transfer_end end = TRANSFER_DONE;
    ssize_t count;

    size = limit_piece(transfer, (off_t)size, size);
    while (end == TRANSFER_DONE &&
           (count = channel_recv(&self->data.channel, bytes, size)) == -1)
        end = wait_for_data(transfer);
    if (end != TRANSFER_DONE)
        return end;
    *received = (size_t)count;
    if (count == 0)
        return transfer_attend(self, transfer, NULL, GRACE);
    return count_moved(transfer, (size_t)count);
}

/* ---- a file ---- */

/* Reads pieces of the file, and sends them. */
static enum transfer_end send_pieces(struct transfer *transfer, int file, off_t at,
                                     off_t size, bool is_ascii)
{
    enum transfer_end end = TRANSFER_DONE;
    char *piece = malloc(PIECE);

    if (piece == NULL)
        return TRANSFER_FILE;
    while (at < size && end == TRANSFER_DONE) {
        ssize_t count =
            pread(file, piece,
                  limit_piece(transfer, size - at, is_ascii ? PIECE / 2 : PIECE), at);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == 0)
            errno = EIO; /* it has become shorter */
        if (count <= 0) {
            end = TRANSFER_FILE;
            break;
        }
        at += count;
        size_t length = is_ascii ? ascii_to_network(piece, (size_t)count) : (size_t)count;
        end = transfer_send(transfer, piece, length);
        if (end == TRANSFER_DONE && at < size)
            end = transfer_attend(transfer->session, transfer, NULL, -1);
    }
    const int error = errno;
    free(piece);
    errno = error;
    return end;
}

enum transfer_end transfer_send_file(struct transfer *transfer, int file, off_t from,
                                     off_t size, bool is_ascii)
{
    struct channel *channel = &transfer->session->data.channel;
    enum transfer_end end = TRANSFER_DONE;

    if (is_ascii)
        return send_pieces(transfer, file, from, size, true);
    for (off_t at = from; at < size && end == TRANSFER_DONE;) {
        ssize_t sent = channel_sendfile(channel, file, &at,
                                        limit_piece(transfer, size - at, SENDFILE));
        if (sent == -1 && errno == ENOSYS)
            return send_pieces(transfer, file, at, size, false);
        if (sent == 0) {
            errno = EIO;
            return TRANSFER_FILE;
        }
        end = sent == -1 ? wait_for_data(transfer) : count_moved(transfer, (size_t)sent);
        if (end == TRANSFER_DONE && at < size && sent > 0)
            end = transfer_attend(transfer->session, transfer, NULL, -1);
    }
    return end;
}

/* ---- the end ---- */

/* Declares the end of what was sent. Without that, a client under TLS would take it for cut off. */
static enum transfer_end end_stream(struct transfer *transfer)
{
    enum transfer_end end = TRANSFER_DONE;

    while (end == TRANSFER_DONE && channel_end(&transfer->session->data.channel) == -1)
        end = wait_for_data(transfer);
    return end;
}

static void log_access(const struct transfer *transfer, bool is_complete, int direction)
{
    const struct session *self = transfer->session;
    char host[ADDRESS_TEXT_SIZE], path[PATH_SIZE + ACCOUNT_NAME_SIZE + 1];

    snprintf(path, sizeof path, "/%s%s", self->user, transfer->path);
    access_log_add(&(struct access){.seconds = net_now() - transfer->began,
                                    .host = address_format_host(&self->peer, host),
                                    .bytes = transfer->moved,
                                    .path = path,
                                    .is_ascii = !self->is_binary,
                                    .direction = direction,
                                    .user = self->user,
                                    .is_complete = is_complete});
}

/* Reads on for a while, and throws away what comes. To close with bytes unread would reset the data
 * connection, and many a client would look no further, and never tell its user the reason. */
static void drain(struct session *self)
{
    fcntl(self->data.channel.fd, F_SETFL, 0); /* to wait for the client's end */
    net_linger(self->data.channel.fd);
}

void transfer_conclude(struct transfer *transfer, enum transfer_end end, int direction)
{
    struct session *self = transfer->session;

    if (end == TRANSFER_DONE && direction != ACCESS_IN)
        end = end_stream(transfer);
    else if (end == TRANSFER_DONE)
        channel_end(&self->data.channel); /* many wait for that; others have gone */
    const int error = errno;
    if (end == TRANSFER_FILE) {
        session_refuse_file(self, transfer->path, error);
        if (direction == ACCESS_IN && control_flush(&self->control) == 0)
            drain(self);
    }
    data_close(&self->data);
    if (direction != 0)
        log_access(transfer, end == TRANSFER_DONE, direction);
    switch (end) {
    case TRANSFER_DONE:
        control_reply(&self->control, 226, "%s: %jd bytes", transfer->path,
                      (intmax_t)transfer->moved);
        break;
    case TRANSFER_ABORTED:
        control_reply(&self->control, 426, "%s: aborted after %jd bytes", transfer->path,
                      (intmax_t)transfer->moved);
        transfer_reply_abor(self);
        break;
    case TRANSFER_BROKEN:
        control_reply(&self->control, 426, "%s: the data connection failed: %s",
                      transfer->path, strerror(error));
        break;
    case TRANSFER_FILE: /* that was said already */
        break;
    case TRANSFER_LEFT:
        self->is_over = true;
        break;
    }
}
