/*
 * test_asyncore.c - the tests of common/asyncore.c, each with every poller.
 *
 * Run it:       build/framework/test_asyncore hangup_with_unread_data
 * Its partner:  harness.h
 *
 * A probe is an object that notes in a record which of its handlers were called. The record
 * outlives it, so a test can look when the object is gone.
 */
#include "asyncore.h"
#include "net.h"
#include "pollers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* ---- probes ---- */

enum handler {
    NONE,
    CONNECT,
    ACCEPT,
    READ,
    WRITE,
    EXPT,
    CLOSE,
    ERROR,
    DESTROY,
    HANDLERS
};

struct record {
    int calls[HANDLERS];
    int error;       /* the last one that reached handle_error */
    int asked;       /* how often readable was called */
    size_t received; /* bytes */
    /* what it is to do */
    bool deaf, writes;          /* what readable and writable say */
    bool keeps;                 /* handle_read leaves what has come where it is */
    enum handler closes, fails; /* in this handler */
    struct dispatcher *victim;  /* whom to close; NULL: itself */
    struct dispatcher *woken;   /* whom handle_read lets write */
    const char *answer;         /* what handle_read sends */
    bool opens;                 /* handle_read makes one more probe, in `opened` */
    struct dispatcher *opened;
};

struct probe {
    struct dispatcher dispatcher;
    struct record *record;
};

static struct dispatcher *open_probe(struct record *record, int fd);

static struct record *record_of(struct dispatcher *d)
{
    return container_of(d, struct probe, dispatcher)->record;
}

/* Notes the call, and does what the record says of this handler. */
static int note(struct dispatcher *d, enum handler handler)
{
    struct record *record = record_of(d);

    record->calls[handler]++;
    if (record->closes == handler)
        dispatcher_close(record->victim != NULL ? record->victim : d);
    if (record->fails == handler) {
        errno = EIO;
        return -1;
    }
    return 0;
}

static bool probe_readable(struct dispatcher *d)
{
    record_of(d)->asked++;
    return !record_of(d)->deaf;
}

static bool probe_writable(struct dispatcher *d)
{
    return record_of(d)->writes;
}

static int probe_handle_connect(struct dispatcher *d)
{
    return note(d, CONNECT);
}

static int probe_handle_accept(struct dispatcher *d)
{
    if (note(d, ACCEPT) == -1)
        return -1;
    return dispatcher_handle_accept(d);
}

static int probe_handle_read(struct dispatcher *d)
{
    struct record *record = record_of(d);
    char bytes[1000];

    if (note(d, READ) == -1)
        return -1;
    if (record->woken != NULL) {
        record_of(record->woken)->writes = true;
        dispatcher_update(record->woken);
    }
    if (record->opens) {
        static struct record newcomer;
        int pair[2];
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
        record->opens = false;
        record->opened = open_probe(&newcomer, pair[0]);
    }
    if (record->keeps)
        return 0;
    ssize_t received = d->ops.recv(d, bytes, sizeof bytes);
    if (received <= 0)
        return (int)received;
    record->received += (size_t)received;
    if (record->answer != NULL &&
        d->ops.send(d, record->answer, strlen(record->answer)) == -1)
        return -1;
    return 0;
}

static int probe_handle_write(struct dispatcher *d)
{
    return note(d, WRITE);
}

static int probe_handle_expt(struct dispatcher *d)
{
    char byte;

    if (recv(d->fd, &byte, 1, MSG_OOB) == 1)
        record_of(d)->received++;
    return note(d, EXPT);
}

static int probe_handle_close(struct dispatcher *d)
{
    dispatcher_handle_close(d);
    return note(d, CLOSE);
}

static void probe_handle_error(struct dispatcher *d, int error)
{
    record_of(d)->error = error;
    note(d, ERROR);
}

static void probe_destroy(struct dispatcher *d)
{
    note(d, DESTROY);
    free(container_of(d, struct probe, dispatcher));
}

static const struct dispatcher_ops probe_ops = {
    .readable = probe_readable,
    .writable = probe_writable,
    .handle_connect = probe_handle_connect,
    .handle_accept = probe_handle_accept,
    .handle_read = probe_handle_read,
    .handle_write = probe_handle_write,
    .handle_expt = probe_handle_expt,
    .handle_close = probe_handle_close,
    .handle_error = probe_handle_error,
    .destroy = probe_destroy,
};

/* Makes a probe on `fd` (-1: none) in the default map. It is freed by its destroy. */
static struct dispatcher *open_probe(struct record *record, int fd)
{
    struct probe *probe = malloc(sizeof *probe);
    CHECK(probe != NULL);
    probe->record = record;
    CHECK(dispatcher_init(&probe->dispatcher, &probe_ops, fd, NULL) == 0);
    return &probe->dispatcher;
}

/* Passes of the loop, each as short as possible. */
static void pass(long count)
{
    CHECK(asyncore_loop(0, poller, NULL, count) != -1);
}

/* ---- sockets ---- */

