/*
 * chaos.c - a library that lets calls do what they seldom do, but may do: those on sockets above all.
 *
 * Run it:       CHAOS=short-recv,eintr CHAOS_SEED=3 LD_PRELOAD=build/tools/chaos.so PROGRAM
 *               make chaos      (every lesson's scenarios, with each mode)
 * Its partner:  any program that calls the C library for its sockets
 *
 *   short-recv   recv takes one byte from a stream, although more have come
 *   short-send   send takes half of the bytes for a stream, if they are more than SMALL
 *   short-write  write takes half of the bytes for a file, if they are more than SMALL
 *   eintr        recv, accept, poll and their like fail as if a signal had come; so does
 *                send, where it may wait, and write of more than SMALL bytes to a file
 *   eagain       on a non-blocking socket, recv, send and accept find that it is not ready
 *   aborted      accept fails with ECONNABORTED; the next one takes the connection
 *   emfile       accept fails with EMFILE; the next one takes the connection; a sleep
 *                ends early
 *   all          all of these
 *
 * CHAOS_SEED (default 1) chooses the calls that are struck. With the same seed they are the
 * same again; between threads, it is the scheduler that chooses who makes the next call.
 *
 * A correct program must pass, so nothing happens here that a kernel may not do:
 *
 *   - But for what is written to a file, only sockets are struck, and poll and its like,
 *     whatever they wait for. Datagrams stay whole, and so does what MSG_WAITALL asks for.
 *   - Up to SMALL bytes fit into the empty buffer of a new connection. A program may rely
 *     on that when it sends one line, so such a send on a blocking socket is left alone.
 *   - On a blocking socket EAGAIN means a time-out, and a call that does not wait is never
 *     interrupted: so EAGAIN is only for the non-blocking, EINTR only for the others.
 *   - Behind an EAGAIN, EPOLLET reports nothing until more comes, but more is there
 *     already: in a process that has asked for EPOLLET there is no EAGAIN from here.
 *   - Of a few calls in a row, one is spared at least, so that every loop comes to its end.
 *
 * connect is left alone, and so are sendfile, recvmmsg and sendmmsg. What stdio reads and
 * writes does not pass here.
 */
#undef _FORTIFY_SOURCE /* its inline recv, read and poll would stand for those below */
#define _GNU_SOURCE    /* RTLD_NEXT, accept4, ppoll */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* How the C library declares a pointer to an address; glibc has names of its own for it. */
#ifndef __GLIBC__
#define __SOCKADDR_ARG       struct sockaddr *restrict
#define __CONST_SOCKADDR_ARG const struct sockaddr *
#endif

enum { SMALL = 512 };

enum mode {
    SHORT_RECV,
    SHORT_SEND,
    SHORT_WRITE,
    INTERRUPTED,
    NOT_READY,
    ABORTED,
    NO_DESCRIPTOR,
    MODES
};

/* Of each PERIOD calls that a mode could strike, it strikes so many; the seed chooses which. */
enum { PERIOD = 4 };

static struct {
    const char *name;
    unsigned strikes;
    bool on;
    _Atomic unsigned calls;
} modes[MODES] = {
    [SHORT_RECV] = {.name = "short-recv", .strikes = 3},
    [SHORT_SEND] = {.name = "short-send", .strikes = 3},
    [SHORT_WRITE] = {.name = "short-write", .strikes = 3},
    [INTERRUPTED] = {.name = "eintr", .strikes = 1},
    [NOT_READY] = {.name = "eagain", .strikes = 1},
    [ABORTED] = {.name = "aborted", .strikes = 1},
    [NO_DESCRIPTOR] = {.name = "emfile", .strikes = 1},
};

static unsigned seed = 1;
static _Atomic bool edge_triggered;

/* ---- the calls of the C library, which stand behind ours ---- */

