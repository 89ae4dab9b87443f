/*
 * command.c - starts a command's keeper, and talks with it.
 */
#define _GNU_SOURCE /* pipe2 */
#include "command.h"
#include "keeper.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What leads from the server to the command and back: two ends each, first the server's. */
enum { INPUT, OUTPUT, ERROR, PLACE, CONTROL, CHANNELS };

void command_close(int *fd)
{
    if (*fd != -1)
        close(*fd);
    *fd = -1;
}

static void close_ends(int ends[CHANNELS][2], int which)
{
    for (int i = 0; i < CHANNELS; i++)
        command_close(&ends[i][which]);
}

/*
 * Makes them all, so that a program that is started does not inherit them: another thread may start
 * one at any moment, and so this must not be a second call. Returns 0; or -1 with errno set, and none
 * is open.
 */
static int open_channels(int ends[CHANNELS][2])
{
    int result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends[CONTROL]);

    for (int i = 0; i < CONTROL && result == 0; i++)
        result = pipe2(ends[i], O_CLOEXEC);
    if (result == 0) {
        /* A pipe's first end is for reading. Of this one the server has the other. */
        const int reading = ends[INPUT][0];
        ends[INPUT][0] = ends[INPUT][1];
        ends[INPUT][1] = reading;
        result = net_set_nonblocking(ends[INPUT][0]);
    }
    for (int i = OUTPUT; i < CONTROL && result == 0; i++)
        result = net_set_nonblocking(ends[i][0]);
    if (result == -1) {
        const int error = errno;
        close_ends(ends, 0);
        close_ends(ends, 1);
        errno = error;
    }
    return result;
}

int command_start(struct command *command, const char *text, const char *directory)
{
    int ends[CHANNELS][2];
    pid_t keeper;

    memset(ends, -1, sizeof ends); /* all bits set: each is -1 */
    if (open_channels(ends) == -1)
        return -1;
    /* EXERCISE 4: fork; in the child, call keeper_run with the second ends; in the parent, close
     * those, and set *command; if it fails, close all ends, and return -1 */
    keeper = fork();
    switch (keeper) {
    case -1:
        close_ends(ends, 0);
        close_ends(ends, 1);
        return -1;
    case 0:
        /* It does not return. */
        keeper_run(&(struct keeper){
            .control = ends[CONTROL][1],
            .input = ends[INPUT][1],
            .output = ends[OUTPUT][1],
            .error = ends[ERROR][1],
            .place = ends[PLACE][1],
            .directory = directory,
            .text = text,
        });
    default:
        close_ends(ends, 1);
        *command = (struct command){
            .keeper = keeper,
            .control = ends[CONTROL][0],
            .input = ends[INPUT][0],
            .output = ends[OUTPUT][0],
            .error = ends[ERROR][0],
            .place = ends[PLACE][0],
        };
        return 0;
    }
    /* END EXERCISE */
}

void command_signal(struct command *command, int number)
{
    const char byte = (char)number;

    send(command->control, &byte, sizeof byte, MSG_NOSIGNAL);
}

void command_end(struct command *command)
{
    shutdown(command->control, SHUT_WR);
    kill(command->keeper, SIGCONT); /* the command may have stopped it */
}

/* Waits for the keeper, which has little to do; but who knows what the command does to it. */
static void wait_for_keeper(struct command *command)
{
    enum { LONGEST = 5000 }; /* milliseconds */
    struct pollfd control = {.fd = command->control, .events = POLLIN};

    if (poll(&control, 1, LONGEST) == 0)
        kill(command->keeper, SIGKILL);
    while (waitpid(command->keeper, NULL, 0) == -1 && errno == EINTR)
        ;
}

bool command_has_ended(struct command *command, unsigned char *status)
{
    ssize_t received = recv(command->control, status, sizeof *status, MSG_DONTWAIT);

    if (received == -1 && net_would_wait())
        return false;
    if (received < 1) /* somebody has killed its keeper */
        *status = 128 + SIGKILL;
    return true;
}

/* Reads the directory out of the pipe. The shell has written it in one piece, and a newline behind it. */
static void read_place(int place, char *directory, size_t size)
{
    char text[4096];

    ssize_t length = read(place, text, sizeof text);
    if (length < 2 || text[length - 1] != '\n' || (size_t)length > size)
        return;
    text[length - 1] = '\0';
    memcpy(directory, text, (size_t)length);
}

void command_finish(struct command *command, char *directory, size_t size)
{
    if (command->keeper == 0)
        return;
    command_end(command);
    /* Closed now, so that who waits for the client to read, or to send, does not wait any more. */
    command_close(&command->input);
    command_close(&command->output);
    command_close(&command->error);
    wait_for_keeper(command);
    read_place(command->place, directory, size);
    command_close(&command->place);
    command_close(&command->control);
    *command = COMMAND_NONE;
}
