/*
 * harness.c - runs tests, as harness.h describes it.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_LIMIT = 60 }; /* seconds for one test, on a machine that is very busy */

_Noreturn void harness_fail(const char *file, int line, const char *condition)
{
    printf("# %s:%d: %s\n", file, line, condition);
    fflush(stdout);
    _exit(EXIT_FAILURE);
}

/* Runs the test in a child. Returns 0 if it has passed. */
static int run_test(const struct test *test)
{
    int status = -1;

    fflush(stdout);
    pid_t id = fork();
    if (id == 0) {
        alarm(TEST_LIMIT);
        test->run();
        exit(EXIT_SUCCESS); /* a sanitizer looks for leaks here */
    }
    if (id != -1)
        waitpid(id, &status, 0);
    if (id != -1 && WIFSIGNALED(status))
        printf("# ended by signal %d\n", WTERMSIG(status));
    printf("%s %s\n", status == 0 ? "ok" : "not ok", test->name);
    return status;
}

int run_tests(const struct test *tests, int argc, char **argv)
{
    int run = 0;
    int failed = 0;

    for (const struct test *test = tests; test->name != NULL; test++)
        if (argc < 2 || strstr(test->name, argv[1]) != NULL) {
            run++;
            failed += run_test(test) != 0;
        }
    printf("%d passed, %d failed\n", run - failed, failed);
    return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