/* clang-format off */
#define EACH_CALL(X) \
    X(recv) X(recvfrom) X(recvmsg) X(read) X(readv) \
    X(send) X(sendto) X(sendmsg) X(write) X(writev) \
    X(accept) X(accept4) X(sleep) \
    X(poll) X(ppoll) X(select) X(pselect) X(epoll_wait) X(epoll_pwait) X(epoll_ctl)
/* clang-format on */

#define DECLARE(call) __typeof__(call) *call;
static struct {
    EACH_CALL(DECLARE)
} real;

/* ISO C does not convert a data pointer to a function pointer; POSIX says that it can be
 * copied. */
#define FIND(call)                                                                       \
    symbol = dlsym(RTLD_NEXT, #call);                                                    \
    memcpy(&real.call, &symbol, sizeof symbol);

static void find_calls(void)
{
    void *symbol;
    EACH_CALL(FIND)
}

/* ---- at the start: what was asked for. To do nothing silently would be no test ---- */

static void read_seed(void)
{
    const char *text = getenv("CHAOS_SEED");
    char *end;

    if (text == NULL)
        return;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number > 1000000) {
        fprintf(stderr, "chaos: CHAOS_SEED=%s: not a whole number from 0 to 1000000\n",
                text);
        _exit(2);
    }
    seed = (unsigned)number;
}

/* Returns whether there is a mode of that name. */
static bool switch_on(const char *name, size_t length)
{
    bool all = length == strlen("all") && memcmp(name, "all", length) == 0;
    bool found = false;

    for (int i = 0; i < MODES; i++)
        if (all ||
            (length == strlen(modes[i].name) && memcmp(name, modes[i].name, length) == 0))
            modes[i].on = found = true;
    return found;
}

__attribute__((constructor)) static void begin(void)
{
    const char *list = getenv("CHAOS");
    const char *name = list != NULL ? list : "";
    size_t length;

    find_calls();
    read_seed();
    do {
        length = strcspn(name, ",");
        if (!switch_on(name, length)) {
            fprintf(stderr, "chaos: CHAOS=%s: '%.*s' is none of ",
                    list != NULL ? list : "", (int)length, name);
            for (int i = 0; i < MODES; i++)
                fprintf(stderr, "%s, ", modes[i].name);
            fputs("all\n", stderr);
            _exit(2);
        }
        name += length + 1;
    } while (name[-1] == ',');
}

/* ---- what happens to a call ---- */

/*
 * Returns whether `mode` strikes this call. The first call that it could strike is always
 * struck, so that no seed spares a program that makes only one.
 */
static bool strikes(enum mode mode)
{
    if (!modes[mode].on)
        return false;
    unsigned call = atomic_fetch_add(&modes[mode].calls, 1);
    unsigned scrambled = call / PERIOD * (2654435769U * (MODES * seed + mode) | 1);
    return (call + (scrambled >> 16)) % PERIOD < modes[mode].strikes;
}

/* Returns the type of the socket `fd`, such as SOCK_STREAM; -1 if it is no socket. */
static int socket_type(int fd)
{
    int error = errno;
    int type = -1;
    socklen_t length = sizeof type;

    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
    errno = error;
    return type;
}

