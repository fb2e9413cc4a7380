/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* One try of a transaction on one connection: BEGIN, the body, COMMIT, and what was seen of it. */
#ifndef DSQL_TRANSACTION_ATTEMPT_H
#define DSQL_TRANSACTION_ATTEMPT_H

#include "transaction/decide.h"

#include <dsql.h>

struct attempt {
    PGconn *conn; /* with a watch attached */
    dsql_txn_fn body;
    void *arg;
    enum origin origin;

    /* Filled in by attempt_run(). */
    dsql_status status; /* DSQL_OK when committed, or when the body ended it and said so */
    dsql_error reason;  /* when status is not DSQL_OK, and for both DECISION_RETRY_... */
};

/** DECISION_RETRY_...: nothing was committed, try again.  Otherwise status and reason are final. */
enum decision attempt_run(struct attempt *attempt);

#endif
