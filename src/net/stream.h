/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection in the event loop: TCP or Unix socket, plain or TLS, with the same functions
 * for all.  It does not know what it carries.  Only the thread of the loop may use it.
 */
#ifndef DSQL_NET_STREAM_H
#define DSQL_NET_STREAM_H

#include "base/text.h"

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

enum {
    STREAM_CHUNK_SIZE = 16384,      /* bytes: one TLS record */
    STREAM_QUEUE_HIGH = 256 * 1024, /* bytes: above this the source should be paused ... */
    STREAM_QUEUE_LOW = 64 * 1024    /* ... until the queue is below this */
};

/**
 * Opaque, so that no caller depends on libuv's handles.  Made by stream_accept(),
 * stream_connect_unix() or stream_connect_tcp(), freed by stream_close() and nothing else.
 */
struct stream;

/** All are called from the loop with the arg of the stream, and none after stream_close(). */
struct stream_events {
    void (*on_open)(void *arg, bool is_open); /* after stream_connect_*() only */
    void (*on_data)(void *arg, struct text bytes);
    void (*on_end)(void *arg);   /* once: no more data will come; the reason is not known */
    void (*on_drain)(void *arg); /* the queue fell below STREAM_QUEUE_LOW */
    /** After stream_start_tls(): the ClientHello has come.  After stream_start_tls_client(): the
        handshake is complete, and the server is the right one. */
    void (*on_tls)(void *arg);
};

/**
 * Accepts a waiting connection and starts reading.  NULL on failure; then *is_taken says whether
 * the connection was closed, or still waits because memory ran out.
 */
struct stream *stream_accept(uv_stream_t *server, const struct stream_events *events, void *arg,
                             bool *is_taken);

/** Starts connecting, and reading once it is open.  NULL on failure. */
struct stream *stream_connect_unix(uv_loop_t *loop, const char *path,
                                   const struct stream_events *events, void *arg);

/** The same for TCP, with TCP_NODELAY and keepalives.  NULL also if no connect could begin. */
struct stream *stream_connect_tcp(uv_loop_t *loop, const struct sockaddr *address,
                                  const struct stream_events *events, void *arg);

/** Uses TLS from now on, as the server.  early are bytes of TLS that were already read; they
    may call on_data or on_end at once.  What is written before the first on_data is dropped.
    is_direct: no SSLRequest came before, so the client must say by ALPN what it speaks. */
void stream_start_tls(struct stream *stream, SSL_CTX *context, bool is_direct, struct text early);
/**
 * Begins TLS as the client of a server whose certificate must name host.  Nothing may be written
 * until on_tls; on_end instead of it means that the handshake failed.  False: out of memory.
 */
bool stream_start_tls_client(struct stream *stream, SSL_CTX *context, const char *host);
/** NULL before the first on_data after stream_start_tls(), or before stream_start_tls_client(). */
const SSL *stream_ssl(const struct stream *stream);
/** Why TLS failed, in OpenSSL's words; NULL: it did not, or the reason is not known. */
const char *stream_tls_failure(const struct stream *stream);

/** The user of the process at the other end of a Unix socket, when it connected. */
bool stream_peer_user(const struct stream *stream, uid_t *user);

/** Queues a copy of the bytes.  A failure is reported by on_end. */
void stream_write(struct stream *stream, struct text bytes);
/** Whether the queue is longer than STREAM_QUEUE_HIGH. */
bool stream_is_congested(const struct stream *stream);

/** Stop and start reading.  Bytes that were already read may still be delivered. */
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);

/** Sends what is queued, then the end; discards what still arrives; on_end follows. */
void stream_finish(struct stream *stream);

/** Closes at once and discards the queue.  on_closed is called when the memory was freed. */
void stream_close(struct stream *stream, void (*on_closed)(void *arg));

#endif
