/*
 * server.c - a correct server by another hand: it keeps the tests of lesson 2 fair.
 *
 * It does what lesson 2 asks of a server, and has nothing in common with the lesson's own
 * program: SIGINT and SIGTERM come from a signalfd, poll stands before each call that could wait,
 * and what it says goes out with dprintf. Where the lesson leaves a choice, another one may be
 * made here. The tests must pass on it as on every correct program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define USAGE "server [-H H] [-p P] [-b N] [-t SEC] [--no-reuse] (or --host, --port, ...)"

enum { REQUEST = 2000, RETRY_MS = 150, NAME = 80 };
enum event { STOP, READY, LATE };

struct settings {
    const char *host;
    uint16_t port;
    int backlog;
    int patience; // seconds; 0: for ever
    int reuse;    // what SO_REUSEADDR is set to
};

static int stop_fd;

// Waits until fd can be read, for so long at most (-1: without an end). Without an fd (-1) it
// only passes the time.
static enum event wait_for(int fd, int ms)
{
    struct pollfd fds[] = {{stop_fd, POLLIN, 0}, {fd, POLLIN, 0}};
    int count;
    do
        count = poll(fds, 2, ms);
    while (count < 0 && errno == EINTR);
    if (count < 0) {
        dprintf(STDERR_FILENO, "poll went wrong (%s)\n", strerror(errno));
        exit(EXIT_FAILURE);
    }
    if (count == 0)
        return LATE;
    return fds[0].revents ? STOP : READY;
}

// ADDRESS:PORT in `text`.
static void describe(const struct sockaddr_storage *at, socklen_t size, char text[NAME])
{
    char host[NAME - 10] = "?", port[6] = "?";
    getnameinfo((const struct sockaddr *)at, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, NAME, at->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

// A listener at this address, or an error number below 0.
static int listen_at(const void *address, socklen_t size, const struct settings *s)
{
    const struct sockaddr *where = address;
    int fd = socket(where->sa_family, SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &s->reuse, sizeof s->reuse);
    if (bind(fd, where, size) == 0 && listen(fd, s->backlog) == 0 &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static int open_listener(const struct settings *s)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(s->port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(s->port)};
    if (inet_pton(AF_INET, s->host, &four.sin_addr) == 1)
        return listen_at(&four, sizeof four, s);
    if (inet_pton(AF_INET6, s->host, &six.sin6_addr) == 1)
        return listen_at(&six, sizeof six, s);

    char service[8];
    snprintf(service, sizeof service, "%u", s->port);
    struct addrinfo wish = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    int failure = getaddrinfo(s->host, service, &wish, &list);
    if (failure) {
        dprintf(STDERR_FILENO, "who is %s? (%s)\n", s->host, gai_strerror(failure));
        exit(EXIT_FAILURE);
    }
    int fd = -1;
    for (struct addrinfo *one = list; one && fd < 0; one = one->ai_next)
        fd = listen_at(one->ai_addr, one->ai_addrlen, s);
    freeaddrinfo(list);
    return fd;
}

static void log_request(const unsigned char *bytes, size_t count)
{
    static const char raw[] = "\n\r\t\\";
    char text[4 * REQUEST + 1], *end = text;
    for (size_t i = 0; i < count; i++) {
        unsigned char c = bytes[i];
        const char *special = memchr(raw, c, 4);
        if (special)
            end += sprintf(end, "\\%c", "nrt\\"[special - raw]);
        else if (c < ' ' || c > '~')
            end += sprintf(end, "\\x%02x", c);
        else
            *end++ = (char)c;
    }
    *end = '\0';
    dprintf(STDOUT_FILENO, "received: %s\n", text);
}

// What the client is told goes out in one call: it always fits into an empty buffer.
static void tell(int client, const char *text)
{
    char line[80];
    int size = snprintf(line, sizeof line, "%s\r\n", text);
    if (send(client, line, (size_t)size, MSG_NOSIGNAL) == size)
        dprintf(STDOUT_FILENO, "sent: %s\n", text);
    else
        dprintf(STDERR_FILENO, "the answer did not go out (%s)\n", strerror(errno));
}

// False if it is time to stop.
static bool serve(int client, int patience)
{
    char text[64];
    unsigned char request[REQUEST];
    enum event event = wait_for(client, patience ? patience * 1000 : -1);
    if (event == LATE) {
        snprintf(text, sizeof text, "error: nothing received for %d s", patience);
        tell(client, text);
    }
    if (event != READY)
        return event != STOP;
    ssize_t count = recv(client, request, sizeof request, MSG_DONTWAIT);
    if (count < 0) {
        dprintf(STDERR_FILENO, "this client is lost (%s)\n", strerror(errno));
    } else if (count == 0) {
        dprintf(STDOUT_FILENO, "the client went without a word\n");
    } else {
        log_request(request, (size_t)count);
        time_t now = time(NULL);
        strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", localtime(&now));
        tell(client, text);
    }
    return true;
}

static void serve_all(int listener, int patience)
{
    bool complained = false, go_on = true;
    while (go_on && wait_for(listener, -1) == READY) {
        struct sockaddr_storage peer;
        char name[NAME];
        socklen_t size = sizeof peer;
        int client = accept(listener, (struct sockaddr *)&peer, &size);
        if (client >= 0) {
            complained = false;
            describe(&peer, size, name);
            dprintf(STDOUT_FILENO, "client %s connected\n", name);
            go_on = serve(client, patience);
            close(client);
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            if (!complained)
                dprintf(STDERR_FILENO, "nobody can come in (%s)\n", strerror(errno));
            complained = true;
            go_on = wait_for(-1, RETRY_MS) != STOP;
        }
    }
}

static int number(const char *text, int most)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && value <= most)
        return (int)value;
    dprintf(STDERR_FILENO, "'%s' is not a number from 0 to %d\n", text, most);
    exit(2);
}

int main(int argc, char **argv)
{
    struct settings s = {"127.0.0.1", 10001, 128, 0, 1};
    const struct option known[] = {{"host", required_argument, NULL, 'H'},
                                   {"port", required_argument, NULL, 'p'},
                                   {"backlog", required_argument, NULL, 'b'},
                                   {"timeout", required_argument, NULL, 't'},
                                   {"no-reuse", no_argument, &s.reuse, 0},
                                   {"help", no_argument, NULL, 'h'},
                                   {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "H:p:b:t:h", known, NULL)) != -1;) {
        if (c == '?') // getopt_long has said why
            return 2;
        else if (c == 'H')
            s.host = optarg;
        else if (c == 'p')
            s.port = (uint16_t)number(optarg, UINT16_MAX);
        else if (c == 'b')
            s.backlog = number(optarg, INT_MAX);
        else if (c == 't')
            s.patience = number(optarg, INT_MAX / 1000);
        else if (c == 'h')
            return puts(USAGE) < 0;
    }
    if (optind < argc)
        return dprintf(STDERR_FILENO, "what is '%s' for?\n", argv[optind]), 2;

    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    int listener = open_listener(&s);
    stop_fd = signalfd(-1, &ends, SFD_CLOEXEC);
    if (listener < 0) {
        dprintf(STDERR_FILENO, "no way to listen at %s (%s)\n", s.host,
                strerror(-listener));
        return EXIT_FAILURE;
    }
    struct sockaddr_storage own;
    char name[NAME];
    socklen_t size = sizeof own;
    getsockname(listener, (struct sockaddr *)&own, &size);
    describe(&own, size, name);
    dprintf(STDOUT_FILENO, "listening on %s\n", name);
    serve_all(listener, s.patience);
    close(listener);
    close(stop_fd);
    return EXIT_SUCCESS;
}
