/*
 * users.c - who may log in at lesson 12's server: adds users, changes and removes them.
 *
 * Run it:       build/12-ftp-multiuser/users add alice --quota 10M
 *                   (asks for the password twice)
 *               build/12-ftp-multiuser/users list
 * Its partner:  server.c, which reads the file at each login: it need not be started again
 */
#include "account.h"
#include "cli.h"
#include "password.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the command line says. */
struct request {
    const char *users; /* the file */
    const char *quota; /* NULL: not given */
    bool reads_stdin;  /* the password is a line of stdin, and nobody is asked */
    const char *command, *name, *size;
};

/* ---- what several commands do ---- */

/* Ends the program, because of errno. */
static _Noreturn void fail(const struct request *request)
{
    if (errno == ENOENT)
        cli_fail("%s: no such user", request->name);
    if (errno == EEXIST)
        cli_fail("%s: there is such a user already", request->name);
    if (errno == EBADMSG)
        cli_fail("%s: the line of %s can't be understood", request->users, request->name);
    if (errno == ELOOP)
        cli_fail("%s: not a regular file", request->users);
    cli_fail("%s: %s", request->users, strerror(errno));
}

/* Reads a quota; "none" is -1. */
static off_t parse_quota(const char *text)
{
    off_t size = -1;

    if (strcmp(text, "none") != 0 && !account_parse_size(text, &size))
        cli_fail_usage("%s: not a number of bytes, such as 500k or 10M, nor none", text);
    return size;
}

/* Asks twice, because nobody sees what is typed. */
static int ask_twice(char password[ACCOUNT_PASSWORD + 1])
{
    char again[ACCOUNT_PASSWORD + 1];

    if (password_ask("New password: ", password, ACCOUNT_PASSWORD + 1) == -1)
        return -1;
    if (password_ask("Once more: ", again, sizeof again) == -1 ||
        strcmp(password, again) != 0)
        cli_fail("the password: it was not the same twice");
    return 0;
}

/* Sets the hash of the password that the account is to have. */
static void read_password(const struct request *request, struct account *account)
{
    char password[ACCOUNT_PASSWORD + 1];
    int result = request->reads_stdin ? password_read(password, sizeof password)
                                      : ask_twice(password);

    if (result == -1 && errno == ENOTTY)
        cli_fail_usage("stdin is no terminal, to ask for the password: --password-stdin "
                       "reads it");
    if (result == -1)
        cli_fail("the password: %s", password_reason(errno));
    if (account_set_password(account, password) == -1)
        cli_fail("the password: %s", strerror(errno));
}

/* ---- the commands ---- */

static void add(const struct request *request)
{
    struct account account = {.quota = -1}, other;

    strcpy(account.name, request->name);
    if (request->quota != NULL)
        account.quota = parse_quota(request->quota);
    /* It is looked for again when the account is stored; but who is asked for a password should
     * not be told only then. */
    if (account_find(request->users, request->name, &other) == 0)
        errno = EEXIST;
    if (errno != ENOENT)
        fail(request);
    read_password(request, &account);
    if (account_store(request->users, &account, ACCOUNT_ADD) == 0)
        return;
    if (errno == ENOENT)
        cli_fail("%s: %s", request->users, strerror(errno)); /* its directory */
    fail(request);
}

static void remove_user(const struct request *request)
{
    if (account_remove(request->users, request->name) == -1)
        fail(request);
}

static void change_password(const struct request *request)
{
    struct account account;

    if (account_find(request->users, request->name, &account) == -1)
        fail(request);
    read_password(request, &account);
    if (account_store(request->users, &account, ACCOUNT_HASH) == -1)
        fail(request);
}

static void change_quota(const struct request *request)
{
    struct account account = {.quota = parse_quota(request->size)};

    strcpy(account.name, request->name);
    if (account_store(request->users, &account, ACCOUNT_QUOTA) == -1)
        fail(request);
}

