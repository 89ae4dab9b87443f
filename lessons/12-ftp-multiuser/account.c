/*
 * account.c - the file with the users, as account.h says; and crypt(3).
 */
#define _DEFAULT_SOURCE /* explicit_bzero */
#include "account.h"

#include "replacement.h"

#include <crypt.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- words ---- */

bool account_name_is_allowed(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-.";
    const size_t length = strlen(name);

    return length > 0 && length < ACCOUNT_NAME_SIZE && strspn(name, letters) == length &&
           *name != '-' && *name != '.';
}

bool account_parse_size(const char *text, off_t *size)
{
    static const char units[] = "kMGT";
    const off_t max = (off_t)((UINTMAX_C(1) << (sizeof(off_t) * CHAR_BIT - 1)) - 1);
    const char *unit;
    off_t value = 0;
    int steps = 0; /* of 1024 */

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (value > (max - (*text - '0')) / 10)
            return false;
        value = value * 10 + (*text - '0');
    }
    if (*text != '\0') {
        unit = strchr(units, *text);
        if (unit == NULL || text[1] != '\0')
            return false;
        steps = (int)(unit - units) + 1;
    }
    for (; steps > 0; steps--) {
        if (value > max / 1024)
            return false;
        value *= 1024;
    }
    *size = value;
    return true;
}

/* ---- lines of the file ---- */

/* Whether a line is the user's, good or not: what stands before the first ':' is the name. */
static bool is_of(const char *line, const char *name)
{
    const size_t length = strlen(name);

    return strncmp(line, name, length) == 0 && length > 0 &&
           (line[length] == ':' || line[length] == '\n' || line[length] == '\0');
}

/* Takes a line apart, and changes it. Returns 0, or -1 with errno EBADMSG. */
static int parse(char *line, size_t length, struct account *account)
{
    errno = EBADMSG;
    if (strlen(line) != length)
        return -1;
    line[strcspn(line, "\n")] = '\0';
    char *hash = strchr(line, ':');
    char *quota = hash == NULL ? NULL : strchr(hash + 1, ':');
    if (quota == NULL)
        return -1;
    *hash++ = *quota++ = '\0';
    if (!account_name_is_allowed(line) || strlen(hash) >= ACCOUNT_HASH_SIZE)
        return -1;
    strcpy(account->name, line);
    strcpy(account->hash, hash);
    account->quota = -1;
    return *quota == '\0' || account_parse_size(quota, &account->quota) ? 0 : -1;
}

int account_find(const char *path, const char *name, struct account *account)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int result = -1;

    if (file == NULL)
        return -1;
    while ((length = getline(&line, &size, file)) != -1 && !is_of(line, name))
        ;
    if (length != -1)
        result = parse(line, (size_t)length, account);
    else if (feof(file))
        errno = ENOENT;
    int error = errno;
    free(line);
    fclose(file);
    errno = error;
    return result;
}

int account_each(const char *path,
                 void (*tell)(const struct account *account, void *context),
                 void *context)
{
    struct account account;
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int error = 0;

    if (file == NULL)
        return -1;
    while ((length = getline(&line, &size, file)) != -1) {
        if (*line == '#' || *line == '\n')
            continue;
        if (parse(line, (size_t)length, &account) == 0)
            tell(&account, context);
        else
            error = EBADMSG;
    }
    if (!feof(file))
        error = errno;
    free(line);
    fclose(file);
    errno = error;
    return error == 0 ? 0 : -1;
}

/* ---- passwords ---- */

/* How many threads compute a hash now, and who wait for their turn. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t has_ended;
    long computing;
} turns = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void begin_turn(void)
{
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    pthread_mutex_lock(&turns.lock);
    while (turns.computing >= (cpus > 0 ? cpus : 1))
        pthread_cond_wait(&turns.has_ended, &turns.lock);
    turns.computing++;
    pthread_mutex_unlock(&turns.lock);
}

static void end_turn(void)
{
    pthread_mutex_lock(&turns.lock);
    turns.computing--;
    pthread_cond_signal(&turns.has_ended);
    pthread_mutex_unlock(&turns.lock);
}

/* Hashes a password in the way that `setting`, a salt or a whole hash, names. Returns 0, or -1 with
 * errno set by crypt_r(3). */
