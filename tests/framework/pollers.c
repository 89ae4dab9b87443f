/*
 * pollers.c - runs tests with each poller, as pollers.h describes it.
 */
#include "pollers.h"

#include <stdio.h>
#include <stdlib.h>

enum asyncore_poller poller;

int run_with_each_poller(const struct test *tests, int argc, char **argv)
{
    int status = EXIT_SUCCESS;

    for (poller = ASYNCORE_SELECT; poller <= ASYNCORE_EPOLL; poller++) {
        printf("# with %s\n", asyncore_poller_names[poller]);
        status |= run_tests(tests, argc, argv);
    }
    return status;
}
