/*
 * listing.c - lines about files, as listing.h says.
 */
#include "listing.h"

#include "net.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    ENOUGH = 16 * 1024, /* bytes in the buffer, after which listing_next returns */
    HEAD_SIZE = 256,    /* room for what stands before a name */
    HALF_A_YEAR = 31556952 / 2, /* seconds; what is older has a year in place of a time */
};

/* ---- the facts of RFC 3659 ---- */

static const struct {
    int bit;
    const char *name;  /* in FEAT */
    const char *label; /* in a line */
} facts_known[] = {
    {LISTING_TYPE, "Type", "type"},       {LISTING_SIZE, "Size", "size"},
    {LISTING_MODIFY, "Modify", "modify"}, {LISTING_PERM, "Perm", "perm"},
    {LISTING_UNIQUE, "Unique", "unique"}, {LISTING_MODE, "UNIX.mode", "UNIX.mode"},
};

enum { FACTS = sizeof facts_known / sizeof facts_known[0] };

int listing_parse_facts(const char *names)
{
    int facts = 0;

    while (*names != '\0') {
        size_t length = strcspn(names, ";");
        for (int i = 0; i < FACTS; i++) {
            if (strlen(facts_known[i].name) == length &&
                strncasecmp(names, facts_known[i].name, length) == 0)
                facts |= facts_known[i].bit;
        }
        names += length;
        names += *names == ';';
    }
    return facts;
}

void listing_write_facts(struct buffer *out, int facts, bool all)
{
    char text[32];

    for (int i = 0; i < FACTS; i++) {
        const bool is_chosen = (facts & facts_known[i].bit) != 0;
        int length = snprintf(text, sizeof text, "%s%s;", facts_known[i].name,
                              all && is_chosen ? "*" : "");
        if (all || is_chosen)
            buffer_append(out, text, (size_t)length);
    }
}

/* ---- what a line says before the name ---- */

/* Breaks a time down, in UTC. One that has no year of four digits, which a user can give a file,
 * becomes that of 1970: programs read columns. */
static struct tm time_parts(time_t seconds)
{
    const time_t epoch = 0;
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL || parts.tm_year < 1000 - 1900 ||
        parts.tm_year > 9999 - 1900)
        gmtime_r(&epoch, &parts);
    return parts;
}

/* Writes "-rw-r--r--": the kind, and who may read, write and execute. */
static void write_mode(char text[11], mode_t mode)
{
    text[0] = S_ISDIR(mode)    ? 'd'
              : S_ISLNK(mode)  ? 'l'
              : S_ISREG(mode)  ? '-'
              : S_ISFIFO(mode) ? 'p'
              : S_ISSOCK(mode) ? 's'
              : S_ISCHR(mode)  ? 'c'
                               : 'b';
    for (int i = 0; i < 9; i++)
        text[1 + i] = (mode & (0400u >> i)) != 0 ? "rwx"[i % 3] : '-';
    text[10] = '\0';
}

static void write_long(char head[HEAD_SIZE], const struct listing_style *style,
                       const struct stat *about, mode_t mode)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const struct tm parts = time_parts(about->st_mtime);
    const time_t now = time(NULL);
    char text[11], when[16];

    /* Not strftime: the name of the month must not depend on the language of the server. */
    if (about->st_mtime > now || about->st_mtime < now - HALF_A_YEAR)
        snprintf(when, sizeof when, "%5d", 1900 + parts.tm_year);
    else
        snprintf(when, sizeof when, "%02d:%02d", parts.tm_hour, parts.tm_min);
    write_mode(text, mode);
    snprintf(head, HEAD_SIZE, "%s %3ju %-8.32s %-8s %8jd %.3s %2d %s ", text,
             (uintmax_t)about->st_nlink, style->owner, "ftp", (intmax_t)about->st_size,
             months + 3 * parts.tm_mon, parts.tm_mday, when);
}

static const char *type_of(mode_t mode)
{
    if (S_ISREG(mode))
        return "file";
    if (S_ISDIR(mode))
        return "dir";
    return S_ISLNK(mode) ? "OS.unix=symlink" : "OS.unix=other";
}

/* What a client may do, a letter each (RFC 3659, 7.5.5). */
static const char *permissions_of(mode_t mode, bool is_part)
{
    if (S_ISREG(mode))
        return is_part ? "adw" : "adfrw";
    return S_ISDIR(mode) ? "cdeflmp" : "df";
}

