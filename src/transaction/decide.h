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
    OUTCOME_DONE = 1,         /* BEGIN, COMMIT or the statement did what it says */
    OUTCOME_REFUSED = 2,      /* ... was answered with an error */
    OUTCOME_ROLLED_BACK = 4,  /* COMMIT succeeded, and its tag is ROLLBACK */
    OUTCOME_LOST = 8,         /* no connection, so no answer */
    OUTCOME_OPEN = 16,        /* after the body: in a transaction, ready to commit */
    OUTCOME_IN_ERROR = 32,    /* after the body: the transaction is broken */
    OUTCOME_ENDED = 64,       /* after the body: it has committed, and nothing is open */
    OUTCOME_BUSY = 128,       /* after the body: results not fetched, COPY, pipeline */
    OUTCOME_UNDONE = 256,     /* after the body: nothing is open, and nothing was committed */
    OUTCOME_CLOSED = 512,     /* after the body: it has closed the connection */
    OUTCOME_HALF_ENDED = 1024 /* after the body: it has committed, and then something failed */
};

/** The error that broke the transaction. */
enum cause { CAUSE_NONE = 1, CAUSE_CONFLICT = 2, CAUSE_OTHER = 4 };

/** What the body returned. */
enum verdict { VERDICT_OK = 1, VERDICT_FAILED = 2 };

/** Whose connection it is: that of a pool can be exchanged. */
enum origin { ORIGIN_POOL = 1, ORIGIN_CALLER = 2 };

enum decision {
    DECISION_GO_ON = 0,      /* to the next phase; after COMMIT: success */
    DECISION_RETRY_CONFLICT, /* ROLLBACK, wait, again */
    DECISION_RETRY_LOST,     /* wait, again on another connection */
    DECISION_RETURN_BODY,    /* ROLLBACK, return what the body returned */
    DECISION_HIDDEN,         /* ROLLBACK, DSQL_ERR_QUERY: the body hid an error */
    DECISION_UNFINISHED,     /* ROLLBACK, DSQL_ERR_USAGE: the body left a query running */
    DECISION_CLOSED,         /* DSQL_ERR_USAGE: the body closed the connection */
    DECISION_UNDONE,         /* DSQL_ERR_QUERY: the body rolled back, and said OK */
    DECISION_REFUSED,        /* return the server's error */
    DECISION_ROLLED_BACK,    /* DSQL_ERR_QUERY: COMMIT rolled back */
    DECISION_LOST,           /* DSQL_ERR_CONNECT */
    DECISION_HALF_DONE,      /* DSQL_ERR_USAGE: the body committed a part, the rest failed */
    DECISION_UNKNOWN         /* DSQL_ERR_COMMIT_UNKNOWN, never again */
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
