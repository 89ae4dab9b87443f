/*
 * ftp_load.c - a client of an FTP server that only counts: what lesson 12 is measured with.
 *
 * Run it:       tests/bench/ftp, which does:   ftp_load PORT USER ACTION ARGUMENT COUNT
 * Its partner:  any FTP server on 127.0.0.1 where USER has the password "secret"; for `bare`, itself
 *
 *     retr FILE COUNT    gets the file so many times on one session, and throws it away
 *     tls FILE COUNT     as retr, but both connections are under TLS; it looks at no certificate
 *     stor FILE MIB      stores so many MiB of zeros
 *     login - COUNT      so many sessions log in at once, and stay until stdin ends
 *     bare FILE COUNT    as retr, but from a bare loop of accept and sendfile on PORT; no FTP
 *
 * It prints the seconds that it took, and how many sessions have failed.
 */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 1024 * 1024 };

static char piece[PIECE];

/* A control connection. */
struct session {
    int fd;
    SSL *tls;         /* or NULL */
    char bytes[8192]; /* a reply, as far as it has come */
    size_t length;
    int step; /* of the login */
};

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int dial(long port)
{
    const char *reason;
    int fd = net_connect("127.0.0.1", port, &reason);

    if (fd == -1)
        fail(reason);
    net_set_nodelay(fd);
    return fd;
}

/* Takes a whole reply off the front of what has come. Returns its code, or 0. */
static int next_reply(struct session *session, char line[256])
{
    char *end;

    while ((end = memchr(session->bytes, '\n', session->length)) != NULL) {
        size_t length = (size_t)(end - session->bytes) + 1;
        snprintf(line, 256, "%.*s", (int)length - 1, session->bytes);
        session->length -= length;
        memmove(session->bytes, end + 1, session->length);
        if (line[3] == ' ')
            return atoi(line);
    }
    return 0;
}

/* TLS on a socket. The session of `other`, if it is not NULL, is resumed: some servers demand it. */
static SSL *secure(int fd, SSL *other)
{
    static SSL_CTX *context;

    if (context == NULL) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_options(context,
                            SSL_OP_IGNORE_UNEXPECTED_EOF); /* others don't end TLS */
    }
    SSL *tls = SSL_new(context);
    if (tls == NULL || SSL_set_fd(tls, fd) != 1)
        fail("TLS");
    SSL_SESSION *resumed = other == NULL ? NULL : SSL_get1_session(other);
    SSL_set_session(tls, resumed);
    SSL_SESSION_free(resumed);
    if (SSL_connect(tls) != 1)
        fail("the TLS handshake");
    return tls;
}

static ssize_t receive_some(int fd, SSL *tls, void *bytes, size_t size)
{
    return tls != NULL ? SSL_read(tls, bytes, (int)size) : recv(fd, bytes, size, 0);
}

/* Receives what has come. Returns whether the connection is still there. */
static bool receive(struct session *session)
{
    ssize_t count =
        receive_some(session->fd, session->tls, session->bytes + session->length,
                     sizeof session->bytes - session->length);

    if (count > 0)
        session->length += (size_t)count;
    return count > 0;
}

static int get_reply(struct session *session, char line[256])
{
    int code;

    while ((code = next_reply(session, line)) == 0)
        if (!receive(session))
            fail("the control connection");
    return code;
}

/* Sends a command. With a code, its reply must have that. */
static void command(struct session *session, int code, const char *verb, const char *word)
{
    char line[512];
    int length =
        snprintf(line, sizeof line, "%s%s%s\r\n", verb, *word != '\0' ? " " : "", word);

    if (session->tls != NULL ? SSL_write(session->tls, line, length) != length
                             : net_send_all(session->fd, line, (size_t)length) == -1)
        fail("send");
    if (code != 0 && get_reply(session, line) != code) {
        fprintf(stderr, "%s: %s\n", verb, line);
        exit(EXIT_FAILURE);
    }
}

static int open_data(struct session *session)
{
    char line[256];

    command(session, 0, "EPSV", "");
    if (get_reply(session, line) != 229 || strstr(line, "|||") == NULL)
        fail("EPSV");
    return dial(atol(strstr(line, "|||") + 3));
}

static void drain(int fd, SSL *tls)
{
    ssize_t count;

    while ((count = receive_some(fd, tls, piece, sizeof piece)) > 0)
        continue;
    if (count == -1)
        fail("data connection");
    SSL_free(tls);
    close(fd);
}

/* 150, if it was not read yet, and 226. */
static void expect_end(struct session *session)
{
    char line[256];
    int code = get_reply(session, line);

    if (code == 150 || code == 125)
        code = get_reply(session, line);
    if (code != 226) {
        fprintf(stderr, "%s\n", line);
        exit(EXIT_FAILURE);
    }
}

