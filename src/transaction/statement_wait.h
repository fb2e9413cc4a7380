/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the answer to a statement that the library sends is waited for: statement_timeout_ms,
 * and the time limit of the transaction.
 */
#ifndef DSQL_TRANSACTION_STATEMENT_WAIT_H
#define DSQL_TRANSACTION_STATEMENT_WAIT_H

#include "connect/exchange.h"

#include <dsql.h>

struct statement_limits {
    const struct clock *clock;
    int64_t deadline_ms; /* of the transaction, monotonic; -1: none */
    int timeout_ms;      /* of one statement; not positive: none */
    const char *option;  /* that sets timeout_ms; NULL: "statement_timeout_ms" */
};

struct statement_wait {
    struct exchange exchange;
    int64_t limit_ms;   /* from the start to the deadline */
    const char *option; /* the one that sets it */
};

/**
 * The wait for one statement, which begins now.  Near the end of the transaction's time it still
 * gets 2 seconds.
 */
struct statement_wait statement_wait_start(PGconn *conn, const struct statement_limits *limits);

/**
 * Sends a statement and returns its last result, for PQclear().  NULL: there was no answer, or
 * libpq did not take the statement (*is_sent is false).
 */
PGresult *statement_wait_run(struct statement_wait *wait, const char *sql, int param_count,
                             const char *const *params, bool *is_sent);

/**
 * Whether there was no answer in time: the statement was cancelled, or the connection cut off.
 * result is the last one of the statement, or NULL.
 */
bool statement_wait_has_failed(const struct statement_wait *wait, const PGresult *result);

/** Fills in err: no answer in time, what the library did, and which option sets the limit. */
dsql_status statement_wait_fail(const struct statement_wait *wait, dsql_status status,
                                dsql_error *err);

#endif
