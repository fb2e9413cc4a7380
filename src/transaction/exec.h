/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* One statement that is a transaction of its own, retried where that is safe. */
#ifndef DSQL_TRANSACTION_EXEC_H
#define DSQL_TRANSACTION_EXEC_H

#include "transaction/options.h"

#include <dsql.h>

/** The caller's strings, valid during the call.  Parameters are text; NULL is SQL NULL. */
struct statement {
    const char *sql;
    int param_count;
    const char *const *params;
    bool changes_nothing; /* a query: it may run again if its result was lost */
};

/** NULL: failed. */
PGresult *exec_statement(dsql_pool *pool, const struct transaction_settings *settings,
                         const struct statement *statement, dsql_error *err);

#endif
