/*
 * measure_cost.c - what a thread costs, and what a process costs: it starts so many that only wait,
 * and measures the memory and the time that each has taken.
 *
 * Run it:       build/04-tcp-threads/measure_cost --model thread --count 200
 *               build/04-tcp-threads/measure_cost --model fork --count 200
 * It has no partner.
 *
 * The memory is the PSS (proportional set size): what a process has for itself, and its
 * share of what it has together with others. It is what Linux tells in
 * /proc/PID/smaps_rollup. What the kernel keeps for each thread and process is not in it.
 */
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each writes a byte into `started`, and then waits at `gate` until main closes it. */
static int started[2], gate[2];

/* Returns the PSS of a process in KiB, or -1 if the system does not tell. */
static long memory_of(pid_t id)
{
    char path[64];
    char line[256];
    long kib = -1;

    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)id);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return -1;
    while (kib == -1 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "Pss: %ld", &kib);
    fclose(file);
    return kib;
}

static void wait_at_gate(void)
{
    char byte = 0;
    if (write(started[1], &byte, 1) == 1)
        while (read(gate[0], &byte, 1) == -1 && errno == EINTR)
            ;
}

static void *run_thread(void *unused)
{
    wait_at_gate();
    return unused;
}

/* Starts a thread, and keeps it in *thread. Returns 0, or an error number. */
static int start_thread(pthread_t *thread)
{
    return pthread_create(thread, NULL, run_thread, NULL);
}

/* Starts a process, and keeps its id in *child. Returns 0, or an error number. */
static int start_process(pid_t *child)
{
    *child = fork();
    if (*child == -1)
        return errno;
    if (*child == 0) {
        /* The gate is a pipe: it is closed when nobody has its writing end any more. */
        close(gate[1]);
        wait_at_gate();
        _exit(EXIT_SUCCESS);
    }
    return 0;
}

/* Waits until one more has started. */
static void await_start(void)
{
    char byte;
    while (read(started[0], &byte, 1) == -1 && errno == EINTR)
        ;
}

/* Returns the PSS of this process and of its `count` children in KiB, or -1. */
static long memory_of_all(const pid_t *children, long count)
{
    long sum = memory_of(getpid());
    for (long i = 0; i < count && sum != -1; i++) {
        long kib = memory_of(children[i]);
        sum = kib == -1 ? -1 : sum + kib;
    }
    return sum;
}

static void print_cost(const char *model, long count, long kib, double seconds)
{
    printf("%ld of model %s: %.0f us each to start, ", count, model,
           seconds * 1e6 / (double)count);
    if (kib < 0)
        puts("memory unknown: there is no /proc/PID/smaps_rollup");
    else
        printf("%.1f KiB each, %ld KiB together\n", (double)kib / (double)count, kib);
}

/* Starts `count` threads or processes, prints what they cost, and lets them end. */
static void measure(const char *model, bool use_processes, long count)
{
    pthread_t *threads = calloc((size_t)count, sizeof *threads);
    pid_t *children = calloc((size_t)count, sizeof *children);
    if (threads == NULL || children == NULL)
        cli_fail("calloc: out of memory");

    long before = memory_of(getpid());
    double begin = net_now();
    for (long i = 0; i < count; i++) {
        int error =
            use_processes ? start_process(&children[i]) : start_thread(&threads[i]);
        if (error != 0)
            cli_fail("after %ld of model %s: %s", i, model, strerror(error));
        await_start();
    }
    double seconds = net_now() - begin;
    long after = memory_of_all(children, use_processes ? count : 0);
    print_cost(model, count, before == -1 || after == -1 ? -1 : after - before, seconds);

    close(gate[1]);
    for (long i = 0; i < count; i++) {
        if (use_processes)
            waitpid(children[i], NULL, 0);
        else
            pthread_join(threads[i], NULL);
    }
    free(threads);
    free(children);
}

int main(int argc, char **argv)
{
    static const char *const MODELS[] = {"thread", "fork", NULL};
    const char *model = "thread";
    long count = 200;
    const struct cli_option options[] = {
        {"model", 'm', "thread|fork", "what to start", .text = &model, .choices = MODELS},
        {"count", 'n', "N", "how many", .number = &count, .min = 1, .max = 100000},
        {0},
    };
    cli_parse(argc, argv, NULL, "Measure what threads or processes cost.", options);
    if (pipe(started) == -1 || pipe(gate) == -1)
        cli_fail("pipe: %s", strerror(errno));
    measure(model, strcmp(model, "fork") == 0, count);
    return EXIT_SUCCESS;
}
