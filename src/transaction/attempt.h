/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One try of a transaction on one connection, in two halves with the body between them:
 * BEGIN; then what the body left behind is judged, and COMMIT if it is fit for it.
 */
#ifndef DSQL_TRANSACTION_ATTEMPT_H
#define DSQL_TRANSACTION_ATTEMPT_H

#include "transaction/body_events.h"
#include "transaction/decide.h"

#include <dsql.h>

struct attempt {
    PGconn *conn; /* with a watch attached; NULL once the body has closed it */
    enum origin origin;
    bool is_loop_form; /* the loop form: its body returns nothing that could have hidden an error */
    struct body_events events;

    /* What became of it; for a decision to try again, why. */
    dsql_status status; /* DSQL_OK when committed, or when the body committed and said OK */
    dsql_error reason;  /* when status is not DSQL_OK */
    dsql_occ kind;      /* of the conflict; DSQL_OCC_NONE when it was none */
};

/** DECISION_CONTINUE: the body may run.  Anything else ends the try. */
enum decision attempt_begin(struct attempt *attempt, bool read_only);

/**
 * After the body, which returned status and filled in *error (NULL when status is DSQL_OK).
 * DECISION_CONTINUE or _RETURN_BODY or an error: status and reason are final.
 */
enum decision attempt_end(struct attempt *attempt, dsql_status status, const dsql_error *error);

/** Instead of attempt_end(): rolls back, whatever the body has done. */
void attempt_abandon(struct attempt *attempt);

#endif
