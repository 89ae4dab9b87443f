/*
 * ftp_commands.c - has a session of lesson 12's server hear any bytes from a client that has logged in.
 * Whatever they are, each line of the replies must be one of FTP's, nothing outside of the user's home
 * may change, and the session must give back its descriptors.
 *
 * Run it:       make fuzz ARGS="60 ftp_commands"
 * Its partner:  lessons/12-ftp-multiuser/session.h; libFuzzer, which chooses the bytes and has main
 *
 * The client seems to come from 255.255.255.255, where no connection can go: PORT and EPRT are
 * accepted for that address, and reach nobody.
 */
#define _GNU_SOURCE /* nftw, memmem */
#include "../../lessons/12-ftp-multiuser/session.h"

#include "net.h"

#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ends the run if `condition` is not true: libFuzzer keeps the input. */
static void check(bool condition)
{
    if (!condition)
        abort();
}

static struct ftp_server server = {.users = "/nobody",
                                   .first_port = 49152,
                                   .last_port = 65535,
                                   .timeout = 0.05,
                                   .idle = 1,
                                   .no_sync = true,
                                   .quiet = true,
                                   .quotas = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static char root[] = "/tmp/ftp_commands.XXXXXX";
static char home[64];

/* ---- the home ---- */

static int remove_one(const char *path, const struct stat *about, int type,
                      struct FTW *place)
{
    (void)about;
    (void)type;
    (void)place;
    return remove(path);
}

/* The home gets a directory, a file and a link that leads out of it. */
static void fill_home(void)
{
    char path[128];

    check(mkdir(home, 0700) == 0);
    snprintf(path, sizeof path, "%s/d", home);
    check(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/f", home);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    check(file != -1 && write(file, "1234\n", 5) == 5 && close(file) == 0);
    snprintf(path, sizeof path, "%s/out", home);
    check(symlink("..", path) == 0);
}

static void remove_home(void)
{
    char command[256];

    if (nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0)
        return;
    /* Some mode keeps its owner out. */
    snprintf(command, sizeof command, "chmod -R u+rwx %s && rm -r %s", home, home);
    check(system(command) == 0);
}

static void remove_root(void)
{
    remove_home();
    rmdir(root);
}

/* ---- the session ---- */

/* A session of somebody who has logged in already: a hash would take most of the time. */
static int setup(struct request_handler *handler)
{
    const struct account account = {.name = "alice", .quota = 1000000};
    struct session *self = container_of(handler, struct session, base);

    if (session_class.setup(handler) == -1)
        return -1;
    strcpy(self->user, account.name);
    self->home = openat(server.root, account.name,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    self->quota = quota_enter(&server.quotas, &account, self->home);
    check(self->home != -1 && self->quota != NULL);
    self->is_logged_in = true;
    return 0;
}

/* ---- the client ---- */

struct client {
    int fd;
    const uint8_t *bytes;
    size_t size;
};

/* Looks at the lines of the replies. Between a line "CODE-TEXT" and "CODE TEXT" all begin with a space. */
static void check_replies(const char *bytes, size_t length)
{
    bool is_inside = false;

    check(length > 0);
    for (const char *at = bytes, *end; at < bytes + length; at = end + 1) {
        end = memchr(at, '\n', length - (size_t)(at - bytes));
        check(end != NULL && end - at >= 2 && end[-1] == '\r');
        for (const char *byte = at; byte < end - 1; byte++)
            check((unsigned char)*byte >= ' ' && *byte != 0x7f);
        if (is_inside && at[0] == ' ')
            continue;
        check(end - at >= 5 && strspn(at, "0123456789") == 3 && at[0] >= '1' &&
              at[0] <= '5');
        check(at[3] == ' ' || (at[3] == '-' && !is_inside));
        is_inside = at[3] == '-';
    }
    check(!is_inside);
}

/* Sends the bytes, and looks at all that comes back. */
static void *play_client(void *argument)
{
    const struct client *client = argument;
    /* Without this its port would stay taken for a minute. */
    const struct linger at_once = {.l_onoff = 1};
    struct buffer replies = {0};
    ssize_t count;

    /* It may fail, if QUIT stands among them. */
    net_send_all(client->fd, client->bytes, client->size);
    shutdown(client->fd, SHUT_WR);
    do {
        char *room = buffer_reserve(&replies, 8192);
        check(room != NULL);
        count = recv(client->fd, room, 8192, 0);
        buffer_added(&replies, count > 0 ? (size_t)count : 0);
    } while (count > 0);
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client->fd);
    check_replies(buffer_front(&replies), buffer_length(&replies));
    buffer_free(&replies);
    return NULL;
}

/* ---- both ---- */

static int listener;
static long port;

static void begin(void)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    const char *reason;

    signal(SIGPIPE, SIG_IGN);
    check(mkdtemp(root) != NULL);
    snprintf(home, sizeof home, "%s/alice", root);
    server.root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    listener = net_listen("127.0.0.1", 0, 8, &reason);
    check(server.root != -1 && listener != -1);
    check(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    port = ntohs(address.sin_port);
    fill_home();
    atexit(remove_root);
}

/* How many of the lowest descriptors are open: one that is lost may stand behind others that are free. */
static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request_handler_class class = session_class;
    struct sockaddr_in nobody = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = INADDR_BROADCAST};
    struct request request = {.client_address_length = sizeof nobody};
    struct client client = {.bytes = data, .size = size};
    struct stat before, after;
    char name[NET_NAME_SIZE];
    const char *reason;
    pthread_t thread;

    if (memmem(data, size, "PASS", 4) != NULL || memmem(data, size, "pass", 4) != NULL)
        return -1; /* a wrong password takes too long */
    if (listener == 0)
        begin();
    remove_home();
    fill_home();
    check(fstat(server.root, &before) == 0);
    const int open_before = count_descriptors();

    class.setup = setup;
    memcpy(&request.client_address, &nobody, sizeof nobody);
    client.fd = net_connect("127.0.0.1", port, &reason);
    check(client.fd != -1);
    request.fd = net_accept(listener, name);
    check(request.fd != -1);
    check(pthread_create(&thread, NULL, play_client, &client) == 0);
    check(request_handler_run(&class, &server.base, &request) == 0);
    close(request.fd);
    check(pthread_join(thread, NULL) == 0);

    check(count_descriptors() == open_before);
    check(fstat(server.root, &after) == 0);
    check(after.st_mtim.tv_sec == before.st_mtim.tv_sec &&
          after.st_mtim.tv_nsec == before.st_mtim.tv_nsec &&
          after.st_mode == before.st_mode);
    return 0;
}
