/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pool is made of.  Everything that reaches outside the process comes in here, so that
 * tests replace the connector, the clock and the random source.
 */
#ifndef DSQL_POOL_PARTS_H
#define DSQL_POOL_PARTS_H

#include "base/clock.h"
#include "base/random.h"
#include "config/settings.h"

#include <dsql.h>

#include <stdatomic.h>

/** Opens connections.  open runs without the pool's lock and on several threads at once. */
struct pool_connector {
    PGconn *(*open)(void *arg, int64_t deadline_ms, dsql_error *err);
    void (*destroy)(void *arg); /* called once, with the pool's end or failed start; may be NULL */
    void *arg;
    atomic_ullong *tokens; /* counts the tokens that it makes; may be NULL */
};

/** Copied into the pool; clock and random must outlive it. */
struct pool_parts {
    struct pool_settings pool;
    struct retry_settings retry;
    struct logger logger;
    struct pool_connector connector;
    const struct clock *clock;
    const struct random_source *random;
};

#endif