static bool is_blocking(int fd, int flags)
{
    return !(flags & MSG_DONTWAIT) && !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* Returns whether `mode` strikes this call, with errno set to `error` if it does. */
static bool fails(enum mode mode, int error)
{
    if (!strikes(mode))
        return false;
    errno = error;
    return true;
}

/* Returns whether a call that needs the socket to be ready fails, with errno set. */
static bool fails_to_wait(int fd, int flags)
{
    if (is_blocking(fd, flags))
        return fails(INTERRUPTED, EINTR);
    return !edge_triggered && fails(NOT_READY, EAGAIN);
}

/* Before *length bytes are received: returns whether the call fails, with errno set. If
 * not, *length becomes the number of bytes to take. */
static bool receive_fails(int fd, size_t *length, int flags)
{
    int type = socket_type(fd);

    if (type == -1 || flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
        return false;
    if (fails_to_wait(fd, flags))
        return true;
    if (type == SOCK_STREAM && *length > 1 && !(flags & MSG_WAITALL) &&
        strikes(SHORT_RECV))
        *length = 1;
    return false;
}

/* The same before *length bytes are sent. */
static bool send_fails(int fd, size_t *length, int flags)
{
    int type = socket_type(fd);
    bool is_large = type == SOCK_STREAM && *length > SMALL;

    if (type == -1 || flags & MSG_OOB)
        return false;
    if ((is_large || !is_blocking(fd, flags)) && fails_to_wait(fd, flags))
        return true;
    if (is_large && strikes(SHORT_SEND))
        *length /= 2;
    return false;
}

static bool accept_fails(int fd)
{
    return fails(NO_DESCRIPTOR, EMFILE) || fails(ABORTED, ECONNABORTED) ||
           fails_to_wait(fd, 0);
}

/* ---- receiving ---- */

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
    return receive_fails(fd, &length, flags) ? -1 : real.recv(fd, bytes, length, flags);
}

ssize_t recvfrom(int fd, void *restrict bytes, size_t length, int flags,
                 __SOCKADDR_ARG address, socklen_t *restrict address_length)
{
    if (receive_fails(fd, &length, flags))
        return -1;
    return real.recvfrom(fd, bytes, length, flags, address, address_length);
}

ssize_t read(int fd, void *bytes, size_t length)
{
    return receive_fails(fd, &length, 0) ? -1 : real.read(fd, bytes, length);
}

static size_t total_length(const struct msghdr *message)
{
    size_t total = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++)
        total += message->msg_iov[i].iov_len;
    return total;
}

/* Cuts the message down to its first piece, and that to `length` bytes at the most. `piece`
 * is where the cut piece is kept. */
static void cut(struct msghdr *message, struct iovec *piece, size_t length)
{
    const struct iovec *first = message->msg_iov;
    while (first->iov_len == 0)
        first++;
    *piece = *first;
    if (piece->iov_len > length)
        piece->iov_len = length;
    message->msg_iov = piece;
    message->msg_iovlen = 1;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    const size_t asked = total_length(message);
    size_t length = asked;
    struct msghdr part = *message;
    struct iovec piece;

    if (receive_fails(fd, &length, flags))
        return -1;
    if (length < asked)
        cut(&part, &piece, length);
    ssize_t received = real.recvmsg(fd, &part, flags);
    part.msg_iov = message->msg_iov;
    part.msg_iovlen = message->msg_iovlen;
    *message = part;
    return received;
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces,
                             .msg_iovlen = (size_t)count};
    return socket_type(fd) == -1 ? real.readv(fd, pieces, count)
                                 : recvmsg(fd, &message, 0);
}

/* ---- sending ---- */

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    return send_fails(fd, &length, flags) ? -1 : real.send(fd, bytes, length, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags,
               __CONST_SOCKADDR_ARG address, socklen_t address_length)
{
    if (send_fails(fd, &length, flags))
        return -1;
    return real.sendto(fd, bytes, length, flags, address, address_length);
}

static bool is_file(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    if (length > SMALL && is_file(fd)) {
        if (fails(INTERRUPTED, EINTR))
            return -1;
        if (strikes(SHORT_WRITE))
            length /= 2;
    }
    return send_fails(fd, &length, 0) ? -1 : real.write(fd, bytes, length);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    const size_t asked = total_length(message);
    size_t length = asked;
    struct msghdr part = *message;
    struct iovec piece;

    if (send_fails(fd, &length, flags))
        return -1;
    if (length < asked)
        cut(&part, &piece, length);
    return real.sendmsg(fd, &part, flags);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces,
                             .msg_iovlen = (size_t)count};
    return socket_type(fd) == -1 ? real.writev(fd, pieces, count)
                                 : sendmsg(fd, &message, 0);
}

