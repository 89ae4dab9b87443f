/*
 * put.c - sends files, as put.h says.
 *
 * For a small file, nothing is asked: its bytes follow the request, and the next file follows them,
 * before the first one is answered. So many small files take hardly longer than one large one.
 */
#include "put.h"

#include "digest.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char CHANGED[] = "the file has changed while it was sent";

/* ---- small files ---- */

/* The files that are not answered yet. If they were too many, each side could wait for ever: the
 * server with an answer that the client does not read, and the client with a file. */
enum { WINDOW = 64 };

struct window {
    struct sent {
        const char *name;
        off_t size;
        char digest[DIGEST_SIZE];
    } files[WINDOW]; /* a ring: the oldest is files[first] */
    int first, count;
};

/* The server says that it has the file. Returns whether it has computed the same digest. */
static bool conclude(const struct session *session, const char *name, off_t size,
                     off_t before, const char *digest, const struct reply *reply)
{
    if (strcmp(reply->digest, digest) != 0)
        return session_complain(session, name, "the digest differs");
    return session_tell(session, name, size, before);
}

/* Takes answers, until at most `left` are missing; all, if the connection is lost: on the next one
 * they do not come any more. Returns whether all were good. */
static bool collect(struct session *session, struct window *window, int left)
{
    bool all = true;

    while (window->count > (session->is_open ? left : 0)) {
        const struct sent *file = &window->files[window->first];
        struct reply reply;
        bool good =
            session_receive(session, &reply) == 0 && reply.is_ok
                ? conclude(session, file->name, file->size, 0, file->digest, &reply)
                : session_complain_reply(session, file->name, &reply);
        all = good && all;
        window->first = (window->first + 1) % WINDOW;
        window->count--;
    }
    return all;
}

/* Reads exactly `size` bytes. Returns 0, or -1 with errno; EIO, if the file has fewer. */
static int read_whole(int file, char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = read(file, bytes + done, size - done);
        if (count == 0)
            errno = EIO;
        if (count <= 0)
            return -1;
        done += (size_t)count;
    }
    return 0;
}

static bool put_small(struct session *session, struct window *window, const char *name,
                      int file, const struct stat *about)
{
    const size_t size = (size_t)about->st_size;
    char word[NAME_WORD_SIZE], digest[DIGEST_SIZE];
    char *bytes = session->transfer.piece;
    bool all = true;

    int result = read_whole(file, bytes, size);
    if (file_has_changed(file, about))
        return session_complain(session, name, CHANGED);
    if (result == -1 || digest_of(bytes, size, digest) == -1)
        return session_complain(session, name, strerror(errno));
    if (window->count == WINDOW)
        all = collect(session, window, WINDOW / 2);
    session_open(session);
    struct sent *sent = &window->files[(window->first + window->count++) % WINDOW];
    sent->name = name;
    sent->size = about->st_size;
    strcpy(sent->digest, digest);
    if (transfer_write_line(&session->transfer, "PUT %s %zu %s", name_encode(name, word),
                            size, digest) == -1 ||
        wfile_write(&session->wfile, bytes, size) == -1)
        return collect(session, window, 0); /* it tells why */
    return all;
}

/* ---- large files ---- */

/* Asks how much of the file the server has, and compares that with our own bytes, which go into
 * the digest. Returns from where to send, or -1, when it has said why not. */
static off_t agree(struct session *session, const char *name, int file, off_t size,
                   struct digest *digest)
{
    char word[NAME_WORD_SIZE], own[DIGEST_SIZE];
    struct reply reply;

    transfer_write_line(&session->transfer, "PUT %s %jd -", name_encode(name, word),
                        (intmax_t)size);
    if (session_receive(session, &reply) == -1 || !reply.is_ok) {
        session_complain_reply(session, name, &reply);
        return -1;
    }
    /* EXERCISE 5: if the server has bytes of this file, and they are the same as ours, go on
     * behind them; else begin at the beginning, with a digest of no bytes */
    off_t from = reply.number > 0 && reply.number <= size ? reply.number : 0;
    if (from > 0 && (transfer_add_file(&session->transfer, digest, file, from) == -1 ||
                     digest_text(digest, own) == -1 || strcmp(own, reply.digest) != 0)) {
        from = 0;
        digest_restart(digest);
    }
    /* END EXERCISE */
    transfer_write_line(&session->transfer, "FROM %jd", (intmax_t)from);
    return from;
}

/* Sends the bytes, and then their digest, which is in `text` then. Returns true, and the answer is
 * still to come; or false, when it has said why, and the session is closed. */
static bool send_bytes(struct session *session, const char *name, int file,
                       const struct stat *about, off_t from, struct digest *digest,
                       char text[DIGEST_SIZE])
{
    struct reply reply = {0};

    session->transfer.may_be_answered = true;
    enum transfer_end end =
        transfer_send_file(&session->transfer, file, from, about->st_size, digest);
    const int error = errno;
    progress_end(&session->progress); /* what is said now has a line of its own */
    errno = error;
    if (end == TRANSFER_BROKEN || end == TRANSFER_ANSWERED) {
        session_receive(session, &reply);
        if (reply.is_ok)
            session_complain(session, name, "the server has answered too early");
        else
            session_complain_reply(session, name, &reply);
    } else if (file_has_changed(file, about)) {
        session_complain(session, name, CHANGED);
    } else if (end == TRANSFER_FILE) {
        session_complain(session, name, strerror(errno));
    } else if (digest_text(digest, text) == 0) {
        transfer_write_line(&session->transfer, "%s", text);
        return true;
    }
    /* Without a digest, the server can't take the file for whole. */
    session_close(session);
    return false;
}

static bool put_large(struct session *session, const char *name, int file,
                      const struct stat *about, struct digest *digest)
{
    char text[DIGEST_SIZE];
    struct reply reply;

    session_open(session);
    off_t from = agree(session, name, file, about->st_size, digest);
    if (from == -1)
        return false;
    progress_begin(&session->progress, name, from, about->st_size);
    if (!send_bytes(session, name, file, about, from, digest, text))
        return false;
    if (session_receive(session, &reply) == -1 || !reply.is_ok) {
        session_complain_reply(session, name, &reply);
        session_close(session); /* the server may have ended it, too */
        return false;
    }
    return conclude(session, name, about->st_size, from, text, &reply);
}

/* ---- all files ---- */

static bool put_file(struct session *session, struct window *window, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    struct digest digest;
    struct stat about;
    bool success;

    int file = file_open(AT_FDCWD, path, 0, &about);
    if (file == -1)
        return session_complain(session, path, file_reason(errno));
    if (about.st_size <= PROTOCOL_SMALL) {
        success = put_small(session, window, name, file, &about);
    } else {
        success = collect(session, window, 0);
        if (digest_begin(&digest) == -1) {
            success = session_complain(session, name, strerror(errno));
        } else {
            success = put_large(session, name, file, &about, &digest) && success;
            digest_end(&digest);
        }
    }
    close(file);
    return success;
}

bool put_files(struct session *session, char **paths)
{
    static struct window window;
    bool all = true;

    for (; *paths != NULL; paths++)
        all = put_file(session, &window, *paths) && all;
    return collect(session, &window, 0) && all;
}
