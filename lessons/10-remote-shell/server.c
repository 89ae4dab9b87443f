/*
 * server.c - runs commands for clients that know the token, and streams what they print.
 *
 * Run it:       make server-10                            (then, elsewhere: make client-10)
 *               make server-10 ARGS="--max-seconds 5"     (no command runs for longer)
 * Its partner:  client.c; its modules are frame, token, command, keeper and session
 *
 * It stands on common/socketserver.h, with a thread for each client. What a client gets is in session.c.
 */
#include "cli.h"
#include "frame.h"
#include "net.h"
#include "session.h"
#include "socketserver.h"
#include "token.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the server's methods ---- */

/* A client too many is told so. It is the loop that does this, so it must not wait. */
static bool verify_request(struct server *server, const struct request *request)
{
    static const char REASON[] = "too many clients";
    char frame[FRAME_HEAD + sizeof REASON];

    if (server_active_requests(server) < (size_t)shell_server_of(server)->max_clients)
        return base_server_verify_request(server, request);
    shell_server_log(server, request, "refused: ", REASON, strlen(REASON));
    const size_t length = frame_pack(frame, FRAME_ERROR, REASON, strlen(REASON));
    net_dismiss(request->fd, frame, length);
    return false;
}

static void handle_error(struct server *server, const struct request *request, int error)
{
    const char *reason = strerror(error);

    if (request == NULL)
        cli_warn("no client: %s", reason);
    else if (error != EPROTO) /* the session has said why */
        shell_server_log(server, request, "failed: ", reason, strlen(reason));
}

/* ---- running it ---- */

/* Reads the token from the file, or makes it. If that fails, the program ends. */
static void open_token(const char *path, struct token *token)
{
    const char *reason;

    if (path == NULL)
        cli_fail("no place for the token: name one with --token");
    if (token_make(path) == -1)
        cli_fail("token %s: %s", path, strerror(errno));
    if (token_read(path, token, &reason) == -1)
        cli_fail("token %s: %s", path, reason);
}

int main(int argc, char **argv)
{
    static const struct server_ops server_ops = {.verify_request = verify_request,
                                                 .handle_error = handle_error};
    static struct shell_server server = {.max_clients = 512,
                                         .timeout = 10,
                                         .penalty = 2,
                                         .max_seconds = 3600,
                                         .lock = PTHREAD_MUTEX_INITIALIZER};
    const char *host = "127.0.0.1", *token = NULL, *reason;
    char name[SERVER_NAME_SIZE];
    long port = 9999;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"token", 0, "FILE", "the secret; made if it is not there", .text = &token},
        {"max-seconds", 0, "SEC", "end a longer command; 0 never does",
         .seconds = &server.max_seconds},
        {"max-clients", 0, "N", "clients at the same time; more are refused",
         .number = &server.max_clients, .min = 1, .max = 100000},
        {"timeout", 't', "SEC", "time for the proof; 0 is no limit",
         .seconds = &server.timeout},
        {"penalty", 0, "SEC", "after three wrong answers, all must wait",
         .seconds = &server.penalty},
        {"quiet", 'q', NULL, "do not log what clients do", .flag = &server.quiet},
        {0},
    };
    cli_parse(argc, argv, NULL, "Run commands for clients that know the token.", options);
    token = token_path(token);
    open_token(token, &server.token);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* a client, or a command, may close first */
        cli_fail("signal: %s", strerror(errno));

    threading_tcp_server_init(&server.base, &server.threads, &server_ops, &session_class);
    server.threads.stack_size = 256 * 1024; /* OpenSSL wants more than the usual 64 KiB */
    server.base.request_queue_size = 1024;  /* a class may come at once */
    if (server_open(&server.base, host, port, &reason) == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    printf("listening on %s\n",
           server_format_address(&server.base.address, server.base.address_length, name));
    printf("the token is in %s\n", token);
    if (server_serve_until_signal(&server.base) == -1)
        cli_fail("serve: %s", strerror(errno));
    if (server_close(&server.base) == -1)
        cli_fail("close %s: %s", name, strerror(errno));
    return EXIT_SUCCESS;
}
