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
enum { NAME_SIZE = INET6_ADDRSTRLEN + sizeof "[]:65535" };

/*
 * Fills `address` from an IPv4 or IPv6 address in digits, such as "127.0.0.1" or "::1",
 * and a port. Host names are looked up in lesson 2, not here.
 * Returns the length of the address in bytes, or 0 if `host` is not an IP address.
 */
static inline socklen_t parse_address(const char *host, uint16_t port,
                                      struct sockaddr_storage *address)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};

    /* inet_pton turns text ("presentation") into an address ("network"); 1 is success.
     *
     * The network sends the high byte of a port first; most CPUs keep the low byte first.
     * htons ("host to network short") puts the two bytes in the network's order. */
    if (inet_pton(AF_INET, host, &ipv4.sin_addr) == 1) {
        ipv4.sin_port = htons(port);
        *(struct sockaddr_in *)address = ipv4;
        return sizeof ipv4;
    }
    if (inet_pton(AF_INET6, host, &ipv6.sin6_addr) == 1) {
        ipv6.sin6_port = htons(port);
        *(struct sockaddr_in6 *)address = ipv6;
        return sizeof ipv6;
    }
    return 0;
}

/*
 * Writes `address` into `name` as "127.0.0.1:10000" or "[::1]:10000".
 * Returns name, for use inside printf.
 */
static inline const char *format_address(const struct sockaddr_storage *address,
                                         char name[NAME_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &ipv6->sin6_addr, host, sizeof host);
        snprintf(name, NAME_SIZE, "[%s]:%u", host, ntohs(ipv6->sin6_port));
    } else {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &ipv4->sin_addr, host, sizeof host);
        snprintf(name, NAME_SIZE, "%s:%u", host, ntohs(ipv4->sin_port));
    }
    return name;
}

#endif
