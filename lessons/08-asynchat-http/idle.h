/*
 * idle.h - who has been silent for how long: a list, for the server of lesson 8; and the clock,
 * for its other programs, too. Who has moved
 * goes to its end, so the one that has been silent for the longest time is always the first.
 */
#ifndef IDLE_H
#define IDLE_H

#include <time.h>

/* A member of the list; or the list itself, which is a ring: it begins with idle_init. */
struct idle {
    struct idle *before, *after;
    double since; /* as idle_now */
};

/* Seconds since some moment. */
static inline double idle_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void idle_init(struct idle *idle)
{
    idle->before = idle->after = idle;
}

static inline void idle_leave(struct idle *idle)
{
    idle->before->after = idle->after;
    idle->after->before = idle->before;
    idle_init(idle);
}

/* Something has moved: it goes to the end of `list`, where it may be already. */
static inline void idle_touch(struct idle *list, struct idle *idle)
{
    idle_leave(idle);
    idle->since = idle_now();
    idle->before = list->before;
    idle->after = list;
    list->before->after = idle;
    list->before = idle;
}

#endif
