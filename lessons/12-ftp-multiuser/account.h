/*
 * account.h - who may log in: the file with the users, their passwords and their quotas. For the
 * programs `server` and `users` of lesson 12.
 *
 * The file has a line for each user, NAME:HASH:QUOTA. HASH is what crypt(3) makes of the password,
 * in any scheme that libcrypt knows; QUOTA is a number of bytes, or empty for none. Lines that are
 * empty or begin with # stay as they are. The server reads it at each login: a change needs no restart.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    ACCOUNT_NAME_SIZE = 33,  /* room for a name, with the NUL byte */
    ACCOUNT_HASH_SIZE = 384, /* room for a hash: CRYPT_OUTPUT_SIZE */
    ACCOUNT_PASSWORD = 511,  /* bytes of the longest password, as libcrypt has it */
};

struct account {
    char name[ACCOUNT_NAME_SIZE];
    char hash[ACCOUNT_HASH_SIZE];
    off_t quota; /* in bytes; -1: none */
};

/* Whether a user may have this name, which is that of a directory, too: 1 to 32 letters, digits, '.',
 * '-' and '_', of which the first is a letter, a digit or '_'. */
bool account_name_is_allowed(const char *name);

/* Reads a size: digits, and perhaps k, M, G or T (of 1024) behind them. Returns whether it is one
 * that off_t can hold. */
bool account_parse_size(const char *text, off_t *size);

/* Finds the user in the file. Returns 0; or -1 with errno ENOENT (no such user, or no such file),
 * EBADMSG (this user's line can't be understood), or set by fopen(3). */
int account_find(const char *path, const char *name, struct account *account);

/*
 * Whether the password is the account's. With NULL for the account, for a user who does not exist, the
 * answer is false after the same work (yescrypt with its default cost), so that the time tells nobody
 * which users there are. No more threads than CPUs compute at once: a hash takes 16 MiB of memory.
 */
bool account_check(const struct account *account, const char *password);

/* Hashes a password with yescrypt and a new salt, crypt_gensalt(3), into account->hash. Returns 0, or
 * -1 with errno set. */
int account_set_password(struct account *account, const char *password);

/* Calls `tell` with each account of the file. Returns 0; or -1 with errno set by fopen(3), or, when
 * all were told, EBADMSG, if there are lines that can't be understood. */
int account_each(const char *path,
                 void (*tell)(const struct account *account, void *context),
                 void *context);

/* ---- changing the file ----
 *
 * The new file is written beside the old one, FILE.new, with the mode 0600, synced and renamed: nobody
 * ever sees a half. Two programs that change it at once do so one after the other, and neither undoes
 * what the other one did. All fail with errno ELOOP if the file is no regular file (a symbolic link is
 * none), or as the system sets it.
 */

/* What of an account is stored. */
enum account_change {
    ACCOUNT_ADD,   /* all: nobody has the name yet; the file is made if it is not there */
    ACCOUNT_HASH,  /* the hash, in the place of the user's old one */
    ACCOUNT_QUOTA, /* the quota, in the same way */
};

/* Stores the account in the file, or a part of it. Returns 0; or -1 with errno set: EEXIST, if it was
 * to be added, and there is one; ENOENT, if it was to be changed, and there is none; EBADMSG, if the
 * old line can't be understood. */
int account_store(const char *path, const struct account *account,
                  enum account_change change);

/* Takes the user out of the file: all lines with its name. Returns 0, or -1 with errno ENOENT. */
int account_remove(const char *path, const char *name);

#endif
