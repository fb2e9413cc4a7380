/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The callback form for the library's own bodies: settings are already resolved. */
#ifndef DSQL_TRANSACTION_TRANSACTION_H
#define DSQL_TRANSACTION_TRANSACTION_H

#include "transaction/options.h"

#include <dsql.h>

/** dsql_transaction_with() with resolved options. */
dsql_status transaction_run(dsql_pool *pool, const struct transaction_settings *settings,
                            dsql_txn_fn body, void *arg, dsql_error *err);

#endif
