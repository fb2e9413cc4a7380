/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One side of a TLS session, in memory: encrypted bytes go in and out, and plain
 * bytes at the other end.  Knows no sockets and no event loop.
 */
#ifndef DSQL_NET_TLS_ENGINE_H
#define DSQL_NET_TLS_ENGINE_H

#include "base/buf.h"
#include "base/text.h"
#include "net/tls_buffers.h"

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What a client may ask of the session itself after the handshake, such as a new key (KeyUpdate):
 * so many messages, and one more for each TLS_ENGINE_BYTES_PER_CONTROL bytes that it sends.  Each
 * costs as much work as many queries; clients change keys after gigabytes.
 */
enum { TLS_ENGINE_CONTROL_MAX = 32, TLS_ENGINE_BYTES_PER_CONTROL = 1024 * 1024 };

/** Must stay where it is from tls_engine_init() to tls_engine_clear(). */
struct tls_engine {
    SSL *ssl; /* NULL before tls_engine_init() */
    struct tls_buffers buffers;
    struct text incoming; /* encrypted, not read yet; see tls_engine_receive() */
    struct buf outgoing;  /* encrypted, not taken yet */
    /** Optional: sends what the network takes at once, and returns how much that was.  It is not
        called while older bytes wait, and must not call the engine. */
    size_t (*send_now)(void *arg, struct text bytes);
    void *arg;
    bool is_established;    /* the handshake is done */
    const char *failure;    /* OpenSSL's words for why it failed; NULL: it did not, or no reason */
    uint64_t control_count; /* messages after the handshake that carried no data */
    uint64_t byte_count;    /* plain bytes that were read */
};

/**
 * ENDED covers both close_notify and a failure: after either, nothing that arrives can be
 * trusted, so the caller has the same to do.
 */
enum tls_engine_result { TLS_ENGINE_DATA, TLS_ENGINE_NEEDS_MORE, TLS_ENGINE_ENDED };

/** As the server. */
bool tls_engine_init(struct tls_engine *engine, SSL_CTX *context)
    __attribute__((warn_unused_result));
/** As the client of a server whose certificate must name host, which is also sent (SNI). */
bool tls_engine_init_client(struct tls_engine *engine, SSL_CTX *context, const char *host)
    __attribute__((warn_unused_result));
void tls_engine_clear(struct tls_engine *engine);

/**
 * Gives encrypted bytes from the network.  They are not copied: they must stay valid until
 * tls_engine_read() has returned anything but TLS_ENGINE_DATA.
 */
void tls_engine_receive(struct tls_engine *engine, struct text bytes);

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

/** The encrypted bytes that wait to be sent; the caller drops them with tls_engine_sent(). */
struct text tls_engine_pending(const struct tls_engine *engine);
void tls_engine_sent(struct tls_engine *engine);

#endif
