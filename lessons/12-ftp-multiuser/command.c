/*
 * command.c - the table of commands, as command.h says.
 */
#include "command.h"

#include "data.h"
#include "facts.h"
#include "listing.h"
#include "login.h"
#include "manage.h"
#include "retrieve.h"
#include "settings.h"
#include "store.h"
#include "transfer.h"

#include <string.h>
#include <strings.h>

/* What a command needs, and what it leaves as it is. */
enum {
    LOGIN = 1,         /* somebody is logged in */
    ARGUMENT = 2,      /* there is an argument */
    KEEPS_RESTART = 4, /* REST counts for the command behind this one */
    KEEPS_RENAME = 8,  /* and so does RNFR */
};

struct command {
    const char *name;
    void (*handle)(struct session *self, const char *argument);
    int flags;
    const char *help; /* NULL: an old name of another command */
};

static void handle_feat(struct session *self, const char *argument);
static void handle_help(struct session *self, const char *argument);
static void handle_site(struct session *self, const char *argument);

static const struct command commands[] = {
    {"USER", handle_user, ARGUMENT, "NAME: log in as this user"},
    {"PASS", handle_pass, 0, "PASSWORD: the password of the user"},
    {"QUIT", handle_quit, 0, "end the session"},
    {"REIN", handle_rein, 0, "begin anew, on the same connection"},
    {"AUTH", handle_auth, ARGUMENT, "TLS: protect the control connection"},
    {"PBSZ", handle_pbsz, ARGUMENT, "0: comes before PROT"},
    {"PROT", handle_prot, ARGUMENT, "P|C: data connections with TLS, or without"},

    {"PASV", handle_pasv, LOGIN | KEEPS_RESTART, "the server listens (IPv4)"},
    {"EPSV", handle_epsv, LOGIN | KEEPS_RESTART, "[1|2|ALL]: the server listens"},
    {"PORT", handle_port, LOGIN | ARGUMENT | KEEPS_RESTART,
     "H1,H2,H3,H4,P1,P2: the client listens there"},
    {"EPRT", handle_eprt, LOGIN | ARGUMENT | KEEPS_RESTART,
     "|1|ADDRESS|PORT|: the client listens there"},
    {"TYPE", handle_type, ARGUMENT | KEEPS_RESTART, "A|I: text or bytes"},
    {"STRU", handle_stru, ARGUMENT, "F: files have no records"},
    {"MODE", handle_mode, ARGUMENT, "S: a file is a stream of bytes"},
    {"REST", handle_rest, LOGIN | ARGUMENT | KEEPS_RESTART,
     "BYTES: where the next transfer begins"},
    {"OPTS", handle_opts, ARGUMENT, "FEATURE [VALUE]: set an option"},
    {"ALLO", handle_allo, LOGIN | ARGUMENT | KEEPS_RESTART,
     "BYTES: is there room for so many?"},

    {"RETR", handle_retr, LOGIN | ARGUMENT, "PATH: send this file"},
    {"STOR", handle_stor, LOGIN | ARGUMENT, "PATH: take this file"},
    {"APPE", handle_appe, LOGIN | ARGUMENT, "PATH: take what comes behind this file"},
    {"STOU", handle_stou, LOGIN, "take a file under a new name"},
    {"LIST", handle_list, LOGIN, "[PATH]: list files, for people"},
    {"NLST", handle_nlst, LOGIN, "[PATH]: list names"},
    {"MLSD", handle_mlsd, LOGIN, "[PATH]: list files, for programs"},
    {"MLST", handle_mlst, LOGIN, "[PATH]: tell of one file, for programs"},
    {"STAT", handle_stat, 0, "[PATH]: how the session is; or list, in the reply"},
    {"ABOR", handle_abor, 0, "end the transfer"},

    {"CWD", handle_cwd, LOGIN | ARGUMENT, "PATH: go to this directory"},
    {"CDUP", handle_cdup, LOGIN, "go to the directory above"},
    {"PWD", handle_pwd, LOGIN, "in which directory am I?"},
    {"MKD", handle_mkd, LOGIN | ARGUMENT, "PATH: make a directory"},
    {"RMD", handle_rmd, LOGIN | ARGUMENT, "PATH: remove an empty directory"},
    {"DELE", handle_dele, LOGIN | ARGUMENT, "PATH: delete a file"},
    {"RNFR", handle_rnfr, LOGIN | ARGUMENT | KEEPS_RENAME, "PATH: rename this one ..."},
    {"RNTO", handle_rnto, LOGIN | ARGUMENT, "PATH: ... to this"},
    {"SIZE", handle_size, LOGIN | ARGUMENT, "PATH: how many bytes has it?"},
    {"MDTM", handle_mdtm, LOGIN | ARGUMENT, "PATH: when was it changed?"},
    {"MFMT", handle_mfmt, LOGIN | ARGUMENT, "TIME PATH: say when it was changed"},
    {"MFF", handle_mff, LOGIN | ARGUMENT,
     "FACT=VALUE; PATH: change its time or its mode"},
    {"HASH", handle_hash, LOGIN | ARGUMENT, "PATH: its SHA-256"},
    {"AVBL", handle_avbl, LOGIN, "[PATH]: how many bytes may still be stored?"},
    {"SITE", handle_site, LOGIN | ARGUMENT, "COMMAND: beyond FTP; see SITE HELP"},

    {"FEAT", handle_feat, 0, "what this server can do beyond RFC 959"},
    {"HELP", handle_help, 0, "[COMMAND]: this text"},
    {"NOOP", handle_noop, KEEPS_RESTART, "do nothing"},
    {"SYST", handle_syst, 0, "what kind of system is this?"},
    {"CLNT", handle_clnt, 0, "NAME: which program you are"},
    {"CSID", handle_csid, 0, "[NAME]: which program this is"},

    {"XCWD", handle_cwd, LOGIN | ARGUMENT, NULL},
    {"XCUP", handle_cdup, LOGIN, NULL},
    {"XPWD", handle_pwd, LOGIN, NULL},
    {"XMKD", handle_mkd, LOGIN | ARGUMENT, NULL},
    {"XRMD", handle_rmd, LOGIN | ARGUMENT, NULL},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command site_commands[] = {
    {"QUOTA", handle_site_quota, 0, "how many bytes are stored, and how many may be"},
    {"CHMOD", handle_site_chmod, ARGUMENT,
     "MODE PATH: who may read, write and execute it"},
    {"UTIME", handle_site_utime, ARGUMENT, "TIME PATH: as MFMT"},
};

enum { SITE_COMMANDS = sizeof site_commands / sizeof site_commands[0] };

/* The command whose name is the first word of the line; NULL, if there is none. Sets *argument to what
 * stands behind one space: an argument may begin with more. */
static const struct command *find(const struct command *table, int count,
                                  const char *line, const char **argument)
{
    const size_t length = strcspn(line, " ");

    *argument = line + length + (line[length] == ' ');
    for (int i = 0; i < count; i++)
        if (strlen(table[i].name) == length &&
            strncasecmp(table[i].name, line, length) == 0)
            return &table[i];
    return NULL;
}

/* Its argument, and what it does. An old name has the text of the new one. */
static const char *help_of(const struct command *command)
{
    const struct command *same = command;

    if (command->help == NULL)
        for (same = commands; same->handle != command->handle || same->help == NULL;
             same++)
            continue;
    return same->help;
}

/* ---- what the server tells of itself ---- */

static void handle_feat(struct session *self, const char *argument)
{
    static const char *const features[] = {
        "AVBL", "CLNT",          "CSID",       "EPRT",
        "EPSV", "HASH SHA-256*", "MDTM",       "MFF Modify;UNIX.mode;",
        "MFMT", "REST STREAM",   "SITE QUOTA", "SIZE",
        "TVFS", "UTF8"};
    struct control *control = &self->control;
    struct buffer facts = {0};

    (void)argument;
    control_begin(control, 211, "beyond RFC 959 there is");
    if (session_server(self)->tls != NULL) {
        control_add(control, "AUTH TLS");
        control_add(control, "PBSZ");
        control_add(control, "PROT");
    }
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        control_add(control, "%s", features[i]);
    listing_write_facts(&facts, self->facts, true);
    control_add(control, "MLST %.*s", (int)buffer_length(&facts), buffer_front(&facts));
    buffer_free(&facts);
    control_reply(control, 211, "End");
}

/* Tells of each command in a table that has a text of its own. */
static void tell_table(struct control *control, const struct command *table, int count,
                       const char *prefix)
{
    for (int i = 0; i < count; i++)
        if (table[i].help != NULL)
            control_add(control, "%s%-4s %s", prefix, table[i].name, table[i].help);
}

static void handle_help(struct session *self, const char *argument)
{
    struct control *control = &self->control;
    const char *rest;
    const struct command *command = find(commands, COMMANDS, argument, &rest);

    if (command != NULL) {
        control_reply(control, 214, "%s %s", command->name, help_of(command));
    } else if (*argument != '\0') {
        control_reply(control, 504, "there is no such command");
    } else {
        control_begin(control, 214, "the commands are");
        tell_table(control, commands, COMMANDS, "");
        tell_table(control, site_commands, SITE_COMMANDS, "SITE ");
        control_reply(control, 214, "End");
    }
}

/* ---- one line ---- */

/* Checks what the command needs, and calls it. */
static void run(struct session *self, const struct command *command, const char *argument)
{
    if ((command->flags & LOGIN) && !self->is_logged_in)
        control_reply(&self->control, 530, "log in first, with USER and PASS");
    else if ((command->flags & ARGUMENT) && *argument == '\0')
        control_reply(&self->control, 501, "%s %s", command->name, help_of(command));
    else
        command->handle(self, argument);
}

static void handle_site(struct session *self, const char *line)
{
    const char *argument;
    const struct command *command = find(site_commands, SITE_COMMANDS, line, &argument);

    if (command != NULL) {
        run(self, command, argument);
    } else if (strcasecmp(line, "HELP") == 0) {
        control_begin(&self->control, 214, "the commands are");
        tell_table(&self->control, site_commands, SITE_COMMANDS, "SITE ");
        control_reply(&self->control, 214, "End");
    } else {
        control_reply(&self->control, 504, "there is no such SITE command");
    }
}

void command_refuse(struct session *self, int code, const char *reason)
{
    control_reply(&self->control, code, "%s", reason);
    self->restart = 0;
    session_set_path(self, &self->rename_from, NULL);
}

void command_answer(struct session *self, const char *line, size_t length)
{
    const char *argument;
    const struct command *command;

    if (strlen(line) < length) {
        command_refuse(self, 501, "a NUL byte in a command");
        return;
    }
    command = find(commands, COMMANDS, line, &argument);
    /* EXERCISE 1: an unknown command gets the reply 500; a known one is run. Behind it, REST and RNFR
     * are forgotten, unless its flags say that it keeps them */
    if (command == NULL)
        control_reply(&self->control, 500, "%.64s: there is no such command", line);
    else
        run(self, command, argument);
    if (command == NULL || !(command->flags & KEEPS_RESTART))
        self->restart = 0;
    if (command == NULL || !(command->flags & KEEPS_RENAME))
        session_set_path(self, &self->rename_from, NULL);
    /* END EXERCISE */
}