static void give(int fd, size_t length)
{
    static const char bytes[200000];
    CHECK(length <= sizeof bytes);
    CHECK(send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length);
}

/* Makes a probe on a connection. Returns the other end. */
static int open_pair(struct record *record, struct dispatcher **d)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    *d = open_probe(record, pair[0]);
    return pair[1];
}

static int open_listener(struct sockaddr_storage *address)
{
    const char *reason;
    socklen_t length = sizeof *address;
    int fd = net_listen("127.0.0.1", 0, 10, &reason);
    CHECK(fd != -1);
    CHECK(getsockname(fd, (struct sockaddr *)address, &length) == 0);
    return fd;
}

static int connect_to(const struct sockaddr_storage *address)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd != -1);
    CHECK(connect(fd, (const struct sockaddr *)address, sizeof(struct sockaddr_in)) == 0);
    return fd;
}

/* As open_pair, over TCP. */
static int open_tcp_pair(struct record *record, struct dispatcher **d)
{
    struct sockaddr_storage address;
    int listener = open_listener(&address);
    int other = connect_to(&address);
    *d = open_probe(record, accept(listener, NULL, NULL));
    close(listener);
    return other;
}

static void reset(int fd)
{
    struct linger now = {.l_onoff = 1};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
    close(fd);
}

/* Begins a connection of a probe to `address`. */
static struct dispatcher *open_connecting(struct record *record,
                                          const struct sockaddr_storage *address)
{
    struct dispatcher *d = open_probe(record, -1);
    CHECK(dispatcher_create_socket(d, AF_INET, SOCK_STREAM) == 0);
    CHECK(dispatcher_connect(d, (const struct sockaddr *)address,
                             sizeof(struct sockaddr_in)) == 0);
    return d;
}

/* Makes a probe whose `handler` will be called in the next pass. Returns a descriptor that is
 * to be closed afterwards. */
static int provoke(struct record *record, enum handler handler, struct dispatcher **d)
{
    struct sockaddr_storage address;
    int other;

    switch (handler) {
    case CONNECT:
        other = open_listener(&address);
        *d = open_connecting(record, &address);
        return other;
    case ACCEPT:
        *d = open_probe(record, open_listener(&address));
        CHECK((*d)->accepting);
        return connect_to(&address);
    case EXPT:
        record->keeps = true;
        other = open_tcp_pair(record, d);
        CHECK(send(other, "!", 1, MSG_OOB) == 1);
        return other;
    case ERROR:
        record->fails = READ;
        break;
    case WRITE:
        record->writes = true;
        return open_pair(record, d);
    default:
        break;
    }
    other = open_pair(record, d);
    if (handler == CLOSE)
        shutdown(other, SHUT_WR);
    else
        give(other, 10);
    return other;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) +
           (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* ---- the life of an object ---- */

static void close_inside_every_handler(void)
{
    for (enum handler handler = CONNECT; handler <= ERROR; handler++) {
        struct record record = {.closes = handler};
        struct dispatcher *d;
        int other = provoke(&record, handler, &d);
        pass(3);
        CHECK(record.calls[handler] == 1);
        CHECK(record.calls[DESTROY] == 1);
        CHECK(asyncore_loop(0, poller, NULL, 1) == 0); /* the map is empty */
        close(other);
    }
}

/* It could be read, written, and there is urgent data; but the first handler closes it. */
static void nothing_is_called_after_a_close(void)
{
    struct record record = {.writes = true, .closes = READ};
    struct dispatcher *d;
    int other = open_tcp_pair(&record, &d);

    CHECK(send(other, "Hello!", 6, MSG_OOB) == 6);
    pass(1);
    CHECK(record.calls[READ] == 1);
    CHECK(record.calls[WRITE] == 0);
    CHECK(record.calls[EXPT] == 0);
    CHECK(record.calls[DESTROY] == 1);
    close(other);
}

static void an_error_from_every_handler(void)
{
    for (enum handler handler = CONNECT; handler <= CLOSE; handler++) {
        struct record record = {.closes = ERROR, .fails = handler};
        struct dispatcher *d;
        int other = provoke(&record, handler, &d);
        pass(3);
        CHECK(record.calls[ERROR] == 1);
        CHECK(record.error == EIO);
        CHECK(record.calls[DESTROY] == 1);
        close(other);
    }
}

static void closed_by_another_of_the_same_pass(void)
{
    struct record one = {.closes = READ};
    struct record two = {.closes = READ};
    int other_one = open_pair(&one, &two.victim);
    int other_two = open_pair(&two, &one.victim);

    give(other_one, 1);
    give(other_two, 1);
    pass(1);
    CHECK(one.calls[READ] + two.calls[READ] == 1);
    CHECK(one.calls[DESTROY] + two.calls[DESTROY] == 1);
    CHECK(one.calls[DESTROY] == two.calls[READ]);
    asyncore_close_all(NULL);
    CHECK(one.calls[DESTROY] + two.calls[DESTROY] == 2);
    close(other_one);
    close(other_two);
}

/* The first of three closes the two others, and opens one more. */
static void a_descriptor_is_not_reused_within_a_pass(void)
{
    struct record record[3] = {0};
    struct dispatcher *d[3];
    int other[3];

    for (int i = 0; i < 3; i++) {
        other[i] = open_pair(&record[i], &d[i]);
        record[i].closes = READ;
        record[i].opens = true;
        give(other[i], 1);
    }
    for (int i = 0; i < 3; i++)
        record[i].victim = d[(i + 1) % 3];
    int numbers[3] = {d[0]->fd, d[1]->fd, d[2]->fd};
    pass(1);
    int checked = 0;
    for (int i = 0; i < 3; i++)
        if (record[i].calls[READ] > 0) {
            CHECK(record[i].opened->fd != numbers[(i + 1) % 3]);
            CHECK(record_of(record[i].opened)->calls[READ] == 0);
            checked++;
        }
    CHECK(checked > 0);
    asyncore_close_all(NULL);
}

static int closes_all(struct dispatcher *d)
{
    asyncore_close_all(NULL);
    CHECK(record_of(d)->calls[DESTROY] == 0);
    return 0;
}

static void close_all_inside_and_outside_a_handler(void)
{
    struct record record[2] = {0};
    struct dispatcher *d;

    open_pair(&record[0], &d);
    asyncore_close_all(NULL);
    CHECK(record[0].calls[DESTROY] == 1);
    open_pair(&record[0], &d);
    give(open_pair(&record[1], &d), 1);
    d->ops.handle_read = closes_all;
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record[0].calls[DESTROY] == 2 && record[1].calls[DESTROY] == 1);
    CHECK(record[0].calls[CLOSE] == 0); /* the other side has not ended */
}

