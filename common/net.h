/*
 * net.h - the calls you have learned, ready for the lessons that come after.
 *
 * Each section names the lesson that writes its calls out, if one does. A helper never ends the
 * program and never prints. One that can fail says so by what it returns, and its caller decides.
 */
#ifndef NET_H
#define NET_H

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Room for "[address]:port" and the NUL byte. */
enum { NET_NAME_SIZE = INET6_ADDRSTRLEN + sizeof "[]:65535" };

/* Seconds on a clock that never jumps: the difference of two is the time between them. */
double net_now(void);

/* Waits for so many seconds. A signal that is handled does not end the wait. */
void net_sleep(double seconds);

/* ---- signals, as far as they meet sockets ---- */

/*
 * Becomes 1 when SIGINT or SIGTERM (or SIGALRM, see below) asks the program to stop. A signal's
 * handler may set a sig_atomic_t; it is _Atomic, too, because threads read it (lesson 4).
 */
extern _Atomic sig_atomic_t net_stopping;

/*
 * Makes SIGINT (Ctrl-C) and SIGTERM set net_stopping. A call that blocks then returns -1
 * with errno EINTR, because SA_RESTART is not asked for.
 *
 * SIGPIPE is ignored: by default, sending to a peer that has left would end the whole
 * program. Ignored, send returns -1 with errno EPIPE, and only that peer is lost.
 *
 * It takes SIGALRM as a third one: after a stop signal, alarm(2) sends it every second, for a
 * call that was entered just after the signal had come. So the program can't use alarm itself.
 *
 * Returns 0, or -1 with errno set by sigaction(2).
 */
int net_handle_signals(void);

/* ---- from lesson 1: addresses ---- */

/*
 * Writes `address` into `name` as "127.0.0.1:10000" or "[::1]:10000".
 * Returns name, for use inside printf.
 */
const char *net_format_address(const struct sockaddr_storage *address,
                               char name[NET_NAME_SIZE]);

/*
 * Writes the address that the socket `fd` is bound to into `name`: with port 0, this is
 * where the port that the kernel chose can be read.
 * Returns 0, or -1 with errno set by getsockname(2).
 */
int net_local_name(int fd, char name[NET_NAME_SIZE]);

/* ---- from lesson 2: names, listening, connecting ---- */

/*
 * Looks `host` (a name or an address) and `port` up for TCP. With `passive` the addresses
 * are for bind, else for connect.
 * Returns a list that freeaddrinfo(3) frees; or NULL, with *reason set to a text that says why
 * (it needs no free, and is valid until the next call of strerror).
 */
struct addrinfo *net_look_up(const char *host, long port, bool passive,
                             const char **reason);

/*
 * As socket(2), for the protocol that the type has; but a program that this one starts does not
 * inherit the socket: it is closed by execve(2), FD_CLOEXEC. So are all sockets made here.
 * Returns the socket, which the caller closes; or -1 with errno set by socket(2).
 */
int net_socket(int family, int type);

/* Closes `fd`, and keeps errno as it was. Returns -1, for `fd = ` after a failure. */
int net_close_keep_errno(int fd);

/*
 * Makes a TCP socket that listens on `host` and `port` (0: any free port), with
 * SO_REUSEADDR; `backlog` clients may wait to be accepted.
 * Returns the socket, which the caller closes; or -1, with *reason set as by net_look_up.
 */
int net_listen(const char *host, long port, int backlog, const char **reason);

/*
 * Accepts the next client of `listener`, and writes its address into `name`.
 * Returns its socket, which blocks, and which the caller closes; or -1 with errno set by accept(2).
 */
int net_accept(int listener, char name[NET_NAME_SIZE]);

/* The same; writes the address into *peer, and how long it is into *length. */
int net_accept_from(int listener, struct sockaddr_storage *peer, socklen_t *length);

/*
 * Connects to `host` and `port` over TCP: every address of the host is tried, in turn.
 * Returns the socket, which the caller closes; or -1, with *reason set as by net_look_up.
 */
int net_connect(const char *host, long port, const char **reason);

/* ---- from lesson 3: a stream has no messages, and a call may move only a part ---- */

/*
 * Makes recv, send and accept on `fd` give up, with errno EAGAIN, when nothing has moved for so
 * many seconds: 0.001 or more, or 0, which waits for ever. Returns 0, or -1 with errno set by
 * setsockopt(2).
 */
int net_set_timeout(int fd, double seconds);

/*
 * Receives what has come, at most `size` bytes. A signal that does not ask to stop does
 * not end the wait. Returns the number of bytes, 0 at the end of the stream, or -1 with errno
 * set by recv(2); EINTR if the program is to stop, also if bytes are there.
 */
ssize_t net_recv(int fd, void *bytes, size_t size);

/*
 * Receives exactly `length` bytes.
 * Returns length; less at the end of the stream; or -1 with errno set by recv(2).
 */
ssize_t net_recv_all(int fd, void *bytes, size_t length);

/*
 * Sends all of `length` bytes, in as many calls as it takes.
 * Returns 0, or -1 with errno set by send(2), EINTR if the program is to stop; then nobody knows
 * how much has arrived.
 */
int net_send_all(int fd, const void *bytes, size_t length);

/*
 * To be called before `fd` is closed, when the peer may still be sending: half-closes, and
 * reads what comes until the peer has closed, too. To close with bytes unread would reset the
 * connection, and the peer might lose the last answer. It waits for 2 seconds at most (a signal
 * may make it longer), and changes the time-out of `fd`.
 */
void net_linger(int fd);

/* ---- from lesson 4: a client too many ---- */

/*
 * Sends a new client the only bytes that it will get, at most 4096, and half-closes the
 * connection, which is still to be closed. It does not wait: the bytes fit into the empty
 * buffer of a new connection, and of what the client has sent only that is read which has
 * come already. It may change errno.
 */
void net_dismiss(int fd, const void *bytes, size_t length);

/* Tells a new client "error: REASON\r\n" (at most 100 bytes of REASON), with net_dismiss, and
 * closes its socket. */
void net_refuse(int fd, const char *reason);

/* ---- from lesson 5: small pieces ---- */

/*
 * Makes each send on `fd` leave at once, also a small one behind another that the peer has not
 * acknowledged yet (TCP_NODELAY). Returns 0, or -1 with errno set by setsockopt(2).
 */
int net_set_nodelay(int fd);

/* ---- from lessons 5 and 6: calls that do not wait ---- */

/* Whether errno only says that a call which must not wait could do nothing now: EAGAIN,
 * EWOULDBLOCK or EINTR. It is to be made again later. */
bool net_would_wait(void);

/* Makes `fd` non-blocking. Returns 0, or -1 with errno set by fcntl(2). */
int net_set_nonblocking(int fd);

/* ---- for servers with thousands of clients; no lesson writes it out ---- */

/* Allows this process as many descriptors as the system lets it have: the usual limit of 1024
 * may be raised. */
void net_raise_descriptor_limit(void);

#endif
