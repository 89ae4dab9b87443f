/*
 * script.h - from peer's arguments to the steps of its script: "send:Hello\n" is the
 * action `send` with a text of 6 bytes, "repeat:3:ab" one with a text of 3 times "ab".
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stddef.h>

struct peer;

/* One action with what stands behind its colon. */
struct step {
    const struct action *action;
    const char *word; /* as it was given */
    double number;
    char *text; /* without escapes, and repeated, if that was asked for */
    size_t length;
};

/* REPEATED: a number of times, and a text. CODE: a number that has another meaning, and a text. */
enum argument { NONE, NUMBER, TEXT, REPEATED, CODE };

struct action {
    const char *name;
    enum argument argument;
    void (*run)(struct peer *peer, const struct step *step);
};

/*
 * Makes a step of one argument. `actions` ends with an empty entry. The step's text is the
 * caller's to free. If there is no such action, or its argument is wrong, the program ends
 * with exit status 2.
 */
struct step script_parse_step(const char *word, const struct action *actions);

#endif
