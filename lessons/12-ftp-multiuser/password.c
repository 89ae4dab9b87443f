/*
 * password.c - a password from stdin, as password.h says.
 */
#include "password.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Those that can come from the terminal; and SIGTERM, which kill sends. */
static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTERM};
enum { SIGNALS = sizeof signals / sizeof *signals };

static volatile sig_atomic_t caught;

static void on_signal(int signal_number)
{
    caught = signal_number;
}

int password_read(char *password, size_t size)
{
    size_t length = 0;
    int byte, error = 0;

    errno = 0;
    while (error == 0 && (byte = getchar()) != EOF && byte != '\n') {
        if (iscntrl(byte))
            error = EINVAL;
        else if (length + 1 >= size)
            error = ERANGE;
        else
            password[length++] = (char)byte;
    }
    if (error == 0 && ferror(stdin))
        error = errno;
    else if (error == 0 && length == 0)
        error = ENODATA;
    password[error == 0 ? length : 0] = '\0';
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Changes the settings of the terminal. What was typed and not read is thrown away. */
static void set_terminal(const struct termios *settings)
{
    while (tcsetattr(STDIN_FILENO, TCSAFLUSH, settings) == -1 && errno == EINTR)
        ;
}

/* Reads a line without the echo. Meanwhile the signals only end the wait. */
static int read_hidden(char *password, size_t size, const struct termios *saved)
{
    struct sigaction catch = {.sa_handler = on_signal}; /* no SA_RESTART: read returns */
    struct sigaction before[SIGNALS];
    struct termios quiet = *saved;

    quiet.c_lflag &= ~(tcflag_t)ECHO;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &catch, &before[i]);
    set_terminal(&quiet);
    int result = password_read(password, size);
    int error = errno;
    set_terminal(saved);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    errno = error;
    return result;
}

int password_ask(const char *prompt, char *password, size_t size)
{
    struct termios saved;
    int result, error;

    if (tcgetattr(STDIN_FILENO, &saved) == -1) {
        errno = ENOTTY;
        return -1;
    }
    do {
        caught = 0;
        fputs(prompt, stderr);
        result = read_hidden(password, size, &saved);
        error = errno;
        fputc('\n', stderr);
        clearerr(stdin);
        if (caught != 0)
            raise(caught);
    } while (caught != 0);
    errno = error;
    return result;
}

const char *password_reason(int error)
{
    if (error == ENODATA)
        return "it is empty";
    if (error == ERANGE)
        return "it is too long";
    if (error == EINVAL)
        return "it has a control character";
    if (error == ENOTTY)
        return "stdin is no terminal";
    return strerror(error);
}
