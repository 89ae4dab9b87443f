/*
 * cli.c - what every program does on its command line, as cli.h describes it.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What getopt_long returns for --help; below it: the index of an option in the table. */
enum { HELP = CLI_MAX_OPTIONS };

/* The name that starts each line on stderr: argv[0] without its directory. */
static const char *program = "program";

static void print_message(const char *format, va_list arguments, const char *hint)
{
    flockfile(stderr); /* a whole line, also if another thread warns at the same time */
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "%s\n", hint);
    funlockfile(stderr);
}

void cli_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments, "");
    va_end(arguments);
}

_Noreturn void cli_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments, "");
    va_end(arguments);
    exit(EXIT_FAILURE);
}

_Noreturn void cli_fail_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments, " (see --help)");
    va_end(arguments);
    exit(CLI_BAD_USAGE);
}

void cli_print_bytes(FILE *stream, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = ((const unsigned char *)bytes)[i];
        switch (byte) {
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
            if (byte >= ' ' && byte <= '~')
                fputc(byte, stream);
            else
                fprintf(stream, "\\x%02x", byte);
        }
    }
}

void cli_warn_bytes(const char *what, const void *bytes, size_t length)
{
    flockfile(stderr);
    fprintf(stderr, "%s: %s: ", program, what);
    cli_print_bytes(stderr, bytes, length);
    fputc('\n', stderr);
    funlockfile(stderr);
}

static void print_default(const struct cli_option *option)
{
    if (option->number != NULL && *option->number >= option->min)
        printf(" (default %ld)", *option->number);
    else if (option->seconds != NULL)
        printf(" (default %g)", *option->seconds);
    else if (option->text != NULL && *option->text != NULL)
        printf(" (default %s)", *option->text);
}

/* Prints what --help shows. The parameters are those of cli_parse. */
static void print_help(const char *arguments, const char *purpose,
                       const struct cli_option *options)
{
    printf("usage: %s [OPTION]...%s%s\n%s\n\n", program, arguments ? " " : "",
           arguments ? arguments : "", purpose);
    for (const struct cli_option *option = options; option->name != NULL; option++) {
        char left[64];
        int length = snprintf(left, sizeof left, "--%s%s%s", option->name,
                              option->argument ? " " : "",
                              option->argument ? option->argument : "");
        if (option->letter != 0)
            printf("  -%c, %-20s", option->letter, left);
        else
            printf("      %-20s", left);
        if (length > 20) /* then the text stands in the next row */
            printf("\n%26s", "");
        printf(" %s", option->help);
        print_default(option);
        putchar('\n');
    }
    printf("  -h, %-20s %s\n", "--help", "show this and exit");
}

/* Stores the value `given` for one option, or ends the program with exit status 2. */
static void store(const struct cli_option *option, const char *given)
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
        /* The calls that wait count in milli- or microseconds, and 0 means something else. */
        bool is_too_short = seconds > 0 && seconds < 0.001;
        if (end == given || *end != '\0' || is_too_short ||
            !(seconds >= 0 && seconds <= 86400))
            cli_fail_usage("--%s %s: not a number of seconds, 0 or from 0.001 to 86400",
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
static void check_stdout(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_warn("stdout: not everything could be written");
        _exit(EXIT_FAILURE);
    }
}

/* Fills what getopt_long wants from `options`. Returns how many there are. */
static int fill_tables(const struct cli_option *options, char *letters,
                       struct option *table)
{
    int count = 0;

    strcpy(letters, ":h"); /* ':' first: this program says itself what is wrong */
    for (; count < CLI_MAX_OPTIONS && options[count].name != NULL; count++) {
        const struct cli_option *option = &options[count];
        int takes_value = option->flag == NULL ? required_argument : no_argument;
        table[count] = (struct option){option->name, takes_value, NULL, count};
        if (option->letter != 0) {
            strncat(letters, &option->letter, 1);
            strcat(letters, takes_value ? ":" : "");
        }
    }
    table[count] = (struct option){"help", no_argument, NULL, HELP};
    return count;
}

/* Says what getopt_long did not like, and ends the program. `word` is the one that it has read
 * last, which may not be the one that holds a letter. */
static _Noreturn void fail_option(int found, const char *word)
{
    if (found == ':')
        cli_fail_usage("%s: the value is missing", word);
    if (optopt > HELP)
        cli_fail_usage("-%c: unknown option", optopt);
    cli_fail_usage("%s: %s", word,
                   optopt == 0 ? "unknown option, or the beginning of several"
                               : "it takes no value");
}

/* If the program was started without one of stdin, stdout and stderr, its first socket would get
 * that number, and be taken for the keyboard, or printed into. So the number is taken, by a file
 * that can't be used: to read from it, or to write into it, fails with EBADF, as it should. */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int cli_parse(int argc, char **argv, const char *arguments, const char *purpose,
              const struct cli_option *options)
{
    char letters[2 * CLI_MAX_OPTIONS + 3];
    struct option table[CLI_MAX_OPTIONS + 2] = {{0}};
    const char *slash = strrchr(argv[0], '/');
    int found;

    program = slash != NULL ? slash + 1 : argv[0];
    occupy_standard_descriptors();
    setvbuf(stdout, NULL, _IOLBF, 0);
    atexit(check_stdout);

    int count = fill_tables(options, letters, table);
    while ((found = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        int index = 0;
        if (found == HELP || found == 'h') {
            print_help(arguments, purpose, options);
            exit(EXIT_SUCCESS);
        }
        if (found == '?' || found == ':')
            fail_option(found, argv[optind - 1]);
        if (found < count)
            index = found;
        else
            while (options[index].letter != found)
                index++;
        store(&options[index], optarg);
    }
    if (arguments == NULL && optind < argc)
        cli_fail_usage("unexpected argument '%s'", argv[optind]);
    return optind;
}

void cli_log(const char *who, const char *event, const void *bytes, size_t length)
{
    enum { SHOWN = 60 };

    flockfile(stdout);
    printf("[%s] %s", who, event);
    cli_print_bytes(stdout, bytes, length < SHOWN ? length : SHOWN);
    puts(length > SHOWN ? "..." : "");
    funlockfile(stdout);
}
