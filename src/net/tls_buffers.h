/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which TLS sessions of a thread keep the two buffers of their records, 17 kB each: the ones that
 * were used last.  To allocate, wipe and free them with every message, as SSL_MODE_RELEASE_BUFFERS
 * does, costs as much as the message; to keep them for thousands of idle sessions costs memory.
 */
#ifndef DSQL_NET_TLS_BUFFERS_H
#define DSQL_NET_TLS_BUFFERS_H

#include <openssl/ssl.h>

enum { TLS_BUFFERS_MAX = 640 }; /* sessions; 22 MB at most */

/** The place of a session in the list; all zero: it is not there. */
struct tls_buffers {
    SSL *ssl;
    struct tls_buffers *newer;
    struct tls_buffers *older;
};

/** The session is about to be used.  The one that was used longest ago may lose its buffers. */
void tls_buffers_use(struct tls_buffers *buffers, SSL *ssl);

/** To be called before the session is freed. */
void tls_buffers_leave(struct tls_buffers *buffers);

#endif
