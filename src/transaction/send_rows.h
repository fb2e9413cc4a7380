/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends all rows of a batch through prepared statements in libpq's pipeline mode: one round trip
 * for the batch instead of one for each row.  If the statement allows it, one execution has many
 * rows.
 */
#ifndef DSQL_TRANSACTION_SEND_ROWS_H
#define DSQL_TRANSACTION_SEND_ROWS_H

#include "transaction/row_groups.h"
#include "transaction/rows.h"

#include <dsql.h>

enum { SEND_ROWS_NONE = -1, SEND_ROWS_STATEMENT = -2 };

struct send_rows {
    const char *sql;
    int param_count;
    const struct rows *rows;
    const struct row_groups *groups; /* NULL: one statement for each row */
    const char **values;             /* room for param_count, times the most rows of a group */
    /* Output: the row that the server rejected, from 0; SEND_ROWS_STATEMENT if it rejected the
     * statement itself; else SEND_ROWS_NONE.  With groups it is not known which one. */
    long long failed_row;
};

/** A dsql_txn_fn; arg is a struct send_rows. */
dsql_status send_rows(PGconn *conn, void *arg, dsql_error *err);

#endif
