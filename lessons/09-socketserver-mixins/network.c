/*
 * network.c - which addresses a network has, as network.h says.
 */
#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int network_parse(struct network *network, const char *text)
{
    char address[INET6_ADDRSTRLEN] = "";
    size_t length = strcspn(text, "/");
    char *end;

    if (length >= sizeof address)
        return -1;
    memcpy(address, text, length);
    network->family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(network->family, address, network->address) != 1)
        return -1;
    const unsigned long most = network->family == AF_INET6 ? 128 : 32;
    network->bits = (unsigned)most;
    if (text[length] == '\0')
        return 0;
    const char *digits = text + length + 1;
    unsigned long bits = strtoul(digits, &end, 10);
    network->bits = (unsigned)bits;
    return strchr("0123456789", *digits) != NULL && end != digits && *end == '\0' &&
                   bits <= most
               ? 0
               : -1;
}

bool network_has(const struct network *network, const struct sockaddr_storage *socket)
{
    const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)socket)->sin6_addr;
    const void *ipv4 = &((const struct sockaddr_in *)socket)->sin_addr;
    int family = socket->ss_family;
    const unsigned char *address = family == AF_INET6 ? ipv6->s6_addr : ipv4;
    const unsigned whole = network->bits / 8;
    const unsigned mask = 0xffU << (8 - network->bits % 8) & 0xff;

    if (family == AF_INET6 && network->family == AF_INET && IN6_IS_ADDR_V4MAPPED(ipv6)) {
        /* A socket of IPv6 shows a client that has 10.0.0.1 as ::ffff:10.0.0.1. */
        family = AF_INET;
        address += 12;
    }
    if (family != network->family)
        return false;
    return memcmp(address, network->address, whole) == 0 &&
           (mask == 0 || (address[whole] & mask) == (network->address[whole] & mask));
}
