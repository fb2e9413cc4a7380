/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql_pool_open(): a pool whose connections come from connect/.  The rest of the folder knows
 * connections only through pool_connector.
 */
#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "connect/connection.h"
#include "pool/pool.h"
#include "token/complete.h"

/* What a pool's connector needs. */
struct opener {
    struct settings settings;
    atomic_ullong tokens;
    atomic_bool was_opened; /* the first connection of dsql_pool_open() */
};

/*
 * Called on several threads at once.  connection_open() keeps everything in its own variables,
 * and the settings are only read (their credential provider has a lock of its own).  After the
 * first connection the pool repeats what may pass by itself: its callers share the waits, and get
 * a connection that becomes idle meanwhile (connect_turn.h).
 */
static PGconn *open_from_settings(void *arg, int64_t deadline_ms, dsql_error *err)
{
    struct opener *opener = arg;
    struct connect_world world = connect_world_system();
    world.tokens = &opener->tokens;
    world.caller_retries = atomic_exchange(&opener->was_opened, true);
    return connection_open(&opener->settings, &world, deadline_ms, err);
}

/* The settings belong to the pool from pool_open_with() on, which calls this even if it fails. */
static void destroy_opener(void *arg)
{
    struct opener *opener = arg;
    settings_clear(&opener->settings);
    mem_free(opener);
}

dsql_pool *dsql_pool_open(const dsql_options *options, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (options == NULL) {
        fail(err, DSQL_ERR_USAGE, "dsql_pool_open(): options must not be NULL");

        return NULL;
    }
    struct opener *opener = mem_new(sizeof *opener);
    if (opener == NULL) {
        fail_nomem(err);
        return NULL;
    }
    struct settings *settings = &opener->settings;
    if (settings_open(options, settings, err) != DSQL_OK) {
        mem_free(opener);
        return NULL;
    }
    settings->pool.connect_timeout_ms = settings->connect_timeout_ms;
    const struct pool_parts parts = {
        .pool = settings->pool,
        .retry = settings->retry,
        .logger = settings->logger,
        .connector = {.open = open_from_settings,
                      .destroy = destroy_opener,
                      .arg = opener,
                      .tokens = &opener->tokens},
        .clock = clock_system(),
        .random = random_system(),
    };
    return pool_open_with(&parts, err);
}
