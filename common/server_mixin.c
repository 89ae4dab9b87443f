/*
 * server_mixin.c - threads and processes for the requests of a server, as server_mixin.h
 * describes them.
 *
 * Each mixin ends with its table of methods, and the function that puts it over a server. A method
 * gets the server, and finds its mixin by its name.
 */
#include "server_mixin.h"
#include "base_server.h"
#include "class.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STACK_SIZE = 64 * 1024 };

/* Sets errno, and returns -1. */
static int fail(int error)
{
    errno = error;
    return -1;
}

/* ---- every mixin ---- */

void server_mix_in(struct server *server, struct server_mixin *mixin, const char *name,
                   const struct server_ops *ops)
{
    struct server_ops all = *ops;

    *mixin = (struct server_mixin){name, server->ops, server->mixins};
    server_inherit(&all, &mixin->super);
    server->ops = all;
    server->mixins = mixin;
}

struct server_mixin *server_mixin_named(const struct server *server, const char *name)
{
    struct server_mixin *mixin = server->mixins;

    while (mixin != NULL && strcmp(mixin->name, name) != 0)
        mixin = mixin->next;
    return mixin;
}

/* ---- ThreadingMixIn ---- */

static const char THREADING[] = "threading";

static struct threading_mixin *threading_of(const struct server *server)
{
    return container_of(server_mixin_named(server, THREADING), struct threading_mixin,
                        base);
}

/* What a thread must know. It owns this. */
struct request_thread {
    struct server *server;
    struct request request;
};

static void count_threads(struct threading_mixin *mixin, int change)
{
    pthread_mutex_lock(&mixin->lock);
    mixin->active += (size_t)change;
    if (change < 0)
        pthread_cond_broadcast(&mixin->ended);
    pthread_mutex_unlock(&mixin->lock);
}

/* process_request_thread */
static void *run_request_thread(void *argument)
{
    struct request_thread *thread = argument;
    struct server *server = thread->server;
    struct threading_mixin *mixin = threading_of(server);

    if (server->ops.finish_request(server, &thread->request) == -1)
        server->ops.handle_error(server, &thread->request, errno);
    server->ops.shutdown_request(server, &thread->request);
    free(thread);
    count_threads(mixin, -1);
    return NULL;
}

/*
 * Starts a thread that owns `thread`. It is detached, so that its stack is given back as soon
 * as it ends, and takes no signals: they are for the program's own threads.
 * Returns 0, or an error number.
 */
