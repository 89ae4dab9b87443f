/*
 * dial.c - connects within a time limit, as dial.h says.
 */
#include "dial.h"

#include "channel.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Waits until the connection is made. Returns 0, or -1 with errno. */
static int finish(int fd, double seconds)
{
    const struct channel channel = {.fd = fd, .waits_for = POLLOUT};

    return channel_wait(&channel, seconds) == 0 ? channel_connected(&channel) : -1;
}

int dial_address(const struct sockaddr_storage *address, socklen_t length, double seconds)
{
    int fd = net_socket(address->ss_family, SOCK_STREAM);

    if (fd == -1)
        return -1;
    if (net_set_nonblocking(fd) == -1)
        return net_close_keep_errno(fd);
    if (connect(fd, (const struct sockaddr *)address, length) == -1 &&
        (errno != EINPROGRESS || finish(fd, seconds) == -1))
        return net_close_keep_errno(fd);
    return fd;
}

int dial_host(const char *host, long port, double seconds, const char **reason)
{
    struct addrinfo *list = net_look_up(host, port, false, reason);
    struct sockaddr_storage address;
    int fd = -1;

    if (list == NULL) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    for (struct addrinfo *a = list; a != NULL && fd == -1 && !net_stopping;
         a = a->ai_next) {
        memcpy(&address, a->ai_addr, a->ai_addrlen);
        fd = dial_address(&address, a->ai_addrlen, seconds);
    }
    if (fd == -1)
        *reason = strerror(errno);
    int error = errno;
    freeaddrinfo(list);
    errno = error;
    return fd;
}
