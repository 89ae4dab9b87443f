/*
 * net.c - the calls you have learned, as net.h describes them.
 */
#ifdef __linux__
#define _GNU_SOURCE /* for accept4 */
#endif

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

double net_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void net_sleep(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

/* ---- signals ---- */

_Atomic sig_atomic_t net_stopping;

/*
 * The signal may come just before the program enters a blocking call, which then would
 * not notice it. So alarm(2) sends SIGALRM, every second, until the program is gone.
 */
static void on_stop_signal(int signal_number)
{
    (void)signal_number;
    net_stopping = 1;
    alarm(1);
}

int net_handle_signals(void)
{
    struct sigaction stop = {.sa_handler = on_stop_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);

    if (sigaction(SIGINT, &stop, NULL) == -1 || sigaction(SIGTERM, &stop, NULL) == -1 ||
        sigaction(SIGALRM, &stop, NULL) == -1)
        return -1;
    return sigaction(SIGPIPE, &ignore, NULL);
}

/* ---- from lesson 1 ---- */

const char *net_format_address(const struct sockaddr_storage *address,
                               char name[NET_NAME_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &ipv6->sin6_addr, host, sizeof host);
        snprintf(name, NET_NAME_SIZE, "[%s]:%u", host, ntohs(ipv6->sin6_port));
    } else {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &ipv4->sin_addr, host, sizeof host);
        snprintf(name, NET_NAME_SIZE, "%s:%u", host, ntohs(ipv4->sin_port));
    }
    return name;
}

int net_local_name(int fd, char name[NET_NAME_SIZE])
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &length) == -1)
        return -1;
    net_format_address(&address, name);
    return 0;
}

/* ---- from lesson 2 ---- */

struct addrinfo *net_look_up(const char *host, long port, bool passive,
                             const char **reason)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)};
    struct addrinfo *list = NULL;
    char service[24];

    snprintf(service, sizeof service, "%ld", port);
    int error = getaddrinfo(host, service, &hints, &list);
    *reason = error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
    return error == 0 ? list : NULL;
}

int net_close_keep_errno(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

#ifdef __linux__

int net_socket(int family, int type)
{
    return socket(family, type | SOCK_CLOEXEC, 0);
}

int net_accept_from(int listener, struct sockaddr_storage *peer, socklen_t *length)
{
    *length = sizeof *peer;
    return accept4(listener, (struct sockaddr *)peer, length, SOCK_CLOEXEC);
}

#else

/* In two steps, between which another thread may start a program. */
static int close_on_exec(int fd)
{
    if (fd != -1 && fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
        return net_close_keep_errno(fd);
    return fd;
}

int net_socket(int family, int type)
{
    return close_on_exec(socket(family, type, 0));
}

int net_accept_from(int listener, struct sockaddr_storage *peer, socklen_t *length)
{
    *length = sizeof *peer;
    int fd = close_on_exec(accept(listener, (struct sockaddr *)peer, length));
    /* On BSD it does not wait, if the listener does not. */
    if (fd != -1 && fcntl(fd, F_SETFL, 0) == -1)
        return net_close_keep_errno(fd);
    return fd;
}

#endif

int net_listen(const char *host, long port, int backlog, const char **reason)
{
    struct addrinfo *list = net_look_up(host, port, true, reason);
    int fd = -1;
    int on = 1;

    if (list == NULL)
        return -1;
    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next) {
        fd = net_socket(a->ai_family, a->ai_socktype);
        if (fd == -1)
            continue;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
            bind(fd, a->ai_addr, a->ai_addrlen) == -1 || listen(fd, backlog) == -1)
            fd = net_close_keep_errno(fd);
    }
    if (fd == -1)
        *reason = strerror(errno);
    freeaddrinfo(list);
    return fd;
}

int net_accept(int listener, char name[NET_NAME_SIZE])
{
    struct sockaddr_storage peer;
    socklen_t length;

    int fd = net_accept_from(listener, &peer, &length);
    if (fd != -1)
        net_format_address(&peer, name);
    return fd;
}

int net_connect(const char *host, long port, const char **reason)
{
    struct addrinfo *list = net_look_up(host, port, false, reason);
    int fd = -1;

    if (list == NULL)
        return -1;
    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next) {
        fd = net_socket(a->ai_family, a->ai_socktype);
        if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == -1)
            fd = net_close_keep_errno(fd);
    }
    if (fd == -1)
        *reason = strerror(errno);
    freeaddrinfo(list);
    return fd;
}

/* ---- from lesson 3 ---- */

int net_set_timeout(int fd, double seconds)
{
    struct timeval limit = {.tv_sec = (time_t)seconds};
    limit.tv_usec = (suseconds_t)((seconds - (double)limit.tv_sec) * 1e6);

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1)
        return -1;
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

ssize_t net_recv(int fd, void *bytes, size_t size)
{
    /* Also before the first recv: if the peer never stops sending, none is ever interrupted. */
    while (!net_stopping) {
        ssize_t received = recv(fd, bytes, size, 0);
        if (received != -1 || errno != EINTR)
            return received;
    }
    errno = EINTR;
    return -1;
}

ssize_t net_recv_all(int fd, void *bytes, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t received = net_recv(fd, (char *)bytes + done, length - done);
        if (received == -1)
            return -1;
        if (received == 0)
            break;
        done += (size_t)received;
    }
    return (ssize_t)done;
}

int net_send_all(int fd, const void *bytes, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t sent = send(fd, (const char *)bytes + done, length - done, MSG_NOSIGNAL);
        if (sent >= 0)
            done += (size_t)sent;
        else if (errno != EINTR || net_stopping)
            return -1;
    }
    return 0;
}

void net_linger(int fd)
{
    const double end = net_now() + 2;
    char unread[4096];

    shutdown(fd, SHUT_WR);
    /* A time-out of 0 would wait for ever. */
    for (double left = 2; left > 0.001; left = end - net_now())
        if (net_set_timeout(fd, left) == -1 || net_recv(fd, unread, sizeof unread) <= 0)
            return;
}

/* ---- from lesson 4 ---- */

void net_dismiss(int fd, const void *bytes, size_t length)
{
    char unread[4096];

    send(fd, bytes, length, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    /* To close with bytes unread would reset the connection, and the client might lose the answer.
     * A client that goes on sending is not waited for: 64 KiB are enough. */
    for (int i = 0; i < 16 && recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0; i++)
        ;
}

void net_refuse(int fd, const char *reason)
{
    char text[120];
    int length = snprintf(text, sizeof text, "error: %.100s\r\n", reason);

    net_dismiss(fd, text, (size_t)length);
    close(fd);
}

/* ---- from lesson 5 ---- */

int net_set_nodelay(int fd)
{
    int on = 1;
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* ---- from lessons 5 and 6 ---- */

bool net_would_wait(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int net_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* ---- from lesson 7 ---- */

void net_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
