/*
 * process.h - a process for each client, which ends when the client leaves.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "net.h"
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* The processes that serve clients. There is room for limits.max_clients. */
static pid_t *children;
static long child_count;

/* It interrupts accept, so that main comes to reap_children: that is all it is for. */
static inline void on_child_end(int signal_number)
{
    (void)signal_number;
}

/* Takes leave of every child that has ended. One that nobody waits for stays a zombie. */
static inline void reap_children(void)
{
    /* EXERCISE 3: as long as waitpid returns the id of a child that has ended, and without
     * waiting for one that has not, take the id out of `children` */
    pid_t id;
    while ((id = waitpid(-1, NULL, WNOHANG)) > 0) {
        long i = 0;
        while (children[i] != id)
            i++;
        children[i] = children[--child_count];
    }
    /* END EXERCISE */
}

/* Ends every child, and waits until all have ended. */
static inline void stop_children(void)
{
    /* EXERCISE 4: send SIGTERM to each child, and wait until there are no more */
    for (long i = 0; i < child_count; i++)
        kill(children[i], SIGTERM);
    while (wait(NULL) != -1 || errno == EINTR)
        ;
    /* END EXERCISE */
}

/*
 * Serves a client in a process. After fork there are two processes, each with a descriptor
 * of the listener and of the client. Each closes the one that it does not need.
 */
static inline void start_process(int listener, int client, const char *name)
{
    /* EXERCISE 2: fork; the child closes the listener, serves the client and ends with _exit;
     * the parent adds the child's id to `children`, and closes the client's socket; if there
     * is no child, the client is refused */
    pid_t id = fork();
    switch (id) {
    case -1: /* no process, or no memory: only this client is lost */
        refuse_client(client, name, strerror(errno));
        break;
    case 0: /* the child */
        close(listener);
        serve_client(client, name);
        _exit(EXIT_SUCCESS); /* exit would also do what the parent does at its end */
    default:                 /* the parent; `id` is the child */
        children[child_count++] = id;
        close(client);
    }
    /* END EXERCISE */
}

/* Prepares for children. Returns 0, or -1 with errno set. */
static inline int prepare_for_children(int listener)
{
    struct sigaction child_end = {.sa_handler = on_child_end};

    sigemptyset(&child_end.sa_mask);
    children = calloc((size_t)limits.max_clients, sizeof *children);
    if (children == NULL || sigaction(SIGCHLD, &child_end, NULL) == -1)
        return -1;
    /* The signal may come just before accept, which then would not notice it. So accept
     * gives up once a second, and no child stays a zombie for longer. */
    return net_set_timeout(listener, 1);
}

#endif