/* ---- accepting ---- */

int accept(int fd, __SOCKADDR_ARG address, socklen_t *restrict length)
{
    return accept_fails(fd) ? -1 : real.accept(fd, address, length);
}

int accept4(int fd, __SOCKADDR_ARG address, socklen_t *restrict length, int flags)
{
    return accept_fails(fd) ? -1 : real.accept4(fd, address, length, flags);
}

/* A server sleeps after EMFILE. Here a signal ends that soon, or the tests would last long. */
unsigned sleep(unsigned seconds)
{
    const struct timespec soon = {.tv_nsec = 10 * 1000 * 1000};
    if (!modes[NO_DESCRIPTOR].on)
        return real.sleep(seconds);
    nanosleep(&soon, NULL);
    return seconds;
}

/* ---- waiting: with a time-out of 0, there is nothing to interrupt ---- */

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    if (timeout != 0 && fails(INTERRUPTED, EINTR))
        return -1;
    return real.poll(fds, count, timeout);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
          const sigset_t *signals)
{
    bool waits = timeout == NULL || timeout->tv_sec != 0 || timeout->tv_nsec != 0;
    if (waits && fails(INTERRUPTED, EINTR))
        return -1;
    return real.ppoll(fds, count, timeout, signals);
}

int select(int count, fd_set *restrict reading, fd_set *restrict writing,
           fd_set *restrict excepting, struct timeval *restrict timeout)
{
    bool waits = timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0;
    if (waits && fails(INTERRUPTED, EINTR))
        return -1;
    return real.select(count, reading, writing, excepting, timeout);
}

int pselect(int count, fd_set *restrict reading, fd_set *restrict writing,
            fd_set *restrict excepting, const struct timespec *restrict timeout,
            const sigset_t *restrict signals)
{
    bool waits = timeout == NULL || timeout->tv_sec != 0 || timeout->tv_nsec != 0;
    if (waits && fails(INTERRUPTED, EINTR))
        return -1;
    return real.pselect(count, reading, writing, excepting, timeout, signals);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
    if (timeout != 0 && fails(INTERRUPTED, EINTR))
        return -1;
    return real.epoll_wait(fd, events, count, timeout);
}

int epoll_pwait(int fd, struct epoll_event *events, int count, int timeout,
                const sigset_t *signals)
{
    if (timeout != 0 && fails(INTERRUPTED, EINTR))
        return -1;
    return real.epoll_pwait(fd, events, count, timeout, signals);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    if (operation != EPOLL_CTL_DEL && event->events & EPOLLET)
        edge_triggered = true;
    return real.epoll_ctl(epoll, operation, fd, event);
}

/* ---- what _FORTIFY_SOURCE makes of a call whose buffer it knows the size of ---- */

#ifdef __GLIBC__

_Noreturn void __chk_fail(void); /* the C library's end of a program that overflows */

static void check_room(size_t length, size_t room)
{
    if (length > room)
        __chk_fail();
}

ssize_t __recv_chk(int fd, void *bytes, size_t length, size_t room, int flags)
{
    check_room(length, room);
    return recv(fd, bytes, length, flags);
}

ssize_t __recvfrom_chk(int fd, void *restrict bytes, size_t length, size_t room,
                       int flags, __SOCKADDR_ARG address,
                       socklen_t *restrict address_length)
{
    check_room(length, room);
    return recvfrom(fd, bytes, length, flags, address, address_length);
}

ssize_t __read_chk(int fd, void *bytes, size_t length, size_t room)
{
    check_room(length, room);
    return read(fd, bytes, length);
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room)
{
    check_room(count, room / sizeof *fds);
    return poll(fds, count, timeout);
}

int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                const sigset_t *signals, size_t room)
{
    check_room(count, room / sizeof *fds);
    return ppoll(fds, count, timeout, signals);
}

#endif
