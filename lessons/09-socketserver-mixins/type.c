/*
 * type.c - the kinds of sockets that both programs know, as type.h says.
 */
#include "type.h"

#include <stddef.h>
#include <string.h>

const char *const type_names[] = {"tcp", "udp", "unix", "unixgram", NULL};

bool type_is_unix(const char *type)
{
    return strncmp(type, "unix", strlen("unix")) == 0;
}

bool type_is_datagram(const char *type)
{
    return strcmp(type, "udp") == 0 || strcmp(type, "unixgram") == 0;
}

const char *type_default_host(const char *type)
{
    return type_is_unix(type) ? "/tmp/twelve-sockets-9" : "127.0.0.1";
}
