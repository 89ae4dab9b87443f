/*
 * text.h - a part of some bytes, and how it is cut into smaller ones, for the programs of lesson
 * 8. Nothing is copied.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* It lives as long as the bytes that it is a part of. They can be anything, NUL too. */
struct text {
    const char *bytes;
    size_t length;
};

/* Whether it is this word. */
bool text_is(struct text text, const char *word);

/* The same; capital letters are as good as small ones. */
bool text_is_any_case(struct text text, const char *word);

/* Cuts `text` at the first `separator`: returns what stands before it, and leaves in `text`
 * what stands behind. Without one, returns all, and leaves nothing: then `bytes` is NULL. */
struct text text_cut(struct text *text, char separator);

/* Returns it without the spaces and tabs around it. */
struct text text_trim(struct text text);

/* Reads a number of digits of `base` (10 or 16). Returns -1 if it is none; a number that is too
 * large becomes a very large one. */
long long text_number(struct text text, int base);

#endif
