/*
 * wire.h - peer's end of a connection, on which nothing waits longer than the script may.
 *
 * The sockets are non-blocking, and poll stands before each call. A failure ends the
 * program: with exit status 1, and a line on stderr that says at which action.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct peer {
    int listener;
    int fd;             /* the connection; -1 before it is made and after it is closed */
    int other;          /* FTP: the data connection; ftp.h */
    char reply[4096];   /* FTP: the last line of the last reply */
    const char *source; /* the address to connect from; NULL: any */
    bool udp;
    double timeout, deadline; /* seconds; the deadline by the clock of net_now */
    const char *action;       /* the one being done, for messages */
};

_Noreturn void wire_fail(const struct peer *peer, const char *why);

/* Waits until `fd` is ready for `events`, or the clock shows `until`.
 * Returns whether it is ready. */
bool wire_wait_until(const struct peer *peer, int fd, short events, double until);

/* Waits until `fd` is ready for `events`. Time over: the program ends. */
void wire_await(const struct peer *peer, int fd, short events);

void wire_send(const struct peer *peer, const char *bytes, size_t length);

/* Receives some bytes; 0 at the end of the stream. */
size_t wire_receive(const struct peer *peer, char *bytes, size_t size);

/* Connects peer->fd, which does not block, and waits until that is done. */
void wire_connect(const struct peer *peer, const struct sockaddr *address,
                  socklen_t length);

/* Makes the socket, and connects it or binds it to the first address of `host`. */
void wire_open(struct peer *peer, const char *host, long port, bool listening,
               long rcvbuf);

#endif