/* Closed before the loop ever saw it; and one that never had a descriptor. */
static void closed_outside_the_loop(void)
{
    struct record record[2] = {0};
    struct dispatcher *d;

    give(open_pair(&record[0], &d), 1);
    dispatcher_close(d);
    dispatcher_close(d);
    dispatcher_close(open_probe(&record[1], -1));
    CHECK(record[0].calls[DESTROY] == 0);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record[0].calls[DESTROY] == 1 && record[1].calls[DESTROY] == 1);
    CHECK(record[0].calls[READ] == 0);
}

/* close(2) alone does not take it out of epoll: there is a duplicate. */
static void closed_while_a_duplicate_is_open(void)
{
    struct record record = {0};
    struct dispatcher *d;
    int other = open_pair(&record, &d);
    struct record rest = {0};
    struct dispatcher *remaining;

    open_pair(&rest, &remaining);
    pass(1);
    int duplicate = dup(d->fd);
    CHECK(duplicate != -1);
    dispatcher_close(d);
    pass(1);
    CHECK(record.calls[DESTROY] == 1);
    give(other, 1);
    pass(2);
    asyncore_close_all(NULL);
    close(duplicate);
}

/* ---- what a peer may do ---- */

static void hangup_with_unread_data(void)
{
    struct record record = {0};
    struct dispatcher *d;
    int other = open_pair(&record, &d);

    give(other, 100000);
    close(other);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.received == 100000);
    CHECK(record.calls[CLOSE] == 1);
}

/* The first answer meets a reset, the second one has nobody to go to. */
static void answers_to_one_who_has_left(void)
{
    struct record record = {.answer = "answer"};
    struct dispatcher *d;
    int other = open_tcp_pair(&record, &d);

    give(other, 100000);
    close(other);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.received == 100000);
    CHECK(record.calls[CLOSE] == 1);
    CHECK(record.calls[ERROR] == 0);
}

static void a_reset_is_a_close(void)
{
    struct record record = {0};
    struct dispatcher *d;

    reset(open_tcp_pair(&record, &d));
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.calls[CLOSE] == 1);
    CHECK(record.calls[ERROR] == 0);
}

/* It does not want to read; so the loop does not spin, but it notices when it sends. */
static void gone_while_it_does_not_read(void)
{
    struct record record = {.deaf = true};
    struct dispatcher *d;
    struct timespec start;

    reset(open_tcp_pair(&record, &d));
    clock_gettime(CLOCK_MONOTONIC, &start);
    CHECK(asyncore_loop(0.1, poller, NULL, 1) == 1);
    CHECK(seconds_since(&start) >= 0.09);
    CHECK(dispatcher_send(d, "Hello", 5) == 5);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.calls[CLOSE] == 1);
    CHECK(record.calls[READ] == 0);
}

static void an_urgent_byte_that_nobody_takes(void)
{
    struct record record = {0};
    struct dispatcher *d;
    struct timespec start;
    int other = open_tcp_pair(&record, &d);

    d->ops.handle_expt = dispatcher_handle_expt;
    CHECK(send(other, "!", 1, MSG_OOB) == 1);
    pass(3);
    clock_gettime(CLOCK_MONOTONIC, &start);
    CHECK(asyncore_loop(0.1, poller, NULL, 1) == 1);
    CHECK(seconds_since(&start) >= 0.09);
    asyncore_close_all(NULL);
    close(other);
}

