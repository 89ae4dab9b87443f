/*
 * fetch.c - receives a file, as fetch.h says.
 */
#include "fetch.h"

#include "net.h"
#include "part.h"
#include "progress.h"
#include "remote_data.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 128 * 1024 };

/* A fetch that is running. */
struct run {
    struct remote *remote;
    struct fetch *fetch;
    struct remote_data data;
    struct part *part;     /* NULL: stdout */
    struct digest *digest; /* NULL: none */
    struct progress progress;
    off_t expected; /* bytes that the server says the file has, or -1 */
};

/* Puts bytes where they belong. Returns 0, or -1 with errno. */
static int keep(struct run *run, const char *bytes, size_t length)
{
    if (run->digest != NULL && digest_add(run->digest, bytes, length) == -1)
        return -1;
    if (run->part != NULL ? part_add(run->part, bytes, length) == -1
                          : fwrite(bytes, 1, length, stdout) != length)
        return -1;
    run->fetch->size += (off_t)length;
    run->fetch->last = bytes[length - 1];
    progress_add(&run->progress, length);
    return 0;
}

/* Receives the bytes of the data connection, up to its end. Returns 0, or -1 with the reason. */
static int receive_bytes(struct run *run)
{
    static char piece[PIECE];
    ssize_t received;

    while ((received = remote_data_receive(&run->data, piece, sizeof piece)) > 0)
        if (keep(run, piece, (size_t)received) == -1)
            return remote_data_refuse(&run->data, strerror(errno));
    /* Under TLS, the end must be declared: else somebody on the way could cut the file off. Some servers
     * don't; but then the size, from the control connection, tells as well that all is here. */
    if (received == -1 && errno == ECONNRESET && run->data.channel.tls != NULL &&
        run->fetch->size == run->expected)
        received = 0;
    return received == 0 ? remote_data_end(&run->data)
                         : remote_data_abort(&run->data, errno);
}

/* Receives what is not here yet, and has it verified. Returns 0, or -1 with the reason. */
static int receive(struct run *run)
{
    struct fetch *fetch = run->fetch;

    if (fetch->before > 0 && fetch->before == run->expected) /* it is whole already */
        fetch->size = fetch->before;
    else if (remote_data_command(&run->data, run->remote, fetch->before, "RETR",
                                 fetch->path) == -1)
        return -1;
    else {
        if (fetch->shows_progress && run->expected > 0)
            progress_begin(&run->progress, fetch->path, fetch->before, run->expected);
        int result = receive_bytes(run);
        progress_end(&run->progress);
        if (result == -1)
            return -1;
    }
    fetch->verified = verify_file(run->remote, fetch->path, run->digest, fetch->size);
    return fetch->verified >= VERIFY_UNKNOWN ? 0 : -1;
}

/* Finds out where to begin, and fetches into the part, or to stdout. */
static int run_with_digest(struct run *run)
{
    struct remote *remote = run->remote;
    struct fetch *fetch = run->fetch;

    fetch->before = fetch->size = run->part != NULL ? run->part->size : 0;
    run->expected = verify_ask_size(remote, fetch->path);
    if (run->expected == -2)
        return -1;
    if (run->expected != -1 && fetch->before > run->expected)
        return remote_blame(remote,
                            "here are %jd bytes already, and the server has only %jd: "
                            "get begins anew",
                            (intmax_t)fetch->before, (intmax_t)run->expected);
    if (run->digest != NULL && run->part != NULL &&
        digest_add_file(run->digest, run->part->file, 0, fetch->before) == -1)
        return remote_blame_errno(remote, fetch->local);
    int result = receive(run);
    if (result == -1 && fetch->verified == VERIFY_DIFFERS && run->part != NULL)
        part_restart(run->part); /* no more bytes could make it right */
    return result;
}

static int run_fetch(struct run *run)
{
    struct digest digest;

    run->fetch->verified = VERIFY_FAILED;
    if (run->fetch->is_unverified || !run->remote->features.has_hash)
        return run_with_digest(run);
    if (digest_begin(&digest) == -1)
        return remote_blame_errno(run->remote, "digest");
    run->digest = &digest;
    int result = run_with_digest(run);
    run->digest = NULL;
    digest_end(&digest);
    return result;
}

/* Opens the part in the directory, fetches into it, and gives it its name. */
static int fetch_into(struct run *run, int directory, const char *name)
{
    struct remote *remote = run->remote;
    char part_name[PART_NAME_SIZE];
    struct part part;
    struct stat about;

    if (fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(about.st_mode))
        return remote_blame(remote, "%s: not a regular file", run->fetch->local);
    snprintf(part_name, sizeof part_name, "%.250s.part", name);
    if (part_open(&part, directory, part_name) == -1)
        return errno == EBUSY
                   ? remote_blame(remote, "%s: another program fetches it", part_name)
                   : remote_blame_errno(remote, part_name);
    run->part = &part;
    int result = run->fetch->is_resumed ? 0 : part_restart(&part);
    if (result == -1)
        remote_blame_errno(remote, part_name);
    else
        result = run_fetch(run);
    if (result == 0 && part_finish(&part, directory, name, true) == -1)
        result = remote_blame_errno(remote, run->fetch->local);
    run->part = NULL;
    part_close(&part);
    return result;
}

int fetch_file(struct remote *remote, struct fetch *fetch)
{
    struct run run = {.remote = remote, .fetch = fetch};
    char parent[PATH_MAX] = ".";
    const char *name = fetch->local;

    if (fetch->local == NULL) {
        int result = run_fetch(&run);
        if (fflush(stdout) == EOF && result == 0)
            return remote_blame_errno(remote, "stdout");
        return result;
    }
    const char *slash = strrchr(fetch->local, '/');
    if (slash != NULL) {
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - fetch->local + 1),
                 fetch->local);
        name = slash + 1;
    }
    if (strlen(name) >= PART_NAME_SIZE || strlen(fetch->local) >= sizeof parent)
        return remote_blame(remote, "the name is too long");
    int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory == -1)
        return remote_blame_errno(remote, parent);
    int result = fetch_into(&run, directory, name);
    close(directory);
    return result;
}
