/*
 * url.h - an address in one word: ftp://[user[:password]@]host[:port]/path (RFC 1738, 3.2; RFC 3986). A
 * part of lesson 12's client.
 */
#ifndef URL_H
#define URL_H

#include <stdbool.h>

enum { URL_PART_SIZE = 1024 }; /* room for each part, with the NUL byte */

struct url {
    char user[URL_PART_SIZE];     /* "": none was given */
    char password[URL_PART_SIZE]; /* "" */
    bool has_password;
    char host[URL_PART_SIZE]; /* a name, or an address without brackets */
    long port;                /* -1: none was given */
    char path
        [URL_PART_SIZE]; /* without the '/' behind the host: "" is the home, and "/a", which is
                                 written "%2Fa", an absolute path */
};

/* Takes it apart, and decodes each %XX. What is decoded has no control character: CR LF in a path
 * would be a second command. Returns NULL, or a reason why it is none. */
const char *url_parse(const char *text, struct url *url);

#endif