static int start_request_thread(struct request_thread *thread, size_t stack_size)
{
    pthread_t id;
    pthread_attr_t attributes;
    sigset_t all, before;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_attr_setstacksize(&attributes, stack_size);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error == 0)
        error = pthread_create(&id, &attributes, run_request_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static int threading_process_request(struct server *server, const struct request *request)
{
    struct threading_mixin *mixin = threading_of(server);
    struct request_thread *thread = malloc(sizeof *thread);

    if (thread == NULL)
        return -1;
    /* EXERCISE 4: fill *thread with the server and a copy of the request, count the thread,
     * and start it. If that fails, take both back, and return -1 with the error in errno */
    *thread = (struct request_thread){server, *request};
    count_threads(mixin, +1);
    int error = start_request_thread(thread, mixin->stack_size);
    if (error != 0) {
        count_threads(mixin, -1);
        free(thread);
        return fail(error);
    }
    return 0;
    /* END EXERCISE */
}

/* The threads come first: for datagrams, they answer on the server's own socket. */
static int threading_server_close(struct server *server)
{
    struct threading_mixin *mixin = threading_of(server);

    if (mixin->block_on_close && !mixin->daemon_threads) {
        pthread_mutex_lock(&mixin->lock);
        while (mixin->active > 0)
            pthread_cond_wait(&mixin->ended, &mixin->lock);
        pthread_mutex_unlock(&mixin->lock);
    }
    return mixin->base.super.server_close(server);
}

static size_t threading_active_requests(struct server *server)
{
    struct threading_mixin *mixin = threading_of(server);

    pthread_mutex_lock(&mixin->lock);
    size_t active = mixin->active;
    pthread_mutex_unlock(&mixin->lock);
    return active + mixin->base.super.active_requests(server);
}

static const struct server_ops threading_ops = {
    .process_request = threading_process_request,
    .server_close = threading_server_close,
    .active_requests = threading_active_requests,
};

void threading_mixin(struct server *server, struct threading_mixin *mixin)
{
    const long least = sysconf(_SC_THREAD_STACK_MIN); /* more than 64 KiB on ARM */

    *mixin = (struct threading_mixin){
        .block_on_close = true,
        .stack_size = least > STACK_SIZE ? (size_t)least : STACK_SIZE,
    };
    pthread_mutex_init(&mixin->lock, NULL);
    pthread_cond_init(&mixin->ended, NULL);
    server_mix_in(server, &mixin->base, THREADING, &threading_ops);
}

/* ---- ForkingMixIn ---- */

static const char FORKING[] = "forking";

static struct forking_mixin *forking_of(const struct server *server)
{
    return container_of(server_mixin_named(server, FORKING), struct forking_mixin, base);
}

void forking_mixin_collect_children(struct server *server, bool blocking)
{
    struct forking_mixin *mixin = forking_of(server);
    size_t i = 0;

    while (i < mixin->count) {
        pid_t id = waitpid(mixin->active_children[i], NULL, blocking ? 0 : WNOHANG);
        if (id > 0 || (id == -1 && errno == ECHILD)) /* (somebody else has reaped it) */
            mixin->active_children[i] = mixin->active_children[--mixin->count];
        else if (id == 0)
            i++;
    }
}

/* Returns 0 with room for one more child, or -1 with errno ENOMEM. */
static int reserve_child(struct forking_mixin *mixin)
{
    if (mixin->count < mixin->size)
        return 0;
    size_t size = mixin->size == 0 ? 16 : 2 * mixin->size;
    pid_t *children = realloc(mixin->active_children, size * sizeof *children);
    if (children == NULL)
        return -1;
    mixin->active_children = children;
    mixin->size = size;
    return 0;
}

/*
 * Forks. In the child, SIGTERM has its default action, from the first moment on: until then,
 * all signals are blocked. The lock is held, so that the child does not get one that another
 * thread holds, and that nobody would ever release there.
 * Returns as fork(2) does.
 */
static pid_t fork_child(struct server *server)
{
    struct sigaction ends = {.sa_handler = SIG_DFL};
    sigset_t all, mask;

    sigemptyset(&ends.sa_mask);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    pthread_mutex_lock(&server->lock);
    pid_t id = fork();
    pthread_mutex_unlock(&server->lock);
    if (id == 0) {
        sigaction(SIGTERM, &ends, NULL);
        sigdelset(&mask, SIGTERM);
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return id;
}

/* The child's life. It must not go back into the server's loop, so it ends here. */
static _Noreturn void run_child(struct server *server, const struct request *request)
{
    int status = EXIT_SUCCESS;

    server_leave_to_parent(server, request);
    if (server->ops.finish_request(server, request) == -1) {
        server->ops.handle_error(server, request, errno);
        status = EXIT_FAILURE;
    }
    server->ops.shutdown_request(server, request);
    _exit(status); /* exit would also do what the parent does at its end */
}

/*
 * Waits until there may be one child more. To be told of a child's end takes SIGCHLD, which
 * belongs to the program: so this looks every 10 ms.
 * Returns 0, or -1 with errno ECANCELED if server_shutdown was called.
 */
static int wait_for_place(struct server *server)
{
    struct forking_mixin *mixin = forking_of(server);
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};

    forking_mixin_collect_children(server, false);
    while (mixin->count >= mixin->max_children) {
        if (server_stop_requested(server))
            return fail(ECANCELED);
        nanosleep(&moment, NULL);
        forking_mixin_collect_children(server, false);
    }
    return 0;
}

static int forking_process_request(struct server *server, const struct request *request)
{
    struct forking_mixin *mixin = forking_of(server);

    if (wait_for_place(server) == -1 || reserve_child(mixin) == -1)
        return -1;
    pid_t id = fork_child(server);
    if (id == -1)
        return -1;
    if (id == 0)
        run_child(server, request);
    mixin->active_children[mixin->count++] = id;
    server->ops.close_request(server, request);
    return 0;
}

static void forking_service_actions(struct server *server)
{
    forking_mixin_collect_children(server, false);
    forking_of(server)->base.super.service_actions(server);
}

static void forking_handle_timeout(struct server *server)
{
    forking_mixin_collect_children(server, false);
    forking_of(server)->base.super.handle_timeout(server);
}

static int forking_server_close(struct server *server)
{
    struct forking_mixin *mixin = forking_of(server);

    pthread_mutex_lock(&server->lock);
    const bool aborting = server->aborting;
    pthread_mutex_unlock(&server->lock);
    if (aborting)
        for (size_t i = 0; i < mixin->count; i++)
            kill(mixin->active_children[i], SIGTERM);
    forking_mixin_collect_children(server, mixin->block_on_close);
    free(mixin->active_children);
    mixin->active_children = NULL;
    mixin->count = mixin->size = 0;
    return mixin->base.super.server_close(server);
}

static size_t forking_active_requests(struct server *server)
{
    struct forking_mixin *mixin = forking_of(server);

    forking_mixin_collect_children(server, false);
    return mixin->count + mixin->base.super.active_requests(server);
}

static const struct server_ops forking_ops = {
    .process_request = forking_process_request,
    .server_close = forking_server_close,
    .service_actions = forking_service_actions,
    .handle_timeout = forking_handle_timeout,
    .active_requests = forking_active_requests,
};

void forking_mixin(struct server *server, struct forking_mixin *mixin)
{
    *mixin = (struct forking_mixin){.max_children = 40, .block_on_close = true};
    if (server->timeout == 0)
        server->timeout = 300;
    server_mix_in(server, &mixin->base, FORKING, &forking_ops);
}

/* ---- the ready-made combinations ---- */

#define COMBINE(mixin, kind)                                                             \
    void mixin##_##kind##_server_init(struct server *server, struct mixin##_mixin *m,    \
                                      const struct server_ops *ops,                      \
                                      const struct request_handler_class *handler_class) \
    {                                                                                    \
        kind##_server_init(server, ops, handler_class);                                  \
        mixin##_mixin(server, m);                                                        \
    }

COMBINE(threading, tcp)
COMBINE(threading, udp)
COMBINE(threading, unix_stream)
COMBINE(threading, unix_datagram)
COMBINE(forking, tcp)
COMBINE(forking, udp)
COMBINE(forking, unix_stream)
COMBINE(forking, unix_datagram)
