/*
 * type.h - the kinds of sockets that both programs know, as --type names them.
 */
#ifndef TYPE_H
#define TYPE_H

#include <stdbool.h>

/* "tcp", "udp", "unix", "unixgram", ended by NULL. */
extern const char *const type_names[];

/* Is it a Unix socket, whose address is a path? `type` is one of type_names. */
bool type_is_unix(const char *type);

/* Does it send datagrams, and no stream? */
bool type_is_datagram(const char *type);

/* Returns where the server is, if --host does not say: an address, or a path. */
const char *type_default_host(const char *type);

#endif