static void an_urgent_byte(void)
{
    struct record record = {0};
    struct dispatcher *d;
    int other = provoke(&record, EXPT, &d);

    pass(1);
    CHECK(record.calls[EXPT] == 1);
    CHECK(record.received == 1);
    reset(other);
    pass(1); /* handle_expt_event would say so, too */
    CHECK(dispatcher_handle_expt_event(d) == 0);
    asyncore_close_all(NULL);
}

static int reads_until_nothing_is_left(struct dispatcher *d)
{
    char bytes[1000];
    ssize_t received;

    while ((received = d->ops.recv(d, bytes, sizeof bytes)) > 0)
        record_of(d)->received += (size_t)received;
    return (int)received;
}

static void nothing_is_left_to_read(void)
{
    struct record record = {0};
    struct dispatcher *d;
    int other = open_pair(&record, &d);

    d->ops.handle_read = reads_until_nothing_is_left;
    give(other, 2500);
    pass(2);
    CHECK(record.received == 2500);
    CHECK(record.calls[ERROR] == 0 && record.calls[CLOSE] == 0);
    close(other);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.calls[CLOSE] == 1);
}

/* ---- connecting and accepting ---- */

static void connect_succeeds(void)
{
    struct sockaddr_storage address;
    struct record record = {0};
    int listener = open_listener(&address);
    struct dispatcher *d = open_connecting(&record, &address);

    CHECK(d->connecting || d->connected);
    pass(1);
    CHECK(record.calls[CONNECT] == 1);
    CHECK(d->connected && !d->connecting);
    CHECK(record.calls[WRITE] == 0); /* writable says that it has nothing to write */
    pass(1);
    CHECK(record.calls[CONNECT] == 1);
    asyncore_close_all(NULL);
    close(listener);
}

/* Of a datagram socket, connect only notes the address. */
static void connected_at_once(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(9),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct record record = {0};
    struct dispatcher *d = open_probe(&record, -1);

    CHECK(dispatcher_create_socket(d, AF_INET, SOCK_DGRAM) == 0);
    CHECK(dispatcher_connect(d, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(d->connected && !d->connecting);
    CHECK(record.calls[CONNECT] == 1);
    asyncore_close_all(NULL);
}

static void connect_refused(void)
{
    struct sockaddr_storage address;
    struct record record = {.closes = ERROR};

    close(open_listener(&address));
    open_connecting(&record, &address);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.error == ECONNREFUSED);
    CHECK(record.calls[ERROR] == 1);
    CHECK(record.calls[CONNECT] == 0);
    CHECK(record.calls[DESTROY] == 1);
}

/* The base's methods alone: it listens, accepts, and closes whom it has accepted. */
static void a_listener_of_the_base(void)
{
    static const struct dispatcher_ops none = {0};
    struct dispatcher d;
    struct sockaddr_in any = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char byte;

    CHECK(dispatcher_init(&d, &none, -1, NULL) == 0);
    CHECK(dispatcher_create_socket(&d, AF_INET, SOCK_STREAM) == 0);
    CHECK(dispatcher_set_reuse_addr(&d) == 0);
    CHECK(dispatcher_bind(&d, (struct sockaddr *)&any, sizeof any) == 0);
    CHECK(dispatcher_listen(&d, 5) == 0);
    CHECK(dispatcher_accept(&d, &address) == -1 && errno == EAGAIN);
    CHECK(getsockname(d.fd, (struct sockaddr *)&address, &length) == 0);
    int client = connect_to(&address);
    pass(1);
    CHECK(recv(client, &byte, 1, 0) == 0);
    CHECK(d.accepting);
    asyncore_close_all(NULL);
    close(client);
}

/* Takes all descriptors that are left. */
static void use_up_descriptors(void)
{
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = 40;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (dup(STDERR_FILENO) != -1)
        ;
    CHECK(errno == EMFILE);
}

static void without_descriptors_the_listener_rests(void)
{
    struct record record = {0};
    struct record idle = {0};
    struct dispatcher *d;
    struct timespec start;

    open_pair(&idle, &d);
    pass(1); /* epoll has its descriptor */
    int client = provoke(&record, ACCEPT, &d);
    use_up_descriptors();
    clock_gettime(CLOCK_MONOTONIC, &start);
    pass(1);
    CHECK(record.calls[ACCEPT] == 1);
    CHECK(record.error == EMFILE);
    CHECK(record.calls[DESTROY] == 0);
    CHECK(asyncore_loop(-1, poller, NULL, 1) == 1); /* ends when the rest does */
    CHECK(record.calls[ACCEPT] == 1);
    CHECK(seconds_since(&start) > 0.99);
    pass(1);
    CHECK(record.calls[ACCEPT] == 2); /* and again */
    d->ops.handle_error = dispatcher_handle_error;
    CHECK(asyncore_loop(-1, poller, NULL, 2) == 1);
    CHECK(record.calls[ACCEPT] == 3);
    CHECK(record.calls[CLOSE] == 0); /* the base's method does not close it, either */
    asyncore_close_all(NULL);
    close(client);
}

static void without_descriptors_there_is_no_epoll(void)
{
    struct record record = {0};
    struct dispatcher *d;

    open_pair(&record, &d);
    use_up_descriptors();
    int result = asyncore_loop(0, poller, NULL, 1);
    CHECK(result == (poller == ASYNCORE_EPOLL ? -1 : 1));
    CHECK(result == 1 || errno == EMFILE);
    CHECK(record.calls[ERROR] == 0);
    asyncore_close_all(NULL);
}

/* What accept4 returns, in place of the system's; 0: what the system says. */
static int accept_fails;

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    (void)flags;
    if (accept_fails != 0) {
        errno = accept_fails;
        return -1;
    }
    return accept(fd, address, length);
}

