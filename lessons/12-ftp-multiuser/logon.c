/*
 * logon.c - connects and logs in, as logon.h says.
 */
#include "logon.h"

#include "cli.h"
#include "password.h"
#include "remote_login.h"
#include "tls.h"

#include <openssl/crypto.h>
#include <string.h>

/* The password, for remote_login. */
static const char *ask_password(void *context)
{
    struct logon *logon = context;

    if (!logon->has_password && strcmp(logon->user, "anonymous") == 0) {
        strcpy(logon->password, "guest@"); /* by custom an address of mail (RFC 1635) */
        logon->has_password = true;
    }
    if (!logon->has_password)
        logon->has_password =
            password_ask("Password: ", logon->password, sizeof logon->password) == 0;
    return logon->has_password ? logon->password : NULL;
}

static int log_in(struct logon *logon, struct remote *remote)
{
    if (remote_login(remote, logon->user, ask_password, logon) == -1)
        return -1;
    return remote_login_features(remote);
}

static int begin_tls(const struct logon *logon, struct remote *remote)
{
    const char *reason;

    if (remote->context == NULL)
        remote->context =
            tls_client_context(logon->authorities, logon->insecure, &reason);
    if (remote->context == NULL)
        return remote_blame(remote, "TLS: %s", reason);
    if (remote_login_tls(remote) == -1)
        return -1;
    if (logon->insecure)
        cli_warn("%s: the certificate was not checked (--insecure)", remote->host);
    return 0;
}

int logon_secure(struct logon *logon, struct remote *remote)
{
    if (begin_tls(logon, remote) == -1)
        return -1;
    return log_in(logon, remote);
}

int logon_open(struct logon *logon, struct remote *remote, bool with_tls)
{
    if (remote_open(remote) == -1 || (with_tls && begin_tls(logon, remote) == -1))
        return -1;
    return log_in(logon, remote);
}

void logon_close(struct logon *logon, struct remote *remote)
{
    remote_close(remote);
    SSL_CTX_free(remote->context);
    remote->context = NULL;
    OPENSSL_cleanse(logon->password, sizeof logon->password);
}
