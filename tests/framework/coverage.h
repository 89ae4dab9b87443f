/*
 * coverage.h - scripts/coverage includes it at the top of every source. gcov's counts are
 * written by exit, and _exit would lose those of a child.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <stdlib.h>
#include <unistd.h>

void __gcov_dump(void);

#define _exit(status)                                                                    \
    __extension__({                                                                      \
        int status_of_exit = (status); /* what it calls is counted, too */               \
        __gcov_dump();                                                                   \
        _Exit(status_of_exit);                                                           \
    })

#endif
