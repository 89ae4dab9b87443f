/*
 * show_race.c - threads that count together: what a data race loses, and two cures.
 *
 * Run it:       build/04-tcp-threads/show_race                 (without a lock)
 *               build/04-tcp-threads/show_race --lock mutex
 *               build/04-tcp-threads/show_race --lock atomic
 * It has no partner.
 */
#include "cli.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* main sets this before the first thread starts; then it is only read. */
static long count = 200000; /* how often each thread adds 1 */

/* Without volatile, the compiler might keep the number in a register for the whole loop. */
static volatile long counter;
static pthread_mutex_t counter_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long atomic_counter;

/*
 * This is the mistake: a data race, on purpose. counter++ would be the same three steps, load,
 * add and store, only harder to see. Between the load and the store, other threads count
 * too, and the store undoes it. sched_yield lets them do so even on a single CPU.
 */
static void *add_without_lock(void *unused)
{
    for (long i = 0; i < count; i++) {
        long seen = counter;
        if (i % 1000 == 0)
            sched_yield();
        counter = seen + 1;
    }
    return unused;
}

/* The first cure: between lock and unlock there is only one thread at a time. */
static void *add_with_mutex(void *unused)
{
    for (long i = 0; i < count; i++) {
        pthread_mutex_lock(&counter_lock);
        counter++;
        pthread_mutex_unlock(&counter_lock);
    }
    return unused;
}

/* The second cure: load, add and store are one step, which nothing can come into. */
static void *add_atomically(void *unused)
{
    for (long i = 0; i < count; i++)
        atomic_counter++;
    return unused;
}

/* Runs `add` in so many threads, and waits until all have ended. */
static void run_threads(void *(*add)(void *), long threads)
{
    pthread_t *thread = calloc((size_t)threads, sizeof *thread);
    if (thread == NULL)
        cli_fail("calloc: out of memory");
    for (long i = 0; i < threads; i++) {
        int error = pthread_create(&thread[i], NULL, add, NULL);
        if (error != 0)
            cli_fail("pthread_create: %s", strerror(error));
    }
    for (long i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    free(thread);
}

int main(int argc, char **argv)
{
    static const char *const LOCKS[] = {"none", "mutex", "atomic", NULL};
    static void *(*const ADD[])(void *) = {add_without_lock, add_with_mutex,
                                           add_atomically};
    const char *lock = "none";
    long threads = 4;
    int i = 0;
    const struct cli_option options[] = {
        {"threads", 0, "N", "how many count at once", .number = &threads, .min = 1,
         .max = 1000},
        {"count", 'n', "N", "how often each adds 1", .number = &count, .min = 1,
         .max = 1000000000},
        {"lock", 0, "none|mutex|atomic", "what protects the counter", .text = &lock,
         .choices = LOCKS},
        {0},
    };
    cli_parse(argc, argv, NULL, "Let threads add to one counter, and see what it holds.",
              options);

    while (strcmp(LOCKS[i], lock) != 0)
        i++;
    run_threads(ADD[i], threads);
    long expected = threads * count;
    long found = counter + atomic_counter;
    printf("lock %s: expected %ld, found %ld, lost %ld\n", lock, expected, found,
           expected - found);
    return EXIT_SUCCESS;
}
