/*
 * address.c - addresses as text, as address.h says.
 */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- struct sockaddr_storage, which holds either kind ---- */

static struct sockaddr_in *as_ipv4(const struct sockaddr_storage *address)
{
    return (struct sockaddr_in *)(void *)(uintptr_t)address;
}

static struct sockaddr_in6 *as_ipv6(const struct sockaddr_storage *address)
{
    return (struct sockaddr_in6 *)(void *)(uintptr_t)address;
}

unsigned address_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6 ? as_ipv6(address)->sin6_port
                                                : as_ipv4(address)->sin_port);
}

void address_set_port(struct sockaddr_storage *address, unsigned port)
{
    if (address->ss_family == AF_INET6)
        as_ipv6(address)->sin6_port = htons((in_port_t)port);
    else
        as_ipv4(address)->sin_port = htons((in_port_t)port);
}

socklen_t address_length(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

void address_unmap(struct sockaddr_storage *address)
{
    const struct sockaddr_in6 mapped = *as_ipv6(address);

    if (address->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&mapped.sin6_addr))
        return;
    memset(address, 0, sizeof *address);
    address->ss_family = AF_INET;
    as_ipv4(address)->sin_port = mapped.sin6_port;
    memcpy(&as_ipv4(address)->sin_addr, mapped.sin6_addr.s6_addr + 12, 4);
}

bool address_is_same_host(const struct sockaddr_storage *a,
                          const struct sockaddr_storage *b)
{
    struct sockaddr_storage one = *a, other = *b;

    address_unmap(&one);
    address_unmap(&other);
    if (one.ss_family != other.ss_family)
        return false;
    if (one.ss_family == AF_INET6)
        return memcmp(&as_ipv6(&one)->sin6_addr, &as_ipv6(&other)->sin6_addr,
                      sizeof(struct in6_addr)) == 0;
    return as_ipv4(&one)->sin_addr.s_addr == as_ipv4(&other)->sin_addr.s_addr;
}

/* ---- from text ---- */

/* Reads a number of at most `max` at *text, without a sign or a space, and moves *text behind it. */
static bool read_number(const char **text, unsigned max, unsigned *number)
{
    const char *digit = *text;

    *number = 0;
    while (*digit >= '0' && *digit <= '9' && *number <= max)
        *number = *number * 10 + (unsigned)(*digit++ - '0');
    bool is_one = digit > *text && *number <= max;
    *text = digit;
    return is_one;
}

int address_parse_port(const char *text, struct sockaddr_storage *address)
{
    unsigned char bytes[6];

    errno = EINVAL;
    for (int i = 0; i < 6; i++) {
        unsigned number;
        if (i > 0 && *text++ != ',')
            return -1;
        if (!read_number(&text, 255, &number))
            return -1;
        bytes[i] = (unsigned char)number;
    }
    if (*text != '\0')
        return -1;
    memset(address, 0, sizeof *address);
    address->ss_family = AF_INET;
    memcpy(&as_ipv4(address)->sin_addr, bytes, 4);
    memcpy(&as_ipv4(address)->sin_port, bytes + 4, 2);
    return 0;
}

int address_parse_eprt(const char *text, struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN];
    unsigned family, port;
    const char bar = *text;

    errno = EINVAL;
    if (bar < '!' || bar > '~')
        return -1;
    text++;
    if (!read_number(&text, 65535, &family) || *text++ != bar)
        return -1;
    const char *end = strchr(text, bar);
    if (end == NULL || (size_t)(end - text) >= sizeof host)
        return -1;
    memcpy(host, text, (size_t)(end - text));
    host[end - text] = '\0';
    text = end + 1;
    if (!read_number(&text, 65535, &port) || text[0] != bar || text[1] != '\0')
        return -1;

    memset(address, 0, sizeof *address);
    if (family != 1 && family != 2) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    address->ss_family = family == 1 ? AF_INET : AF_INET6;
    void *place = family == 1 ? (void *)&as_ipv4(address)->sin_addr
                              : (void *)&as_ipv6(address)->sin6_addr;
    if (inet_pton(address->ss_family, host, place) != 1)
        return -1;
    address_set_port(address, port);
    return 0;
}

/* ---- to text ---- */

const char *address_format_pasv(const struct sockaddr_storage *address,
                                char text[ADDRESS_TEXT_SIZE])
{
    const struct sockaddr_in *ipv4 = as_ipv4(address);
    unsigned char host[4], port[2];

    memcpy(host, &ipv4->sin_addr, sizeof host);
    memcpy(port, &ipv4->sin_port, sizeof port);
    snprintf(text, ADDRESS_TEXT_SIZE, "%d,%d,%d,%d,%d,%d", host[0], host[1], host[2],
             host[3], port[0], port[1]);
    return text;
}

const char *address_format_host(const struct sockaddr_storage *address,
                                char text[ADDRESS_TEXT_SIZE])
{
    const void *place = address->ss_family == AF_INET6
                            ? (const void *)&as_ipv6(address)->sin6_addr
                            : (const void *)&as_ipv4(address)->sin_addr;

    if (inet_ntop(address->ss_family, place, text, ADDRESS_TEXT_SIZE) == NULL)
        text[0] = '\0';
    return text;
}
