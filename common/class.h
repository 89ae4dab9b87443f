/*
 * class.h - what a class in C stands on: a struct whose first member is its base, and a table of
 * methods. common/README.md shows one.
 */
#ifndef CLASS_H
#define CLASS_H

#include <stddef.h>

/* The object of type `type` whose member `member` is what `pointer` points to. */
#define container_of(pointer, type, member)                                              \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* A class that leaves out the method `slot` inherits it: if it is NULL in the table that `ops`
 * points to, it is taken from the table that `base` points to. */
#define INHERIT(ops, base, slot)                                                         \
    do {                                                                                 \
        if (!(ops)->slot)                                                                \
            (ops)->slot = (base)->slot;                                                  \
    } while (0)

#endif
