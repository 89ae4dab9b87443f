/*
 * verbs_files.c - the commands that transfer files, as verbs_files.h says.
 */
#include "verbs_files.h"

#include "cli.h"
#include "fetch.h"
#include "send_file.h"

#include <fnmatch.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands behind the last slash. */
static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Writes "DIRECTORY/NAME". Returns whether it fits. */
static bool join(char path[PATH_MAX], const char *directory, const char *name)
{
    const size_t length = strlen(directory);
    const char *slash = length > 0 && directory[length - 1] != '/' ? "/" : "";
    return snprintf(path, PATH_MAX, "%s%s%s", directory, slash, name) < PATH_MAX;
}

/* Says what was done: "get hello: 50 bytes, of which 20 were there, verified". */
static void tell(const struct verbs *verbs, const char *what, const char *name,
                 off_t size, off_t before, enum verify_result verified)
{
    if (verbs->quiet)
        return;
    printf("%s ", what);
    cli_print_bytes(stdout, name, strlen(name));
    printf(": %jd bytes", (intmax_t)size);
    if (before > 0)
        printf(", of which %jd were there", (intmax_t)before);
    printf(", %s\n", verify_word(verified));
}

/* ---- to here ---- */

static bool get_one(struct verbs *verbs, const char *what, const char *path,
                    const char *local, bool is_resumed)
{
    struct fetch fetch = {.path = path,
                          .local = local,
                          .is_resumed = is_resumed,
                          .is_unverified = verbs->no_verify,
                          .shows_progress = !verbs->quiet};

    if (fetch_file(verbs->remote, &fetch) == -1)
        return verbs_complain_of(verbs, what, path);
    tell(verbs, what, local, fetch.size, fetch.before, fetch.verified);
    return true;
}

static bool get(struct verbs *verbs, const char *what, char **words, int count,
                bool is_resumed)
{
    const char *name = last_name(words[0]);
    const char *local = count > 1 ? words[1] : name;
    char path[PATH_MAX];

    if (count > 1 && is_directory(local)) {
        if (!join(path, local, name)) {
            remote_blame(verbs->remote, "the name is too long");
            return verbs_complain_of(verbs, what, local);
        }
        local = path;
    }
    if (!remote_name_is_safe(last_name(local), strlen(last_name(local)))) {
        remote_blame(verbs->remote, "this is not the name of a file");
        return verbs_complain_of(verbs, what, local);
    }
    return get_one(verbs, what, words[0], local, is_resumed);
}

bool verbs_files_get(struct verbs *verbs, char **words, int count)
{
    return get(verbs, "get", words, count, false);
}

bool verbs_files_reget(struct verbs *verbs, char **words, int count)
{
    return get(verbs, "reget", words, count, true);
}

bool verbs_files_cat(struct verbs *verbs, char **words, int count)
{
    (void)count;
    struct fetch fetch = {.path = words[0], .is_unverified = verbs->no_verify};

    bool success = fetch_file(verbs->remote, &fetch) == 0;
    if (fetch.size > 0 && fetch.last != '\n' && isatty(STDOUT_FILENO))
        putchar('\n'); /* the prompt begins a line */
    return success || verbs_complain_of(verbs, "cat", words[0]);
}

/* Gets one entry of a list, if its name may be that of a file here: it is the server that has chosen it. */
static bool get_entry(struct verbs *verbs, const char *directory,
                      const struct remote_entry *entry)
{
    char name[NAME_MAX + 1], path[PATH_MAX];

    snprintf(name, sizeof name, "%.*s", (int)entry->name_length, entry->name);
    if (!remote_name_is_safe(entry->name, entry->name_length) ||
        entry->name_length > NAME_MAX || !join(path, directory, name)) {
        remote_blame(verbs->remote, "refused: this is not the name of a file here");
        return verbs_complain_of(verbs, "mget", name);
    }
    return get_one(verbs, "mget", path, name, false);
}

/* Whether the entry is to be fetched. FNM_PERIOD: `*` means no name that begins with a dot, so no server
 * can put a .profile where nobody has asked for it. */
