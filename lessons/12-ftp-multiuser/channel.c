/*
 * channel.c - one connection, plain or under TLS, as channel.h says.
 */
#include "channel.h"

#include "net.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#ifdef __linux__
#include <sys/sendfile.h>
#endif

int channel_open(struct channel *channel, int fd)
{
    if (net_set_nonblocking(fd) == -1)
        return -1;
    *channel = (struct channel){.fd = fd};
    return 0;
}

int channel_connected(const struct channel *channel)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

int channel_begin_tls(struct channel *channel, SSL_CTX *context, bool is_server)
{
    SSL *tls = SSL_new(context);

    if (tls == NULL || SSL_set_fd(tls, channel->fd) != 1) {
        SSL_free(tls);
        errno = ENOMEM;
        return -1;
    }
    if (is_server)
        SSL_set_accept_state(tls);
    else
        SSL_set_connect_state(tls);
    /* As send(2): a part may be taken, and the rest may be given again from elsewhere. */
    SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    channel->tls = tls;
    return 0;
}

/* Says with errno why a call has returned no bytes: that of the socket after a plain call; else what
 * OpenSSL tells of `result`. Returns -1, or 0 if the peer has declared the end. */
static int explain(struct channel *channel, int result, short plain_wait)
{
    if (channel->tls == NULL) {
        channel->waits_for = plain_wait;
        if (errno == EWOULDBLOCK)
            errno = EAGAIN;
        return -1;
    }
    switch (SSL_get_error(channel->tls, result)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
        channel->waits_for = POLLIN;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_WRITE:
        channel->waits_for = POLLOUT;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_SYSCALL:
        if (errno == 0)
            errno = ECONNRESET;
        return -1;
    default:
        /* The connection has ended, but nobody has declared it: bytes may be missing. */
        errno = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
                    ? ECONNRESET
                    : EPROTO;
        return -1;
    }
}

/* OpenSSL looks for errors in a queue that this thread has: those of earlier calls must not be there. */
static void forget_errors(void)
{
    ERR_clear_error();
    errno = 0;
}

int channel_handshake(struct channel *channel)
{
    forget_errors();
    int result = SSL_do_handshake(channel->tls);
    if (result == 1)
        return 0;
    if (explain(channel, result, 0) == 0)
        errno = ECONNRESET;
    return -1;
}

ssize_t channel_recv(struct channel *channel, void *bytes, size_t size)
{
    size_t received;

    if (channel->tls == NULL) {
        ssize_t count = net_recv(channel->fd, bytes, size);
        return count >= 0 ? count : explain(channel, -1, POLLIN);
    }
    forget_errors();
    int result = SSL_read_ex(channel->tls, bytes, size, &received);
    return result == 1 ? (ssize_t)received : explain(channel, result, 0);
}

ssize_t channel_send(struct channel *channel, const void *bytes, size_t length)
{
    size_t sent;

    if (channel->tls == NULL) {
        ssize_t count;
        do
            count = send(channel->fd, bytes, length, MSG_NOSIGNAL);
        while (count == -1 && errno == EINTR);
        return count >= 0 ? count : explain(channel, -1, POLLOUT);
    }
    forget_errors();
    int result = SSL_write_ex(channel->tls, bytes, length, &sent);
    if (result == 1)
        return (ssize_t)sent;
    if (explain(channel, result, 0) == 0)
        errno = EPIPE;
    return -1;
}

#ifdef __linux__
/* The same under TLS, which the kernel must know of. */
static ssize_t tls_sendfile(struct channel *channel, int file, off_t *at, size_t count)
{
#ifndef OPENSSL_NO_KTLS
    if (BIO_get_ktls_send(SSL_get_wbio(channel->tls))) {
        forget_errors();
        ossl_ssize_t sent = SSL_sendfile(channel->tls, file, *at, count, 0);
        if (sent < 0)
            return explain(channel, (int)sent, 0);
        *at += sent;
        return sent;
    }
#endif
    (void)channel, (void)file, (void)at, (void)count;
    errno = ENOSYS;
    return -1;
}
#endif

ssize_t channel_sendfile(struct channel *channel, int file, off_t *at, size_t count)
{
#ifdef __linux__
    ssize_t sent;

    if (channel->tls != NULL)
        return tls_sendfile(channel, file, at, count);
    do
        sent = sendfile(channel->fd, file, at, count);
    while (sent == -1 && errno == EINTR);
    if (sent >= 0)
        return sent;
    /* EINVAL: this file system can't do that. EIO: read it, to know whose error it is. */
    if (errno == EINVAL || errno == EIO)
        errno = ENOSYS;
    return explain(channel, -1, POLLOUT);
#else
    (void)channel, (void)file, (void)at, (void)count;
    errno = ENOSYS;
    return -1;
#endif
}

bool channel_has_pending(const struct channel *channel)
{
    /* Not SSL_has_pending: it counts a record of which only a part has come, too, and that can't be had
     * before its rest is here. Who looked again and again would find nothing, and use a CPU. */
    return channel->tls != NULL && SSL_pending(channel->tls) > 0;
}

int channel_wait(const struct channel *channel, double seconds)
{
    struct pollfd wait = {.fd = channel->fd, .events = channel->waits_for};
    const double end = net_now() + seconds;
    int result;

    do {
        double left = end - net_now();
        int timeout = seconds == 0 ? -1 : left > 0 ? (int)(left * 1000) + 1 : 0;
        result = poll(&wait, 1, timeout);
    } while (result == -1 && errno == EINTR && !net_stopping);
    if (result == 0)
        errno = ETIMEDOUT;
    return result == 1 ? 0 : -1;
}

int channel_handshake_all(struct channel *channel, double seconds)
{
    while (channel_handshake(channel) == -1)
        if (errno != EAGAIN || channel_wait(channel, seconds) == -1)
            return -1;
    return 0;
}

int channel_send_all(struct channel *channel, const void *bytes, size_t length,
                     double seconds)
{
    const char *rest = bytes;

    while (length > 0) {
        ssize_t sent = channel_send(channel, rest, length);
        if (sent == -1 && (errno != EAGAIN || channel_wait(channel, seconds) == -1))
            return -1;
        if (sent > 0) {
            rest += sent;
            length -= (size_t)sent;
        }
    }
    return 0;
}

int channel_end(struct channel *channel)
{
    if (channel->tls != NULL) {
        forget_errors();
        int result = SSL_shutdown(channel->tls);
        if (result < 0)
            return explain(channel, result, 0);
    }
    return shutdown(channel->fd, SHUT_WR);
}

void channel_close(struct channel *channel)
{
    if (channel->fd == -1)
        return;
    const int error = errno;
    /* OpenSSL would let nobody resume a session of which a connection was cut off; but with FTP the next
     * data connection has to. */
    if (channel->tls != NULL)
        SSL_set_shutdown(channel->tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(channel->tls);
    ERR_clear_error();
    errno = error;
    net_close_keep_errno(channel->fd);
    *channel = (struct channel){.fd = -1};
}
