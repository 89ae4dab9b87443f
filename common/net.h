/*
 * net.h - the calls you have learned, ready for the lessons that come after.
 *
 * Each section names the lesson that writes its calls out. A helper never ends the program
 * and never prints: it returns -1 with errno or a reason set, and its caller decides.
 */
#ifndef NET_H
#define NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Room for "[address]:port" and the NUL byte. */
enum { NET_NAME_SIZE = INET6_ADDRSTRLEN + sizeof "[]:65535" };

/* ---- signals, as far as they meet sockets ---- */

/*
 * Becomes 1 when SIGINT or SIGTERM asks the program to stop. _Atomic, because threads read
 * it too (lesson 4).
 */
static _Atomic sig_atomic_t net_stopping;

/*
 * The signal may come just before the program enters a blocking call, which then would
 * not notice it. So alarm(2) sends SIGALRM, every second, until the program is gone.
 */
static inline void net_on_stop_signal(int signal_number)
{
    (void)signal_number;
    net_stopping = 1;
    alarm(1);
}

/*
 * Makes SIGINT (Ctrl-C) and SIGTERM set net_stopping. A call that blocks then returns -1
 * with errno EINTR, because SA_RESTART is not asked for.
 *
 * SIGPIPE is ignored: by default, sending to a peer that has left would end the whole
 * program. Ignored, send returns -1 with errno EPIPE, and only that peer is lost.
 *
 * Returns 0, or -1 with errno set by sigaction(2).
 */
static inline int net_handle_signals(void)
{
    struct sigaction stop = {.sa_handler = net_on_stop_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);

    if (sigaction(SIGINT, &stop, NULL) == -1 || sigaction(SIGTERM, &stop, NULL) == -1 ||
        sigaction(SIGALRM, &stop, NULL) == -1)
        return -1;
    return sigaction(SIGPIPE, &ignore, NULL);
}

/* ---- from lesson 1: addresses ---- */

/*
 * Writes `address` into `name` as "127.0.0.1:10000" or "[::1]:10000".
 * Returns name, for use inside printf.
 */
static inline const char *net_format_address(const struct sockaddr_storage *address,
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

/*
 * Writes the address that the socket `fd` is bound to into `name`: with port 0, this is
 * where the port that the kernel chose can be read.
 * Returns 0, or -1 with errno set by getsockname(2).
 */
static inline int net_local_name(int fd, char name[NET_NAME_SIZE])
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &length) == -1)
        return -1;
    net_format_address(&address, name);
    return 0;
}

/* ---- from lesson 2: names, listening, connecting ---- */

/*
 * Looks `host` (a name or an address) and `port` up for TCP. With `passive` the addresses
 * are for bind, else for connect.
 * Returns a list that freeaddrinfo(3) frees, or NULL, with *reason set to say why.
 */
static inline struct addrinfo *net_look_up(const char *host, long port, bool passive,
                                           const char **reason)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)};
    struct addrinfo *list = NULL;
    char service[24];

    snprintf(service, sizeof service, "%ld", port);
    int error = getaddrinfo(host, service, &hints, &list);
    *reason = gai_strerror(error);
    return error == 0 ? list : NULL;
}

/* Closes `fd` and keeps errno as it was. Returns -1. */
static inline int net_close_failed(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/*
 * Makes a TCP socket that listens on `host` and `port` (0: any free port), with
 * SO_REUSEADDR; `backlog` clients may wait to be accepted.
 * Returns the socket, which the caller closes; or -1, with *reason set to a text that
 * says why (it needs no free).
 */
static inline int net_listen(const char *host, long port, int backlog,
                             const char **reason)
{
    struct addrinfo *list = net_look_up(host, port, true, reason);
    int fd = -1;
    int on = 1;

    if (list == NULL)
        return -1;
    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd == -1)
            continue;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
            bind(fd, a->ai_addr, a->ai_addrlen) == -1 || listen(fd, backlog) == -1)
            fd = net_close_failed(fd);
    }
    if (fd == -1)
        *reason = strerror(errno);
    freeaddrinfo(list);
    return fd;
}

/*
 * Accepts the next client of `listener`, and writes its address into `name`.
 * Returns its socket, which the caller closes; or -1 with errno set by accept(2).
 */
static inline int net_accept(int listener, char name[NET_NAME_SIZE])
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;

    int fd = accept(listener, (struct sockaddr *)&peer, &length);
    if (fd != -1)
        net_format_address(&peer, name);
    return fd;
}

/*
 * Connects to `host` and `port` over TCP: every address of the host is tried, in turn.
 * Returns the socket, which the caller closes; or -1, with *reason set to a text that
 * says why (it needs no free).
 */
static inline int net_connect(const char *host, long port, const char **reason)
{
    struct addrinfo *list = net_look_up(host, port, false, reason);
    int fd = -1;

    if (list == NULL)
        return -1;
    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == -1)
            fd = net_close_failed(fd);
    }
    if (fd == -1)
        *reason = strerror(errno);
    freeaddrinfo(list);
    return fd;
}

/*
 * Makes recv and send on `fd` give up, with errno EAGAIN, when nothing has moved for so
 * many seconds; 0 waits for ever. Returns 0, or -1 with errno set by setsockopt(2).
 */
static inline int net_set_timeout(int fd, double seconds)
{
    struct timeval limit = {.tv_sec = (time_t)seconds};
    limit.tv_usec = (suseconds_t)((seconds - (double)limit.tv_sec) * 1e6);

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1)
        return -1;
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* ---- from lesson 3: a stream has no messages, and a call may move only a part ---- */

/*
 * Receives what has come, at most `size` bytes. A signal that does not ask to stop does
 * not end the wait. Returns the number of bytes, 0 at the end of the stream, or -1 with
 * errno set by recv(2).
 */
static inline ssize_t net_recv(int fd, void *bytes, size_t size)
{
    ssize_t received;
    do
        received = recv(fd, bytes, size, 0);
    while (received == -1 && errno == EINTR && !net_stopping);
    return received;
}

/*
 * Receives exactly `length` bytes.
 * Returns length; less at the end of the stream; or -1 with errno set by recv(2).
 */
static inline ssize_t net_recv_all(int fd, void *bytes, size_t length)
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

/*
 * Sends all of `length` bytes, in as many calls as it takes.
 * Returns 0, or -1 with errno set by send(2); then nobody knows how much has arrived.
 */
static inline int net_send_all(int fd, const void *bytes, size_t length)
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

/* Each client needs a descriptor; the usual limit of 1024 may be raised. (Lesson 7.) */
static inline void net_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

#endif
