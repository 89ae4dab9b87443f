/*
 * events.c - the events of poll(2) in words, as events.h says.
 */
#define _GNU_SOURCE /* for POLLRDHUP; it must stand before the first #include */

#include "events.h"

#include <poll.h>
#include <stddef.h>
#include <stdio.h>

int events_print(short events)
{
    static const struct {
        short event;
        const char *word;
    } words[] = {
        {POLLIN, "POLLIN"},       {POLLOUT, "POLLOUT"},   {POLLERR, "POLLERR"},
        {POLLHUP, "POLLHUP"},     {POLLNVAL, "POLLNVAL"},
#ifdef POLLRDHUP /* on Linux */
        {POLLRDHUP, "POLLRDHUP"},
#endif
    };
    int printed = 0;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (events & words[i].event)
            printed += printf("%s%s", printed > 0 ? "|" : "", words[i].word);
    return printed > 0 ? printed : printf("nothing");
}
