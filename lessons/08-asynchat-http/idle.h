/*
 * idle.h - who has been silent for how long: a list, for the server of lesson 8. Who has moved
 * goes to its end, so the one that has been silent for the longest time is always the first.
 */
#ifndef IDLE_H
#define IDLE_H

/* A member of the list; or the list itself, which is a ring: `after` it comes the first one. */
struct idle {
    struct idle *before, *after;
    double since; /* as net_now */
};

/* Begins an empty list, or a member of none. */
void idle_init(struct idle *idle);

/* Takes it out of the list that it is in, if there is one. */
void idle_leave(struct idle *idle);

/* Something has moved: it goes to the end of `list`, where it may be already. */
void idle_touch(struct idle *list, struct idle *idle);

#endif
