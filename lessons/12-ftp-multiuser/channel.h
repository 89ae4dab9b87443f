/*
 * channel.h - one connection, which sends plain bytes or TLS, for all programs of lesson 12.
 *
 * Its socket does not block. A call that can do nothing now returns -1 with errno EAGAIN, and
 * channel->waits_for tells what poll(2) is to wait for before it is made again. Under TLS that may
 * be POLLIN for a channel_send: the two directions share a protocol.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct channel {
    int fd;          /* -1: there is no connection */
    SSL *tls;        /* NULL: plain bytes */
    short waits_for; /* POLLIN or POLLOUT, after EAGAIN */
};

/* Takes over a connected socket, which channel_close closes, and makes it non-blocking. Returns 0,
 * or -1 with errno set by fcntl(2); then the socket is still the caller's. */
int channel_open(struct channel *channel, int fd);

/* How connect(2) on its socket, which has failed with EINPROGRESS, has ended. Returns 0; or -1 with errno. */
int channel_connected(const struct channel *channel);

/*
 * Begins TLS on a channel that sends plain bytes: SSL_new, SSL_set_fd. The handshake is done by
 * channel_handshake. `context` is one of tls.h.
 * Returns 0, or -1 with errno ENOMEM.
 */
int channel_begin_tls(struct channel *channel, SSL_CTX *context, bool is_server);

/* Goes on with the handshake. Returns 0 when it is done; or -1 with errno EAGAIN, EPROTO (the
 * peer does not speak TLS, or there is no agreement: tls_reason tells), or set by the socket. */
int channel_handshake(struct channel *channel);

/*
 * As recv(2): returns how many bytes have come, 1 or more; 0 at the end of the stream, which under
 * TLS the peer has to declare (close_notify); or -1 with errno EAGAIN; ECONNRESET, also if a
 * stream under TLS has ended without that; EPROTO; or set by recv(2).
 */
ssize_t channel_recv(struct channel *channel, void *bytes, size_t size);

/* As send(2): returns how many of the bytes were taken, 1 or more; or -1 with errno as above. After
 * EAGAIN, under TLS, the same bytes must be given again. */
ssize_t channel_send(struct channel *channel, const void *bytes, size_t length);

/*
 * As sendfile(2): sends up to `count` bytes of `file` from *at on, without a copy in this program, and
 * moves *at. Under TLS that takes a kernel that can encrypt.
 * Returns how many; 0 at the end of the file; or -1 with errno ENOSYS, if it can't be done for this
 * channel or this file, or as channel_send.
 */
ssize_t channel_sendfile(struct channel *channel, int file, off_t *at, size_t count);

/* Whether bytes are here already that poll(2) on the socket can't tell of: TLS has them. */
bool channel_has_pending(const struct channel *channel);

/* Waits until the call that has returned EAGAIN can go on. Returns 0, or -1 with errno ETIMEDOUT
 * after `seconds` (0: no limit), or EINTR if the program is to stop. */
int channel_wait(const struct channel *channel, double seconds);

/* channel_handshake, and waiting. Each wait takes at most `seconds`; 0: no limit. */
int channel_handshake_all(struct channel *channel, double seconds);

/* Sends all of the bytes, and waits as often as it takes, each time for at most `seconds` (0: no
 * limit). Returns 0, or -1 with errno as channel_send and channel_wait. */
int channel_send_all(struct channel *channel, const void *bytes, size_t length,
                     double seconds);

/* No more will be sent: under TLS tells the peer (close_notify), then half-closes the connection.
 * It does not wait. Returns 0, or -1 with errno set. */
int channel_end(struct channel *channel);

/* Closes it, whatever has been sent, and keeps errno. A channel that is closed already stays so. */
void channel_close(struct channel *channel);

#endif
