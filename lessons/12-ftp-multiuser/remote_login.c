/*
 * remote_login.c - TLS, login and features, as remote_login.h says.
 */
#include "remote_login.h"

#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* ---- TLS ---- */

/* Tells OpenSSL whose certificate is expected. An address is looked for among the addresses in it. The
 * server is told the name, too (SNI), if it is one. Returns whether that could be done. */
static bool expect_host(SSL *tls, const char *host)
{
    unsigned char address[16];
    const bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

    return SSL_set1_host(tls, host) == 1 &&
           (is_address || SSL_set_tlsext_host_name(tls, host) == 1);
}

/* A data connection goes on with the session of the control connection. Under TLS 1.3 a session can be
 * resumed only when its ticket has come, after the handshake: so it is taken now, and not earlier. */
static void resume_session(SSL *control, SSL *data)
{
    SSL_SESSION *session = SSL_get1_session(control);
    /* A copy: when a transfer is broken off, OpenSSL forbids to resume its session again. */
    SSL_SESSION *copy = session != NULL ? SSL_SESSION_dup(session) : NULL;

    if (copy != NULL)
        SSL_set_session(data, copy); /* if it can't, the handshake is a whole one */
    SSL_SESSION_free(copy);
    SSL_SESSION_free(session);
}

int remote_login_handshake(struct remote *remote, struct channel *channel)
{
    if (channel_begin_tls(channel, remote->context, false) == -1)
        return remote_blame_errno(remote, "TLS");
    if (!expect_host(channel->tls, remote->host))
        return remote_blame(remote, "TLS: %s", tls_reason());
    if (channel != &remote->control)
        resume_session(remote->control.tls, channel->tls);
    if (channel_handshake_all(channel, remote->timeout) == 0)
        return 0;
    if (errno != EPROTO)
        return remote_blame_errno(remote, "TLS");
    const long verified = SSL_get_verify_result(channel->tls);
    if (verified != X509_V_OK)
        return remote_blame(remote, "TLS: the certificate is not trusted: %s",
                            X509_verify_cert_error_string(verified));
    return remote_blame(remote, "TLS: %s", tls_reason());
}

int remote_login_tls(struct remote *remote)
{
    if (remote_demand(remote, "AUTH", "TLS", 2) == -1)
        return -1;
    /* What was sent in plain bytes behind the answer may come from somebody on the way, and would be
     * taken for an answer of the server under TLS. */
    if (lines_has_part(&remote->lines)) {
        remote_blame(remote, "plain bytes behind the answer to AUTH: this is an attack");
        return remote_lose(remote);
    }
    if (remote_login_handshake(remote, &remote->control) == -1)
        return remote_lose(remote);
    if (remote_demand(remote, "PBSZ", "0", 2) == -1 ||
        remote_demand(remote, "PROT", "P", 2) == -1)
        return remote_lose(remote);
    remote->protects_data = true;
    return 0;
}

/* ---- login ---- */

int remote_login_features(struct remote *remote)
{
    const char *line;
    size_t at = 0, length;

    remote->features = (struct remote_features){0};
    int code = remote_ask(remote, "FEAT", NULL);
    if (code == -1)
        return -1;
    while (code / 100 == 2 && remote_reply_line(&remote->reply, &at, &line, &length))
        remote_parse_feature(line, length, &remote->features);
    if (remote->features.must_choose_hash) {
        code = remote_ask(remote, "OPTS", "HASH SHA-256");
        if (code == -1)
            return -1;
        remote->features.has_hash = code / 100 == 2;
    }
    /* The bytes as they are: TYPE A, which is the default, would change the ends of lines. */
    return remote_demand(remote, "TYPE", "I", 2);
}

int remote_login(struct remote *remote, const char *user,
                 const char *(*ask)(void *context), void *context)
{
    int code = remote_ask(remote, "USER", user);

    if (code == -1)
        return -1;
    if (code / 100 == 3) {
        const char *password = ask(context);
        if (password == NULL)
            return remote_blame(remote, "the server wants a password");
        code = remote_ask(remote, "PASS", password);
        if (code == -1)
            return -1;
    }
    if (code / 100 != 2) /* 332: it wants an account, too, as no server of today does */
        return remote_blame_reply(remote);
    return 0;
}
