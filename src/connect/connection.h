/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * From settings to an open PGconn.  Every connection that libdsql makes goes
 * through here and carries a watch (watch.h).
 */
#ifndef DSQL_CONNECT_CONNECTION_H
#define DSQL_CONNECT_CONNECTION_H

#include "base/clock.h"
#include "base/random.h"
#include "config/settings.h"
#include "connect/resolver.h"

#include <dsql.h>

/** What comes from outside; all of it outlives the connects made with it. */
struct connect_world {
    const struct clock *clock;
    const struct random_source *random;
    const struct resolver *resolver;
};

struct connect_world connect_world_system(void);

/**
 * Opens with a token made now.  What passes (the cluster wakes up, too many connections)
 * is waited for, and an expired signature tried once more with fresh credentials, both
 * until deadline_ms (monotonic, -1 none) or the settings' own timeout.
 */
PGconn *connection_open(const struct settings *settings, const struct connect_world *world,
                        int64_t deadline_ms, dsql_error *err);

/**
 * PQfinish() that leaves errno alone and does not wait for the network: when a query is
 * under way, the goodbye behind it is left out.  NULL does nothing.
 */
void connection_close(PGconn *conn);

/**
 * For a child after fork(): whatever is done with conn afterwards, nothing of it reaches
 * the server that the parent talks to.  The descriptor stays taken, by /dev/null.
 */
void connection_disarm(const PGconn *conn);

#endif
