/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* TLS for a client of PostgreSQL servers: one context for all its connections. */
#ifndef DSQL_NET_TLS_CLIENT_H
#define DSQL_NET_TLS_CLIENT_H

#include <dsql.h>
#include <openssl/ssl.h>

/**
 * TLS 1.2 or newer, ALPN "postgresql", and a certificate that is signed by one in ca_file (PEM);
 * NULL: by one that OpenSSL trusts.  Which name it must have is set for each connection.  The
 * caller frees the context with SSL_CTX_free().
 */
SSL_CTX *tls_client_context(const char *ca_file, dsql_error *err);

/** Why the server's certificate was not accepted; NULL: it was, or none has come. */
const char *tls_client_certificate_error(const SSL *ssl);

#endif
