/*
 * harness.h - what the tests of the frameworks in common/ stand on.
 *
 * A file of tests ends with a table of them and main, which calls run_tests. One run of the
 * program is one test: tests/toolkit/framework.bats starts it once for each poller.
 *
 *     build/framework/test_asyncore                     lists the tests
 *     build/framework/test_asyncore closes_self poll    runs one: exit status 0, or 1 and a line
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "asyncore.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct test {
    const char *name;
    void (*run)(void);
};

/* The one to test with. */
static enum asyncore_poller poller;

/* Ends the test if `condition` is not true. */
#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);    \
            exit(EXIT_FAILURE);                                                          \
        }                                                                                \
    } while (false)

/* Runs the test that the command line names. Returns the exit status. */
static inline int run_tests(int argc, char **argv, const struct test *tests)
{
    if (argc == 1) {
        for (; tests->name != NULL; tests++)
            puts(tests->name);
        return EXIT_SUCCESS;
    }
    alarm(60); /* a loop that does not end is a failure, too */
    poller = asyncore_poller_named(argc > 2 ? argv[2] : "epoll");
    for (; tests->name != NULL; tests++)
        if (strcmp(tests->name, argv[1]) == 0) {
            tests->run();
            return EXIT_SUCCESS;
        }
    fprintf(stderr, "there is no test %s\n", argv[1]);
    return 2;
}

#endif
