/*
 * server.c - an FTP server for several users, each with a home of its own.
 *
 * Run it:       make server-12                            (then, elsewhere: make client-12)
 *               make server-12 ARGS="--tls auto"          (with a certificate that is made now)
 * Its partner:  client.c, or any other FTP client; users.c adds users
 *
 * It stands on common/socketserver.h, with a thread for each client. session.c has what a client gets.
 */
#include "access_log.h"
#include "address.h"
#include "cli.h"
#include "guard.h"
#include "net.h"
#include "session.h"
#include "socketserver.h"
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the server's methods ---- */

/* Tells a client why it is not served. It is the loop that does this, so it must not wait. */
static bool refuse(struct server *server, const struct request *request,
                   const char *reason)
{
    char reply[64];

    ftp_server_log(server, request, "refused: ", reason, strlen(reason));
    snprintf(reply, sizeof reply, "421 %s\r\n", reason);
    net_dismiss(request->fd, reply, strlen(reply));
    return false;
}

static bool verify_request(struct server *server, const struct request *request)
{
    const struct ftp_server *self = ftp_server_of(server);

    if (server_active_requests(server) >= (size_t)self->max_clients)
        return refuse(server, request, "too many clients");
    if (guard_enter(request->fd, &request->client_address, self->max_per_host) == -1)
        return refuse(server, request,
                      errno == EUSERS ? "too many clients from your address"
                                      : strerror(errno));
    return base_server_verify_request(server, request);
}

static void close_request(struct server *server, const struct request *request)
{
    guard_leave(request->fd);
    tcp_server_close_request(server, request);
}

static void handle_error(struct server *server, const struct request *request, int error)
{
    const char *reason = strerror(error);

    if (request == NULL)
        cli_warn("no client: %s", reason);
    else
        ftp_server_log(server, request, "failed: ", reason, strlen(reason));
}

static const struct server_ops ftp_server_ops = {
    .verify_request = verify_request,
    .close_request = close_request,
    .handle_error = handle_error,
};

/* ---- what the options say ---- */

/* Reads "40000-40099". */
static void parse_ports(const char *text, long *first, long *last)
{
    char end;

    if (text == NULL)
        return;
    if (sscanf(text, "%ld-%ld%c", first, last, &end) != 2 || *first < 1024 ||
        *last > 65535 || *first > *last)
        cli_fail_usage("--pasv-ports %s: not two ports, such as 40000-40099", text);
}

static void parse_public_address(const char *text, struct sockaddr_storage *address)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};

    if (text == NULL)
        return;
    if (inet_pton(AF_INET, text, &ipv4.sin_addr) != 1)
        cli_fail_usage("--public-address %s: not an IPv4 address", text);
    memcpy(address, &ipv4, sizeof ipv4);
}

/* Makes the context for TLS of "auto" or "CERTIFICATE KEY". If that fails, the program ends. */
static SSL_CTX *open_tls(const char *certificate, const char *key, const char *host)
{
    const char *reason;
    SSL_CTX *context;

    if (certificate == NULL)
        return NULL;
    if (strcmp(certificate, "auto") == 0)
        context = tls_server_context_auto(host, &reason);
    else
        context =
            tls_server_context(certificate, key != NULL ? key : certificate, &reason);
    if (context == NULL)
        cli_fail("TLS: %s: %s", certificate, reason);
    return context;
}

/* Opens the directory of all homes, which is made if it is not there. */
static int open_root(const char *root)
{
    if (mkdir(root, 0755) == -1 && errno != EEXIST)
        cli_fail("%s: %s", root, strerror(errno));
    int directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory == -1)
        cli_fail("%s: %s", root, strerror(errno));
    return directory;
}

/* The ports that are given to nobody (RFC 6335, 6). */
enum { FIRST_PORT = 49152, LAST_PORT = 65535 };

