/*
 * session.h - the client's connection to the server, for lesson 11.
 */
#ifndef SESSION_H
#define SESSION_H

#include "progress.h"
#include "protocol.h"
#include "transfer.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Begins with what main sets, and is not open. */
struct session {
    const char *verb; /* what the client does: "put", "get" or "list" */
    const char *host;
    long port;
    double timeout;
    bool no_verify, no_sync;

    bool is_open;
    struct rfile rfile;
    struct wfile wfile;
    struct progress progress;
    struct transfer transfer;
};

/* Connects to the server, if the session is not open. If that fails, the program ends. */
void session_open(struct session *session);

/* Closes the connection, if there is one; what was not received yet is lost. */
void session_close(struct session *session);

/*
 * Sends what waits, and receives a reply, which is valid until more is received.
 * Returns 0; or -1, also if the session is not open: then it is closed, and reply->reason tells why.
 */
int session_receive(struct session *session, struct reply *reply);

/* Closes the session, with a reason for the caller in *reply. Returns -1. */
int session_give_up(struct session *session, const char *reason, struct reply *reply);

/* Says on stderr, in one line, why something was not done with the file `name`. Returns false. */
bool session_complain(const struct session *session, const char *name,
                      const char *reason);

/* The same, with the reason in a reply. Returns false. */
bool session_complain_reply(const struct session *session, const char *name,
                            const struct reply *reply);

/* Says on stdout that a file of `size` bytes was transferred, of which the other side had `before`
 * already. Returns true. */
bool session_tell(const struct session *session, const char *name, off_t size,
                  off_t before);

#endif
