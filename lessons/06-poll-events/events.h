/*
 * events.h - the events of poll(2) in words, for the programs of lesson 6.
 */
#ifndef EVENTS_H
#define EVENTS_H

/* Prints `events` on stdout, as "POLLIN|POLLHUP", or "nothing" if there are none. Returns the number
 * of characters. */
int events_print(short events);

#endif
