/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of connections that PGHOST, PGPORT and so on name: no token and no TLS, so that what is
 * measured is the pool.  Each function ends the program if there is no connection.
 */
#ifndef DSQL_BENCH_PLAIN_POOL_H
#define DSQL_BENCH_PLAIN_POOL_H

#include "pool/pool.h"

#include <libpq-fe.h>

PGconn *plain_connect(void);

/** trust_ms: as in struct pool_settings; 0 looks at the socket at each acquire. */
dsql_pool *plain_pool_open(int places, int trust_ms);

#endif
