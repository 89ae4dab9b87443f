/*
 * listing.h - what LIST, NLST, MLSD and MLST say of files, a line for each. A part of lesson 12's server.
 *
 * A name stands there as path_shown_name makes it. What an upload has left behind (PATH_PART_PREFIX) is
 * shown under the name that it will have, as something that can't be read; if anything has that name
 * already, it is not shown.
 *
 * Lines come in the order in which readdir(3) tells the entries, which is no order that means
 * anything: to sort them, all would have to be in memory. Times are in UTC.
 */
#ifndef LISTING_H
#define LISTING_H

#include "buffer.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

/* How a line looks. */
enum listing_format {
    LISTING_LONG,  /* LIST: as ls -l (RFC 959 leaves it open, but programs read it) */
    LISTING_NAMES, /* NLST: the name alone */
    LISTING_FACTS, /* MLSD, MLST: "type=file;size=6;modify=20261126120000;perm=...; NAME" (RFC 3659, 7) */
};

/* The facts that MLST can tell, as FEAT and OPTS MLST name them, each a bit. */
enum {
    LISTING_TYPE = 1,
    LISTING_SIZE = 2,
    LISTING_MODIFY = 4,
    LISTING_PERM = 8,
    LISTING_UNIQUE = 16,
    LISTING_MODE = 32, /* UNIX.mode */
    LISTING_ALL = 63,
};

/* The names of facts, separated by ';', as a client gives them (in any case; unknown ones are
 * ignored). Returns their bits. */
int listing_parse_facts(const char *names);

/* Writes all of them for FEAT, "Type*;Size*;Modify;", with a '*' behind those in `facts`; or, if not
 * `all`, those in `facts` alone, "Type;Size;", as the reply to OPTS MLST has them (RFC 3659, 7.9). */
void listing_write_facts(struct buffer *out, int facts, bool all);

struct listing_style {
    enum listing_format format;
    int facts;           /* bits; for LISTING_FACTS */
    bool shows_hidden;   /* also names that begin with a dot */
    const char *owner;   /* who is shown as the owner: the user */
    const char *pattern; /* only names that match it, fnmatch(3); NULL: all */
    const char
        *prefix; /* what is shown before each name, such as "sub/"; NULL: nothing */
};

/*
 * Appends the line of one file, with "\r\n". `name` is shown, a component or a whole path; of a
 * symbolic link never where it leads, which may be outside. `is_part`: it is not whole.
 * Returns 0; or -1 with errno ENOMEM, or ENOBUFS if the buffer has a limit; then nothing was appended.
 */
int listing_write_entry(struct buffer *out, const struct listing_style *style,
                        const char *name, const struct stat *about, bool is_part);

/* A directory that is being listed. */
struct listing {
    DIR *directory; /* NULL: it has ended */
    struct listing_style style;
    bool tells_itself; /* the line of the directory is still to come */
};

/* Begins to list a directory; the descriptor belongs to the listing from here on, also if this fails.
 * MLSD (LISTING_FACTS) begins with a line for the directory itself, type=cdir, as ".". Else "." and ".."
 * are never told. What *style points to must stay until listing_end, which ends the listing. Returns 0,
 * or -1 with errno; then it has ended. */
int listing_begin(struct listing *listing, int directory,
                  const struct listing_style *style);

/*
 * Appends the next lines, until there are some 16 KiB in the buffer. Files that disappear meanwhile, and
 * those of which fstatat(2) can't tell anything, are left out.
 * Returns 1; 0 if there are no more (some lines may have been appended); or -1 with errno set by
 * readdir(3), or as listing_write_entry.
 */
int listing_next(struct listing *listing, struct buffer *out);

/* Closes the directory. A listing that has ended already stays so. */
void listing_end(struct listing *listing);

#endif