/* An error of the new connection, which accept(2) passes on: the listener stays. */
static void an_error_of_the_network_in_accept(void)
{
    static const int errors[] = {ECONNABORTED, EPROTO,       EPERM,       ENETDOWN,
                                 ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT, EOPNOTSUPP,
                                 EHOSTDOWN,    ENONET};
    struct record record = {0};
    struct dispatcher *d;
    int client = provoke(&record, ACCEPT, &d);

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        accept_fails = errors[i];
        pass(1);
        CHECK(record.calls[ACCEPT] == (int)i + 1);
    }
    accept_fails = 0;
    pass(1);
    CHECK(record.calls[ERROR] == 0 && d->accepting);
    asyncore_close_all(NULL);
    close(client);
}

static void a_free_descriptor_ends_the_rest(void)
{
    struct record record = {0};
    struct record leaver = {0};
    struct dispatcher *d, *leaving;
    int client;

    open_pair(&leaver, &leaving);
    pass(1);
    client = provoke(&record, ACCEPT, &d);
    use_up_descriptors();
    pass(2);
    CHECK(record.error == EMFILE);
    record.error = 0;
    dispatcher_close(leaving);
    pass(2);
    CHECK(leaver.calls[DESTROY] == 1);
    CHECK(record.calls[ACCEPT] == 2);
    CHECK(record.error == 0);
    asyncore_close_all(NULL);
    close(client);
}

static void past_fd_setsize(void)
{
    struct record high = {.closes = ERROR};
    struct record low = {0};
    struct dispatcher *d;
    struct rlimit limit;
    int pair[2];

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = FD_SETSIZE + 10;
    CHECK(limit.rlim_max >= limit.rlim_cur);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    give(open_pair(&low, &d), 10);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(dup2(pair[0], FD_SETSIZE) == FD_SETSIZE);
    open_probe(&high, FD_SETSIZE);
    give(pair[1], 10);
    pass(2);
    CHECK(low.received == 10);
    CHECK(high.error == (poller == ASYNCORE_SELECT ? EMFILE : 0));
    CHECK(high.received == (poller == ASYNCORE_SELECT ? 0 : 10));
    CHECK(high.calls[DESTROY] == (poller == ASYNCORE_SELECT));
    asyncore_close_all(NULL);
    CHECK(dup2(pair[1], FD_SETSIZE) == FD_SETSIZE);
    high.closes = high.calls[ERROR] > 0 ? ERROR : READ;
    open_probe(&high, FD_SETSIZE); /* it is the only one: there is nobody to wait for */
    give(pair[0], 10);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
}

/* ---- the loop ---- */

static void count_and_timeout_of_loop(void)
{
    struct record record = {0};
    struct dispatcher *d;
    struct timespec start;
    int other = open_pair(&record, &d);

    clock_gettime(CLOCK_MONOTONIC, &start);
    CHECK(asyncore_loop(0.05, poller, NULL, 3) == 1);
    CHECK(seconds_since(&start) >= 0.14);
    CHECK(asyncore_loop(-1, poller, NULL, 0) == 1);
    give(other, 5);
    CHECK(asyncore_loop(1e9, poller, NULL, 1) == 1);
    CHECK(record.received == 5);
    close(other);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
}

static void two_maps(void)
{
    struct socket_map map = {0};
    struct record record = {0};
    struct record in_default = {0};
    struct dispatcher *d;
    struct probe *probe = malloc(sizeof *probe);
    int pair[2];

    CHECK(probe != NULL);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    probe->record = &record;
    CHECK(dispatcher_init(&probe->dispatcher, &probe_ops, pair[0], &map) == 0);
    give(pair[1], 5);
    give(open_pair(&in_default, &d), 5);
    CHECK(asyncore_loop(0, poller, &map, 1) == 1);
    CHECK(record.received == 5);
    CHECK(in_default.received == 0);
    asyncore_close_all(&map);
    CHECK(map.count == 0 && map.objects == NULL);
    asyncore_close_all(NULL);
}

static void on_signal(int number)
{
    (void)number;
}

