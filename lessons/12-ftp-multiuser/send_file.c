/*
 * send_file.c - sends a file, as send_file.h says.
 */
#include "send_file.h"

#include "net.h"
#include "progress.h"
#include "remote_data.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 128 * 1024 };

/* A sending that is running. */
struct run {
    struct remote *remote;
    struct send_file *sending;
    struct remote_data data;
    int file;
    off_t length;          /* of the file, when it was opened */
    struct digest *digest; /* NULL: none */
    struct progress progress;
};

/* Opens the file, if it is a regular one. Returns 0, or -1 with the reason. */
static int open_file(struct run *run)
{
    struct stat about;

    /* O_NONBLOCK: to open a named pipe would wait for somebody who writes into it. */
    run->file = open(run->sending->local, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (run->file == -1 || fstat(run->file, &about) == -1)
        return remote_blame_errno(run->remote, run->sending->local);
    if (!S_ISREG(about.st_mode))
        return remote_blame(run->remote, "%s: not a regular file", run->sending->local);
    run->length = about.st_size;
    return 0;
}

/* Sends the bytes of the file from its offset on, up to its end. */
static int send_bytes(struct run *run)
{
    static char piece[PIECE];
    ssize_t count;

    while ((count = read(run->file, piece, sizeof piece)) > 0) {
        if (run->digest != NULL && digest_add(run->digest, piece, (size_t)count) == -1)
            return remote_data_refuse(&run->data, strerror(errno));
        if (remote_data_send(&run->data, piece, (size_t)count) == -1)
            return remote_data_abort(&run->data, errno);
        run->sending->size += count;
        progress_add(&run->progress, (size_t)count);
    }
    return count == 0 ? remote_data_end(&run->data)
                      : remote_data_refuse(&run->data, strerror(errno));
}

/* Finds out how many bytes the server has already, and puts the offset of the file behind them. */
static int find_begin(struct run *run)
{
    struct remote *remote = run->remote;
    struct send_file *sending = run->sending;

    sending->before = 0;
    if (sending->is_resumed) {
        const off_t there = verify_ask_size(remote, sending->path);
        if (there == -2)
            return -1;
        if (there > run->length)
            return remote_blame(remote, "the server has %jd bytes, and here are only %jd",
                                (intmax_t)there, (intmax_t)run->length);
        sending->before = there > 0 ? there : 0; /* -1: it has nothing */
    }
    sending->size = sending->before;
    if (run->digest != NULL &&
        digest_add_file(run->digest, run->file, 0, sending->before) == -1)
        return remote_blame_errno(remote, sending->local);
    if (lseek(run->file, sending->before, SEEK_SET) == -1)
        return remote_blame_errno(remote, sending->local);
    return 0;
}

/* Sends what the server does not have yet. That may be nothing: also then the server must hear that the file
 * ends here, for it may have all bytes, and yet keep them for a part. */
static int send_rest(struct run *run)
{
    struct send_file *sending = run->sending;
    off_t from = sending->before;
    const char *verb = "STOR";
    int result;

    if (from > 0 && !run->remote->features.has_rest) {
        verb = "APPE"; /* behind what is there, wherever that ends */
        from = 0;
    }
    if (remote_data_command(&run->data, run->remote, from, verb, sending->path) == -1)
        return -1;
    if (sending->shows_progress && run->length > 0)
        progress_begin(&run->progress, sending->local, sending->before, run->length);
    result = send_bytes(run);
    progress_end(&run->progress);
    return result;
}

static int run_with_digest(struct run *run)
{
    struct send_file *sending = run->sending;

    if (find_begin(run) == -1 || send_rest(run) == -1)
        return -1;
    sending->verified =
        verify_file(run->remote, sending->path, run->digest, sending->size);
    return sending->verified >= VERIFY_UNKNOWN ? 0 : -1;
}

int send_file(struct remote *remote, struct send_file *sending)
{
    struct run run = {.remote = remote, .sending = sending};
    struct digest digest;
    int result = open_file(&run);

    sending->verified = VERIFY_FAILED;
    if (result == 0 && !sending->is_unverified && remote->features.has_hash) {
        result = digest_begin(&digest);
        if (result == -1)
            remote_blame_errno(remote, "digest");
        else
            run.digest = &digest;
    }
    if (result == 0)
        result = run_with_digest(&run);
    if (run.digest != NULL)
        digest_end(&digest);
    if (run.file != -1)
        net_close_keep_errno(run.file);
    return result;
}
