/*
 * cli.h - what every program does on its command line, so that a lesson need not:
 * options with a default and a range, --help, errors in one line, and bytes made safe to
 * print.
 *
 * It stands on getopt_long(3) and knows nothing of sockets. Include it in the file that
 * holds main.
 */
#ifndef CLI_H
#define CLI_H

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    double *seconds;            /* set to a time of 0 to one day, decimals allowed */
};

/* The name that starts each line on stderr: argv[0] without its directory. */
static const char *cli_program = "program";

static inline void cli_message(const char *format, va_list arguments)
{
    fprintf(stderr, "%s: ", cli_program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

/* Says on stderr, in one line, what went wrong. The program goes on. */
__attribute__((format(printf, 1, 2))) static inline void cli_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    cli_message(format, arguments);
    va_end(arguments);
}

/* Says on stderr what failed at run time, and ends the program with exit status 1. */
__attribute__((format(printf, 1, 2))) static inline _Noreturn void
cli_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    cli_message(format, arguments);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

/* Says on stderr what was wrong in the command line, and ends with exit status 2. */
__attribute__((format(printf, 1, 2))) static inline _Noreturn void
cli_fail_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    cli_message(format, arguments);
    va_end(arguments);
    exit(CLI_BAD_USAGE);
}

/*
 * Prints `length` bytes that came from the network on `stream`. Printable ASCII is
 * printed as it is, everything else as in a C string (\n, \x1b): a peer can't send escape
 * sequences to the terminal, and a NUL byte can be seen.
 */
static inline void cli_print_bytes(FILE *stream, const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;
    for (const unsigned char *end = byte + length; byte < end; byte++) {
        switch (*byte) {
        case '\n':
            fputs("\\n", stream);
            break;
        case '\r':
            fputs("\\r", stream);
            break;
        case '\t':
            fputs("\\t", stream);
            break;
        case '\\':
            fputs("\\\\", stream);
            break;
        default:
            if (*byte >= ' ' && *byte <= '~')
                fputc(*byte, stream);
            else
                fprintf(stream, "\\x%02x", *byte);
        }
    }
}

static inline void cli_print_default(const struct cli_option *option)
{
    if (option->number != NULL && *option->number >= option->min)
        printf(" (default %ld)", *option->number);
    else if (option->seconds != NULL)
        printf(" (default %g)", *option->seconds);
    else if (option->text != NULL && *option->text != NULL)
        printf(" (default %s)", *option->text);
}

/* Prints what --help shows. The parameters are those of cli_parse. */
static inline void cli_print_help(const char *arguments, const char *purpose,
                                  const struct cli_option *options)
{
    printf("usage: %s [OPTION]...%s%s\n%s\n\n", cli_program, arguments ? " " : "",
           arguments ? arguments : "", purpose);
    for (const struct cli_option *option = options; option->name != NULL; option++) {
        char left[40];
        snprintf(left, sizeof left, "--%s %s", option->name,
                 option->argument ? option->argument : "");
        if (option->letter != 0)
            printf("  -%c, %-20s %s", option->letter, left, option->help);
        else
            printf("      %-20s %s", left, option->help);
        cli_print_default(option);
        putchar('\n');
    }
    printf("  -h, %-20s %s\n", "--help", "show this and exit");
}

/* Stores the value `given` for one option, or ends the program with exit status 2. */
static inline void cli_store(const struct cli_option *option, const char *given)
{
    if (option->flag != NULL) {
        *option->flag = true;
    } else if (option->number != NULL) {
        char *end;
        errno = 0;
        long number = strtol(given, &end, 10);
        if (end == given || *end != '\0' || errno != 0 || number < option->min ||
            number > option->max)
            cli_fail_usage("--%s %s: not a whole number from %ld to %ld", option->name,
                           given, option->min, option->max);
        *option->number = number;
    } else if (option->seconds != NULL) {
        char *end;
        double seconds = strtod(given, &end);
        if (end == given || *end != '\0' || !(seconds >= 0 && seconds <= 86400))
            cli_fail_usage("--%s %s: not a number of seconds from 0 to 86400",
                           option->name, given);
        *option->seconds = seconds;
    } else {
        const char *const *choice = option->choices;
        while (choice != NULL && *choice != NULL && strcmp(*choice, given) != 0)
            choice++;
        if (choice != NULL && *choice == NULL)
            cli_fail_usage("--%s %s: not one of %s", option->name, given,
                           option->argument);
        *option->text = given;
    }
}

/* Runs at exit: a disk that was full must not pass for success. */
static inline void cli_check_stdout(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_warn("stdout: not everything could be written");
        _exit(EXIT_FAILURE);
    }
}

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
static inline int cli_parse(int argc, char **argv, const char *arguments,
                            const char *purpose, const struct cli_option *options)
{
    char letters[2 * CLI_MAX_OPTIONS + 2] = "h";
    struct option table[CLI_MAX_OPTIONS + 2] = {{0}};
    const int help = CLI_MAX_OPTIONS; /* below it: the index of an option in the table */
    char *slash = strrchr(argv[0], '/');
    int count = 0;

    if (slash != NULL)
        argv[0] = slash + 1; /* getopt_long starts its own messages with argv[0] */
    cli_program = argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    atexit(cli_check_stdout);

    for (; count < CLI_MAX_OPTIONS && options[count].name != NULL; count++) {
        const struct cli_option *option = &options[count];
        int takes_value = option->flag == NULL ? required_argument : no_argument;
        table[count] = (struct option){option->name, takes_value, NULL, count};
        if (option->letter != 0) {
            strncat(letters, &option->letter, 1);
            strcat(letters, takes_value ? ":" : "");
        }
    }
    table[count] = (struct option){"help", no_argument, NULL, help};

    int found;
    while ((found = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        if (found == help || found == 'h') {
            cli_print_help(arguments, purpose, options);
            exit(EXIT_SUCCESS);
        }
        if (found == '?')
            exit(CLI_BAD_USAGE); /* getopt_long has said why */
        int index = 0;
        if (found < count)
            index = found;
        else
            while (options[index].letter != found)
                index++;
        cli_store(&options[index], optarg);
    }
    if (arguments == NULL && optind < argc)
        cli_fail_usage("unexpected argument '%s'", argv[optind]);
    return optind;
}

#endif
