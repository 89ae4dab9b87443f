/*
 * data.c - the data connection, as data.h says.
 */
#include "data.h"

#include "address.h"
#include "net.h"
#include "session.h"
#include "tls.h"
#include "transfer.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* If no descriptor is free, it looks again after so many seconds. */
static const double DESCRIPTOR_PAUSE = 0.05;

void data_init(struct data *data)
{
    *data = (struct data){.listener = -1, .channel = {.fd = -1}};
}

/* Forgets what was agreed on. */
static void forget(struct data *data)
{
    if (data->listener != -1)
        net_close_keep_errno(data->listener);
    data->listener = -1;
    data->mode = DATA_NONE;
}

void data_close(struct data *data)
{
    channel_close(&data->channel);
    forget(data);
}

/* ---- passive: PASV, EPSV ---- */

/* Listens on one port of the address to which the client has come. Returns 0, or -1 with errno. */
static int listen_on(struct session *self, unsigned port)
{
    struct sockaddr_storage address = self->local;

    address_set_port(&address, port);
    int fd = net_socket(address.ss_family, SOCK_STREAM);
    if (fd == -1)
        return -1;
    /* A port of the range may have had a connection a moment ago. */
    const int yes = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == -1 ||
        bind(fd, (struct sockaddr *)&address, address_length(&address)) == -1 ||
        listen(fd, 8) == -1 || net_set_nonblocking(fd) == -1)
        return net_close_keep_errno(fd);
    self->data.listener = fd;
    self->data.mode = DATA_PASSIVE;
    return 0;
}

/*
 * Listens on a port of the range, beginning somewhere in it: a stranger can't tell which is next. To let
 * the kernel choose, with port 0, would be slow after thousands of transfers: it passes over each port that
 * is still in TIME_WAIT, and SO_REUSEADDR does not. Returns 0, or -1 with errno.
 */
static int listen_somewhere(struct session *self)
{
    const struct ftp_server *server = session_server(self);
    const unsigned count = (unsigned)(server->last_port - server->first_port + 1);
    unsigned start;

    if (RAND_bytes((unsigned char *)&start, sizeof start) != 1)
        start = 0;
    for (unsigned i = 0; i < count; i++) {
        if (listen_on(self, (unsigned)server->first_port + (start % count + i) % count) ==
            0)
            return 0;
        if (errno != EADDRINUSE)
            return -1;
    }
    errno = EADDRINUSE;
    return -1;
}

/* Begins to listen, and tells where in *address. Returns whether it does; else the client was told
 * why not. */
static bool become_passive(struct session *self, struct sockaddr_storage *address)
{
    socklen_t length = sizeof *address;

    forget(&self->data);
    /* EXERCISE 3: listen for the data connection with listen_somewhere, and find out with
     * getsockname(2) at which port; return true */
    if (listen_somewhere(self) == 0 &&
        getsockname(self->data.listener, (struct sockaddr *)address, &length) == 0)
        return true;
    /* END EXERCISE */
    control_reply(&self->control, 425, "no port to listen on: %s", strerror(errno));
    forget(&self->data);
    return false;
}

void handle_pasv(struct session *self, const char *argument)
{
    struct sockaddr_storage address;
    char text[ADDRESS_TEXT_SIZE];

    (void)argument;
    if (self->data.only_epsv) {
        control_reply(&self->control, 501, "after EPSV ALL there is only EPSV");
        return;
    }
    if (self->local.ss_family != AF_INET) {
        control_reply(&self->control, 425, "PASV knows IPv4 only: use EPSV");
        return;
    }
    if (!become_passive(self, &address))
        return;
    const struct sockaddr_storage *public = &session_server(self)->public_address;
    if (public->ss_family == AF_INET) {
        const unsigned port = address_port(&address);
        address = *public;
        address_set_port(&address, port);
    }
    control_reply(&self->control, 227, "Entering Passive Mode (%s).",
                  address_format_pasv(&address, text));
}

