/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy of the server's TLS, in one context.  It follows be-secure-openssl.c of PostgreSQL,
 * because clients of Aurora DSQL are PostgreSQL clients: what they meet here should not differ
 * from what they know.  The context is shared by all sessions and not changed after it is made.
 */
#include "net/tls.h"

#include "base/error.h"

#include <openssl/err.h>

/* PostgreSQL's registered ALPN name, after its length, as it is sent. */
static const unsigned char alpn_postgresql[] = "\012postgresql";

/* A client that offers ALPN without this name is not a PostgreSQL client: that protects
   against confusing protocols (ALPACA).  PostgreSQL 17 does the same. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned int in_len, void *arg)
{
    (void)ssl;
    (void)arg;
    unsigned char *chosen = NULL;
    int result = SSL_select_next_proto(&chosen, out_len, alpn_postgresql,
                                       sizeof alpn_postgresql - 1, in, in_len);
    if (result != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/*
 * An SSLRequest says that a client means PostgreSQL.  Direct TLS says so by ALPN only, which
 * choose_alpn() is not called for if there is none.  PostgreSQL 17 closes the connection after the
 * handshake; an alert says more.
 */
static int check_hello(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *names = NULL;
    size_t len = 0;
    (void)arg;
    if (SSL_get_app_data(ssl) == NULL ||
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &names,
                                  &len) == 1) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

bool tls_require_alpn(SSL *ssl)
{
    return SSL_set_app_data(ssl, ssl) == 1;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's */
static int accept_any_name(SSL *ssl, int *alert, void *arg)
{
    (void)ssl;
    (void)alert;
    (void)arg;
    return SSL_TLSEXT_ERR_OK; /* checked later, when an ErrorResponse can say why it is wrong */
}

/* OpenSSL's queue of errors belongs to the thread, so it is left empty for the next caller. */
static dsql_status fail_tls(dsql_error *err, const char *what, const char *file)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    dsql_status status = fail(err, DSQL_ERR_USAGE, "TLS cannot be set up: could not %s \"%s\": %s",
                              what, file, reason == NULL ? "unknown TLS error" : reason);
    ERR_clear_error();
    return status;
}

/*
 * The key must match the certificate: with a mismatch every handshake would fail later, and only
 * the clients would see why.
 */
static dsql_status load_files(SSL_CTX *context, const char *certificate_file, const char *key_file,
                              dsql_error *err)
{
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1) {
        return fail_tls(err, "use the certificate", certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1) {
        return fail_tls(err, "use the private key", key_file);
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return fail_tls(err, "match the certificate with", key_file);
    }
    return DSQL_OK;
}

/*
 * As PostgreSQL: no session tickets, no cache and no renegotiation.  Each connection does a full
 * handshake, so the check of the token never depends on an earlier session.
 * SSL_OP_CLEANSE_PLAINTEXT: a password is decrypted in OpenSSL's buffer, which stays while it is
 * used; see tls_buffers.h.
 */
static void set_policy(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_client_hello_cb(context, check_hello, NULL);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, NULL);
    SSL_CTX_set_tlsext_servername_callback(context, accept_any_name);
}

SSL_CTX *tls_server_context(const char *certificate_file, const char *key_file, dsql_error *err)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        fail_nomem(err);
        return NULL;
    }
    set_policy(context);
    if (load_files(context, certificate_file, key_file, err) != DSQL_OK) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

struct text tls_server_name(const SSL *ssl)
{
    return text_of(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
}
