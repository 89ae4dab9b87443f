/*
 * verbs.c - the commands, as verbs.h says; those that transfer files are in verbs_files.c.
 */
#include "verbs.h"

#include "cli.h"
#include "remote_login.h"
#include "verbs_files.h"
#include "words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what is printed ---- */

bool verbs_complain(const struct verbs *verbs, const char *what)
{
    cli_warn_bytes(what, verbs->remote->reason, verbs->remote->reason_length);
    return false;
}

bool verbs_complain_of(const struct verbs *verbs, const char *what, const char *name)
{
    char text[REMOTE_REASON + 260];
    int length = snprintf(text, 260, "%s%s", name, *name != '\0' ? ": " : "");
    size_t used = length < 260 ? (size_t)length : 259;

    if (verbs->remote->was_interrupted && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr); /* over the ^C that the terminal shows */
    memcpy(text + used, verbs->remote->reason, verbs->remote->reason_length);
    cli_warn_bytes(what, text, used + verbs->remote->reason_length);
    return false;
}

void verbs_print_reply(const struct remote *remote)
{
    const char *line;
    size_t at = 0, length;

    while (remote_reply_line(&remote->reply, &at, &line, &length)) {
        const bool has_code = length >= 4 && line[0] >= '1' && line[0] <= '5' &&
                              (line[3] == '-' || line[3] == ' ') &&
                              strspn(line, "0123456789") == 3;
        const size_t code = has_code ? 4 : 0;
        cli_print_bytes(stdout, line + code, length - code);
        putchar('\n');
    }
}

/* Asks; whether the reply begins with the digit 2. */
static bool demand(struct verbs *verbs, const char *what, const char *command,
                   const char *argument)
{
    if (remote_demand(verbs->remote, command, argument, 2) == 0)
        return true;
    return argument != NULL ? verbs_complain_of(verbs, what, argument)
                            : verbs_complain(verbs, what);
}

/* ---- lists ---- */

static void print_entry(const struct remote_entry *entry)
{
    if (entry->type == REMOTE_FILE && entry->size >= 0)
        printf("%14jd", (intmax_t)entry->size);
    else
        printf("%14s", entry->type == REMOTE_FILE ? "" : "-");
    printf("  %16s  ", entry->modified);
    cli_print_bytes(stdout, entry->name, entry->name_length);
    puts(entry->type == REMOTE_DIRECTORY ? "/" : "");
}

/* LIST, in the words of the server. */
static bool list_as_it_is(struct verbs *verbs, const char *path)
{
    struct buffer text = {0};
    const char *line;
    size_t at = 0, length;

    bool success = remote_list_receive(verbs->remote, "LIST", path, &text) == 0;
    while (success && remote_list_line(&text, &at, &line, &length)) {
        cli_print_bytes(stdout, line, length);
        putchar('\n');
    }
    buffer_free(&text);
    return success || verbs_complain_of(verbs, "ls", path);
}

/* MLST, which tells of one file, in the second line of a reply. */
static bool list_file(struct verbs *verbs, const char *path)
{
    struct remote_entry entry;
    const char *line;
    size_t at = 0, length;

    if (!demand(verbs, "ls", "MLST", path))
        return false;
    while (remote_reply_line(&verbs->remote->reply, &at, &line, &length))
        if (length > 1 && *line == ' ' &&
            remote_parse_entry(line + 1, length - 1, &entry) == 0)
            print_entry(&entry);
    return true;
}

bool verbs_list(struct verbs *verbs, const char *path)
{
    struct remote_list list = {0};

    if (!verbs->remote->features.has_mlst)
        return list_as_it_is(verbs, path);
    if (remote_list_load(&list, verbs->remote, path) == -1) {
        /* It is no directory, perhaps. */
        if (*path != '\0' && verbs->remote->is_open && verbs->remote->reply.code >= 500 &&
            !verbs->remote->was_interrupted)
            return list_file(verbs, path);
        return verbs_complain_of(verbs, "ls", path);
    }
    for (size_t i = 0; i < list.count; i++)
        print_entry(&list.entries[i]);
    remote_list_free(&list);
    return true;
}

static bool run_ls(struct verbs *verbs, char **words, int count)
{
    return verbs_list(verbs, count > 0 ? words[0] : "");
}

/* ---- directories ---- */

