/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of one TLS session, in memory: encrypted bytes go in and out, and plain
 * bytes at the other end.  Knows no sockets and no event loop.
 */
#ifndef DSQL_NET_TLS_ENGINE_H
#define DSQL_NET_TLS_ENGINE_H

#include "base/text.h"

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>

struct tls_engine {
    SSL *ssl;          /* NULL before tls_engine_init() */
    BIO *from_network; /* both belong to ssl */
    BIO *to_network;
};

/**
 * ENDED covers both close_notify and a failure: after either, nothing that arrives can be
 * trusted, so the caller has the same to do.
 */
enum tls_engine_result { TLS_ENGINE_DATA, TLS_ENGINE_NEEDS_MORE, TLS_ENGINE_ENDED };

bool tls_engine_init(struct tls_engine *engine, SSL_CTX *context)
    __attribute__((warn_unused_result));
void tls_engine_clear(struct tls_engine *engine);

/** Takes encrypted bytes from the network.  False if memory ran out. */
bool tls_engine_receive(struct tls_engine *engine, struct text bytes)
    __attribute__((warn_unused_result));

/** Continues the handshake as far as the received bytes go.  False if it failed. */
bool tls_engine_handshake(struct tls_engine *engine) __attribute__((warn_unused_result));

/** Reads plain bytes, at most size; *len is set for TLS_ENGINE_DATA. */
enum tls_engine_result tls_engine_read(struct tls_engine *engine, char *out, size_t size,
                                       size_t *len);

/** Encrypts bytes, after the handshake.  False on failure. */
bool tls_engine_write(struct tls_engine *engine, struct text bytes)
    __attribute__((warn_unused_result));

/** Adds the alert that ends the session (close_notify), if the handshake was done. */
void tls_engine_end(struct tls_engine *engine);

/** How many encrypted bytes wait to be sent, which tls_engine_take() then returns. */
size_t tls_engine_pending(const struct tls_engine *engine);
size_t tls_engine_take(struct tls_engine *engine, char *out, size_t size);

#endif
