/*
 * idle.c - a list of those who have been silent, as idle.h says.
 */
#include "idle.h"

#include "net.h"

void idle_init(struct idle *idle)
{
    idle->prev = idle->next = idle;
}

void idle_leave(struct idle *idle)
{
    idle->prev->next = idle->next;
    idle->next->prev = idle->prev;
    idle_init(idle);
}

void idle_touch(struct idle *list, struct idle *idle)
{
    idle_leave(idle);
    idle->since = net_now();
    idle->prev = list->prev;
    idle->next = list;
    list->prev->next = idle;
    list->prev = idle;
}
