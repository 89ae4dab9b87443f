/*
 * record.c - becomes a program, and tells on stdout what the program prints, and when.
 *
 * Run it:       build/tools/record -- A build/02-tcp-time/client --delay 3
 * Its partner:  scripts/lib/tour-record.bash, which reads what several of these tell
 *
 * Each line that the program prints becomes one line of four fields, separated by the
 * byte 0x1f: the time in microseconds since 1970, the NAME, `out` or `err`, and the line
 * itself. After the last one comes a line with `end` in place of `out`.
 *
 * The tour must show in which order the lines of several programs were printed. The time
 * at which they are read does not tell: the reader may come late. So the program's stdout
 * and stderr are sockets on which the kernel itself notes the time of each write
 * (SO_TIMESTAMP).
 *
 * The process that was started becomes the program, which so keeps its process id; the
 * recorder is a grandchild of its own process group, and leaves when all ends are closed.
 */
#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#endif

/* A line is told in a single write, which a pipe keeps whole up to 4096 bytes. */
enum { LINE_LIMIT = 1000, FIELD = '\x1f' };

struct stream {
    const char *name;
    int ends[2];            /* the recorder's and the program's end */
    char line[LINE_LIMIT];  /* as far as it has come */
    size_t length, skipped; /* bytes in it, and bytes for which there was no room */
    int64_t time;           /* of its first byte */
    bool open, begun;
};

static int64_t microseconds(long long seconds, long long more)
{
    return seconds * 1000000 + more;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return microseconds(t.tv_sec, t.tv_nsec / 1000);
}

/* Writes one line of four fields. Without a reader, SIGPIPE ends the recorder. */
static void tell(const char *program, const char *stream, int64_t time, const char *line,
                 size_t length, size_t skipped)
{
    char event[LINE_LIMIT + 200];
    int size = snprintf(event, sizeof event - LINE_LIMIT, "%lld%c%.50s%c%s%c",
                        (long long)time, FIELD, program, FIELD, stream, FIELD);
    memcpy(event + size, line, length);
    size += (int)length;
    if (skipped > 0)
        size += snprintf(event + size, sizeof event - (size_t)size,
                         "... and %zu more bytes", skipped);
    event[size++] = '\n';
    if (write(STDOUT_FILENO, event, (size_t)size) == -1)
        exit(EXIT_FAILURE);
}

static void tell_line(struct stream *stream, const char *program)
{
    tell(program, stream->name, stream->time, stream->line, stream->length,
         stream->skipped);
    stream->length = stream->skipped = 0;
    stream->begun = false;
}

/* The time that the kernel noted for a message; the present, if it noted none. */
static int64_t time_of(struct msghdr *message)
{
    const struct cmsghdr *note = CMSG_FIRSTHDR(message);
    if (note == NULL || note->cmsg_level != SOL_SOCKET || note->cmsg_type != SO_TIMESTAMP)
        return now();
    struct timeval time;
    memcpy(&time, CMSG_DATA(note), sizeof time);
    return microseconds(time.tv_sec, time.tv_usec);
}

/* Takes what one write has brought, and tells the lines that are complete with it. */
static void take(struct stream *stream, const char *program)
{
    static char bytes[1 << 20];
    _Alignas(struct cmsghdr) char note[CMSG_SPACE(sizeof(struct timeval)) + 64];
    struct iovec place = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1};
    message.msg_control = note;
    message.msg_controllen = sizeof note;

    ssize_t received = recvmsg(stream->ends[0], &message, 0);
    if (received == -1 && errno == EINTR)
        return;
    if (received <= 0) {
        if (stream->begun) /* a last line without a newline */
            tell_line(stream, program);
        stream->open = false;
        return;
    }
    int64_t time = time_of(&message);
    for (char *byte = bytes; byte < bytes + received; byte++) {
        if (!stream->begun)
            stream->time = time;
        stream->begun = true;
        if (*byte == '\n')
            tell_line(stream, program);
        else if (stream->length < LINE_LIMIT)
            stream->line[stream->length++] = *byte;
        else
            stream->skipped++;
    }
}

static _Noreturn void record(struct stream streams[2], const char *program)
{
    while (streams[0].open || streams[1].open) {
        struct pollfd polled[2];
        for (int i = 0; i < 2; i++)
            polled[i] =
                (struct pollfd){streams[i].open ? streams[i].ends[0] : -1, POLLIN, 0};
        if (poll(polled, 2, -1) == -1)
            continue;
        for (int i = 0; i < 2; i++)
            if (polled[i].revents != 0)
                take(&streams[i], program);
    }
    tell(program, "end", now(), "", 0, 0);
    _exit(EXIT_SUCCESS);
}

/* Opens a stream whose every write is a message of its own, with its time. */
static void open_stream(struct stream *stream, const char *name)
{
    int on = 1;
    stream->name = name;
    stream->open = true;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, stream->ends) == -1)
        cli_fail("socketpair: %s", strerror(errno));
    /* Where there is no such option, the time of reading has to do. */
    setsockopt(stream->ends[0], SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
}

int main(int argc, char **argv)
{
    static struct stream streams[2];
    const struct cli_option options[] = {{0}};
    int first =
        cli_parse(argc, argv, "-- NAME PROGRAM [ARGUMENT]...",
                  "Run PROGRAM; tell what it prints, and when, under NAME.", options);
    if (argc - first < 2)
        cli_fail_usage("what to run is missing: -- NAME PROGRAM [ARGUMENT]...");
    const char *name = argv[first];
    char **command = argv + first + 1;
    open_stream(&streams[0], "out");
    open_stream(&streams[1], "err");

    const pid_t tour = getppid();
    pid_t child = fork();
    if (child == -1)
        cli_fail("fork: %s", strerror(errno));
    if (child == 0) {
        /* The recorder is a grandchild, whose parent ends at once: so the program has no
         * child that it did not start itself. */
        if (fork() != 0)
            _exit(EXIT_SUCCESS);
        setpgid(0, 0);
        close(STDIN_FILENO);
        close(streams[0].ends[1]);
        close(streams[1].ends[1]);
        record(streams, name);
    }
    waitpid(child, NULL, 0);
#ifdef __linux__
    /* However the tour ends, even by a signal that it can't catch, the program ends too. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != tour)
        return EXIT_FAILURE;
#endif
    dup2(streams[0].ends[1], STDOUT_FILENO);
    dup2(streams[1].ends[1], STDERR_FILENO);
    for (int i = 0; i < 2; i++) {
        close(streams[i].ends[0]);
        close(streams[i].ends[1]);
    }
    execv(command[0], command);
    cli_fail("%s: %s", command[0], strerror(errno));
}
