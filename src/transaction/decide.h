/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The retry policy: a pure function from what was observed of an attempt to what follows.  It is
 * one table in decide.c.  The rest of the folder gathers observations and carries decisions out.
 */
#ifndef DSQL_TRANSACTION_DECIDE_H
#define DSQL_TRANSACTION_DECIDE_H

#include <stdbool.h>

/* Each value is one bit, so that a row of the table can name several. */

/**
 * How far the attempt has come.  It matters because a lost connection means different things:
 * before COMMIT was sent nothing was committed, and afterwards nobody knows, unless there was
 * nothing to commit.
 */
enum phase {
    PHASE_BEGIN = 1,
    PHASE_BODY = 2,
    PHASE_COMMIT = 4,
    PHASE_STATEMENT = 8,         /* one statement, which commits itself, was sent */
    PHASE_COMMIT_READ_ONLY = 16, /* COMMIT of a transaction that cannot have written anything */
};

/** What the server answered, or in which state the body left the connection. */
enum outcome {
    OUTCOME_SUCCESS = 1,         /* BEGIN, COMMIT or the statement succeeded */
    OUTCOME_ERROR = 2,           /* it failed with an error of the server */
    OUTCOME_ROLLED_BACK = 4,     /* COMMIT succeeded with the command tag ROLLBACK */
    OUTCOME_CONNECTION_LOST = 8, /* there was no answer */

    /* After the body. */
    OUTCOME_IN_TRANSACTION = 16,          /* ready to commit */
    OUTCOME_IN_FAILED_TRANSACTION = 32,   /* a statement failed */
    OUTCOME_BODY_COMMITTED = 64,          /* not in a transaction; the body committed */
    OUTCOME_BODY_BUSY = 128,              /* unread results, COPY or pipeline mode */
    OUTCOME_BODY_ROLLED_BACK = 256,       /* not in a transaction; nothing was committed */
    OUTCOME_BODY_CLOSED = 512,            /* the body closed the connection */
    OUTCOME_BODY_PARTLY_COMMITTED = 1024, /* the body committed, and then a statement failed */
    OUTCOME_LATE = 2048                   /* a statement was not answered in time; rolled back */
};

/** The error that broke the transaction. */
enum cause { CAUSE_NONE = 1, CAUSE_CONFLICT = 2, CAUSE_OTHER = 4 };

/** What the body returned. */
enum verdict { VERDICT_OK = 1, VERDICT_FAILED = 2 };

/** Whose connection it is.  Only a pool's can be replaced. */
enum origin { ORIGIN_POOL = 1, ORIGIN_CALLER = 2 };

enum decision {
    DECISION_CONTINUE = 0,       /* to the next phase; after COMMIT: success */
    DECISION_RETRY_CONFLICT,     /* ROLLBACK, wait, next attempt */
    DECISION_RETRY_LOST,         /* wait, next attempt on another connection */
    DECISION_RETURN_BODY,        /* ROLLBACK, return what the body returned */
    DECISION_HIDDEN_ERROR,       /* ROLLBACK, DSQL_ERR_QUERY: the body ignored an error */
    DECISION_BODY_BUSY,          /* ROLLBACK, DSQL_ERR_USAGE: the body left a query running */
    DECISION_LATE,               /* ROLLBACK, DSQL_ERR_TIMEOUT */
    DECISION_BODY_CLOSED,        /* DSQL_ERR_USAGE: the body closed the connection */
    DECISION_BODY_ROLLED_BACK,   /* DSQL_ERR_QUERY: the body rolled back and returned DSQL_OK */
    DECISION_RETURN_ERROR,       /* return the server's error */
    DECISION_COMMIT_ROLLED_BACK, /* DSQL_ERR_QUERY: COMMIT rolled back */
    DECISION_CONNECTION_LOST,    /* DSQL_ERR_CONNECT */
    DECISION_PARTLY_COMMITTED,   /* DSQL_ERR_USAGE: the body committed a part, the rest failed */
    DECISION_COMMIT_UNKNOWN      /* DSQL_ERR_COMMIT_UNKNOWN; never retried */
};

struct observation {
    enum phase phase;
    enum outcome outcome;
    enum cause cause;
    enum verdict verdict; /* VERDICT_OK before the body has run */
    enum origin origin;
    bool has_committed; /* the body sent its own COMMIT: never retried */
};

enum decision decide(const struct observation *seen);

#endif
