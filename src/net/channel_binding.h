/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel binding by the server's certificate, "tls-server-end-point": RFC 5929, section 4.1.  Both
 * sides of a login by password hash the certificate that they see, so somebody in the middle with
 * another certificate is noticed.
 */
#ifndef DSQL_NET_CHANNEL_BINDING_H
#define DSQL_NET_CHANNEL_BINDING_H

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <stddef.h>

enum { CHANNEL_BINDING_MAX = EVP_MAX_MD_SIZE };

/**
 * The hash of the certificate, and its length in bytes.  0: the signature of the certificate has no
 * hash function of its own (Ed25519), for which the RFC defines none; then there is no channel
 * binding, as in PostgreSQL.
 */
size_t channel_binding_hash(X509 *certificate, unsigned char out[CHANNEL_BINDING_MAX]);

/** Of the certificate that a server, or the peer of a client, has sent.  0 also if there is none.
 */
size_t channel_binding_of_server(const SSL *ssl, unsigned char out[CHANNEL_BINDING_MAX]);
size_t channel_binding_of_client(const SSL *ssl, unsigned char out[CHANNEL_BINDING_MAX]);

#endif
