/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy of a client's TLS, as libpq's with sslmode=verify-full.  No session is resumed: a
 * connection to a cluster lasts for most of an hour, so a handshake is rare.
 */
#include "net/tls_client.h"

#include "base/error.h"

#include <openssl/err.h>

#include <stdbool.h>

/* PostgreSQL's registered ALPN name, after its length, as it is sent. */
static const unsigned char alpn_postgresql[] = "\012postgresql";

static bool trust(SSL_CTX *context, const char *ca_file)
{
    return (ca_file == NULL ? SSL_CTX_set_default_verify_paths(context)
                            : SSL_CTX_load_verify_file(context, ca_file)) == 1;
}

/*
 * SSL_OP_CLEANSE_PLAINTEXT is not set: a password is only sent, and what comes is the client's
 * data.
 */
static bool set_policy(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_alpn_protos(context, alpn_postgresql, sizeof alpn_postgresql - 1) == 0;
}

SSL_CTX *tls_client_context(const char *ca_file, dsql_error *err)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || !set_policy(context)) {
        SSL_CTX_free(context);
        fail_nomem(err);
        return NULL;
    }
    if (!trust(context, ca_file)) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        fail(err, DSQL_ERR_USAGE, "could not read the CA certificates in %s: %s",
             ca_file == NULL ? "OpenSSL's default places" : ca_file,
             reason == NULL ? "no certificate found" : reason);
        ERR_clear_error();
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

const char *tls_client_certificate_error(const SSL *ssl)
{
    long result = ssl == NULL ? X509_V_OK : SSL_get_verify_result(ssl);
    return result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
}