static int compute(const char *password, const char *setting,
                   char hash[ACCOUNT_HASH_SIZE])
{
    int result = -1;

    begin_turn();
    /* It has 32 KiB, which are too many for the stack of a thread. */
    struct crypt_data *data = calloc(1, sizeof *data);
    const char *made = data == NULL ? "*0" : crypt_r(password, setting, data);
    int error = errno;
    if (*made != '*') { /* "*0" and "*1" mean that it has failed */
        snprintf(hash, ACCOUNT_HASH_SIZE, "%s", made);
        result = 0;
    }
    if (data != NULL)
        explicit_bzero(data, sizeof *data); /* a memset before free would be left out */
    free(data);
    end_turn();
    errno = error;
    return result;
}

bool account_check(const struct account *account, const char *password)
{
    /* Of a password that nobody knows, with the cost that crypt_gensalt(3) chooses. */
    static const char nobody[] =
        "$y$j9T$kUJoALCPrTM79O1gtkGdk.$4Jogo6wNC8zG7LQLMuMVOd7ACdgWJAvIcmh/rOP.tF3";
    char hash[ACCOUNT_HASH_SIZE];

    /* An account may have a hash that is none, such as "*", because it is locked. */
    if (account == NULL || compute(password, account->hash, hash) == -1) {
        compute(password, nobody, hash);
        return false;
    }
    /* strcmp would end at the first byte that differs, and so tell by its time where that is. */
    size_t length = strlen(hash);
    return strlen(account->hash) == length &&
           CRYPTO_memcmp(account->hash, hash, length) == 0;
}

int account_set_password(struct account *account, const char *password)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof setting) == NULL)
        return -1;
    return compute(password, setting, account->hash);
}

/* ---- changing the file ---- */

/* What is to be changed. */
struct task {
    const struct account *account;
    enum account_change change;
    bool removes; /* the user goes; of the account only the name counts */
};

static int write_account(FILE *file, const struct account *account)
{
    if (fprintf(file, "%s:%s:", account->name, account->hash) < 0 ||
        (account->quota >= 0 && fprintf(file, "%jd", (intmax_t)account->quota) < 0))
        return -1;
    return fputc('\n', file) == EOF ? -1 : 0;
}

/* Writes what becomes of the user's line. */
static int rewrite_line(FILE *after, const struct task *task, char *line, size_t length)
{
    struct account account;

    if (task->removes)
        return 0;
    if (task->change == ACCOUNT_ADD) {
        errno = EEXIST;
        return -1;
    }
    if (parse(line, length, &account) == -1)
        return -1;
    if (task->change == ACCOUNT_HASH)
        strcpy(account.hash, task->account->hash);
    else
        account.quota = task->account->quota;
    return write_account(after, &account);
}

/* Copies all lines, but the user's becomes what it is to be; a second one of the same user, which
 * would count if the first one were removed, goes. */
static int rewrite(const struct replacement *file, const struct task *task)
{
    char *line = NULL, last = '\n';
    size_t size = 0;
    ssize_t length;
    bool is_found = false;
    int result = 0;

    while (result == 0 && (length = getline(&line, &size, file->before)) != -1) {
        last = line[length - 1];
        if (!is_of(line, task->account->name)) {
            if (fwrite(line, 1, (size_t)length, file->after) != (size_t)length)
                result = -1;
        } else if (!is_found) {
            is_found = true;
            result = rewrite_line(file->after, task, line, (size_t)length);
        }
    }
    int error = errno;
    free(line);
    errno = error;
    if (result == -1 || !feof(file->before))
        return -1;
    if (is_found)
        return 0;
    errno = ENOENT;
    if (task->removes || task->change != ACCOUNT_ADD ||
        (last != '\n' && fputc('\n', file->after) == EOF))
        return -1;
    return write_account(file->after, task->account);
}

static int change_file(const char *path, const struct task *task)
{
    const bool adds = !task->removes && task->change == ACCOUNT_ADD;
    struct replacement file;

    if (replacement_begin(&file, path, adds) == -1)
        return -1;
    int result = rewrite(&file, task);
    if (result == 0)
        result = replacement_finish(&file);
    replacement_end(&file);
    return result;
}

int account_store(const char *path, const struct account *account,
                  enum account_change change)
{
    return change_file(path, &(struct task){account, change, false});
}

int account_remove(const char *path, const char *name)
{
    struct account account = {.quota = -1};

    errno = ENOENT;
    if (!account_name_is_allowed(name))
        return -1;
    strcpy(account.name, name);
    return change_file(path, &(struct task){.account = &account, .removes = true});
}
