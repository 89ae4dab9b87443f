/*
 * tls.h - what TLS needs before a connection can begin: contexts and certificates, for lesson 12.
 *
 * A context (SSL_CTX) holds what all connections of a program have in common. TLS 1.2 is the
 * oldest version that is spoken (RFC 8996).
 */
#ifndef TLS_H
#define TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

enum { TLS_FINGERPRINT_SIZE = 32 * 3 }; /* "AB:CD:...", with the NUL byte */

/*
 * A server's context, with the certificate (a chain may follow) and the key from two PEM files.
 * Returns it, and SSL_CTX_free gives it back; or NULL, with *reason set as by tls_reason.
 */
SSL_CTX *tls_server_context(const char *certificate, const char *key,
                            const char **reason);

/*
 * The same, with a certificate that is made now, for localhost and `host`, and signed by nobody
 * else. It is valid for 30 days. Its key is nowhere but in memory.
 */
SSL_CTX *tls_server_context_auto(const char *host, const char **reason);

/* Writes the SHA-256 of the context's certificate, in the form in which openssl(1) prints it. */
void tls_fingerprint(SSL_CTX *context, char text[TLS_FINGERPRINT_SIZE]);

/*
 * A client's context. Unless `insecure`, it trusts only what the authorities of this machine have
 * signed, and those in the PEM file `authorities`, if that is not NULL.
 * Returns as tls_server_context.
 */
SSL_CTX *tls_client_context(const char *authorities, bool insecure, const char **reason);

/*
 * Which connections may go on with each other's session, in place of a whole handshake: those with
 * the same `id`. A server calls it before the handshake, with an id that no other client has; so a
 * data connection that has resumed a session was made by the client of the control connection.
 */
void tls_set_group(SSL *tls, const unsigned char *id, unsigned length);

/* Why the last call of OpenSSL in this thread has failed, in words. Never NULL. */
const char *tls_reason(void);

#endif
