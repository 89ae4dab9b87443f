/*
 * address.h - socket addresses for both programs of lesson 1: from text, and back to
 * text.
 *
 * There are two kinds of IP addresses: IPv4 (127.0.0.1) and IPv6 (::1). Each has a struct of
 * its own, and both begin with the family, which tells them apart:
 *
 *   struct sockaddr_in  (IPv4)    sin_family  = AF_INET    sin_port    sin_addr   (4 bytes)
 *   struct sockaddr_in6 (IPv6)    sin6_family = AF_INET6   sin6_port   sin6_addr  (16 bytes)
 *
 * struct sockaddr_storage has room for either. The calls take a pointer to struct sockaddr,
 * which is only the common beginning: so each call needs a cast, and the length.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

/* Room for "[address]:port" and the NUL byte. */
enum { ADDRESS_NAME_SIZE = INET6_ADDRSTRLEN + sizeof "[]:65535" };

/*
 * Fills `address` from an IPv4 or IPv6 address in digits, such as "127.0.0.1" or "::1",
 * and a port. Host names are looked up in lesson 2, not here.
 * Returns the length of the address in bytes, or 0 if `host` is not an IP address.
 */
socklen_t address_parse(const char *host, uint16_t port,
                        struct sockaddr_storage *address);

/*
 * Writes `address` into `name` as "127.0.0.1:10000" or "[::1]:10000".
 * Returns name, for use inside printf.
 */
const char *address_format(const struct sockaddr_storage *address,
                           char name[ADDRESS_NAME_SIZE]);

#endif