static void write_facts(char head[HEAD_SIZE], const struct listing_style *style,
                        const struct stat *about, mode_t mode, const char *type,
                        bool is_part)
{
    const struct tm parts = time_parts(about->st_mtime);
    char values[FACTS][32] = {""}; /* in the order of facts_known */
    int used = 0;

    snprintf(values[0], sizeof values[0], "%s", type);
    if (S_ISREG(mode))
        snprintf(values[1], sizeof values[1], "%jd", (intmax_t)about->st_size);
    snprintf(values[2], sizeof values[2], "%04d%02d%02d%02d%02d%02d",
             1900 + parts.tm_year, 1 + parts.tm_mon, parts.tm_mday, parts.tm_hour,
             parts.tm_min, parts.tm_sec);
    snprintf(values[3], sizeof values[3], "%s", permissions_of(mode, is_part));
    snprintf(values[4], sizeof values[4], "%jxg%jx", (uintmax_t)about->st_dev,
             (uintmax_t)about->st_ino);
    snprintf(values[5], sizeof values[5], "%04o", (unsigned)mode & 07777);
    for (int i = 0; i < FACTS; i++) {
        if ((style->facts & facts_known[i].bit) != 0 && values[i][0] != '\0')
            used += snprintf(head + used, (size_t)(HEAD_SIZE - used), "%s=%s;",
                             facts_known[i].label, values[i]);
    }
    snprintf(head + used, (size_t)(HEAD_SIZE - used), " ");
}

/* ---- lines ---- */

/* As listing_write_entry; `type` is the fact. */
static int write_entry(struct buffer *out, const struct listing_style *style,
                       const char *name, const struct stat *about, const char *type,
                       bool is_part)
{
    /* Nobody can read a part. */
    const mode_t mode =
        is_part ? (about->st_mode & ~(mode_t)07777) | S_IWUSR : about->st_mode;
    const char *prefix = style->prefix != NULL ? style->prefix : "";
    char head[HEAD_SIZE] = "", shown[PATH_NAME_SIZE];

    if (style->format == LISTING_LONG)
        write_long(head, style, about, mode);
    else if (style->format == LISTING_FACTS)
        write_facts(head, style, about, mode, type, is_part);
    /* Room for all: so no call below fails, which would leave a piece of a line. */
    if (buffer_reserve(out, strlen(head) + strlen(prefix) + strlen(name) + 2) == NULL)
        return -1;
    buffer_append(out, head, strlen(head));
    buffer_append(out, prefix, strlen(prefix));
    while (*name != '\0') { /* a path may be longer than a name */
        size_t length = strlen(path_shown_name(name, shown));
        buffer_append(out, shown, length);
        name += length;
    }
    return buffer_append(out, "\r\n", 2);
}

int listing_write_entry(struct buffer *out, const struct listing_style *style,
                        const char *name, const struct stat *about, bool is_part)
{
    return write_entry(out, style, name, about, type_of(about->st_mode), is_part);
}

/* ---- directories ---- */

int listing_begin(struct listing *listing, int directory,
                  const struct listing_style *style)
{
    listing->style = *style;
    listing->tells_itself = style->format == LISTING_FACTS;
    listing->directory = fdopendir(directory);
    return listing->directory != NULL ? 0 : net_close_keep_errno(directory);
}

/* Appends the line of an entry, if it is to be shown. Returns 0, or -1 with errno set. */
static int add(struct listing *listing, struct buffer *out, const char *entry)
{
    const int directory = dirfd(listing->directory);
    const bool is_part = path_is_part(entry);
    const char *name = is_part ? entry + strlen(PATH_PART_PREFIX) : entry;
    char shown[PATH_NAME_SIZE];
    struct stat about, whole;

    if (strcmp(name, "") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    if (name[0] == '.' && !listing->style.shows_hidden)
        return 0;
    const char *pattern = listing->style.pattern;
    if (pattern != NULL &&
        fnmatch(pattern, path_shown_name(name, shown), FNM_NOESCAPE) != 0)
        return 0;
    if (fstatat(directory, entry, &about, AT_SYMLINK_NOFOLLOW) == -1)
        return 0;
    if (is_part && (!S_ISREG(about.st_mode) ||
                    fstatat(directory, name, &whole, AT_SYMLINK_NOFOLLOW) == 0))
        return 0;
    return listing_write_entry(out, &listing->style, name, &about, is_part);
}

int listing_next(struct listing *listing, struct buffer *out)
{
    struct stat about;

    if (listing->tells_itself) {
        if (fstat(dirfd(listing->directory), &about) == -1 ||
            write_entry(out, &listing->style, ".", &about, "cdir", false) == -1)
            return -1;
        listing->tells_itself = false;
    }
    while (buffer_length(out) < ENOUGH) {
        errno = 0;
        const struct dirent *entry = readdir(listing->directory);
        if (entry == NULL)
            return errno == 0 ? 0 : -1;
        if (add(listing, out, entry->d_name) == -1)
            return -1;
    }
    return 1;
}

void listing_end(struct listing *listing)
{
    if (listing->directory != NULL)
        closedir(listing->directory);
    listing->directory = NULL;
}