int main(int argc, char **argv)
{
    static struct ftp_server server = {.users = "users",
                                       .first_port = FIRST_PORT,
                                       .last_port = LAST_PORT,
                                       .max_clients = 512,
                                       .idle = 300,
                                       .timeout = 30,
                                       .penalty = 1,
                                       .quotas = {.lock = PTHREAD_MUTEX_INITIALIZER}};
    const char *host = "127.0.0.1", *root = "homes", *ports = NULL, *public = NULL;
    const char *certificate = NULL, *key = NULL, *log = NULL, *reason;
    char name[SERVER_NAME_SIZE], fingerprint[TLS_FINGERPRINT_SIZE];
    long port = 2121;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"users", 0, "FILE", "who may log in; see the program users",
         .text = &server.users},
        {"root", 'r', "DIR", "where the homes are: DIR/NAME", .text = &root},
        {"pasv-ports", 0, "A-B", "ports for passive data connections", .text = &ports},
        {"public-address", 0, "IP", "what PASV tells, behind a NAT", .text = &public},
        {"max-clients", 0, "N", "clients at the same time", .number = &server.max_clients,
         .min = 1, .max = 100000},
        {"max-per-host", 0, "N", "and from one address; 0: no limit",
         .number = &server.max_per_host, .max = 100000},
        {"idle", 0, "SEC", "end a session without a command; 0 never does",
         .seconds = &server.idle},
        {"timeout", 't', "SEC",
         "for a login, and for a data connection that stands still",
         .seconds = &server.timeout},
        {"penalty", 0, "SEC", "after a wrong password; twice as long each time",
         .seconds = &server.penalty},
        {"rate", 0, "BYTES", "a second of one transfer; 0: no limit",
         .number = &server.rate, .max = 2000000000},
        {"tls", 0, "CERT", "a PEM file; or auto, which makes one", .text = &certificate},
        {"tls-key", 0, "KEY", "the file with its key (default CERT)", .text = &key},
        {"require-tls", 0, NULL, "no password and no file without TLS",
         .flag = &server.require_tls},
        {"tls-no-session-reuse", 0, NULL, "for clients that begin each session anew",
         .flag = &server.no_session_reuse},
        {"access-log", 0, "FILE", "a line for each transfer, as xferlog", .text = &log},
        {"no-sync", 0, NULL, "answer before the bytes are on the disk",
         .flag = &server.no_sync},
        {"quiet", 'q', NULL, "do not log what clients do", .flag = &server.quiet},
        {0},
    };
    cli_parse(argc, argv, NULL, "Serve files by FTP to several users.", options);
    parse_ports(ports, &server.first_port, &server.last_port);
    parse_public_address(public, &server.public_address);
    if (server.require_tls && certificate == NULL)
        cli_fail_usage("--require-tls needs --tls");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        cli_fail("signal: %s", strerror(errno));
    if (access_log_open(log) == -1)
        cli_fail("%s: %s", log, strerror(errno));
    server.root = open_root(root);
    server.tls = open_tls(certificate, key, host);
    net_raise_descriptor_limit();

    threading_tcp_server_init(&server.base, &server.threads, &ftp_server_ops,
                              &session_class);
    server.threads.stack_size =
        256 * 1024; /* OpenSSL and crypt(3) want more than the usual */
    server.base.request_queue_size = 1024; /* a class may come at once */
    if (server_open(&server.base, host, port, &reason) == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    printf("listening on %s\n",
           server_format_address(&server.base.address, server.base.address_length, name));
    if (certificate != NULL && strcmp(certificate, "auto") == 0) {
        tls_fingerprint(server.tls, fingerprint);
        printf("certificate: SHA256 %s\n", fingerprint);
    }
    if (server_serve_until_signal(&server.base) == -1)
        cli_fail("serve: %s", strerror(errno));
    if (server_close(&server.base) == -1)
        cli_fail("close %s: %s", name, strerror(errno));
    SSL_CTX_free(server.tls);
    return EXIT_SUCCESS;
}
