/*
 * coverage.h - scripts/coverage includes it at the top of every source. gcov's counts are
 * written by exit, and _exit would lose those of a child.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <stdlib.h>
#include <unistd.h>

void __gcov_dump(void);

static inline _Noreturn void exit_with_counts(int status)
{
    __gcov_dump();
    _Exit(status);
}

#define _exit exit_with_counts

#endif