static bool run_pwd(struct verbs *verbs, char **words, int count)
{
    (void)words, (void)count;
    char path[REMOTE_LINE];
    const char *line;
    size_t at = 0, length;

    if (!demand(verbs, "pwd", "PWD", NULL))
        return false;
    remote_reply_line(&verbs->remote->reply, &at, &line, &length);
    ssize_t size = remote_parse_path(line, length, path);
    if (size == -1) {
        verbs_print_reply(verbs->remote);
        return true;
    }
    cli_print_bytes(stdout, path, (size_t)size);
    putchar('\n');
    return true;
}

static bool run_cd(struct verbs *verbs, char **words, int count)
{
    remote_list_free(&verbs->names);
    if (count == 1 && strcmp(words[0], "..") == 0)
        return demand(verbs, "cd", "CDUP", NULL);
    return demand(verbs, "cd", "CWD", count > 0 ? words[0] : "/");
}

static bool run_lcd(struct verbs *verbs, char **words, int count)
{
    char path[4096];
    const char *target = count > 0 ? words[0] : getenv("HOME");

    if (target == NULL || chdir(target) == -1) {
        remote_blame_errno(verbs->remote, target != NULL ? target : "HOME is not set");
        return verbs_complain(verbs, "lcd");
    }
    if (!verbs->quiet && getcwd(path, sizeof path) != NULL) {
        cli_print_bytes(stdout, path, strlen(path));
        putchar('\n');
    }
    return true;
}

static bool run_mkdir(struct verbs *verbs, char **words, int count)
{
    (void)count;
    remote_list_free(&verbs->names);
    return demand(verbs, "mkdir", "MKD", words[0]);
}

static bool run_rmdir(struct verbs *verbs, char **words, int count)
{
    (void)count;
    remote_list_free(&verbs->names);
    return demand(verbs, "rmdir", "RMD", words[0]);
}

static bool run_rm(struct verbs *verbs, char **words, int count)
{
    bool success = true;

    remote_list_free(&verbs->names);
    for (int i = 0; i < count && verbs->remote->is_open; i++)
        success = demand(verbs, "rm", "DELE", words[i]) && success;
    return success;
}

static bool run_mv(struct verbs *verbs, char **words, int count)
{
    (void)count;
    remote_list_free(&verbs->names);
    if (remote_demand(verbs->remote, "RNFR", words[0], 3) == -1)
        return verbs_complain_of(verbs, "mv", words[0]);
    return demand(verbs, "mv", "RNTO", words[1]);
}

/* ---- the quota, and how data connections are made ---- */

static bool run_quota(struct verbs *verbs, char **words, int count)
{
    (void)words, (void)count;
    /* There is no command for it that all servers know. AVBL is from draft-peterson-streamlined-ftp. */
    if (remote_demand(verbs->remote, "SITE", "QUOTA", 2) == -1) {
        if (!verbs->remote->is_open || verbs->remote->reply.code < 500)
            return verbs_complain(verbs, "quota");
        if (!demand(verbs, "quota", "AVBL", NULL))
            return false;
    }
    verbs_print_reply(verbs->remote);
    return true;
}

static bool run_passive(struct verbs *verbs, char **words, int count)
{
    (void)words, (void)count;
    verbs->remote->is_active = false;
    if (!verbs->quiet)
        puts("passive: data connections are made from here to the server");
    return true;
}

static bool run_active(struct verbs *verbs, char **words, int count)
{
    (void)words, (void)count;
    verbs->remote->is_active = true;
    if (!verbs->quiet)
        puts("active: the server makes the data connections");
    return true;
}

static bool run_tls(struct verbs *verbs, char **words, int count)
{
    (void)words, (void)count;
    SSL *const *tls = &verbs->remote->control.tls;

    if (*tls == NULL && logon_secure(verbs->logon, verbs->remote) == -1)
        return verbs_complain(verbs, "tls");
    if (!verbs->quiet)
        printf("%s, %s, the certificate was %s\n", SSL_get_version(*tls),
               SSL_get_cipher_name(*tls),
               verbs->logon->insecure ? "not checked" : "checked");
    return true;
}

static bool run_help(struct verbs *verbs, char **words, int count)
{
    (void)verbs;
    for (const struct verb *verb = verbs_table; verb->name != NULL; verb++)
        if (count == 0 || strcmp(words[0], verb->name) == 0)
            printf("%-8s %-18s %s\n", verb->name, verb->arguments, verb->help);
    return true;
}

