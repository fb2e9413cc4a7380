/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* TLS for a server: one context for all its connections.  Whether a name is right is not
   decided here. */
#ifndef DSQL_NET_TLS_H
#define DSQL_NET_TLS_H

#include "base/text.h"

#include <dsql.h>
#include <openssl/ssl.h>

/**
 * TLS 1.2 or newer; no renegotiation, no resumption (as PostgreSQL); ALPN "postgresql"
 * if the client offers any.  The files are PEM.  The caller frees it with SSL_CTX_free().
 */
SSL_CTX *tls_server_context(const char *certificate_file, const char *key_file, dsql_error *err);

/** The ClientHello that this session waits for must offer ALPN. */
bool tls_require_alpn(SSL *ssl) __attribute__((warn_unused_result));

/** The host name that the client sent (SNI); the empty text if it sent none. */
struct text tls_server_name(const SSL *ssl);

#endif
