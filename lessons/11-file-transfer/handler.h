/*
 * handler.h - what a client gets, and the server that it gets it from, for lesson 11.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include "socketserver.h"

#include <stdbool.h>
#include <stddef.h>

/* class FileServer(ThreadingTCPServer). main sets all but `base` before the first client comes; then
 * they are only read. */
struct file_server {
    struct server base;
    int root;         /* the directory with the files */
    int parts;        /* a directory with what is not whole yet */
    int digests;      /* a directory with digests that are kept */
    long max_clients; /* at the same time */
    double timeout;   /* seconds of silence; 0: no limit */
    bool no_sync;     /* answer before the bytes are on the disk */
    bool quiet;       /* log nothing */
};

/* The whole of a server that is a struct file_server. */
struct file_server *file_server_of(struct server *server);

/* Logs one event of a client with cli_log, unless the server is quiet. */
void file_server_log(struct server *server, const struct request *request,
                     const char *event, const char *bytes, size_t length);

/* class FileHandler(StreamRequestHandler). Its server must be a struct file_server. */
extern const struct request_handler_class file_handler_class;

#endif
