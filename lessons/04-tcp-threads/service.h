/*
 * service.h - what one client gets, whoever serves it: a thread of its own, or a process of
 * its own. It runs many times at once.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>

/* What clients may take, and what is logged of them. */
struct service_settings {
    long max_clients; /* at the same time */
    double timeout;   /* seconds of silence; 0: no limit */
    long max_line;    /* bytes of a message */
    bool quiet;       /* clients are not logged */
};

/* Prepares to serve. To be called once, before the first client comes: from then on the
 * settings are only read, and so they need no lock. */
void service_init(const struct service_settings *settings);

/* Answers each message of the client `name` with the time, until the client leaves, or the
 * server is to stop. The socket `fd` stays open: it is the caller's. Whatever fails concerns
 * this client alone. */
void service_serve(int fd, const char *name);

/*
 * Tells the new client `name` why it is not served, and closes its socket `fd`. It never waits,
 * because main calls it, and no other client is accepted meanwhile: the line fits into the empty
 * buffer of a new connection, and only what has come already is read. It may change errno.
 */
void service_refuse(int fd, const char *name, const char *reason);

/* Logs one event of the client `name`, as printf does: a whole line, in one piece. */
__attribute__((format(printf, 2, 3))) void service_log(const char *name,
                                                       const char *format, ...);

#endif
