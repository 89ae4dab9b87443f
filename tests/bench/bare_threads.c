/*
 * bare_threads.c - sends back what comes, with a thread for each client, and nothing around
 * it: what a framework is measured against.
 *
 * Run it:       build/bench/bare_threads PORT
 * Its partner:  build/tools/swarm; the script socketserver, beside this file, runs both
 */
#include "net.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *serve(void *argument)
{
    const int client = (int)(intptr_t)argument;
    char bytes[4096];
    ssize_t received;

    while ((received = net_recv(client, bytes, sizeof bytes)) > 0 &&
           net_send_all(client, bytes, (size_t)received) == 0)
        ;
    close(client);
    return NULL;
}

int main(int argc, char **argv)
{
    const char *reason = "usage: bare_threads PORT";
    pthread_attr_t attributes;
    pthread_t thread;
    int client;

    int listener = argc == 2 ? net_listen("127.0.0.1", atol(argv[1]), 128, &reason) : -1;
    if (listener == -1) {
        fprintf(stderr, "bare_threads: %s\n", reason);
        return EXIT_FAILURE;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while ((client = accept(listener, NULL, NULL)) != -1)
        if (pthread_create(&thread, &attributes, serve, (void *)(intptr_t)client) != 0)
            close(client);
    perror("bare_threads: accept");
    return EXIT_FAILURE;
}
