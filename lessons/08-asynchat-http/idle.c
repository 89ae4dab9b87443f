/*
 * idle.c - a list of those who wait, as idle.h says.
 */
#include "idle.h"

#include "net.h"

void idle_init(struct idle *idle)
{
    idle->prev = idle->next = idle;
}

void idle_leave(struct idle *member)
{
    member->prev->next = member->next;
    member->next->prev = member->prev;
    idle_init(member);
}

void idle_touch(struct idle *list, struct idle *member)
{
    idle_leave(member);
    member->since = net_now();
    member->prev = list->prev;
    member->next = list;
    list->prev->next = member;
    list->prev = member;
}
