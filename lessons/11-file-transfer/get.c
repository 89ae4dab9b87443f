/*
 * get.c - receives files, as get.h says.
 */
#include "get.h"

#include "digest.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where a file goes: the current directory. AT_FDCWD is no descriptor, and fsync needs one. */
static int here;

/* Receives the bytes that follow an OK, and the reply behind them. Returns 0; or -1, when the
 * session is closed, with the reason in *reply. */
static int receive_bytes(struct session *session, const char *name, struct part *part,
                         off_t size, struct digest *digest, struct reply *reply)
{
    if (size < 0)
        return session_give_up(session, "the server has not said how many bytes come",
                               reply);
    progress_begin(&session->progress, name, part->size, size);
    enum transfer_end end = transfer_receive_file(&session->transfer, part, size, digest);
    int error = errno;
    progress_end(&session->progress);
    if (end == TRANSFER_DONE)
        return session_receive(session, reply);
    return session_give_up(
        session, error == ECONNRESET ? "the connection is lost" : strerror(error), reply);
}

/* Whether the digest that the server sent is that of the bytes that came. */
static bool is_right(const struct digest *digest, const struct reply *reply)
{
    char own[DIGEST_SIZE];

    return digest_text(digest, own) == 0 && strcmp(own, reply->digest) == 0;
}

enum outcome { RIGHT, WRONG, FAILED };

/*
 * Receives what the part does not have yet. Returns RIGHT, when it is whole; WRONG, when what it has
 * is of no use, and it is empty now; or FAILED, when it may be continued later. Unless it is RIGHT,
 * *reply tells why.
 */
static enum outcome fill(struct session *session, const char *name, struct part *part,
                         struct digest *digest, struct reply *reply)
{
    static const char differs[] = "the digest differs";
    char word[NAME_WORD_SIZE];
    /* Nobody can know whether two halves are of the same file, unless there is a digest. */
    const bool unverified = session->no_verify && part->size == 0;

    session_open(session);
    transfer_write_line(&session->transfer, "GET %s %jd%s", name_encode(name, word),
                        (intmax_t)part->size, unverified ? " unverified" : "");
    if (session_receive(session, reply) == -1 || !reply->is_ok)
        return FAILED;
    if (receive_bytes(session, name, part, reply->number, unverified ? NULL : digest,
                      reply) == -1)
        return FAILED;
    if (reply->is_ok && (unverified || is_right(digest, reply)))
        return RIGHT;
    if (reply->is_ok)
        *reply = (struct reply){.reason = differs, .reason_length = strlen(differs)};
    return part_restart(part) == 0 ? WRONG : FAILED;
}

/* Gets the file into a part that is open. If it can't be continued, begins once more. */
static bool get_part(struct session *session, const char *name, struct part *part,
                     struct digest *digest)
{
    struct reply reply;
    off_t before = part->size;

    /* EXERCISE 6: the digest is that of the whole file: so add what the part has already. If then
     * what the part has proves to be of no use, begin once more, with no bytes */
    if (transfer_add_file(&session->transfer, digest, part->file, part->size) == -1) {
        session_complain(session, name, strerror(errno));
        session_close(session);
        return false;
    }
    enum outcome outcome = fill(session, name, part, digest, &reply);
    if (outcome == WRONG && before > 0) {
        before = 0;
        digest_restart(digest);
        outcome = fill(session, name, part, digest, &reply);
    }
    /* END EXERCISE */
    if (outcome != RIGHT)
        return session_complain_reply(session, name, &reply);
    if (part_finish(part, here, name, !session->no_sync) == -1)
        return session_complain(session, name, strerror(errno));
    return session_tell(session, name, part->size, before);
}

static bool get_file(struct session *session, const char *name)
{
    char part_name[NAME_SIZE];
    struct digest digest;
    struct part part;

    if (!name_is_allowed(name, strlen(name)))
        return session_complain(session, name, "this is not the name of a file");
    if (file_may_take(here, name) == -1)
        return session_complain(session, name, file_reason(errno));
    /* Before the part: if nobody listens, the program ends here, and leaves no empty one. */
    session_open(session);
    snprintf(part_name, sizeof part_name, "%.250s.part", name);
    if (part_open(&part, here, part_name) == -1)
        return session_complain(session, part_name, file_reason(errno));
    bool success = false;
    if (digest_begin(&digest) == -1) {
        session_complain(session, name, strerror(errno));
    } else {
        success = get_part(session, name, &part, &digest);
        digest_end(&digest);
    }
    part_close(&part);
    return success;
}

bool get_files(struct session *session, char **names)
{
    bool all = true;

    here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (here == -1)
        return session_complain(session, ".", strerror(errno));
    for (; *names != NULL; names++)
        all = get_file(session, *names) && all;
    close(here);
    return all;
}
