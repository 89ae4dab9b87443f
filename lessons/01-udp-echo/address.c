/*
 * address.c - socket addresses from text, and back to text, as address.h describes it.
 */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

socklen_t address_parse(const char *host, uint16_t port, struct sockaddr_storage *address)
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

const char *address_format(const struct sockaddr_storage *address,
                           char name[ADDRESS_NAME_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &ipv6->sin6_addr, host, sizeof host);
        snprintf(name, ADDRESS_NAME_SIZE, "[%s]:%u", host, ntohs(ipv6->sin6_port));
    } else {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &ipv4->sin_addr, host, sizeof host);
        snprintf(name, ADDRESS_NAME_SIZE, "%s:%u", host, ntohs(ipv4->sin_port));
    }
    return name;
}
