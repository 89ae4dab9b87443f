/*
 * keeper.h - the process between the server and a command: it starts the command's shell, and when
 * the shell has ended, or the server says so, or the server is gone, it leaves nobody behind.
 *
 *     server ---- control ---- keeper
 *                                '-- sh, of a process group of its own
 *                                     '-- what the command starts
 *
 * A command may start others, which may go on when it has ended, and may leave its process group or
 * its session. On Linux the keeper gets them all: it is a subreaper (prctl(2)), so who loses its
 * parent becomes its child. Elsewhere it reaches those in the shell's group.
 *
 * Not caught is who was not started by the command, but at its wish by another (at, cron, systemd);
 * who belongs to another user (sudo, su); and all of them, if the command kills its keeper.
 */
#ifndef KEEPER_H
#define KEEPER_H

/* What the keeper has from the server. All descriptors are open. */
struct keeper {
    int control; /* a socket. In: a byte is a signal for the shell's group, the end ends the command.
                    Out: one byte, the exit status as $? of a shell, when all have ended */
    int input, output, error; /* the command's stdin, stdout and stderr */
    int place; /* a pipe: which directory the shell was in at its end, and a newline */
    const char *directory; /* which it begins in; "": that of the server */
    const char *text;      /* the command */
};

/*
 * Runs the command, and ends this process, which the caller has just forked off, perhaps as one thread
 * of many. Another thread may have held a lock then, which nobody in this process gives back: so it makes
 * only calls that take none, which are those of signal-safety(7), and system calls.
 */
_Noreturn void keeper_run(const struct keeper *keeper);

#endif
