/*
 * remote.h - the control connection to a server: commands and replies (RFC 959). A part of lesson 12's
 * client.
 *
 * A call that fails leaves a reason in the session, for its caller to print.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include "channel.h"
#include "lines.h"
#include "remote_parse.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum {
    REMOTE_LINE = 8192,   /* bytes of the longest line, of a command or a reply */
    REMOTE_REASON = 1024, /* bytes of the longest reason */
};

/* A session with a server. The caller begins with what stands above the line; the rest is 0. */
struct remote {
    const char *host;
    long port;
    double timeout; /* seconds of silence; 0: no limit */
    SSL_CTX *
        context; /* for TLS; or NULL, until it is wanted. remote_close does not free it. */
    bool is_active; /* the server makes the data connections */
    /* ---- */
    struct channel control;
    struct lines lines;
    struct remote_reply reply; /* the last one */
    struct remote_features features;
    struct sockaddr_storage peer; /* the address of the server */
    socklen_t peer_length;
    bool is_open;       /* false: the connection is lost, and nothing more can be asked */
    bool protects_data; /* PROT P: data connections are under TLS, too */
    bool has_no_extended; /* EPSV or EPRT was refused: PASV and PORT are used */
    bool was_interrupted; /* the last call was ended by Ctrl-C */
    unsigned owed; /* replies to commands that were given up, which are still to come */
    char reason[REMOTE_REASON]; /* why the last call has failed; any bytes */
    size_t reason_length;
};

/* Connects to the server and receives its greeting. Returns 0; or -1 with the reason. In any case,
 * remote_close ends it. */
int remote_open(struct remote *remote);

/*
 * Sends "VERB" or, unless `argument` is NULL, "VERB ARGUMENT". Returns 0; or -1 with the reason: the
 * argument is longer than REMOTE_LINE, or has a CR or LF, behind which the server would read another
 * command; or the connection is lost.
 */
int remote_send(struct remote *remote, const char *verb, const char *argument);

/* Receives the next reply, of all its lines, into remote->reply. Returns its code, 100 to 599; or -1
 * with the reason. After Ctrl-C the session goes on; that reply is passed over when it comes. */
int remote_receive(struct remote *remote);

/* Sends a command, and receives the reply. Returns as remote_receive. */
int remote_ask(struct remote *remote, const char *verb, const char *argument);

/* The same; but a reply that does not begin with the digit `class` is a failure, too, and its text the
 * reason. */
int remote_demand(struct remote *remote, const char *verb, const char *argument,
                  int class);

/* Sets the reason, in the way of printf. Returns -1. */
__attribute__((format(printf, 2, 3))) int remote_blame(struct remote *remote,
                                                       const char *format, ...);

/* Sets the reason to the code and the text of the last reply. Returns -1. */
int remote_blame_reply(struct remote *remote);

/* Sets the reason to what errno means. Ctrl-C is "interrupted", and remote->was_interrupted is set; from
 * here on the program need not stop any more. Returns -1. */
int remote_blame_errno(struct remote *remote, const char *what);

/* The connection can't be used any more: closes it. Returns -1. */
int remote_lose(struct remote *remote);

/* Forgets that Ctrl-C was pressed. */
void remote_calm(void);

/* Says QUIT, waits for the answer, but not for long, and closes the connection; if it is lost already,
 * only gives the memory back. */
void remote_close(struct remote *remote);

#endif
