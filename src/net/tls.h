/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The TLS side of a server: one context for all its connections. */
#ifndef DSQL_NET_TLS_H
#define DSQL_NET_TLS_H

#include "base/text.h"

#include <dsql.h>
#include <openssl/ssl.h>

/**
 * TLS 1.2 or newer; no renegotiation, no resumption (as PostgreSQL); ALPN "postgresql"
 * when the client offers anything.  PEM files; the caller frees with SSL_CTX_free().
 */
SSL_CTX *tls_server_context(const char *certificate_file, const char *key_file, dsql_error *err);

/** The name that the client asked for (SNI); the empty text when it sent none. */
struct text tls_server_name(const SSL *ssl);

#endif
