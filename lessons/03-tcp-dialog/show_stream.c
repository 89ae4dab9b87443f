/*
 * show_stream.c - both ends of a connection in one process: what do recv and send return?
 *
 * Run it:       build/03-tcp-dialog/show_stream end       (recv after the peer has left)
 *               build/03-tcp-dialog/show_stream partial   (send when the peer does not read)
 * It has no partner: it connects to itself.
 */
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MEBIBYTE = 1024 * 1024 };

/* Connects ends[0] and ends[1] to each other over TCP. */
static void connect_to_self(int ends[2])
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char name[NET_NAME_SIZE];
    const char *reason;

    int listener = net_listen("127.0.0.1", 0, 1, &reason);
    if (listener == -1)
        cli_fail("listen: %s", reason);
    if (getsockname(listener, (struct sockaddr *)&address, &length) == -1)
        cli_fail("getsockname: %s", strerror(errno));

    /* connect does not wait for accept: the kernel completes the connection. */
    ends[0] = socket(address.ss_family, SOCK_STREAM, 0);
    if (ends[0] == -1 || connect(ends[0], (struct sockaddr *)&address, length) == -1)
        cli_fail("connect: %s", strerror(errno));
    ends[1] = net_accept(listener, name);
    if (ends[1] == -1)
        cli_fail("accept: %s", strerror(errno));
    close(listener);
}

/* The peer sends 5 bytes and leaves. A loop that ignores the 0 never ends. */
static void show_end(void)
{
    enum { CALLS = 100000 };
    char bytes[100];
    long zeros = 0;
    int ends[2];

    connect_to_self(ends);
    if (send(ends[0], "Hello", 5, 0) == -1)
        cli_fail("send: %s", strerror(errno));
    close(ends[0]);
    puts("the peer sent 5 bytes and closed");
    for (int i = 0; i < 4; i++)
        printf("recv returned %zd\n", recv(ends[1], bytes, sizeof bytes, 0));
    for (long i = 0; i < CALLS; i++)
        zeros += recv(ends[1], bytes, sizeof bytes, 0) == 0;
    printf("%d more calls: %ld returned 0, and none waited\n", CALLS, zeros);
    close(ends[1]);
}

/*
 * Sends 8 MiB to a peer that does not read, then lets it read 1 MiB, and sends on.
 * MSG_DONTWAIT makes send return what fits at once; without it, send would wait here.
 * MSG_WAITALL makes recv wait for all that was asked for, as receive_all does.
 */
static void show_partial(void)
{
    enum { ASKED = 8 * MEBIBYTE };
    char *bytes = calloc(1, ASKED);
    int ends[2];

    if (bytes == NULL)
        cli_fail("calloc: %s", strerror(errno));
    connect_to_self(ends);
    ssize_t sent = send(ends[0], bytes, ASKED, MSG_DONTWAIT);
    printf("send of %d bytes took %zd: the buffers of both ends\n", ASKED, sent);
    while (send(ends[0], bytes, ASKED, MSG_DONTWAIT) != -1)
        ;
    printf("send took none: %s\n", strerror(errno));
    printf("the peer reads: recv took %zd\n",
           recv(ends[1], bytes, MEBIBYTE, MSG_WAITALL));
    sent = send(ends[0], bytes, ASKED, MSG_DONTWAIT);
    printf("send took %zd: there is room again\n", sent);
    close(ends[0]);
    close(ends[1]);
    free(bytes);
}

int main(int argc, char **argv)
{
    const struct cli_option options[] = {{0}};
    int first =
        cli_parse(argc, argv, "end|partial",
                  "Show what recv returns after the end of a stream, or what send "
                  "returns when the peer does not read.",
                  options);
    const char *what = first == argc - 1 ? argv[first] : "";

    if (strcmp(what, "end") == 0)
        show_end();
    else if (strcmp(what, "partial") == 0)
        show_partial();
    else
        cli_fail_usage("say what to show: end or partial");
    return EXIT_SUCCESS;
}
