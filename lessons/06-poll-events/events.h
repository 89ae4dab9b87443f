/*
 * events.h - the events of poll(2) in words, for the programs of lesson 6.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include <poll.h>
#include <stddef.h>
#include <stdio.h>

struct event_word {
    short event;
    const char *word;
};

/* Prints `events` on stdout, as "POLLIN|POLLHUP". Returns the number of characters. */
static inline int print_events(short events)
{
    static const struct event_word words[] = {
        {POLLIN, "POLLIN"},       {POLLOUT, "POLLOUT"},   {POLLERR, "POLLERR"},
        {POLLHUP, "POLLHUP"},     {POLLNVAL, "POLLNVAL"},
#ifdef POLLRDHUP /* on Linux, if _GNU_SOURCE was defined first */
        {POLLRDHUP, "POLLRDHUP"},
#endif
    };
    int printed = 0;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (events & words[i].event)
            printed += printf("%s%s", printed > 0 ? "|" : "", words[i].word);
    return printed > 0 ? printed : printf("nothing");
}

#endif