static void a_signal_ends_the_wait(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerval soon = {.it_value.tv_usec = 50000, .it_interval.tv_usec = 50000};
    struct record record = {0};
    struct dispatcher *d;

    open_pair(&record, &d);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == -1);
    CHECK(errno == EINTR);
    CHECK(record.calls[ERROR] == 0);
    asyncore_close_all(NULL);
}

static int loops_inside(struct dispatcher *d)
{
    (void)d;
    return asyncore_loop(0, poller, NULL, 1);
}

static void a_loop_inside_a_handler(void)
{
    struct record record = {.closes = ERROR};
    struct dispatcher *d;
    int other = open_pair(&record, &d);

    d->ops.handle_read = loops_inside;
    give(other, 1);
    pass(2);
    CHECK(record.error == EDEADLK);
    CHECK(record.calls[DESTROY] == 1);
}

/* It runs between two passes; none of the two calls may destroy the map under the loop. */
static int closes_all_and_loops(struct dispatcher *d)
{
    dispatcher_handle_close(d);
    asyncore_close_all(NULL);
    CHECK(record_of(d)->calls[DESTROY] == 0);
    CHECK(asyncore_loop(0, poller, NULL, 1) == -1 && errno == EDEADLK);
    errno = EIO;
    return note(d, CLOSE) == 0 ? -1
                               : 0; /* an error: the loop looks at the object again */
}

static void close_all_and_loop_between_the_passes(void)
{
    struct record record = {.deaf = true};
    struct record second = {0};
    struct dispatcher *d, *other;

    reset(open_tcp_pair(&record, &d));
    open_pair(&second, &other);
    d->ops.handle_close = closes_all_and_loops;
    CHECK(dispatcher_send(d, "Hello", 5) == 5);
    CHECK(dispatcher_send(d, "Hello", 5) == 5);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.calls[CLOSE] == 1 && record.error == EIO);
    CHECK(record.calls[DESTROY] == 1 && second.calls[DESTROY] == 1);
}

static void another_poller_in_each_pass(void)
{
    struct record record = {0};
    struct dispatcher *d;
    int other = open_pair(&record, &d);

    for (size_t i = 0; i < 12; i++) {
        give(other, 1);
        poller = (enum asyncore_poller)(i % 3);
        record.deaf = i % 4 == 1;
        dispatcher_update(d);
        pass(1);
        CHECK(record.received == (record.deaf ? i : i + 1));
    }
    asyncore_close_all(NULL);
}

static void one_wakes_another(void)
{
    struct record writer = {0};
    struct record reader = {0};
    struct dispatcher *d;

    open_pair(&writer, &reader.woken);
    int other = open_pair(&reader, &d);
    pass(1);
    CHECK(writer.calls[WRITE] == 0);
    give(other, 1);
    pass(2);
    CHECK(writer.calls[WRITE] > 0);
    asyncore_close_all(NULL);
}

static void only_who_had_an_event_is_asked(void)
{
    struct record idle = {0};
    struct record busy = {0};
    struct dispatcher *d;

    open_pair(&idle, &d);
    int other = open_pair(&busy, &d);
    pass(1);
    int before = idle.asked;
    for (int i = 0; i < 10; i++) {
        give(other, 1);
        pass(1);
    }
    CHECK(busy.received == 10);
    CHECK(idle.asked == before + (poller == ASYNCORE_EPOLL ? 0 : 10));
    asyncore_close_all(NULL);
}

static void many_objects(void)
{
    static struct record record[200];
    struct dispatcher *d;

    for (int i = 0; i < 200; i++)
        give(open_pair(&record[i], &d), 1);
    pass(2);
    for (int i = 0; i < 200; i++)
        CHECK(record[i].received == 1);
    asyncore_close_all(NULL);
}

static void names_of_pollers(void)
{
    CHECK(asyncore_poller_named(asyncore_poller_names[poller]) == poller);
}

/* ---- other classes ---- */

/* A table without an entry: it wants all, and does nothing with it. */
static void an_object_of_the_base(void)
{
    static const struct dispatcher_ops none = {0};
    struct dispatcher d;
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(dispatcher_init(&d, &none, pair[0], NULL) == 0);
    CHECK(d.connected);
    give(pair[1], 1);
    pass(2);
    CHECK(!d.closing);
    asyncore_close_all(NULL);
    close(pair[1]);
}

static void datagrams(void)
{
    struct record record = {0};
    struct sockaddr_in any = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    struct dispatcher *d = open_probe(&record, -1);

    CHECK(dispatcher_create_socket(d, AF_INET, SOCK_DGRAM) == 0);
    CHECK(dispatcher_bind(d, (struct sockaddr *)&any, sizeof any) == 0);
    CHECK(getsockname(d->fd, (struct sockaddr *)&address, &length) == 0);
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(sendto(other, "Hello", 5, 0, (struct sockaddr *)&address, length) == 5);
    pass(1);
    CHECK(record.received == 5);
    asyncore_close_all(NULL);
    close(other);
}

