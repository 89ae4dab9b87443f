/*
 * address.h - addresses of data connections as commands and replies write them. A part of both programs
 * of lesson 12; there is no socket in here.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT_SIZE = 64 }; /* room for each of the texts below */

/* Reads the argument of PORT, "h1,h2,h3,h4,p1,p2" (RFC 959, 4.1.2): six numbers from 0 to 255, in
 * decimal digits, and nothing else. Returns 0, or -1 with errno EINVAL. */
int address_parse_port(const char *text, struct sockaddr_storage *address);

/*
 * Reads the argument of EPRT, "|1|127.0.0.1|2121|" or "|2|::1|2121|" (RFC 2428, 2); any printable
 * character may stand for the bar.
 * Returns 0; or -1 with errno EINVAL, or EAFNOSUPPORT for another protocol than 1 and 2.
 */
int address_parse_eprt(const char *text, struct sockaddr_storage *address);

/* Writes the address as in the reply to PASV: "127,0,0,1,8,73". It must be one of IPv4. Returns text. */
const char *address_format_pasv(const struct sockaddr_storage *address,
                                char text[ADDRESS_TEXT_SIZE]);

/* Writes the address without its port: "127.0.0.1", "::1". Returns text. */
const char *address_format_host(const struct sockaddr_storage *address,
                                char text[ADDRESS_TEXT_SIZE]);

/* The port, in the order of bytes of this machine. */
unsigned address_port(const struct sockaddr_storage *address);
void address_set_port(struct sockaddr_storage *address, unsigned port);

/* How long the address is, for bind(2) and connect(2). */
socklen_t address_length(const struct sockaddr_storage *address);

/* An IPv4 address that an IPv6 socket has told, ::ffff:127.0.0.1, becomes one of IPv4. */
void address_unmap(struct sockaddr_storage *address);

/* Whether both are the same host; ports do not count. */
bool address_is_same_host(const struct sockaddr_storage *a,
                          const struct sockaddr_storage *b);

#endif
