/*
 * pollers.h - for tests that are run with each poller of asyncore, one after the other.
 */
#ifndef POLLERS_H
#define POLLERS_H

#include "asyncore.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

/* The one to test with. */
static enum asyncore_poller poller;

/* As run_tests. */
static inline int run_with_each_poller(const struct test *tests, int argc, char **argv)
{
    int status = EXIT_SUCCESS;

    for (poller = ASYNCORE_SELECT; poller <= ASYNCORE_EPOLL; poller++) {
        printf("# with %s\n", asyncore_poller_names[poller]);
        status |= run_tests(tests, argc, argv);
    }
    return status;
}

#endif