void handle_epsv(struct session *self, const char *argument)
{
    const char *family = self->local.ss_family == AF_INET6 ? "2" : "1";
    struct sockaddr_storage address;

    if (strcasecmp(argument, "ALL") == 0) {
        self->data.only_epsv = true;
        control_reply(&self->control, 200, "from now on only EPSV");
    } else if (*argument != '\0' && strcmp(argument, family) != 0) {
        control_reply(&self->control, 522, "not that protocol here, use (%s)", family);
    } else if (become_passive(self, &address)) {
        control_reply(&self->control, 229, "Entering Extended Passive Mode (|||%u|)",
                      address_port(&address));
    }
}

/* Accepts a data connection from the host of the control connection; those of others are closed at once. Returns
 * 0; or -1 with errno EAGAIN, if it has not come yet, or set by accept(2). */
static int accept_client(struct session *self)
{
    struct sockaddr_storage peer;
    socklen_t length;
    int fd;

    while ((fd = net_accept_from(self->data.listener, &peer, &length)) != -1) {
        if (address_is_same_host(&peer, &self->peer))
            return channel_open(&self->data.channel, fd) == 0 ? 0
                                                              : net_close_keep_errno(fd);
        session_log(self, "a stranger's data connection is closed", "");
        close(fd);
    }
    return -1;
}

/* ---- active: PORT, EPRT ---- */

/* Takes over where the client listens, if that is allowed. */
static void become_active(struct session *self, const struct sockaddr_storage *address)
{
    forget(&self->data);
    if (self->data.only_epsv) {
        control_reply(&self->control, 501, "after EPSV ALL there is only EPSV");
        return;
    }
    if (!address_is_same_host(address, &self->peer) || address_port(address) < 1024) {
        session_log(self, "refused: a data connection to somebody else", "");
        control_reply(
            &self->control, 504,
            "a data connection goes to your address only, and not below port 1024");
        return;
    }
    self->data.mode = DATA_ACTIVE;
    self->data.address = *address;
    control_reply(&self->control, 200, "OK");
}

void handle_port(struct session *self, const char *argument)
{
    struct sockaddr_storage address;

    if (address_parse_port(argument, &address) == -1)
        control_reply(&self->control, 501, "PORT takes six numbers: h1,h2,h3,h4,p1,p2");
    else
        become_active(self, &address);
}

void handle_eprt(struct session *self, const char *argument)
{
    struct sockaddr_storage address;

    if (address_parse_eprt(argument, &address) == 0)
        become_active(self, &address);
    else if (errno == EAFNOSUPPORT)
        control_reply(&self->control, 522, "not that protocol, use (1,2)");
    else
        control_reply(&self->control, 501,
                      "EPRT takes |1|ADDRESS|PORT| or |2|ADDRESS|PORT|");
}

/* Begins to connect to the client, from the address to which it has come. Returns 0, or -1 with errno;
 * EINPROGRESS while it goes on. */
static int begin_to_connect(struct session *self)
{
    const struct sockaddr_storage *to = &self->data.address;
    struct sockaddr_storage from = self->local;

    int fd = net_socket(to->ss_family, SOCK_STREAM);
    if (fd == -1)
        return -1;
    if (channel_open(&self->data.channel, fd) == -1)
        return net_close_keep_errno(fd);
    address_set_port(&from, 0);
    if (from.ss_family == to->ss_family &&
        bind(fd, (struct sockaddr *)&from, address_length(&from)) == -1)
        return -1;
    return connect(fd, (const struct sockaddr *)to, address_length(to));
}

/* ---- the connection ---- */

/* Waits until `fd` has one of the events. Returns as transfer_attend; TRANSFER_BROKEN with ETIMEDOUT. */
static enum transfer_end wait_for(struct session *self, int fd, short events)
{
    struct pollfd wait = {.fd = fd, .events = events};

    enum transfer_end end =
        transfer_attend(self, NULL, &wait, session_server(self)->timeout);
    return end == TRANSFER_DONE && errno == ETIMEDOUT ? TRANSFER_BROKEN : end;
}

/* Accepts the client's connection, and waits until it comes. If no descriptor is free, it waits for one,
 * as the server does for new clients. Returns as wait_for; TRANSFER_BROKEN with errno set. */
static enum transfer_end accept_data(struct session *self)
{
    const double timeout = session_server(self)->timeout;
    const double until = net_now() + timeout;
    enum transfer_end end = TRANSFER_DONE;

