/*
 * echo_socketserver.c - sends each line back, with a thread for each client.
 *
 * Run it:          build/bench/echo_socketserver PORT
 * Its counterpart: threading_server.py, the same in Python
 */
#include "socketserver.h"

#include <stdio.h>
#include <stdlib.h>

static int handle(struct request_handler *handler)
{
    struct stream_request_handler *self =
        container_of(handler, struct stream_request_handler, base);
    ssize_t length;
    char *line;

    while ((length = rfile_readline(&self->rfile, 65536, &line)) > 0)
        if (wfile_write(&self->wfile, line, (size_t)length) == -1)
            return -1;
    return (int)length;
}

int main(int argc, char **argv)
{
    const struct request_handler_class echo = {.base = &stream_request_handler_class,
                                               .handle = handle};
    const char *reason = "usage: echo_socketserver PORT";
    struct threading_mixin threads;
    struct server server;

    threading_tcp_server_init(&server, &threads, NULL, &echo);
    if (argc != 2 || server_open(&server, "127.0.0.1", atol(argv[1]), &reason) == -1) {
        fprintf(stderr, "echo_socketserver: %s\n", reason);
        return EXIT_FAILURE;
    }
    server_serve_forever(&server, 0.5);
    return server_close(&server) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
