/*
 * verify.c - compares what both sides have, as verify.h says.
 */
#include "verify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

off_t verify_ask_size(struct remote *remote, const char *path)
{
    size_t at = 0, length;
    const char *line;

    int code = remote_ask(remote, "SIZE", path);
    if (code == -1)
        return -2;
    if (code != 213 || !remote_reply_line(&remote->reply, &at, &line, &length))
        return -1;
    return remote_parse_size(line, length);
}

static enum verify_result compare_size(struct remote *remote, const char *path,
                                       off_t size)
{
    const off_t remote_size = verify_ask_size(remote, path);

    if (remote_size == -2)
        return VERIFY_FAILED;
    if (remote_size == -1)
        return VERIFY_UNKNOWN;
    if (remote_size == size)
        return VERIFY_SIZE;
    remote_blame(remote, "the server has %jd bytes of it, and here are %jd",
                 (intmax_t)remote_size, (intmax_t)size);
    return VERIFY_DIFFERS;
}

enum verify_result verify_file(struct remote *remote, const char *path,
                               const struct digest *digest, off_t size)
{
    char own[DIGEST_SIZE], other[DIGEST_SIZE];
    size_t at = 0, length;
    const char *line;

    if (digest == NULL || !remote->features.has_hash)
        return compare_size(remote, path, size);
    if (digest_text(digest, own) == -1) {
        remote_blame_errno(remote, "digest");
        return VERIFY_FAILED;
    }
    if (remote_demand(remote, "HASH", path, 2) == -1)
        return VERIFY_FAILED;
    remote_reply_line(&remote->reply, &at, &line, &length);
    if (remote_parse_hash(line, length, other) == -1) {
        remote_blame(remote, "no SHA-256 is in the answer to HASH");
        return VERIFY_FAILED;
    }
    if (strcmp(own, other) == 0)
        return VERIFY_SAME;
    remote_blame(remote, "the digest differs");
    return VERIFY_DIFFERS;
}

const char *verify_word(enum verify_result result)
{
    switch (result) {
    case VERIFY_SAME:
        return "verified";
    case VERIFY_SIZE:
        return "not verified, but the size is right";
    default:
        return "not verified";
    }
}
