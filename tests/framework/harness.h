/*
 * harness.h - what a test of a framework stands on. Each test is a function, which runs in a
 * process of its own: one that crashes, or does not end, spoils no other.
 */
#ifndef HARNESS_H
#define HARNESS_H

/* A table of tests ends with an empty entry. */
struct test {
    const char *name;
    void (*run)(void);
};

/* Ends the test with a line that says where, if the condition does not hold. */
#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition))                                                                \
            harness_fail(__FILE__, __LINE__, #condition);                                \
    } while (0)

_Noreturn void harness_fail(const char *file, int line, const char *condition);

/* Runs the tests whose names contain the first argument, or all. Returns the exit status. */
int run_tests(const struct test *tests, int argc, char **argv);

#endif
