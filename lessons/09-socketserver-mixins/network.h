/*
 * network.h - which addresses a network has, as --allow gives it: 192.168.0.0/16, ::1/128.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* All addresses of a family that begin with the same `bits` bits as `address`. */
struct network {
    int family;
    unsigned char address[sizeof(struct in6_addr)];
    unsigned bits;
};

/* Reads "ADDRESS/BITS"; ADDRESS alone is a network of one. Returns 0; or -1 if it is none. */
int network_parse(struct network *network, const char *text);

/* Is the address of this socket in the network? */
bool network_has(const struct network *network, const struct sockaddr_storage *socket);

#endif
