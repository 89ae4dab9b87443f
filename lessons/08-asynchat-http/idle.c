/*
 * idle.c - a list of those who have been silent, as idle.h says.
 */
#include "idle.h"

#include "net.h"

void idle_init(struct idle *idle)
{
    idle->before = idle->after = idle;
}

void idle_leave(struct idle *idle)
{
    idle->before->after = idle->after;
    idle->after->before = idle->before;
    idle_init(idle);
}

void idle_touch(struct idle *list, struct idle *idle)
{
    idle_leave(idle);
    idle->since = net_now();
    idle->before = list->before;
    idle->after = list;
    list->before->after = idle;
    list->before = idle;
}
