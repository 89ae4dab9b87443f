/*
 * type.h - the kinds of sockets that both programs know, as --type names them.
 */
#ifndef TYPE_H
#define TYPE_H

#include <stdbool.h>
#include <string.h>

static const char *const TYPES[] = {"tcp", "udp", "unix", "unixgram", NULL};

static inline bool is_unix(const char *type)
{
    return strncmp(type, "unix", strlen("unix")) == 0;
}

static inline bool is_datagram(const char *type)
{
    return strcmp(type, "udp") == 0 || strcmp(type, "unixgram") == 0;
}

/* Where the server is, if --host does not say: an address, or a path. */
static inline const char *default_host(const char *type)
{
    return is_unix(type) ? "/tmp/twelve-sockets-9" : "127.0.0.1";
}

#endif