    while (end == TRANSFER_DONE && accept_client(self) == -1) {
        if (net_would_wait())
            end = wait_for(self, self->data.listener, POLLIN);
        else if ((errno == EMFILE || errno == ENFILE) &&
                 (timeout == 0 || net_now() < until))
            end = transfer_attend(self, NULL, NULL, DESCRIPTOR_PAUSE);
        else if (errno != ECONNABORTED) /* that one has left already: the next */
            end = TRANSFER_BROKEN;
    }
    return end;
}

/* Makes the TCP connection, in the way that was agreed on. */
static enum transfer_end connect_data(struct session *self)
{
    struct data *data = &self->data;
    enum transfer_end end = TRANSFER_DONE;

    errno = ENOTCONN;
    if (data->mode == DATA_NONE)
        return TRANSFER_BROKEN;
    if (data->mode == DATA_ACTIVE) {
        if (begin_to_connect(self) == 0)
            return TRANSFER_DONE;
        if (errno == EINPROGRESS)
            end = wait_for(self, data->channel.fd, POLLOUT);
        else
            end = TRANSFER_BROKEN;
        return end == TRANSFER_DONE && channel_connected(&data->channel) == -1
                   ? TRANSFER_BROKEN
                   : end;
    }
    return accept_data(self);
}

/* Does TLS's handshake on the new connection, as the server, whoever has connected (RFC 4217, 10). */
static enum transfer_end secure_data(struct session *self)
{
    struct channel *channel = &self->data.channel;
    enum transfer_end end = TRANSFER_DONE;

    if (channel_begin_tls(channel, session_server(self)->tls, true) == -1)
        return TRANSFER_BROKEN;
    tls_set_group(channel->tls, self->tls_group, sizeof self->tls_group);
    /* Nobody would read the tickets, and a connection that is closed with unread bytes is reset. */
    SSL_set_num_tickets(channel->tls, 0);
    while (end == TRANSFER_DONE && channel_handshake(channel) == -1)
        end = errno == EAGAIN ? wait_for(self, channel->fd, channel->waits_for)
                              : TRANSFER_BROKEN;
    return end;
}

/* Connects, replies 150, and secures the connection. */
static enum transfer_end open_data(struct session *self, const char *what)
{
    enum transfer_end end = connect_data(self);

    forget(&self->data);
    if (end != TRANSFER_DONE)
        return end;
    control_reply(&self->control, 150, "%s", what);
    if (control_flush(&self->control) == -1)
        return TRANSFER_LEFT;
    return self->protects_data ? secure_data(self) : TRANSFER_DONE;
}

/* Commands that have come together with this one are answered behind it. */
static void hold_pipelined(struct control *control)
{
    char *line;
    size_t length;

    if (!control->is_held && control_next(control, &line, &length) == 1)
        control_hold(control, line, length);
}

/* Whether a connection under TLS was made by whoever has the control connection. */
static bool is_trusted(const struct session *self)
{
    const SSL *tls = self->data.channel.tls;

    return tls == NULL || session_server(self)->no_session_reuse ||
           SSL_session_reused(tls);
}

bool data_open(struct session *self, const char *what)
{
    struct control *control = &self->control;

    if (session_server(self)->require_tls && !self->protects_data) {
        control_reply(control, 521, "data connections need TLS here: send PROT P");
        return false;
    }
    hold_pipelined(control);
    enum transfer_end end = open_data(self, what);
    if (end == TRANSFER_DONE && is_trusted(self))
        return true;
    switch (end) {
    case TRANSFER_DONE:
        control_reply(control, 522,
                      "a data connection must resume the TLS session of this "
                      "control connection");
        break;
    case TRANSFER_ABORTED:
        control_reply(control, 426, "aborted while waiting for the data connection");
        transfer_reply_abor(self);
        break;
    case TRANSFER_LEFT:
        self->is_over = true;
        break;
    default:
        control_reply(control, 425, "no data connection: %s",
                      errno == ENOTCONN ? "send PASV, EPSV, PORT or EPRT first"
                      : errno == EPROTO ? tls_reason()
                                        : strerror(errno));
        break;
    }
    data_close(&self->data);
    return false;
}
