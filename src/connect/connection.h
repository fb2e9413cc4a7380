/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * From settings to an open PGconn.  Every connection that the library opens comes from here and
 * has connection events attached.
 */
#ifndef DSQL_CONNECT_CONNECTION_H
#define DSQL_CONNECT_CONNECTION_H

#include "base/clock.h"
#include "base/random.h"
#include "config/settings.h"
#include "connect/resolver.h"

#include <dsql.h>

#include <stdatomic.h>

/** What connecting takes from outside, for tests to replace; must outlive the connects. */
struct connect_world {
    const struct clock *clock;
    const struct random_source *random;
    const struct resolver *resolver;
    atomic_ullong *tokens; /* counts the tokens that are made; may be NULL */
    bool caller_retries;   /* what may pass by itself; an expired token is replaced all the same */
};

/** The real clock, random source and resolver. */
struct connect_world connect_world_system(void);

/**
 * Opens a connection with a token made now, and retries as connect_retry.h says, until
 * deadline_ms (monotonic, -1 for none) or connect_timeout_ms of the settings, if that is earlier.
 */
PGconn *connection_open(const struct settings *settings, const struct connect_world *world,
                        int64_t deadline_ms, dsql_error *err);

/**
 * PQfinish() that keeps errno and does not wait for the network: during a query the socket is shut
 * down first, because libpq would wait to send Terminate after it.  NULL does nothing.
 */
void connection_close(PGconn *conn);

/**
 * For a child after fork(): nothing that is done with conn afterwards reaches the parent's server.
 * The descriptor is replaced by /dev/null, so that its number is not reused.
 */
void connection_disarm(const PGconn *conn);

#endif
