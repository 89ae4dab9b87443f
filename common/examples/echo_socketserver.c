/* echo_socketserver.c - sends back each line. Run it: build/common/examples/echo_socketserver PORT */
#include "socketserver.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
    const struct request_handler_class echo_class = {
        .base = &stream_request_handler_class, .handle = handle};
    struct threading_mixin threads;
    struct server server;
    const char *reason;
    char name[SERVER_NAME_SIZE];

    threading_tcp_server_init(&server, &threads, NULL, &echo_class);
    if (server_open(&server, "127.0.0.1", argc > 1 ? atol(argv[1]) : 0, &reason) == -1)
        return EXIT_FAILURE;
    dprintf(STDOUT_FILENO, "listening on %s\n",
            server_format_address(&server.address, server.address_length, name));
    server_serve_forever(&server, 0.5);
    return server_close(&server) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
