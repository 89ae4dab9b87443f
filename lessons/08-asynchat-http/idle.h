/*
 * idle.h - who has made no progress for how long, for the server of lesson 8: a circular doubly linked
 * list. A member that is touched goes to its end, so the first one has waited for the longest
 * time.
 */
#ifndef IDLE_H
#define IDLE_H

/* A member of the list; or the list itself, whose `next` is the first member. After the last
 * member comes the list again. */
struct idle {
    struct idle *prev, *next;
    double since; /* when it was touched, as net_now; not of the list itself */
};

/* Begins an empty list; or a member, which is in no list yet. */
void idle_init(struct idle *idle);

/* Takes a member out of its list. Does nothing if it is in none. */
void idle_leave(struct idle *member);

/* Notes that a member makes progress now: it goes to the end of `list`, also if it is in no list
 * yet. */
void idle_touch(struct idle *list, struct idle *member);

#endif