/* More than the kernel takes: it waits, and arrives whole and in order. */
static void with_send_keeps_what_does_not_fit(void)
{
    enum { SIZE = 3000000, STEP = 70000 };
    static const struct dispatcher_ops none = {0};
    static unsigned char bytes[SIZE], got[SIZE];
    struct dispatcher_with_send w;
    size_t done = 0, arrived = 0;
    int pair[2];

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(dispatcher_with_send_init(&w, &none, pair[0], NULL) == 0);
    struct dispatcher *d = &w.dispatcher;
    while (arrived < SIZE) {
        size_t part = SIZE - done < STEP ? SIZE - done : STEP;
        CHECK(d->ops.send(d, bytes + done, part) == (ssize_t)part);
        done += part;
        pass(1);
        ssize_t count = recv(pair[1], got + arrived, 50000, 0);
        CHECK(count > 0);
        arrived += (size_t)count;
    }
    CHECK(memcmp(bytes, got, SIZE) == 0);
    CHECK(dispatcher_with_send_waiting(&w) == 0);
    CHECK(!d->ops.writable(d));
    asyncore_close_all(NULL);
    close(pair[1]);
}

/* It was told to send before the connection was there. */
static void with_send_before_it_is_connected(void)
{
    static const struct dispatcher_ops none = {0};
    struct dispatcher_with_send w;
    struct sockaddr_storage address;
    char bytes[10];
    int listener = open_listener(&address);

    CHECK(dispatcher_with_send_init(&w, &none, -1, NULL) == 0);
    struct dispatcher *d = &w.dispatcher;
    CHECK(dispatcher_create_socket(d, AF_INET, SOCK_STREAM) == 0);
    CHECK(dispatcher_connect(d, (struct sockaddr *)&address,
                             sizeof(struct sockaddr_in)) == 0);
    CHECK(d->ops.send(d, "Hello", 5) == 5);
    int client = accept(listener, NULL, NULL);
    pass(2);
    CHECK(recv(client, bytes, sizeof bytes, 0) == 5);
    asyncore_close_all(NULL);
    close(client);
    close(listener);
}

static void there_is_no_room(void)
{
    static const char bytes[100000];
    struct record record = {0};
    struct dispatcher *d;
    int other = open_pair(&record, &d);
    ssize_t sent;

    do
        sent = dispatcher_send(d, bytes, sizeof bytes);
    while (sent > 0);
    CHECK(sent == 0);
    asyncore_close_all(NULL);
    close(other);
}

/* A datagram that is too long: no connection has ended, so it is an error. */
static void what_can_not_be_sent(void)
{
    static const struct dispatcher_ops none = {0};
    static char bytes[1000000];
    struct dispatcher_with_send w;
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    CHECK(dispatcher_with_send_init(&w, &none, pair[0], NULL) == 0);
    struct dispatcher *d = &w.dispatcher;
    CHECK(d->ops.send(d, bytes, sizeof bytes) == -1 && errno == EMSGSIZE);
    CHECK(dispatcher_with_send_waiting(&w) == 0);
    CHECK(dispatcher_with_send_initiate_send(&w) == 0); /* nothing waits */
    asyncore_close_all(NULL);
    close(pair[1]);
}

static const struct dispatcher_ops file_probe_ops = {
    .readable = probe_readable,
    .writable = probe_writable,
    .handle_read = probe_handle_read,
    .handle_write = probe_handle_write,
    .handle_close = probe_handle_close,
    .handle_error = probe_handle_error,
    .destroy = probe_destroy,
};

static struct dispatcher *open_file_probe(struct record *record, int fd)
{
    struct probe *probe = malloc(sizeof *probe);
    CHECK(probe != NULL);
    probe->record = record;
    CHECK(file_dispatcher_init(&probe->dispatcher, &file_probe_ops, fd, NULL) == 0);
    return &probe->dispatcher;
}

static void files_that_are_pipes(void)
{
    struct record reader = {0};
    struct record writer = {.deaf = true};
    char bytes[10];
    int ends[2];

    CHECK(pipe(ends) == 0);
    open_file_probe(&reader, ends[0]);
    struct dispatcher *d = open_file_probe(&writer, ends[1]);
    CHECK(d->ops.send(d, "Hello", 5) == 5);
    pass(1);
    CHECK(reader.received == 5);
    CHECK(write(ends[1], "caller's", 8) == 8); /* that one is still its own */
    CHECK(read(ends[0], bytes, 8) == 8);
    CHECK(dispatcher_handle_expt_event(d) == 0); /* a file has no SO_ERROR */
    close(ends[1]);
    dispatcher_close(d);
    pass(2);
    CHECK(reader.calls[CLOSE] == 1); /* the end of the file */
    CHECK(asyncore_loop(0, poller, NULL, 1) == 0);
    close(ends[0]);
}

static void a_pipe_whose_reader_is_gone(void)
{
    struct record record = {.deaf = true};
    int ends[2];

    signal(SIGPIPE, SIG_IGN);
    CHECK(pipe(ends) == 0);
    struct dispatcher *d = open_file_probe(&record, ends[1]);
    close(ends[0]);
    CHECK(d->ops.send(d, "Hello", 5) == 5);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.calls[CLOSE] == 1);
}

