/*
 * guard.c - limits for an address, as guard.h says.
 */
#include "guard.h"

#include "net.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAILURES = 256,     /* addresses whose failures are remembered */
    LONGEST_DELAY = 30, /* seconds */
    MEMORY = 60,        /* seconds after which a failure is forgotten */
};

/* A connection that is open. */
struct connection {
    int fd;
    struct in6_addr address;
};

/* What passwords of an address have been wrong. */
struct failure {
    struct in6_addr address;
    double last;  /* when, as net_now says; 0: this place is free */
    double delay; /* in seconds, from then on */
};

/* Of all below. A list is short, and is read from one end to the other. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct connection *connections;
static size_t connected, room; /* how many there are, and how many fit */
static struct failure failures[FAILURES];

/* The address alone, as one of IPv6: 127.0.0.1 is ::ffff:127.0.0.1, as which it may come, too. */
static struct in6_addr address_of(const struct sockaddr_storage *peer)
{
    struct in6_addr address = {0};

    if (peer->ss_family == AF_INET6) {
        address = ((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    } else if (peer->ss_family == AF_INET) {
        memset(address.s6_addr + 10, 0xff, 2);
        memcpy(address.s6_addr + 12,
               &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
    }
    return address;
}

static bool is_same(const struct in6_addr *a, const struct in6_addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- connections of an address ---- */

/* As guard_enter, under the lock. */
static int add_connection(int fd, struct in6_addr address, long max)
{
    long same = 0;

    for (size_t i = 0; i < connected; i++)
        same += is_same(&connections[i].address, &address);
    if (max > 0 && same >= max) {
        errno = EUSERS;
        return -1;
    }
    if (connected == room) {
        size_t wanted = room == 0 ? 16 : 2 * room;
        struct connection *larger = realloc(connections, wanted * sizeof *larger);
        if (larger == NULL)
            return -1;
        connections = larger;
        room = wanted;
    }
    connections[connected++] = (struct connection){.fd = fd, .address = address};
    return 0;
}

int guard_enter(int fd, const struct sockaddr_storage *peer, long max)
{
    pthread_mutex_lock(&lock);
    int status = add_connection(fd, address_of(peer), max);
    pthread_mutex_unlock(&lock);
    return status;
}

void guard_leave(int fd)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < connected; i++) {
        if (connections[i].fd == fd) {
            connections[i] = connections[--connected];
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

/* ---- wrong passwords: all these are called under the lock ---- */

/* Returns what is remembered of the address, or NULL. */
static struct failure *find_failure(struct in6_addr address)
{
    for (int i = 0; i < FAILURES; i++) {
        struct failure *failure = &failures[i];
        if (failure->last > 0 && is_same(&failure->address, &address))
            return net_now() - failure->last < MEMORY ? failure : NULL;
    }
    return NULL;
}

/* Returns a place for the address: the one that it has, or else a free one or the oldest. */
static struct failure *find_place(struct in6_addr address)
{
    struct failure *oldest = &failures[0];

    for (int i = 0; i < FAILURES; i++) {
        if (failures[i].last > 0 && is_same(&failures[i].address, &address))
            return &failures[i];
        if (failures[i].last < oldest->last)
            oldest = &failures[i];
    }
    return oldest;
}

double guard_delay(const struct sockaddr_storage *peer)
{
    double left = 0;

    pthread_mutex_lock(&lock);
    const struct failure *failure = find_failure(address_of(peer));
    if (failure != NULL)
        left = failure->last + failure->delay - net_now();
    pthread_mutex_unlock(&lock);
    return left > 0 ? left : 0;
}

void guard_count_failure(const struct sockaddr_storage *peer, double base)
{
    const struct in6_addr address = address_of(peer);

    pthread_mutex_lock(&lock);
    const struct failure *before = find_failure(address);
    double delay = before == NULL ? base : 2 * before->delay;
    if (delay > LONGEST_DELAY)
        delay = LONGEST_DELAY;
    *find_place(address) =
        (struct failure){.address = address, .last = net_now(), .delay = delay};
    pthread_mutex_unlock(&lock);
}

void guard_forget(const struct sockaddr_storage *peer)
{
    pthread_mutex_lock(&lock);
    struct failure *failure = find_failure(address_of(peer));
    if (failure != NULL)
        failure->last = 0;
    pthread_mutex_unlock(&lock);
}
