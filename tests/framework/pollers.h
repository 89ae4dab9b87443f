/*
 * pollers.h - for tests that are run with each poller of asyncore, one after the other.
 */
#ifndef POLLERS_H
#define POLLERS_H

#include "asyncore.h"
#include "harness.h"

/* The one to test with. */
extern enum asyncore_poller poller;

/* As run_tests. */
int run_with_each_poller(const struct test *tests, int argc, char **argv);

#endif
