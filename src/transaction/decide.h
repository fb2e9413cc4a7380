/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from what was seen of one try of a transaction.  A pure function
 * over a table, which is the whole policy of retrying; the engine (transaction.c)
 * only gathers what was seen and does what is decided.
 */
#ifndef DSQL_TRANSACTION_DECIDE_H
#define DSQL_TRANSACTION_DECIDE_H

#include <stdbool.h>

/* Each a bit, for a row of the table to name several. */

/** How far the try has come. */
enum phase {
    PHASE_BEGIN = 1,
    PHASE_BODY = 2,
    PHASE_COMMIT = 4,
    PHASE_STATEMENT = 8 /* one statement that commits itself was sent */
};

/** What the server is in, or has answered, then. */
enum outcome {
    OUTCOME_SUCCESS = 1,                /* BEGIN, COMMIT or the statement did what it says */
    OUTCOME_ERROR = 2,                  /* ... was answered with an error */
    OUTCOME_ROLLED_BACK = 4,            /* COMMIT succeeded, and its tag is ROLLBACK */
    OUTCOME_CONNECTION_LOST = 8,        /* no connection, so no answer */
    OUTCOME_IN_TRANSACTION = 16,        /* after the body: in a transaction, ready to commit */
    OUTCOME_IN_FAILED_TRANSACTION = 32, /* after the body: the transaction is broken */
    OUTCOME_BODY_COMMITTED = 64,        /* after the body: it has committed, and nothing is open */
    OUTCOME_BODY_BUSY = 128,            /* after the body: results not fetched, COPY, pipeline */
    OUTCOME_BODY_ROLLED_BACK = 256, /* after the body: nothing is open, and nothing was committed */
    OUTCOME_BODY_CLOSED = 512,      /* after the body: it has closed the connection */
    OUTCOME_BODY_PARTLY_COMMITTED =
        1024 /* after the body: it has committed, and then something failed */
};

/** The error that broke the transaction. */
enum cause { CAUSE_NONE = 1, CAUSE_CONFLICT = 2, CAUSE_OTHER = 4 };

/** What the body returned. */
enum verdict { VERDICT_OK = 1, VERDICT_FAILED = 2 };

/** Whose connection it is: that of a pool can be exchanged. */
enum origin { ORIGIN_POOL = 1, ORIGIN_CALLER = 2 };

enum decision {
    DECISION_CONTINUE = 0,       /* to the next phase; after COMMIT: success */
    DECISION_RETRY_CONFLICT,     /* ROLLBACK, wait, again */
    DECISION_RETRY_LOST,         /* wait, again on another connection */
    DECISION_RETURN_BODY,        /* ROLLBACK, return what the body returned */
    DECISION_HIDDEN_ERROR,       /* ROLLBACK, DSQL_ERR_QUERY: the body hid an error */
    DECISION_BODY_BUSY,          /* ROLLBACK, DSQL_ERR_USAGE: the body left a query running */
    DECISION_BODY_CLOSED,        /* DSQL_ERR_USAGE: the body closed the connection */
    DECISION_BODY_ROLLED_BACK,   /* DSQL_ERR_QUERY: the body rolled back, and said OK */
    DECISION_RETURN_ERROR,       /* return the server's error */
    DECISION_COMMIT_ROLLED_BACK, /* DSQL_ERR_QUERY: COMMIT rolled back */
    DECISION_CONNECTION_LOST,    /* DSQL_ERR_CONNECT */
    DECISION_PARTLY_COMMITTED,   /* DSQL_ERR_USAGE: the body committed a part, the rest failed */
    DECISION_COMMIT_UNKNOWN      /* DSQL_ERR_COMMIT_UNKNOWN, never again */
};

struct observation {
    enum phase phase;
    enum outcome outcome;
    enum cause cause;
    enum verdict verdict; /* VERDICT_OK before the body has run */
    enum origin origin;
    bool has_committed; /* the body has sent a COMMIT of its own: never again */
};

enum decision decide(const struct observation *seen);

#endif
