/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt of a transaction on one connection, in two halves with the body between them:
 * BEGIN, and then COMMIT or ROLLBACK, whichever fits what the body left behind.  It observes
 * and reports; what follows is decided in decide.c.
 */
#ifndef DSQL_TRANSACTION_ATTEMPT_H
#define DSQL_TRANSACTION_ATTEMPT_H

#include "base/clock.h"
#include "transaction/body_events.h"
#include "transaction/decide.h"

#include <dsql.h>

struct attempt {
    PGconn *conn; /* with connection events attached; NULL once the body has closed it */
    enum origin origin;
    bool is_read_only; /* begun with READ ONLY */
    bool is_loop_form; /* the body returns nothing, so it cannot be said to hide an error */
    const struct clock *clock;
    int64_t deadline_ms;      /* of the transaction, monotonic; -1 for none */
    int statement_timeout_ms; /* not positive: none */
    bool is_committing;       /* COMMIT has been sent */
    bool is_late;             /* BEGIN, COMMIT or ROLLBACK was not answered in time */
    bool is_cut_off;          /* the body took too long, see pool_watch() */
    struct body_events events;

    /* The outcome; if the decision is to retry, the reason for it. */
    dsql_status status; /* DSQL_OK: committed, by the library or by the body */
    dsql_error reason;  /* if status is not DSQL_OK */
    dsql_occ kind;      /* of the conflict; DSQL_OCC_NONE if it was not one */
};

/** The limits of a statement that the library sends in this attempt. */
struct statement_limits attempt_limits(const struct attempt *attempt);

/** DECISION_CONTINUE: the body may run.  Anything else ends the attempt. */
enum decision attempt_begin(struct attempt *attempt, bool read_only);

/**
 * After the body, which returned status and filled in *error (NULL is allowed with DSQL_OK).
 * Sets status and reason; they are final unless the decision is to retry.
 */
enum decision attempt_end(struct attempt *attempt, dsql_status status, const dsql_error *error);

/** Instead of attempt_end(): rolls back, whatever the body has done. */
void attempt_abandon(struct attempt *attempt);

#endif
