/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * From settings to an open PGconn.  Every connection that libdsql makes goes
 * through here and carries a watch (watch.h).
 */
#ifndef DSQL_CONNECT_CONNECTION_H
#define DSQL_CONNECT_CONNECTION_H

#include "base/clock.h"
#include "config/settings.h"

#include <dsql.h>

/** Opens with a token made now.  deadline_ms (monotonic, -1 none) bounds it beside the settings'
 * own timeout. */
PGconn *connection_open(const struct settings *settings, const struct clock *clock,
                        int64_t deadline_ms, dsql_error *err);

/** PQfinish() that leaves errno alone; NULL does nothing. */
void connection_close(PGconn *conn);

#endif
