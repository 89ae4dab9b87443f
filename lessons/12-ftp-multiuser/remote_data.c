/*
 * remote_data.c - data connections, as remote_data.h says.
 */
#include "remote_data.h"

#include "address.h"
#include "dial.h"
#include "net.h"
#include "remote_login.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ABORT_SECONDS = 10 }; /* so long the answers to ABOR may take */

static void close_all(struct remote_data *data)
{
    channel_close(&data->channel);
    if (data->listener != -1)
        net_close_keep_errno(data->listener);
    data->listener = -1;
}

/* ---- passive: the server listens ---- */

/* Whether the reply says that the server does not know the command (RFC 2428 has 522 for it, too). */
static bool is_unknown(int code)
{
    return code / 100 == 5;
}

/* Returns the port where the server listens, or -1 with the reason. */
static int ask_for_port(struct remote *remote)
{
    int code = 500, port = -1;
    const char *text;
    size_t length;

    if (!remote->has_no_extended) {
        code = remote_ask(remote, "EPSV", NULL);
        if (code == -1)
            return -1;
    }
    const bool is_extended = !is_unknown(code);
    if (!is_extended && remote->peer.ss_family == AF_INET) {
        code = remote_ask(remote, "PASV", NULL);
        if (code == -1)
            return -1;
        remote->has_no_extended = code == 227;
    }
    text = remote_reply_last(&remote->reply, &length);
    if (is_extended && code == 229)
        port = remote_parse_extended(text, length);
    else if (!is_extended && code == 227)
        port = remote_parse_passive(text, length);
    else
        return remote_blame_reply(remote);
    return port != -1 ? port : remote_blame(remote, "no port is in the answer %d", code);
}

static int connect_passive(struct remote_data *data)
{
    struct remote *remote = data->remote;
    struct sockaddr_storage address = remote->peer;
    const int port = ask_for_port(remote);

    if (port == -1)
        return -1;
    /* To the server's own address, whatever a 227 says: a server could name any machine that this one
     * can reach, and have its ports tried out, or a file sent to it. It also helps where the server
     * stands behind a NAT, and does not know its address. EPSV names none. */
    address_set_port(&address, (unsigned)port);
    int fd = dial_address(&address, remote->peer_length, remote->timeout);
    if (fd == -1)
        return remote_blame_errno(remote, "data connection");
    if (channel_open(&data->channel, fd) == 0)
        return 0;
    net_close_keep_errno(fd);
    return remote_blame_errno(remote, "data connection");
}

/* ---- active: this program listens ---- */

/* Listens on any port of the address at which the server knows this machine, and fills it in. */
static int open_listener(struct remote_data *data, struct sockaddr_storage *address)
{
    socklen_t length = sizeof *address;

    if (getsockname(data->remote->control.fd, (struct sockaddr *)address, &length) == -1)
        return -1;
    address_set_port(address, 0);
    data->listener = net_socket(address->ss_family, SOCK_STREAM);
    if (data->listener == -1)
        return -1;
    if (bind(data->listener, (struct sockaddr *)address, length) == -1 ||
        listen(data->listener, 1) == -1 || net_set_nonblocking(data->listener) == -1)
        return -1;
    return getsockname(data->listener, (struct sockaddr *)address, &length);
}

static int listen_active(struct remote_data *data)
{
    struct remote *remote = data->remote;
    struct sockaddr_storage address;
    char host[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 32];
    int code = 500;

    if (open_listener(data, &address) == -1)
        return remote_blame_errno(remote, "listen");
    if (!remote->has_no_extended) {
        snprintf(text, sizeof text, "|%d|%s|%u|", address.ss_family == AF_INET ? 1 : 2,
                 address_format_host(&address, host), address_port(&address));
        code = remote_ask(remote, "EPRT", text);
        if (code == -1)
            return -1;
    }
    if (is_unknown(code) && address.ss_family == AF_INET) {
        code = remote_ask(remote, "PORT", address_format_pasv(&address, text));
        if (code == -1)
            return -1;
        remote->has_no_extended = code / 100 == 2;
    }
    return code / 100 == 2 ? 0 : remote_blame_reply(remote);
}

/* Accepts the server's connection, if it waits: everybody can connect to the port, and would get the file,
 * or send another one. Strangers before it are sent away. Returns whether it is there. */
static bool accept_server(struct remote_data *data)
{
    struct sockaddr_storage peer;
    socklen_t length;
    int fd;

    /* All that wait: the server may have sent its bytes and its 226 already, and be the last of them. */
    while ((fd = net_accept_from(data->listener, &peer, &length)) != -1) {
        if (address_is_same_host(&peer, &data->remote->peer) &&
            channel_open(&data->channel, fd) == 0)
            return true;
        close(fd);
    }
    return false;
}

