/*
 * remote_parse.h - what a server says, taken apart: replies, features, ports, digests and lists. A part
 * of lesson 12's client.
 *
 * There is no socket in here, and nobody is trusted: any bytes may come. Lines are given without
 * their end.
 */
#ifndef REMOTE_PARSE_H
#define REMOTE_PARSE_H

#include "buffer.h"
#include "digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { REMOTE_REPLY_MAX = 256 * 1024 }; /* bytes of the longest reply, of all its lines */

/* ---- a reply (RFC 959, 4.2): "220 text", or "220-text" and lines until "220 text" ---- */

/* Begins as {0}; buffer_free(&reply->text) ends it. */
struct remote_reply {
    int code;           /* 100 to 599; 0: nothing has come of it yet */
    bool is_whole;      /* the last line has come; the next one begins another reply */
    struct buffer text; /* its lines, with their codes, each ended by \n */
};

/* The next line has come. Returns 1 if the reply is whole now; 0 if not; or -1 with errno EBADMSG (it
 * is no reply), EMSGSIZE (longer than REMOTE_REPLY_MAX), or ENOMEM. */
int remote_reply_add(struct remote_reply *reply, const char *line, size_t length);

/* The text of its last line, behind the code. It points into the reply, and ends before the \n. */
const char *remote_reply_last(const struct remote_reply *reply, size_t *length);

/* The next line of the reply: *at is 0 for the first one, and is moved on. Returns whether there is
 * one. */
bool remote_reply_line(const struct remote_reply *reply, size_t *at, const char **line,
                       size_t *length);

/* ---- what single replies say: `line` is their last one, and `text` what stands in it behind the code ---- */

/* "Entering Passive Mode (h1,h2,h3,h4,p1,p2)", behind 227. Returns the port, 1 to 65535, or -1. What the
 * address is, nobody needs to know: remote_data.h. */
int remote_parse_passive(const char *text, size_t length);

/* "Entering Extended Passive Mode (|||6446|)", behind 229 (RFC 2428). Returns the port, or -1. */
int remote_parse_extended(const char *text, size_t length);

/* "213 50", which answers SIZE. Returns the number, or -1. */
off_t remote_parse_size(const char *line, size_t length);

/* "213 SHA-256 0-49 HEX path", which answers HASH. Writes the digest in small letters. Returns 0, or
 * -1, if it is anything else: a digest of another kind, or not from the first byte on. */
int remote_parse_hash(const char *line, size_t length, char digest[DIGEST_SIZE]);

/* The path between quotes in `257 "path" ...`, in which "" is a quote. Writes it into `path`, which
 * has room for `length` bytes. Returns how many bytes it has, or -1. */
ssize_t remote_parse_path(const char *line, size_t length, char *path);

/* What FEAT shows, as far as it matters here. Begins as {0}. */
struct remote_features {
    bool has_hash;         /* SHA-256 */
    bool must_choose_hash; /* ... but only after OPTS HASH SHA-256 */
    bool has_rest;         /* REST STREAM */
    bool has_mlst;
    bool has_size;
};

/* A line of FEAT's reply. What is unknown is passed over. */
void remote_parse_feature(const char *line, size_t length,
                          struct remote_features *features);

/* ---- lists ---- */

/* A line of MLSD or MLST (RFC 3659, 7). */
struct remote_entry {
    enum remote_type {
        REMOTE_FILE,
        REMOTE_DIRECTORY,
        REMOTE_ITSELF, /* the directory that is listed, or the one above */
        REMOTE_OTHER   /* a link, a device, or unknown */
    } type;
    off_t size;        /* -1: unknown */
    char modified[17]; /* "2026-11-26 12:00", in UTC; "": unknown */
    const char *name;  /* points into the line; any bytes */
    size_t name_length;
};

/* Returns 0; or -1, if it is no such line. */
int remote_parse_entry(const char *line, size_t length, struct remote_entry *entry);

/*
 * Whether a name that a server sent is that of something in a directory, and of nothing elsewhere: it
 * is not empty, neither "." nor "..", and has no '/' and no NUL byte. Else a server could choose where
 * on this machine a file is written.
 */
bool remote_name_is_safe(const char *name, size_t length);

#endif
