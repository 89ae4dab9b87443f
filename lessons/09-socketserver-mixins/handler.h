/*
 * handler.h - what a client gets, and the server that it gets it from, for lesson 9.
 *
 * The handler's text is the same for streams and for datagrams, and whether the server serves
 * its clients one at a time, by threads or by processes.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include "network.h"
#include "socketserver.h"

#include <stdbool.h>
#include <stddef.h>

/* class TimeServer(TCPServer), or another server: main decides. It sets all but `base` before the
 * first client comes; then they are only read. */
struct time_server {
    struct server base;
    long max_line;          /* bytes, without the end of the line */
    long max_clients;       /* that threads or children may serve at the same time */
    double timeout;         /* seconds of silence; 0: no limit */
    struct network allowed; /* clients from elsewhere are not served, if `restricted` */
    bool restricted;
    double idle;    /* stop when nobody came for so many seconds; 0: never */
    bool idle_over; /* nobody came for `idle` seconds */
    bool quiet;     /* log nothing */
};

/* The whole of a server that is a struct time_server. */
struct time_server *time_server_of(struct server *server);

/* Logs one event of a client, unless the server is quiet. `length` bytes may stand behind it, of
 * which 60 are shown. Threads may call it at the same time. */
void time_server_log(struct server *server, const struct request *request,
                     const char *event, const char *bytes, size_t length);

/* class TimeHandler(StreamRequestHandler); or, for datagrams, DatagramRequestHandler. Its server
 * must be a struct time_server. */
struct request_handler_class time_handler_class(bool datagrams);

#endif