/* Waits until the server has connected, or says that it can't: after its 150, too. */
static int accept_active(struct remote_data *data)
{
    struct remote *remote = data->remote;
    struct pollfd wait[] = {{.fd = data->listener, .events = POLLIN},
                            {.fd = remote->control.fd, .events = POLLIN}};
    const double end = net_now() + remote->timeout;

    while (!accept_server(data)) {
        double left = end - net_now();
        int timeout = remote->timeout == 0 ? -1 : left > 0 ? (int)(left * 1000) + 1 : 0;
        if (lines_has_part(&remote->lines) || channel_has_pending(&remote->control) ||
            (wait[1].revents != 0 && wait[0].revents == 0))
            return remote_receive(remote) == -1 ? -1 : remote_blame_reply(remote);
        int result = poll(wait, 2, timeout);
        if (result == 0)
            errno = ETIMEDOUT;
        if (result == 0 || (result == -1 && (errno != EINTR || net_stopping)))
            return remote_data_abort(data, errno);
        if (result == -1)
            wait[0].revents = wait[1].revents = 0;
    }
    return 0;
}

/* ---- the whole ---- */

static int begin(struct remote_data *data, off_t from, const char *verb,
                 const char *argument)
{
    struct remote *remote = data->remote;
    char number[24];

    if ((remote->is_active ? listen_active(data) : connect_passive(data)) == -1)
        return -1;
    snprintf(number, sizeof number, "%jd", (intmax_t)from);
    if (from > 0 && remote_demand(remote, "REST", number, 3) == -1)
        return -1;
    int code = remote_ask(remote, verb, argument);
    if (code == -1)
        return -1;
    if (code / 100 != 1)
        return remote_blame_reply(remote);
    if (remote->is_active && accept_active(data) == -1)
        return -1;
    if (!remote->protects_data)
        return 0;
    if (remote_login_handshake(remote, &data->channel) == 0)
        return 0;
    if (remote->was_interrupted)
        return remote_data_abort(data, EINTR);
    char reason[REMOTE_REASON];
    snprintf(reason, sizeof reason, "%.*s", (int)remote->reason_length, remote->reason);
    return remote_data_refuse(data, reason);
}

int remote_data_command(struct remote_data *data, struct remote *remote, off_t from,
                        const char *verb, const char *argument)
{
    *data = (struct remote_data){.remote = remote, .channel = {.fd = -1}, .listener = -1};
    int result = begin(data, from, verb, argument);
    if (result == -1)
        close_all(data);
    return result;
}

ssize_t remote_data_receive(struct remote_data *data, void *bytes, size_t size)
{
    for (;;) {
        ssize_t received = net_stopping ? -1 : channel_recv(&data->channel, bytes, size);
        if (net_stopping) /* also if bytes never stop coming */
            errno = EINTR;
        if (received >= 0 || errno != EAGAIN ||
            channel_wait(&data->channel, data->remote->timeout) == -1)
            return received;
    }
}

int remote_data_send(struct remote_data *data, const void *bytes, size_t length)
{
    errno = EINTR;
    if (net_stopping)
        return -1;
    return channel_send_all(&data->channel, bytes, length, data->remote->timeout);
}

int remote_data_end(struct remote_data *data)
{
    struct remote *remote = data->remote;

    /* The end of the bytes is the end of the connection. It is closed only when the server has
     * answered: to close it with bytes unread, which TLS may have sent, would reset it, and the
     * server might lose the last bytes. */
    channel_end(&data->channel);
    int code = remote_receive(remote);
    close_all(data);
    if (code == -1)
        return -1;
    return code / 100 == 2 ? 0 : remote_blame_reply(remote);
}

/* ---- breaking it off ---- */

/* Closes the connection so that the server sees a failure: an orderly end would be the end of the file
 * that is sent. */
static void reset(struct remote_data *data)
{
    const struct linger at_once = {.l_onoff = 1};

    if (data->channel.fd != -1)
        setsockopt(data->channel.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_all(data);
}

/* Says ABOR, and receives two replies: that to the transfer (426, or 226 if it was done), and that to
 * ABOR. If they do not come, nobody knows which reply belongs to what, and the session is lost. */
static void abort_transfer(struct remote_data *data)
{
    struct remote *remote = data->remote;
    const double timeout = remote->timeout;

    remote_calm();
    if (timeout == 0 || timeout > ABORT_SECONDS)
        remote->timeout = ABORT_SECONDS;
    remote_send(remote, "ABOR", NULL);
    reset(data);
    for (int finals = 0; finals < 2 && remote->is_open;) {
        int code = remote_receive(remote);
        if (code == -1)
            remote_lose(remote);
        finals += code >= 200;
    }
    remote->timeout = timeout;
}

int remote_data_refuse(struct remote_data *data, const char *reason)
{
    char copy[REMOTE_REASON];

    snprintf(copy, sizeof copy, "%s", reason);
    abort_transfer(data);
    return remote_blame(data->remote, "%s", copy);
}

int remote_data_abort(struct remote_data *data, int error)
{
    struct remote *remote = data->remote;

    if (error == ECONNRESET || error == EPIPE || error == EPROTO) {
        /* The server has broken it off, and says why. */
        reset(data);
        int code = remote_receive(remote);
        if (code == -1)
            return -1;
        return code >= 400 ? remote_blame_reply(remote)
                           : remote_blame(remote, "the data connection broke");
    }
    abort_transfer(data);
    if (error == EINTR) {
        remote->was_interrupted = true;
        return remote->is_open
                   ? remote_blame(remote, "interrupted")
                   : remote_blame(remote, "interrupted; and the connection is lost");
    }
    errno = error;
    return remote_blame_errno(remote, "");
}
