/*
 * slice.h - a slice of some bytes: where it begins, and how long it is. It is cut into smaller
 * ones, and nothing is copied. For the programs of lesson 8.
 */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>

/* It is valid as long as the bytes that it is a part of. They can be anything, NUL too. `bytes`
 * is NULL if there is nothing: that is less than an empty slice. */
struct slice {
    const char *bytes;
    size_t length;
};

/* Whether it is this word. */
bool slice_is(struct slice slice, const char *word);

/* The same; a capital letter and its small one count as equal. */
bool slice_is_any_case(struct slice slice, const char *word);

/* Cuts `rest` at the first `separator`: returns what stands before it, and leaves in `rest` what
 * stands behind it. Without a separator, returns all, and leaves nothing: `bytes` is NULL. */
struct slice slice_cut(struct slice *rest, char separator);

/* Returns it without the spaces and tabs around it. */
struct slice slice_trim(struct slice slice);

/* Returns the number that it is, in digits of `base` (10 or 16); or 2^56, if it is larger; or
 * -1, if it is empty or has another byte than these digits. */
long long slice_number(struct slice slice, int base);

#endif
