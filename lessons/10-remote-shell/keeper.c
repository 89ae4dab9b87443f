/*
 * keeper.c - starts a command's shell, waits for its end or for the server's word, and ends the rest.
 *
 * The process is a copy of the server: it has the server's descriptors, its blocked signals and its
 * ignored ones. The shell gets none of them.
 */
#define _GNU_SOURCE /* ppoll, close_range */
#include "keeper.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* How long a command that is to end may clean up after SIGHUP, before it is killed. */
static const double GRACE = 0.4; /* seconds */

/* What a shell says of a command that it can't start. */
enum { CANNOT_START = 126 };

/* What the shell runs. Descriptor 3 is for its directory at the end, and not for the command; `cd` lasts
 * until then, because eval runs the command in this shell. */
static const char SCRIPT[] =
    "eval \"$1\" 3>&-; status=$?; command pwd -P >&3 2>&-; exit $status";

/* ---- the shell ---- */

/* Every signal does again what it does by default, and none is blocked. execve(2) would leave those
 * that are ignored or blocked as they are. */
static void reset_signals(void)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &usual, NULL); /* SIGKILL and SIGSTOP can't be changed */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Says to `fd`, the command's stderr, which the client sees, what has failed. */
static void complain(int fd, const char *what, const char *about)
{
    const char *parts[] = {"server: ", what, about, "\n"};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (write(fd, parts[i], strlen(parts[i])) == -1)
            return;
}

/* Closes the descriptors from `first` to `last`. */
static void close_between(unsigned int first, unsigned int last)
{
#ifdef __linux__
    if (close_range(first, last, 0) == 0)
        return;
#endif
    const unsigned int count = (unsigned int)sysconf(_SC_OPEN_MAX);
    for (unsigned int fd = first; fd <= last && fd < count; fd++)
        close((int)fd);
}

/* Becomes the shell. The server's own descriptors close by themselves, because they are FD_CLOEXEC; but
 * it may have inherited others. */
static _Noreturn void run_shell(const struct keeper *keeper)
{
    setpgid(0, 0);
    if (dup2(keeper->input, STDIN_FILENO) == -1 ||
        dup2(keeper->output, STDOUT_FILENO) == -1 ||
        dup2(keeper->error, STDERR_FILENO) == -1 || dup2(keeper->place, 3) == -1)
        _exit(CANNOT_START);
    close_between(4, UINT_MAX);
    if (*keeper->directory != '\0' && chdir(keeper->directory) == -1)
        complain(STDERR_FILENO, "can't enter the directory ", keeper->directory);
    reset_signals();
    execl("/bin/sh", "sh", "-c", SCRIPT, "sh", keeper->text, (char *)NULL);
    complain(STDERR_FILENO, "can't start ", "/bin/sh");
    _exit(CANNOT_START);
}

/* ---- the keeper ---- */

/* Waits for a child, if `flags` are 0. Sets *status if it is the shell. Returns whether one has ended. */
static bool reap(pid_t shell, int *status, int flags)
{
    int of_child;

    pid_t id = waitpid(-1, &of_child, flags);
    if (id == shell)
        *status = of_child;
    return id > 0;
}

static void on_child(int number)
{
    (void)number; /* it only has to end ppoll */
}

/*
 * Waits until the shell has ended, or has been told to and had its time. All signals are blocked,
 * except for SIGCHLD inside ppoll: one that comes before is not lost, but ends ppoll at once.
 */
static void wait_for_end(int control, pid_t shell, int *status)
{
    struct pollfd server = {.fd = control, .events = POLLIN};
    double deadline = 0; /* none */
    sigset_t but_child;
    char number;

    sigfillset(&but_child);
    sigdelset(&but_child, SIGCHLD);
    for (;;) {
        while (reap(shell, status, WNOHANG))
            if (*status != -1)
                return;
        const double left = deadline == 0 ? 0 : deadline - net_now();
        if (left < 0)
            return;
        const struct timespec rest = {.tv_nsec = (long)(left * 1e9)};
        if (ppoll(&server, 1, deadline == 0 ? NULL : &rest, &but_child) < 1)
            continue;
        ssize_t received = recv(control, &number, 1, MSG_DONTWAIT);
        if (received == 1) {
            kill(-shell, number);
        } else if (received == 0 || !net_would_wait()) {
            kill(-shell, SIGHUP);
            kill(-shell, SIGCONT); /* it may be stopped */
            deadline = net_now() + GRACE;
            server.fd = -1; /* there is nobody to listen to any more */
        }
    }
}

/* Kills each child that this process has now. Returns whether there was one that could be killed. */
static bool kill_children(pid_t shell)
{
    bool killed = false;
#ifdef __linux__
    char list[4096];
    pid_t id = 0;

    (void)shell;
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd == -1 ? -1 : read(fd, list, sizeof list);
    close(fd);
    /* A number that is cut off has no space behind it. It comes next time. */
    for (ssize_t i = 0; i < length; i++) {
        if (list[i] != ' ') {
            id = 10 * id + (list[i] - '0');
        } else {
            killed = kill(id, SIGKILL) == 0 || killed;
            id = 0;
        }
    }
#else
    killed = kill(-shell, SIGKILL) == 0;
#endif
    return killed;
}

/* Ends all that the command has started. Who is killed leaves its children to this process; so this
 * goes on until there are none. */
static void end_all(pid_t shell, int *status)
{
    while (kill_children(shell) && reap(shell, status, 0))
        while (reap(shell, status, WNOHANG))
            ;
}

_Noreturn void keeper_run(const struct keeper *keeper)
{
    const struct sigaction child_ends = {.sa_handler = on_child};
    int status = -1; /* it has not ended */
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigaction(SIGCHLD, &child_ends, NULL);
    setsid(); /* no terminal: Ctrl-C in the server's is not for the command */
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
#endif
    pid_t shell = fork();
    switch (shell) {
    case -1:
        complain(keeper->error, "can't start ", "another process");
        break;
    case 0:
        run_shell(keeper); /* does not return */
    default:
        /* whoever of the two is faster: a signal must find the group */
        setpgid(shell, shell);
        /* With a client's connection here, that client would not see when the server closes it. */
        close_between(0, (unsigned int)keeper->control - 1);
        close_between((unsigned int)keeper->control + 1, UINT_MAX);
        wait_for_end(keeper->control, shell, &status);
        end_all(shell, &status);
    }
    unsigned char code = CANNOT_START;
    if (status != -1)
        code = (unsigned char)(WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                                   : WEXITSTATUS(status));
    send(keeper->control, &code, sizeof code, MSG_NOSIGNAL);
    _exit(0);
}