static bool run_quit(struct verbs *verbs, char **words, int count)
{
    (void)words, (void)count;
    verbs->is_done = true;
    return true;
}

/* ---- all of them ---- */

const struct verb verbs_table[] = {
    {"active", "", "let the server make the data connections", 0, 0, run_active,
     VERB_NOTHING, VERB_NOTHING},
    {"cat", "FILE", "show a file of the server", 1, 1, verbs_files_cat, VERB_REMOTE,
     VERB_REMOTE},
    {"cd", "[DIR]", "go to a directory of the server", 0, 1, run_cd,
     VERB_REMOTE_DIRECTORY, VERB_REMOTE_DIRECTORY},
    {"get", "FILE [LOCAL]", "fetch a file", 1, 2, verbs_files_get, VERB_REMOTE,
     VERB_LOCAL},
    {"help", "[COMMAND]", "show this", 0, 1, run_help, VERB_NOTHING, VERB_NOTHING},
    {"lcd", "[DIR]", "go to a directory of this machine", 0, 1, run_lcd,
     VERB_LOCAL_DIRECTORY, VERB_LOCAL_DIRECTORY},
    {"ls", "[PATH]", "list a directory of the server", 0, 1, run_ls, VERB_REMOTE,
     VERB_REMOTE},
    {"mget", "PATTERN...", "fetch several files: mget *.txt", 1, WORDS_MAX,
     verbs_files_mget, VERB_REMOTE, VERB_REMOTE},
    {"mkdir", "DIR", "make a directory", 1, 1, run_mkdir, VERB_REMOTE_DIRECTORY,
     VERB_REMOTE_DIRECTORY},
    {"mput", "PATTERN...", "send several files", 1, WORDS_MAX, verbs_files_mput,
     VERB_LOCAL, VERB_LOCAL},
    {"mv", "OLD NEW", "rename", 2, 2, run_mv, VERB_REMOTE, VERB_REMOTE},
    {"passive", "", "make the data connections from here", 0, 0, run_passive,
     VERB_NOTHING, VERB_NOTHING},
    {"put", "LOCAL [FILE]", "send a file", 1, 2, verbs_files_put, VERB_LOCAL,
     VERB_REMOTE},
    {"pwd", "", "show the directory of the server", 0, 0, run_pwd, VERB_NOTHING,
     VERB_NOTHING},
    {"quit", "", "leave", 0, 0, run_quit, VERB_NOTHING, VERB_NOTHING},
    {"quota", "", "show how much room there is", 0, 0, run_quota, VERB_NOTHING,
     VERB_NOTHING},
    {"reget", "FILE [LOCAL]", "fetch the rest of a file: LOCAL.part goes on", 1, 2,
     verbs_files_reget, VERB_REMOTE, VERB_LOCAL},
    {"reput", "LOCAL [FILE]", "send the rest of a file", 1, 2, verbs_files_reput,
     VERB_LOCAL, VERB_REMOTE},
    {"rm", "FILE...", "delete", 1, WORDS_MAX, run_rm, VERB_REMOTE, VERB_REMOTE},
    {"rmdir", "DIR", "delete an empty directory", 1, 1, run_rmdir, VERB_REMOTE_DIRECTORY,
     VERB_REMOTE_DIRECTORY},
    {"tls", "", "begin TLS, and log in again", 0, 0, run_tls, VERB_NOTHING, VERB_NOTHING},
    {0},
};

const struct verb *verbs_find(const char *name)
{
    for (const struct verb *verb = verbs_table; verb->name != NULL; verb++)
        if (strcmp(verb->name, name) == 0)
            return verb;
    return NULL;
}

bool verbs_run(struct verbs *verbs, char *line)
{
    char *words[WORDS_MAX];
    int count = words_split(line, words);

    if (count == -1) {
        remote_blame(verbs->remote, "%s",
                     errno == EINVAL ? "a quote is not closed" : "too many words");
        return verbs_complain(verbs, "command");
    }
    if (count == 0)
        return true;
    const struct verb *verb = verbs_find(words[0]);
    if (verb == NULL) {
        remote_blame(verbs->remote, "unknown; try help");
        return verbs_complain_of(verbs, "command", words[0]);
    }
    if (count - 1 < verb->min || count - 1 > verb->max) {
        cli_warn("usage: %s %s", verb->name, verb->arguments);
        return false;
    }
    verbs->remote->was_interrupted = false;
    return verb->run(verbs, words + 1, count - 1);
}