static void retr(struct session *session, const char *file, long count)
{
    for (long i = 0; i < count; i++) {
        int data = open_data(session);
        command(session, 0, "RETR", file);
        drain(data, session->tls == NULL ? NULL : secure(data, session->tls));
        expect_end(session);
    }
}

static void stor(struct session *session, const char *file, long mib)
{
    int data = open_data(session);

    command(session, 0, "STOR", file);
    for (long i = 0; i < mib; i++)
        if (net_send_all(data, piece, sizeof piece) == -1)
            fail("data connection");
    close(data);
    expect_end(session);
}

/* ---- a bare loop ---- */

static void serve_bare(int listener, const char *path, long count)
{
    char name[NET_NAME_SIZE];
    struct stat about;
    int file = open(path, O_RDONLY);

    if (file == -1 || fstat(file, &about) == -1)
        fail(path);
    for (long i = 0; i < count; i++) {
        int fd = net_accept(listener, name);
        for (off_t at = 0; at < about.st_size;)
            if (sendfile(fd, file, &at, (size_t)(about.st_size - at)) <= 0)
                fail("sendfile");
        close(fd);
    }
}

static void bare(long port, const char *path, long count)
{
    const char *reason;
    int listener = net_listen("127.0.0.1", port, 8, &reason);

    if (listener == -1)
        fail(reason);
    pid_t child = fork();
    if (child == 0) {
        serve_bare(listener, path, count);
        _exit(EXIT_SUCCESS);
    }
    for (long i = 0; i < count; i++)
        drain(dial(port), NULL);
    waitpid(child, NULL, 0);
}

/* ---- many logins ---- */

/* Answers the reply that has come. Returns whether the login is over. */
static bool go_on(struct session *session, const char *user, int code, long *failed)
{
    if (session->step == 0)
        command(session, 0, "USER", user);
    else if (session->step == 1)
        command(session, 0, "PASS", "secret");
    else if (code != 230)
        ++*failed;
    return ++session->step == 3;
}

static long login(long port, const char *user, long count)
{
    struct session *sessions = calloc((size_t)count, sizeof *sessions);
    struct pollfd *waits = calloc((size_t)count, sizeof *waits);
    long left = count, failed = 0;
    char line[256];

    if (sessions == NULL || waits == NULL)
        fail("calloc");
    for (long i = 0; i < count; i++) {
        sessions[i].fd = dial(port);
        waits[i] = (struct pollfd){.fd = sessions[i].fd, .events = POLLIN};
    }
    while (left > 0 && poll(waits, (nfds_t)count, -1) > 0)
        for (long i = 0; i < count; i++) {
            int code;
            if (waits[i].fd == -1 || waits[i].revents == 0)
                continue;
            bool is_over = !receive(&sessions[i]);
            failed += is_over;
            while (!is_over && (code = next_reply(&sessions[i], line)) != 0)
                is_over = go_on(&sessions[i], user, code, &failed);
            if (is_over) {
                waits[i].fd = -1;
                left--;
            }
        }
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: ftp_load PORT USER retr|tls|stor|login|bare ARGUMENT COUNT\n",
              stderr);
        return 2;
    }
    const long port = atol(argv[1]), count = atol(argv[5]);
    const char *user = argv[2], *action = argv[3], *argument = argv[4];
    struct session session = {.fd = -1};
    long failed = 0;

    net_raise_descriptor_limit();
    if (strcmp(action, "login") != 0 && strcmp(action, "bare") != 0) {
        char line[256];
        session.fd = dial(port);
        get_reply(&session, line);
        if (strcmp(action, "tls") == 0) {
            command(&session, 234, "AUTH", "TLS");
            session.tls = secure(session.fd, NULL);
            command(&session, 200, "PBSZ", "0");
            command(&session, 200, "PROT", "P");
        }
        command(&session, 331, "USER", user);
        command(&session, 230, "PASS", "secret");
        command(&session, 200, "TYPE", "I");
    }
    const double began = net_now();
    if (strcmp(action, "retr") == 0 || strcmp(action, "tls") == 0)
        retr(&session, argument, count);
    else if (strcmp(action, "stor") == 0)
        stor(&session, argument, count);
    else if (strcmp(action, "bare") == 0)
        bare(port, argument, count);
    else
        failed = login(port, user, count);
    printf("%.4f %ld\n", net_now() - began, failed);
    fflush(stdout);
    if (strcmp(action, "login") == 0)
        while (getchar() != EOF)
            continue;
    return EXIT_SUCCESS;
}
