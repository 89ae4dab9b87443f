/*
 * tls.c - contexts and certificates, as tls.h says.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char *tls_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    return reason != NULL ? reason : "the TLS library gives no reason";
}

/* Gives a context back that can't be used. Returns NULL. */
static SSL_CTX *give_up(SSL_CTX *context, const char **reason)
{
    *reason = tls_reason();
    SSL_CTX_free(context);
    return NULL;
}

/* ---- a server ---- */

enum {
    SESSIONS = 4096,         /* of clients without tickets, that can be resumed */
    WEEK = 7 * 24 * 60 * 60, /* in seconds: the longest life of a ticket (RFC 8446) */
};

static SSL_CTX *make_server_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL)
        return NULL;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    /* What a session needs to be resumed is with the client, in a ticket that only this server can
     * read. Only for clients that know no tickets the server keeps it, and not for too many. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context, SESSIONS);
    /* Else, after two hours, no file could be transferred any more. */
    SSL_CTX_set_timeout(context, WEEK);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
#ifdef SSL_OP_ENABLE_KTLS
    SSL_CTX_set_options(context, SSL_OP_ENABLE_KTLS); /* the kernel encrypts, if it can */
#endif
    return context;
}

SSL_CTX *tls_server_context(const char *certificate, const char *key, const char **reason)
{
    SSL_CTX *context = make_server_context();

    if (context == NULL ||
        SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return give_up(context, reason);
    return context;
}

/* Adds an extension, in the words of openssl's x509v3_config(5). */
static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

/* The names for which the certificate is good: those of this machine's loopback, and the host. */
static bool add_names(X509 *certificate, const char *host)
{
    static const char loopback[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    unsigned char address[16];
    char names[sizeof loopback + 260];

    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    snprintf(names, sizeof names, "%s,%s:%.250s", loopback, is_address ? "IP" : "DNS",
             host);
    return add_extension(certificate, NID_subject_alt_name, names);
}

/* Fills in a new certificate for the key, and signs it with the same key. */
static bool fill_in(X509 *certificate, EVP_PKEY *key, const char *host)
{
    const long DAYS_30 = 30L * 24 * 60 * 60;
    unsigned char serial[8];

    if (RAND_bytes(serial, sizeof serial) != 1)
        return false;
    serial[0] &= 0x7f; /* a positive number */
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool has_serial =
        number != NULL &&
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);

    X509_NAME *name = X509_get_subject_name(certificate);
    return has_serial && X509_set_version(certificate, 2) == 1 && /* 2 means version 3 */
           X509_gmtime_adj(X509_getm_notBefore(certificate), -60) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), DAYS_30) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"Twelve Sockets, lesson 12",
                                      -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 &&
           X509_set_pubkey(certificate, key) == 1 && add_names(certificate, host) &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           X509_sign(certificate, key, EVP_sha256()) != 0;
}

SSL_CTX *tls_server_context_auto(const char *host, const char **reason)
{
    SSL_CTX *context = make_server_context();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();

    bool done = context != NULL && key != NULL && certificate != NULL &&
                fill_in(certificate, key, host) &&
                SSL_CTX_use_certificate(context, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate); /* the context holds on to them */
    EVP_PKEY_free(key);
    return done ? context : give_up(context, reason);
}

void tls_fingerprint(SSL_CTX *context, char text[TLS_FINGERPRINT_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    text[0] = '\0';
    X509_digest(SSL_CTX_get0_certificate(context), EVP_sha256(), digest, &length);
    for (unsigned i = 0; i < length && i < 32; i++)
        snprintf(text + i * 3, 4, "%02X%s", digest[i], i + 1 < length ? ":" : "");
}

void tls_set_group(SSL *tls, const unsigned char *id, unsigned length)
{
    SSL_set_session_id_context(tls, id, length);
}

/* ---- a client ---- */

SSL_CTX *tls_client_context(const char *authorities, bool insecure, const char **reason)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL)
        return give_up(context, reason);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (insecure)
        return context;
    if (SSL_CTX_set_default_verify_paths(context) != 1 ||
        (authorities != NULL && SSL_CTX_load_verify_file(context, authorities) != 1))
        return give_up(context, reason);
    return context;
}
