/*
 * handler.h - the class of a client's connection, for the server of lesson 7: it answers
 * each message with the time.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include <stdbool.h>
#include <sys/socket.h>

/* What all handlers share. It must live as long as they do. */
struct service {
    long clients; /* how many handlers there are: handler.c counts them */
    long max_clients;
    long max_line, max_queue; /* bytes of a message; of answers that wait for a client */
    bool quiet;               /* do not print the messages */
};

/*
 * Makes a handler for the client `peer` on the socket `fd`, which is the handler's from now
 * on: it is in the default map, and the loop calls its methods, until the client has left.
 * Returns 0, or -1 with errno set as by dispatcher_init, or ENOMEM: then `fd` stays the caller's.
 */
int handler_open(struct service *service, int fd, const struct sockaddr_storage *peer);

#endif
