/*
 * thread.c - a thread for each client, as thread.h describes it.
 */
#include "thread.h"
#include "net.h"
#include "service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a thread must know. Each has its own: main soon writes the next client's. */
struct client {
    int fd;
    char name[NET_NAME_SIZE];
};

/* How many clients there are. main counts up and each thread counts down, so it takes a lock. */
static long clients;
static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;

/* Adds `change` to the number of clients. Returns the new number. */
static long count_clients(long change)
{
    pthread_mutex_lock(&clients_lock);
    long count = clients += change;
    pthread_mutex_unlock(&clients_lock);
    return count;
}

long thread_count(void)
{
    return count_clients(0);
}

/* A thread begins here, and ends when this returns. It owns its struct client. */
static void *run_thread(void *argument)
{
    struct client *client = argument;

    service_serve(client->fd, client->name);
    close(client->fd);
    free(client);
    count_clients(-1);
    return NULL;
}

/*
 * Starts a thread for `client`, which it will own. The thread is detached: nobody waits for
 * it with pthread_join, so its memory is given back as soon as it ends.
 *
 * A new thread begins with the signal mask of the one that creates it: the set of signals that
 * do not reach it for now. So main blocks all signals while it creates a thread. They stay blocked
 * in that thread, and come to main alone, which waits in accept.
 * Returns 0, or an error number such as EAGAIN.
 */
static int create_thread(struct client *client)
{
    pthread_t thread;
    pthread_attr_t detached;
    sigset_t all, before;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, &detached, run_thread, client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    return error;
}

void thread_start(int fd, const char *name)
{
    /* EXERCISE 1: give the thread a struct client of its own, count the client, and create
     * the thread; if that fails, count down, free the struct and refuse the client */
    struct client *client = malloc(sizeof *client);
    if (client == NULL) {
        service_refuse(fd, name, strerror(ENOMEM));
        return;
    }
    client->fd = fd;
    strcpy(client->name, name);
    count_clients(+1);
    int error = create_thread(client);
    if (error != 0) { /* pthread_create does not set errno: it returns the error */
        count_clients(-1);
        free(client);
        service_refuse(fd, name, strerror(error));
    }
    /* END EXERCISE */
}
