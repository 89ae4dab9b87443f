/*
 * client.c - sends each line of its input to the server, and prints the answer.
 *
 * Run it:       make client-9                                (first: make server-9, elsewhere)
 *               printf 'one\ntwo\n' | make -s client-9 ARGS=--once
 * Its partner:  server.c; both share the module type
 *
 * The calls, in order: for a stream, those of lesson 2. For datagrams, connect sends nothing:
 * it only sets to whom send sends, and from whom recv takes what comes.
 */
#include "cli.h"
#include "net.h"
#include "socketserver.h"
#include "type.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_ANSWER = (1 << 20) + 100 };

static const char *type = "tcp";
static const char *host;
static long port = 21568;

/* Where a client of the type unixgram is answered. It is removed when the program ends. */
static char own_path[sizeof((struct sockaddr_un *)0)->sun_path];

static void remove_own_path(void)
{
    if (own_path[0] != '\0')
        unlink(own_path);
}

/* exit would not be safe here: the signal may have come in the middle of a printf. */
static void on_stop_signal(int number)
{
    remove_own_path();
    _exit(128 + number);
}

/* Connects `fd` to the path. Returns 0, or -1 with errno set. */
static int connect_to_path(int fd)
{
    struct sockaddr_un server = {.sun_family = AF_UNIX};
    struct sockaddr_un own = {.sun_family = AF_UNIX};

    /* A server can answer only to a path, and so a datagram client must have one. */
    int length =
        snprintf(own.sun_path, sizeof own.sun_path, "%s.%ld", host, (long)getpid());
    if (length >= (int)sizeof own.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(server.sun_path, host);
    if (type_is_datagram(type)) {
        if (bind(fd, (const struct sockaddr *)&own, sizeof own) == -1)
            return -1;
        strcpy(own_path, own.sun_path);
        signal(SIGINT, on_stop_signal);
        signal(SIGTERM, on_stop_signal);
    }
    return connect(fd, (const struct sockaddr *)&server, sizeof server);
}

/* Returns a socket whose peer is an address of the host, or -1 with *reason set. */
static int connect_datagrams(const char **reason)
{
    struct addrinfo *list = net_look_up(host, port, false, reason);
    int fd = -1;

    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_DGRAM, 0);
        if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == -1)
            fd = net_close_keep_errno(fd);
        *reason = strerror(errno);
    }
    if (list != NULL)
        freeaddrinfo(list);
    return fd;
}

/* Returns a socket that is connected to the server. If that fails, the program ends. */
static int open_connection(double timeout)
{
    const char *reason = NULL;
    int fd;

    if (type_is_unix(type)) {
        fd = socket(AF_UNIX, type_is_datagram(type) ? SOCK_DGRAM : SOCK_STREAM, 0);
        if (fd == -1 || connect_to_path(fd) == -1)
            cli_fail("connect %s: %s", host, strerror(errno));
    } else {
        fd = type_is_datagram(type) ? connect_datagrams(&reason)
                                    : net_connect(host, port, &reason);
        if (fd == -1)
            cli_fail("connect %s:%ld: %s", host, port, reason);
    }
    if (net_set_timeout(fd, timeout) == -1)
        cli_fail("setsockopt: %s", strerror(errno));
    return fd;
}

static void close_connection(struct rfile *rfile)
{
    close(rfile->fd);
    buffer_free(&rfile->buffer);
    remove_own_path();
    own_path[0] = '\0';
}

/*
 * Receives an answer: a line, or a datagram, which must be received whole, in one call.
 * Returns its length, 0 if the server has left, or -1 with errno set.
 */
static ssize_t receive_answer(struct rfile *rfile, char **answer)
{
    static char datagram[MAX_ANSWER];

    if (!type_is_datagram(type))
        return rfile_readline(rfile, MAX_ANSWER, answer);
    *answer = datagram;
    return net_recv(rfile->fd, datagram, sizeof datagram);
}

/* Prints one answer. If there is none, or it is an error, the program ends. */
static void print_answer(struct rfile *rfile)
{
    static const char error[] = "error: ";
    char *answer;

    ssize_t length = receive_answer(rfile, &answer);
    if (length == -1 && (errno == ETIMEDOUT || errno == EAGAIN || errno == EWOULDBLOCK))
        cli_fail("no answer came in time");
    if (length == -1)
        cli_fail("receive: %s", strerror(errno));
    if (length == 0 || answer[length - 1] != '\n')
        cli_fail("the server closed the connection without an answer");

    bool refused =
        (size_t)length > strlen(error) && memcmp(answer, error, strlen(error)) == 0;
    size_t without_newline = (size_t)length - 1;
    if (refused) {
        cli_warn_bytes("the server answered", answer, without_newline);
        exit(EXIT_FAILURE);
    }
    cli_print_bytes(stdout, answer, without_newline);
    putchar('\n');
}

/* Reads a line of the input. Returns its length, with a newline at its end; or -1 at the end of
 * the input. */
static ssize_t read_input(char **line, size_t *size)
{
    ssize_t length = getline(line, size, stdin);
    if (length == -1 && !feof(stdin))
        cli_fail("stdin: %s", strerror(errno));
    if (length > 0 && (*line)[length - 1] != '\n') {
        char *longer = realloc(*line, (size_t)length + 2);
        if (longer == NULL)
            cli_fail("realloc: %s", strerror(errno));
        strcpy(longer + length, "\n");
        *line = longer;
        length++;
    }
    return length;
}

int main(int argc, char **argv)
{
    double timeout = 10;
    bool once = false;
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address; unix, unixgram: its path",
         .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"type", 0, "tcp|udp|unix|unixgram", "the kind of socket", .text = &type,
         .choices = type_names},
        {"once", 0, NULL, "a connection for each line", .flag = &once},
        {"timeout", 't', "SEC", "give up on an answer; 0 never does",
         .seconds = &timeout},
        {0},
    };
    cli_parse(argc, argv, NULL, "Send each line of the input, and print the answer.",
              options);
    if (host == NULL)
        host = type_default_host(type);
    if (type_is_unix(type) && strlen(host) >= sizeof own_path)
        cli_fail("connect %s: %s", host, strerror(ENAMETOOLONG));
    atexit(remove_own_path);

    struct rfile rfile = {.fd = open_connection(timeout)};
    puts("connected");
    for (long i = 0; (length = read_input(&line, &size)) != -1; i++) {
        if (once && i > 0) {
            close_connection(&rfile);
            rfile = (struct rfile){.fd = open_connection(timeout)};
        }
        /* If it fails, the server has left; it may have said why, so read on. */
        if (net_send_all(rfile.fd, line, (size_t)length) == -1 && errno == EMSGSIZE)
            cli_fail("send: %s", strerror(errno));
        print_answer(&rfile);
    }
    close_connection(&rfile);
    free(line);
    return EXIT_SUCCESS;
}
