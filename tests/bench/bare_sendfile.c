/*
 * bare_sendfile.c - a file over TCP with as few calls as there can be: what lesson 11 is compared with.
 *
 * Run it:       tests/bench/transfer, which does: bare_sendfile PORT FILE
 *               and then, elsewhere:              bare_sendfile PORT FILE --receive
 * Its partner:  the same program
 */
#include "net.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ends the program if `condition` is not true. */
static void check(int condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(EXIT_FAILURE);
}

/* Sends the file to each client that comes. */
static void serve(long port, const char *path)
{
    const char *reason;
    char name[NET_NAME_SIZE];
    struct stat about;
    int listener = net_listen("127.0.0.1", port, SOMAXCONN, &reason);

    check(listener != -1, "listen");
    net_local_name(listener, name);
    dprintf(STDOUT_FILENO, "listening on %s\n", name);
    for (;;) {
        int client = net_accept(listener, name);
        int file = open(path, O_RDONLY);
        check(client != -1 && file != -1 && fstat(file, &about) == 0, path);
        for (off_t at = 0; at < about.st_size;)
            check(sendfile(client, file, &at, (size_t)(about.st_size - at)) > 0,
                  "sendfile");
        close(file);
        close(client);
    }
}

static void receive(long port, const char *path)
{
    static char piece[128 * 1024];
    const char *reason;
    ssize_t count;
    int server = net_connect("127.0.0.1", port, &reason);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    check(server != -1 && file != -1, path);
    while ((count = recv(server, piece, sizeof piece, 0)) > 0)
        check(write(file, piece, (size_t)count) == count, path);
    check(count == 0, "recv");
}

int main(int argc, char **argv)
{
    if (argc == 3)
        serve(atol(argv[1]), argv[2]);
    if (argc != 4 || strcmp(argv[3], "--receive") != 0) {
        fputs("usage: bare_sendfile PORT FILE [--receive]\n", stderr);
        return 2;
    }
    receive(atol(argv[1]), argv[2]);
    return EXIT_SUCCESS;
}
