/*
 * cli.h - what every program does on its command line, so that a lesson need not:
 * options with a default and a range, --help, errors in one line, and bytes made safe to
 * print.
 *
 * It stands on getopt_long(3) and knows nothing of sockets.
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CLI_MAX_OPTIONS = 32, CLI_BAD_USAGE = 2 };

/*
 * One option. Exactly one of flag, text, number and seconds is set: it says what kind of
 * value the option takes and where it goes. What stands there before is the default.
 * A table of options ends with an empty entry.
 */
struct cli_option {
    const char *name;     /* "port", for --port */
    char letter;          /* 'p', for -p; 0 for no short form */
    const char *argument; /* what --help calls the value; NULL for a flag */
    const char *help;     /* what it does, in a few words */
    bool *flag;           /* set to true */
    const char **text;    /* set to the argument itself, which lives as long as argv */
    const char *const *choices; /* with text: the words allowed, ended by NULL */
    long *number;               /* set to a whole number from min to max */
    long min, max;              /* (a default below min: there is none) */
    double *seconds;            /* set to 0, or 0.001 to 86400 (a day) */
};

/*
 * Reads the command line into the places that `options` names, and makes stdout
 * line-buffered, so that whoever watches the program through a pipe sees each event at
 * once.
 *
 * arguments: what the usage line calls the words after the options, such as
 *            "[MESSAGE]..."; NULL if the program takes none, and then one is an error
 * purpose:   a sentence for --help
 *
 * Returns the index in argv of the first word after the options. Ends the program with
 * exit status 0 after --help, and 2, with one line on stderr, if the command line is
 * wrong.
 */
int cli_parse(int argc, char **argv, const char *arguments, const char *purpose,
              const struct cli_option *options);

/* Says on stderr, in one line, what went wrong. The program goes on. */
__attribute__((format(printf, 1, 2))) void cli_warn(const char *format, ...);

/* The same, of `length` bytes from the network: "WHAT: BYTES", as cli_print_bytes prints them. */
void cli_warn_bytes(const char *what, const void *bytes, size_t length);

/* Says on stderr what failed at run time, and ends the program with exit status 1. */
__attribute__((format(printf, 1, 2))) _Noreturn void cli_fail(const char *format, ...);

/* Says on stderr what was wrong in the command line, and where help is, and ends the program with
 * exit status 2. */
__attribute__((format(printf, 1, 2))) _Noreturn void cli_fail_usage(const char *format,
                                                                    ...);

/*
 * Logs one event of a client, on stdout: "[WHO] EVENT", and behind it `length` bytes from the
 * network, of which 60 are shown, as cli_print_bytes prints them. Threads may call it at the
 * same time: a line stays whole. Lesson 9 writes it out.
 */
void cli_log(const char *who, const char *event, const void *bytes, size_t length);

/*
 * Prints `length` bytes that came from the network on `stream`. Printable ASCII is
 * printed as it is, everything else as in a C string (\n, \x1b): a peer can't send escape
 * sequences to the terminal, and a NUL byte can be seen.
 */
void cli_print_bytes(FILE *stream, const void *bytes, size_t length);

#endif