static void a_regular_file(void)
{
    struct record record = {.closes = ERROR};
    FILE *file = tmpfile();

    CHECK(file != NULL);
    CHECK(fputs("Hello", file) >= 0 && fflush(file) == 0);
    rewind(file);
    open_file_probe(&record, fileno(file));
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.received == (poller == ASYNCORE_EPOLL ? 0 : 5));
    CHECK(record.error == (poller == ASYNCORE_EPOLL ? EPERM : 0));
}

/* ---- what fails ---- */

static void bad_descriptors(void)
{
    static const struct dispatcher_ops none = {0};
    struct dispatcher d, second;
    int ends[2];

    CHECK(dispatcher_init(&d, &none, 1000000, NULL) == -1 && errno == EBADF);
    CHECK(file_dispatcher_init(&d, &none, 1000000, NULL) == -1 && errno == EBADF);
    CHECK(pipe(ends) == 0);
    CHECK(dispatcher_init(&d, &none, ends[0], NULL) == -1 && errno == ENOTSOCK);
    CHECK(dispatcher_init(&d, &none, -1, NULL) == 0);
    CHECK(dispatcher_create_socket(&d, AF_INET, -1) == -1);
    CHECK(dispatcher_create_socket(&d, AF_INET, SOCK_STREAM) == 0);
    CHECK(dispatcher_create_socket(&d, AF_INET, SOCK_STREAM) == -1 && errno == EEXIST);
    CHECK(dispatcher_init(&second, &none, d.fd, NULL) == -1 && errno == EEXIST);
    struct sockaddr_in nobodys = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(0xc0000201)};
    CHECK(dispatcher_bind(&d, (struct sockaddr *)&nobodys, sizeof nobodys) == -1);
    CHECK(dispatcher_connect(&d, (struct sockaddr *)&nobodys, 1) == -1);
    CHECK(dispatcher_recv(&d, ends, 0) != -1);
    asyncore_close_all(NULL);
}

/* The base's handle_error: one line, and the object is closed. */
static void an_error_that_nobody_handles(void)
{
    struct record record = {.fails = READ};
    struct dispatcher *d;
    int other = open_pair(&record, &d);

    d->ops.handle_error = dispatcher_handle_error;
    give(other, 1);
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(record.calls[CLOSE] == 1 && record.calls[DESTROY] == 1);
    close(other);

    struct record refused = {0};
    struct sockaddr_storage address;
    close(open_listener(&address));
    d = open_connecting(&refused, &address);
    d->ops.handle_error = dispatcher_handle_error;
    CHECK(asyncore_loop(-1, poller, NULL, -1) == 0);
    CHECK(refused.calls[CLOSE] == 1);
}

#define TEST(name)                                                                       \
    {                                                                                    \
#name, name                                                                      \
    }

static const struct test tests[] = {
    TEST(close_inside_every_handler),
    TEST(nothing_is_called_after_a_close),
    TEST(an_error_from_every_handler),
    TEST(closed_by_another_of_the_same_pass),
    TEST(a_descriptor_is_not_reused_within_a_pass),
    TEST(close_all_inside_and_outside_a_handler),
    TEST(closed_outside_the_loop),
    TEST(closed_while_a_duplicate_is_open),
    TEST(hangup_with_unread_data),
    TEST(answers_to_one_who_has_left),
    TEST(a_reset_is_a_close),
    TEST(gone_while_it_does_not_read),
    TEST(an_urgent_byte_that_nobody_takes),
    TEST(an_urgent_byte),
    TEST(nothing_is_left_to_read),
    TEST(connect_succeeds),
    TEST(connected_at_once),
    TEST(connect_refused),
    TEST(a_listener_of_the_base),
    TEST(without_descriptors_the_listener_rests),
    TEST(without_descriptors_there_is_no_epoll),
    TEST(an_error_of_the_network_in_accept),
    TEST(a_free_descriptor_ends_the_rest),
    TEST(past_fd_setsize),
    TEST(count_and_timeout_of_loop),
    TEST(two_maps),
    TEST(a_signal_ends_the_wait),
    TEST(a_loop_inside_a_handler),
    TEST(close_all_and_loop_between_the_passes),
    TEST(another_poller_in_each_pass),
    TEST(one_wakes_another),
    TEST(only_who_had_an_event_is_asked),
    TEST(many_objects),
    TEST(names_of_pollers),
    TEST(an_object_of_the_base),
    TEST(datagrams),
    TEST(with_send_keeps_what_does_not_fit),
    TEST(with_send_before_it_is_connected),
    TEST(there_is_no_room),
    TEST(what_can_not_be_sent),
    TEST(files_that_are_pipes),
    TEST(a_pipe_whose_reader_is_gone),
    TEST(a_regular_file),
    TEST(bad_descriptors),
    TEST(an_error_that_nobody_handles),
    {0},
};

int main(int argc, char **argv)
{
    return run_with_each_poller(tests, argc, argv);
}