static bool matches(const char *pattern, const struct remote_entry *entry)
{
    char name[PATH_MAX];

    if (entry->type == REMOTE_DIRECTORY || entry->name_length >= sizeof name)
        return false;
    memcpy(name, entry->name, entry->name_length);
    name[entry->name_length] = '\0';
    return fnmatch(pattern, name, FNM_PERIOD) == 0 ||
           (strlen(name) < entry->name_length && strcmp(pattern, "*") == 0);
}

/* Gets all files that a pattern means; only the last component can have a '*'. */
static bool get_pattern(struct verbs *verbs, const char *word)
{
    const char *pattern = last_name(word);
    struct remote_list list = {0};
    char directory[PATH_MAX];
    bool success = true;
    size_t found = 0;

    snprintf(directory, sizeof directory, "%.*s", (int)(pattern - word), word);
    if (remote_list_load(&list, verbs->remote, directory) == -1)
        return verbs_complain_of(verbs, "mget", word);
    for (size_t i = 0; i < list.count; i++) {
        if (!matches(pattern, &list.entries[i]))
            continue;
        found++;
        success = get_entry(verbs, directory, &list.entries[i]) && success;
        if (verbs->remote->was_interrupted || !verbs->remote->is_open)
            break;
    }
    remote_list_free(&list);
    if (found > 0)
        return success;
    remote_blame(verbs->remote, "no such file");
    return verbs_complain_of(verbs, "mget", word);
}

bool verbs_files_mget(struct verbs *verbs, char **words, int count)
{
    bool success = true;

    for (int i = 0; i < count; i++) {
        success = get_pattern(verbs, words[i]) && success;
        if (verbs->remote->was_interrupted || !verbs->remote->is_open)
            return false;
    }
    return success;
}

/* ---- to the server ---- */

static bool put_one(struct verbs *verbs, const char *what, const char *local,
                    const char *path, bool is_resumed)
{
    struct send_file sending = {.local = local,
                                .path = path,
                                .is_resumed = is_resumed,
                                .is_unverified = verbs->no_verify,
                                .shows_progress = !verbs->quiet};

    remote_list_free(&verbs->names);
    if (send_file(verbs->remote, &sending) == -1)
        return verbs_complain_of(verbs, what, local);
    tell(verbs, what, path, sending.size, sending.before, sending.verified);
    return true;
}

static bool put(struct verbs *verbs, const char *what, char **words, int count,
                bool is_resumed)
{
    const char *name = last_name(words[0]);
    const char *path = count > 1 ? words[1] : name;
    char joined[PATH_MAX];

    if (*path == '\0' || path[strlen(path) - 1] == '/') { /* into a directory */
        if (!join(joined, path, name)) {
            remote_blame(verbs->remote, "the name is too long");
            return verbs_complain_of(verbs, what, path);
        }
        path = joined;
    }
    return put_one(verbs, what, words[0], path, is_resumed);
}

bool verbs_files_put(struct verbs *verbs, char **words, int count)
{
    return put(verbs, "put", words, count, false);
}

bool verbs_files_reput(struct verbs *verbs, char **words, int count)
{
    return put(verbs, "reput", words, count, true);
}

static bool put_pattern(struct verbs *verbs, const char *pattern)
{
    glob_t found;
    bool success = true;

    /* GLOB_NOCHECK: a name that matches nothing is tried as it is, and send_file says why it fails. */
    if (glob(pattern, GLOB_NOCHECK, NULL, &found) != 0) {
        remote_blame(verbs->remote, "the directory can't be read");
        return verbs_complain_of(verbs, "mput", pattern);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (found.gl_pathc > 1 && is_directory(found.gl_pathv[i]))
            continue;
        success = put_one(verbs, "mput", found.gl_pathv[i], last_name(found.gl_pathv[i]),
                          false) &&
                  success;
        if (verbs->remote->was_interrupted || !verbs->remote->is_open)
            break;
    }
    globfree(&found);
    return success;
}

bool verbs_files_mput(struct verbs *verbs, char **words, int count)
{
    bool success = true;

    for (int i = 0; i < count; i++) {
        success = put_pattern(verbs, words[i]) && success;
        if (verbs->remote->was_interrupted || !verbs->remote->is_open)
            return false;
    }
    return success;
}
