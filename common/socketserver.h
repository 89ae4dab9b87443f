/*
 * socketserver.h - Python's socketserver, told in C: servers that serve one request at a
 * time, and mixins that give each request a thread or a process of its own.
 *
 * A server is four decisions that do not know of each other: which socket (tcp_server_init
 * and its sisters), who serves a request (no mixin, threading_mixin, forking_mixin), which
 * requests are taken (the methods in struct server_ops), and what a request gets (a struct
 * request_handler_class).
 *
 *     static const struct request_handler_class echo_class = {
 *         .size = sizeof(struct stream_request_handler),
 *         .base = &stream_request_handler_class,
 *         .handle = echo,
 *     };
 *     struct server server;
 *     struct threading_mixin threads;
 *
 *     tcp_server_init(&server, NULL, &echo_class);
 *     threading_mixin(&server, &threads);
 *     if (server_open(&server, "127.0.0.1", 10001, &reason) == 0)
 *         server_serve_forever(&server, 0.5);
 *     server_close(&server);
 *
 * A class is a table of functions. What a table leaves out (NULL) is taken from its base
 * class. To override a method and still do what the base does, call the base's function: it
 * is public. An object's first member is its base; container_of leads from there to the
 * whole object.
 *
 * request_handler.h has the requests and the handlers, base_server.h the servers, and
 * server_mixin.h the mixins.
 *
 * A method returns 0; or -1 with errno set, where Python raises an exception. Times are in
 * seconds. common/README.md says, name by name, what differs from Python, and why.
 */
#ifndef SOCKETSERVER_H
#define SOCKETSERVER_H

#include "base_server.h"
#include "class.h"
#include "request_handler.h"
#include "server_mixin.h"

#endif
