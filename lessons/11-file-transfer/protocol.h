/*
 * protocol.h - the lines that the two programs of lesson 11 send each other.
 *
 *     PUT NAME SIZE DIGEST    GET NAME OFFSET [unverified]    LIST
 *     OK ...                  ERR REASON
 *
 * Between two words stands one space. NAME is encoded as name.h says, SIZE and OFFSET are decimal
 * numbers, DIGEST is 64 hexadecimal digits, or "-" where none is known. README.md says what is
 * sent when. The functions here take a line without its end, and any bytes may be in it.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include "digest.h"
#include "name.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    PROTOCOL_LINE = 1024, /* bytes of the longest line, with its end */
    PROTOCOL_SMALL =
        65536 /* the bytes of a file up to this size follow their PUT at once */
};

/* What a client asks for. */
struct command {
    enum { COMMAND_UNKNOWN, COMMAND_PUT, COMMAND_GET, COMMAND_LIST } what;
    char name[NAME_SIZE];     /* PUT, GET */
    off_t number;             /* PUT: the size; GET: the offset */
    char digest[DIGEST_SIZE]; /* PUT: "" if it is sent behind the bytes */
    bool unverified;          /* GET: the client wants no digest */
};

/* Fills in *command; in any case what it asks for. Returns NULL, or a reason why it can't be
 * understood, for ERR. */
const char *protocol_parse_command(const char *line, size_t length,
                                   struct command *command);

/* What a server answers. */
struct reply {
    bool is_ok;
    off_t number;             /* OK: the first word, or -1 if that is no number */
    char digest[DIGEST_SIZE]; /* OK: the last word, or "" if that is no digest */
    const char *reason;       /* ERR: the rest of the line, in its bytes */
    size_t reason_length;
};

/* Fills in *reply. Returns 0, or -1 with errno EBADMSG, if it is no reply. */
int protocol_parse_reply(const char *line, size_t length, struct reply *reply);

/* A line of a list, "NAME SIZE". Returns as protocol_parse_reply does. */
int protocol_parse_entry(const char *line, size_t length, char name[NAME_SIZE],
                         off_t *size);

/* "FROM OFFSET", with which a client goes on after the OK to its PUT. Returns as
 * protocol_parse_reply does. */
int protocol_parse_from(const char *line, size_t length, off_t *offset);

/* A line that is a digest. Returns as protocol_parse_reply does. */
int protocol_parse_digest(const char *line, size_t length, char digest[DIGEST_SIZE]);

#endif
