/*
 * server.c - a TCP time server that serves its clients at the same time: each client has a
 * thread of its own, or a process of its own.
 *
 * Run it:       make server-4                      (then, in a second terminal: make client-4)
 *               make server-4 ARGS="--model fork"  (a process for each client)
 * Its partner:  client.c
 *
 * The calls, in order: those of lesson 2 until accept, and then pthread_create, or fork and
 * later waitpid. They are in thread.c and process.c; what a client gets is in service.c.
 */
#include "cli.h"
#include "net.h"
#include "process.h"
#include "service.h"
#include "thread.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns the next client's socket; or -1 if none came this time: the caller may call again. */
static int accept_client(int listener, char name[NET_NAME_SIZE])
{
    int client = net_accept(listener, name);
    if (client == -1 && errno != EINTR && errno != EAGAIN && errno != ECONNABORTED) {
        cli_warn("accept: %s", strerror(errno));
        sleep(1); /* no descriptors or no memory: at once, it would only fail again */
    }
    return client;
}

static void serve_clients(int listener, bool use_processes, long max_clients)
{
    char name[NET_NAME_SIZE];

    while (!net_stopping) {
        int client = accept_client(listener, name);
        if (use_processes)
            process_reap();
        if (client == -1)
            continue;
        if ((use_processes ? process_count() : thread_count()) >= max_clients) {
            service_refuse(client, name, "too many clients");
            continue;
        }
        service_log(name, "connected");
        if (use_processes)
            process_start(client, name);
        else
            thread_start(client, name);
    }
}

int main(int argc, char **argv)
{
    static const char *const MODELS[] = {"thread", "fork", NULL};
    struct service_settings settings = {
        .max_clients = 512, .timeout = 60, .max_line = 1024};
    const char *host = "127.0.0.1";
    const char *model = "thread";
    const char *reason;
    char name[NET_NAME_SIZE];
    long port = 10001;
    const struct cli_option options[] = {
        {"host", 'H', "H", "name or address to bind", .text = &host},
        {"port", 'p', "P", "port to bind; 0 takes a free one", .number = &port,
         .max = 65535},
        {"model", 'm', "thread|fork", "what serves a client", .text = &model,
         .choices = MODELS},
        {"max-clients", 0, "N", "clients at the same time",
         .number = &settings.max_clients, .min = 1, .max = 100000},
        {"timeout", 't', "SEC", "give up on a silent client; 0 never does",
         .seconds = &settings.timeout},
        {"max-line", 0, "N", "bytes of a message to accept", .number = &settings.max_line,
         .min = 1, .max = 1 << 20},
        {"quiet", 'q', NULL, "do not log what clients do", .flag = &settings.quiet},
        {0},
    };
    cli_parse(argc, argv, NULL,
              "Answer each message with the time; serve many clients at the same time.",
              options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));
    const bool use_processes = strcmp(model, "fork") == 0;

    int listener = net_listen(host, port, SOMAXCONN, &reason);
    if (listener == -1)
        cli_fail("bind %s:%ld: %s", host, port, reason);
    service_init(&settings);
    if (use_processes && process_init(listener, settings.max_clients) == -1)
        cli_fail("cannot prepare for children: %s", strerror(errno));
    if (net_local_name(listener, name) == -1)
        cli_fail("getsockname: %s", strerror(errno));
    printf("listening on %s\n", name);

    serve_clients(listener, use_processes, settings.max_clients);
    close(listener);
    /* Threads are not waited for: they end with the process, and the kernel closes their
     * sockets. To join them, main would have to keep a list, and wake each from its recv. */
    if (use_processes)
        process_stop();
    return EXIT_SUCCESS;
}
