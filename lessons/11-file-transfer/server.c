/*
 * server.c - keeps files in a directory: clients put them there, get them, and list them.
 *
 * Run it:       make server-11                           (then, elsewhere: make client-11)
 *               make server-11 ARGS="--root /tmp/shared"
 * Its partner:  client.c; handler.c says what a client gets
 *
 * Inside the root, the directory .transfer holds what is not whole yet, and digests: a file there
 * gets its final name with rename, which works only inside one file system.
 */
#include "cli.h"
#include "handler.h"
#include "net.h"
#include "socketserver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the server's methods ---- */

/* It is the loop that asks this, so it must not wait. */
static bool verify_request(struct server *server, const struct request *request)
{
    static const char reason[] = "ERR too many clients\r\n";

    if (server_active_requests(server) < (size_t)file_server_of(server)->max_clients)
        return base_server_verify_request(server, request);
    file_server_log(server, request, "refused: too many clients", NULL, 0);
    net_dismiss(request->fd, reason, strlen(reason));
    return false;
}

static void handle_error(struct server *server, const struct request *request, int error)
{
    const char *reason = strerror(error);

    if (request == NULL)
        cli_warn("no client: %s", reason);
    else
        file_server_log(server, request, "failed: ", reason, strlen(reason));
}

static const struct server_ops file_server_ops = {
    .verify_request = verify_request,
    .handle_error = handle_error,
};

/* ---- the directories ---- */

/* Opens a directory inside another one, which it makes if it is not there, for this user alone. If
 * that fails, the program ends. */
static int open_inside(int directory, const char *name)
{
    if (mkdirat(directory, name, 0700) == -1 && errno != EEXIST)
        cli_fail("%s: %s", name, strerror(errno));
    int inside = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inside == -1)
        cli_fail("%s: %s", name, strerror(errno));
    return inside;
}

static void open_directories(struct file_server *self, const char *root)
{
    self->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->root == -1)
        cli_fail("%s: %s", root, strerror(errno));
    int own = open_inside(self->root, ".transfer");
    self->parts = open_inside(own, "parts");
    self->digests = open_inside(own, "digests");
    close(own);
}

/* ---- running it ---- */

int main(int argc, char **argv)
{
    static struct file_server server = {.max_clients = 512, .timeout = 60};
    static struct threading_mixin threads;
    const char *host = "127.0.0.1", *root = NULL, *reason;
    char name[SERVER_NAME_SIZE];
    long port = 9997;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"root", 'r', "DIR", "where the files are (default files)", .text = &root},
        {"no-sync", 0, NULL, "answer before the bytes are on the disk",
         .flag = &server.no_sync},
        {"max-clients", 0, "N", "clients at the same time", .number = &server.max_clients,
         .min = 1, .max = 100000},
        {"timeout", 't', "SEC", "give up on a silent client; 0 never does",
         .seconds = &server.timeout},
        {"quiet", 'q', NULL, "do not log what clients do", .flag = &server.quiet},
        {0},
    };
    cli_parse(argc, argv, NULL, "Keep files in a directory: clients put and get them.",
              options);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        cli_fail("signal: %s", strerror(errno));
    if (root == NULL && mkdir("files", 0777) == -1 && errno != EEXIST)
        cli_fail("files: %s", strerror(errno));
    open_directories(&server, root != NULL ? root : "files");

    threading_tcp_server_init(&server.base, &threads, &file_server_ops,
                              &file_handler_class);
    threads.stack_size = 256 * 1024; /* OpenSSL's functions need more than the default */
    server.base.request_queue_size = 1024;
    if (server_open(&server.base, host, port, &reason) == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    printf("listening on %s\n",
           server_format_address(&server.base.address, server.base.address_length, name));
    /* What is on its way at the end stays in its part, and the client can go on there later. */
    if (server_serve_until_signal(&server.base) == -1)
        cli_fail("serve: %s", strerror(errno));
    if (server_close(&server.base) == -1)
        cli_fail("close %s: %s", name, strerror(errno));
    return EXIT_SUCCESS;
}
