/*
 * logon.h - connects to a server, begins TLS and logs in, in the way that the command line asks for. A
 * part of lesson 12's client.
 */
#ifndef LOGON_H
#define LOGON_H

#include "remote.h"

#include <stdbool.h>

enum { LOGON_PASSWORD = 512 }; /* bytes of the longest password, with the NUL byte */

/* Who logs in, and how. */
struct logon {
    const char *user;
    char password[LOGON_PASSWORD];
    bool has_password;       /* false: it is asked for on the terminal */
    const char *authorities; /* a PEM file, or NULL */
    bool insecure;           /* nobody looks at certificates; that is said on stderr */
};

/* Begins TLS and logs in again. Returns 0; or -1 with the reason. */
int logon_secure(struct logon *logon, struct remote *remote);

/* Connects and, `with_tls`, begins TLS; then logs in. Returns 0; or -1 with the reason. In any case,
 * logon_close ends it. */
int logon_open(struct logon *logon, struct remote *remote, bool with_tls);

/* Leaves the server, and forgets the password. */
void logon_close(struct logon *logon, struct remote *remote);

#endif