/* Returns the name of the scheme of a hash, which crypt(5) tells. */
static const char *scheme_of(const char *hash)
{
    static const struct {
        const char *prefix, *name;
    } schemes[] = {
        {"$y$", "yescrypt"},    {"$gy$", "gost-yescrypt"}, {"$7$", "scrypt"},
        {"$2a$", "bcrypt"},     {"$2b$", "bcrypt"},        {"$2x$", "bcrypt"},
        {"$2y$", "bcrypt"},     {"$6$", "sha512crypt"},    {"$5$", "sha256crypt"},
        {"$sha1", "sha1crypt"}, {"$md5", "SunMD5"},        {"$1$", "md5crypt"},
        {"$3$", "NT"},          {"_", "bsdicrypt"},
    };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(hash, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            return schemes[i].name;
    return strlen(hash) == 13 && *hash != '*' ? "descrypt" : "locked";
}

static void print_account(const struct account *account, void *context)
{
    (void)context;
    if (account->quota == -1)
        printf("%s  none  %s\n", account->name, scheme_of(account->hash));
    else
        printf("%s  %jd  %s\n", account->name, (intmax_t)account->quota,
               scheme_of(account->hash));
}

static void list(const struct request *request)
{
    if (account_each(request->users, print_account, NULL) == 0)
        return;
    if (errno == EBADMSG)
        cli_fail("%s: there are lines that can't be understood", request->users);
    cli_fail("%s: %s", request->users, strerror(errno));
}

static const struct command {
    const char *name;
    int words; /* behind it */
    bool has_quota, has_password;
    void (*run)(const struct request *request);
} commands[] = {
    {"add", 1, true, true, add},
    {"remove", 1, false, false, remove_user},
    {"list", 0, false, false, list},
    {"passwd", 1, false, true, change_password},
    {"quota", 2, false, false, change_quota},
};

/* Returns what is to be done; if that makes no sense, ends the program. */
static const struct command *find_command(const struct request *request, int words)
{
    const struct command *command = commands;
    const struct command *const end = commands + sizeof commands / sizeof *commands;

    if (request->command == NULL)
        cli_fail_usage("the command is missing");
    while (command < end && strcmp(command->name, request->command) != 0)
        command++;
    if (command == end)
        cli_fail_usage("%s: no such command", request->command);
    if (words < command->words)
        cli_fail_usage("%s: %s is missing", command->name,
                       words == 0 ? "the name" : "the size");
    if (words > command->words)
        cli_fail_usage("%s: too many arguments", command->name);
    if (words > 0 && !account_name_is_allowed(request->name))
        cli_fail_usage("the name: 1 to %d letters, digits, '.', '-' and '_' are allowed, "
                       "and neither '.' nor '-' begins it",
                       ACCOUNT_NAME_SIZE - 1);
    if (request->quota != NULL && !command->has_quota)
        cli_fail_usage("%s: it does not take --quota", command->name);
    if (request->reads_stdin && !command->has_password)
        cli_fail_usage("%s: it does not take --password-stdin", command->name);
    return command;
}

int main(int argc, char **argv)
{
    struct request request = {.users = "users"};
    const struct cli_option options[] = {
        {"users", 0, "FILE", "the file with the users", .text = &request.users},
        {"quota", 0, "SIZE", "add: bytes that the user may have, such as 10M",
         .text = &request.quota},
        {"password-stdin", 0, NULL, "read the password from stdin, and do not ask",
         .flag = &request.reads_stdin},
        {0},
    };
    int word = cli_parse(
        argc, argv, "add NAME | remove NAME | list | passwd NAME | quota NAME SIZE|none",
        "Say who may log in at the server, and how much each may store.", options);
    const int words = argc - word - 1;

    request.command = words >= 0 ? argv[word] : NULL;
    request.name = words >= 1 ? argv[word + 1] : NULL;
    request.size = words >= 2 ? argv[word + 2] : NULL;
    find_command(&request, words)->run(&request);
    return EXIT_SUCCESS;
}
