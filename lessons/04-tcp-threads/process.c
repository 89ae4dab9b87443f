/*
 * process.c - a process for each client, as process.h describes it.
 */
#include "process.h"
#include "net.h"
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int listening;   /* the socket that no child is to keep */
static pid_t *children; /* the processes that serve clients */
static long child_count;

/* It interrupts accept, so that main comes to process_reap: that is all it is for. */
static void on_child_end(int signal_number)
{
    (void)signal_number;
}

int process_init(int listener, long max)
{
    struct sigaction child_end = {.sa_handler = on_child_end};

    sigemptyset(&child_end.sa_mask);
    listening = listener;
    children = calloc((size_t)max, sizeof *children);
    if (children == NULL || sigaction(SIGCHLD, &child_end, NULL) == -1)
        return -1;
    /* The signal may come just before accept, which then would not notice it. So accept
     * gives up once a second, and no child stays a zombie for longer. */
    return net_set_timeout(listener, 1);
}

/* After fork there are two processes, each with a descriptor of the listener and of the
 * client. Each closes the one that it does not need. */
void process_start(int fd, const char *name)
{
    /* EXERCISE 2: fork; the child closes the listener, serves the client and ends with _exit;
     * the parent adds the child's id to `children`, and closes the client's socket; if there
     * is no child, the client is refused */
    pid_t id = fork();
    switch (id) {
    case -1: /* no process, or no memory: only this client is lost */
        service_refuse(fd, name, strerror(errno));
        break;
    case 0: /* the child */
        close(listening);
        service_serve(fd, name);
        _exit(EXIT_SUCCESS); /* exit would also do what the parent does at its end */
    default:                 /* the parent; `id` is the child */
        children[child_count++] = id;
        close(fd);
    }
    /* END EXERCISE */
}

void process_reap(void)
{
    /* EXERCISE 3: as long as waitpid returns the id of a child that has ended, and without
     * waiting for one that has not, take the id out of `children`, if it is there */
    pid_t id;
    while ((id = waitpid(-1, NULL, WNOHANG)) > 0) {
        long i = 0;
        while (i < child_count && children[i] != id)
            i++;
        /* A program can have children that it did not start: those of the shell that became
         * this program with exec. They are not in the table. */
        if (i < child_count)
            children[i] = children[--child_count];
    }
    /* END EXERCISE */
}

long process_count(void)
{
    return child_count;
}

void process_stop(void)
{
    /* EXERCISE 4: send SIGTERM to each child, and wait for each until it has ended */
    for (long i = 0; i < child_count; i++)
        kill(children[i], SIGTERM);
    for (long i = 0; i < child_count; i++)
        while (waitpid(children[i], NULL, 0) == -1 && errno == EINTR)
            ;
    /* END EXERCISE */
    free(children);
    children = NULL;
    child_count = 0;
}
