/*
 * login.c - who a client is, as login.h says.
 */
#include "login.h"

#include "cli.h"
#include "guard.h"
#include "net.h"
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* After so many wrong passwords the connection ends. */
enum { TRIES = 3 };

void login_end(struct session *self)
{
    quota_leave(&session_server(self)->quotas, self->quota);
    if (self->home != -1)
        close(self->home);
    self->quota = NULL;
    self->home = -1;
    self->is_logged_in = false;
    self->user[0] = '\0';
    session_set_path(self, &self->rename_from, NULL);
    session_set_path(self, &self->directory, NULL);
}

/* ---- USER, PASS ---- */

void handle_user(struct session *self, const char *argument)
{
    const struct ftp_server *server = session_server(self);

    if (server->require_tls && self->control.channel.tls == NULL) {
        control_reply(&self->control, 530, "a password needs TLS here: send AUTH TLS");
        return;
    }
    login_end(self);
    snprintf(self->user, sizeof self->user, "%s",
             account_name_is_allowed(argument) ? argument : "?");
    /* The same for all: who asks is not told which users there are. */
    control_reply(&self->control, 331, "now PASS, with the password");
}

/* Opens the user's home, which is made at the first login. Returns 0, or -1 with errno. */
static int open_home(struct session *self, const struct account *account)
{
    struct ftp_server *server = session_server(self);

    if (mkdirat(server->root, account->name, 0700) == -1 && errno != EEXIST)
        return -1;
    self->home = openat(server->root, account->name,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (self->home == -1)
        return -1;
    self->quota = quota_enter(&server->quotas, account, self->home);
    return self->quota == NULL ? -1 : 0;
}

static void let_in(struct session *self, const struct account *account)
{
    guard_forget(&self->peer);
    if (open_home(self, account) == -1) {
        session_log(self, "failed: home: ", strerror(errno));
        control_reply(&self->control, 421, "your home can't be opened: %s",
                      strerror(errno));
        self->is_over = true;
        return;
    }
    self->is_logged_in = true;
    session_log(self, "logged in: ", self->user);
    control_reply(&self->control, 230, "welcome, %s", self->user);
}

/* The answer comes late, and only this client waits for it. */
static void turn_away(struct session *self)
{
    session_log(self, "wrong password: ", self->user);
    guard_count_failure(&self->peer, session_server(self)->penalty);
    self->user[0] = '\0';
    self->is_over = ++self->wrong_passwords == TRIES ||
                    control_pause(&self->control, guard_delay(&self->peer)) == -1;
    self->login_by = net_now() + session_server(self)->timeout;
    control_reply(&self->control, self->is_over ? 421 : 530, "wrong user or password");
}

void handle_pass(struct session *self, const char *argument)
{
    const struct ftp_server *server = session_server(self);
    struct account account;

    if (self->user[0] == '\0' || self->is_logged_in) {
        control_reply(&self->control, 503, "first USER, with the name");
        return;
    }
    /* Whoever comes from an address with wrong passwords has to wait, too: else many connections
     * could try at once. */
    if (control_pause(&self->control, guard_delay(&self->peer)) == -1) {
        self->is_over = true;
        return;
    }
    int found = account_find(server->users, self->user, &account);
    if (found == -1 && errno != ENOENT)
        cli_warn("%s: %s", server->users, strerror(errno));
    bool is_right = account_check(found == 0 ? &account : NULL, argument);
    if (is_right)
        let_in(self, &account);
    else
        turn_away(self);
    OPENSSL_cleanse(&account, sizeof account); /* its hash */
}

/* ---- REIN, QUIT ---- */

void handle_rein(struct session *self, const char *argument)
{
    (void)argument;
    if (self->control.channel.tls != NULL) {
        /* RFC 4217, 11: it would have to end TLS, and the next password would be sent without. */
        control_reply(&self->control, 502, "not under TLS: connect again");
        return;
    }
    login_end(self);
    data_close(&self->data);
    data_init(&self->data);
    session_reset(self);
    control_reply(&self->control, 220, "as at the beginning: USER, please");
}

void handle_quit(struct session *self, const char *argument)
{
    (void)argument;
    control_reply(&self->control, 221, "good bye");
    self->is_over = true;
}

/* ---- TLS ---- */

/* Sends the reply, the last one that everybody can read, and does the handshake. Returns 0, or -1 with errno set. */
static int secure_control(struct session *self)
{
    struct control *control = &self->control;
    const struct ftp_server *server = session_server(self);

    if (RAND_bytes(self->tls_group, sizeof self->tls_group) != 1)
        return -1;
    if (control_flush(control) == -1 ||
        channel_begin_tls(&control->channel, server->tls, true) == -1)
        return -1;
    tls_set_group(control->channel.tls, self->tls_group, sizeof self->tls_group);
    return channel_handshake_all(&control->channel, server->timeout);
}

void handle_auth(struct session *self, const char *argument)
{
    struct control *control = &self->control;

    if (session_server(self)->tls == NULL) {
        control_reply(control, 502, "there is no TLS here");
        return;
    }
    if (strcasecmp(argument, "TLS") != 0 && strcasecmp(argument, "TLS-C") != 0) {
        control_reply(control, 504, "AUTH TLS, nothing else");
        return;
    }
    if (control->channel.tls != NULL) {
        control_reply(control, 503, "this is TLS already");
        return;
    }
    login_end(self);
    control_reply(control, 234, "now TLS's handshake");
    control_discard(control);
    if (secure_control(self) == -1) {
        session_log(self,
                    "failed: TLS: ", errno == EPROTO ? tls_reason() : strerror(errno));
        self->is_over = true;
        return;
    }
    session_log(self, "under ", SSL_get_version(control->channel.tls));
}

void handle_pbsz(struct session *self, const char *argument)
{
    (void)argument;
    if (self->control.channel.tls == NULL) {
        control_reply(&self->control, 503, "first AUTH TLS");
        return;
    }
    self->has_pbsz = true;
    control_reply(&self->control, 200, "PBSZ=0"); /* TLS needs no such buffer */
}

void handle_prot(struct session *self, const char *argument)
{
    struct control *control = &self->control;
    const bool is_private = strcasecmp(argument, "P") == 0;

    if (!self->has_pbsz)
        control_reply(control, 503, "first PBSZ 0");
    else if (strcasecmp(argument, "S") == 0 || strcasecmp(argument, "E") == 0)
        control_reply(control, 536, "TLS knows P and C only");
    else if (!is_private && strcasecmp(argument, "C") != 0)
        control_reply(control, 504, "PROT P or PROT C");
    else if (!is_private && session_server(self)->require_tls)
        control_reply(control, 534, "data connections need TLS here");
    else {
        self->protects_data = is_private;
        control_reply(control, 200, "data connections will have %s",
                      is_private ? "TLS" : "no TLS");
    }
}
