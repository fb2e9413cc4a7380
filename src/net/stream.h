/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection in the event loop: TCP or Unix socket, plain or TLS, behind one set of
 * functions.  What it carries it does not know.  Belongs to the thread of the loop.
 */
#ifndef DSQL_NET_STREAM_H
#define DSQL_NET_STREAM_H

#include "base/text.h"

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum {
    STREAM_CHUNK_SIZE = 16384,      /* one TLS record */
    STREAM_QUEUE_HIGH = 256 * 1024, /* over this the far side should be paused ... */
    STREAM_QUEUE_LOW = 64 * 1024    /* ... until under this */
};

struct stream;

/** All are called from the loop, with the arg of the stream; none after stream_close(). */
struct stream_events {
    void (*on_open)(void *arg, bool is_open); /* after stream_connect_unix() only */
    void (*on_data)(void *arg, struct text bytes);
    void (*on_end)(void *arg);   /* once: no more data will come, for whatever reason */
    void (*on_drain)(void *arg); /* the queue fell under STREAM_QUEUE_LOW */
};

/** A connection that server has waiting, already reading; NULL: could not. */
struct stream *stream_accept(uv_stream_t *server, const struct stream_events *events, void *arg);

/** Starts connecting; reads once open. */
struct stream *stream_connect_unix(uv_loop_t *loop, const char *path,
                                   const struct stream_events *events, void *arg);

/** From now on TLS, as the server; early are bytes of it that were already read. */
bool stream_start_tls(struct stream *stream, SSL_CTX *context, struct text early)
    __attribute__((warn_unused_result));
/** NULL before stream_start_tls(). */
const SSL *stream_ssl(const struct stream *stream);

/** Queues a copy.  Failures show as on_end. */
void stream_write(struct stream *stream, struct text bytes);
bool stream_is_congested(const struct stream *stream);

void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);

/** Sends what is queued and the end; discards what still comes; on_end follows. */
void stream_finish(struct stream *stream);

/** Now, losing what is queued; on_closed when the stream's memory is gone. */
void stream_close(struct stream *stream, void (*on_closed)(void *arg));

#endif
