/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a statement that met a conflict (OC000, OC001) is run again by the proxy: a pure
 * function, one table in retry_rule.c.  The rule of libdsql (transaction/decide.h) is wider, as it
 * owns the body of the transaction; here nobody but the client knows why it has sent what it has
 * sent.  So only a transaction that the client has sent as a whole is repeated, only if it has seen
 * nothing of the answer, and never if the answer did not come.
 */
#ifndef DSQL_PROXY_RETRY_RULE_H
#define DSQL_PROXY_RETRY_RULE_H

#include <stdbool.h>

/* Each value is one bit, so that a row of the table can name several. */

/** What was sent. */
enum retry_shape {
    RETRY_ONE_STATEMENT = 1, /* a Query with one statement that leaves no trace if it fails */
    RETRY_ONE_BATCH = 2,     /* a batch up to Sync with nothing but such statements */
    RETRY_OTHER = 4          /* anything else: BEGIN, several statements, COPY, CALL ... */
};

/** What came back. */
enum retry_outcome {
    RETRY_SUCCESS = 1,
    RETRY_CONFLICT = 2,          /* OC000 or OC001, and no transaction is open any more */
    RETRY_CONFLICT_IN_BLOCK = 4, /* the same, in a transaction block */
    RETRY_ERROR = 8,             /* any other error */
    RETRY_LOST = 16              /* the connection ended: it may have been committed */
};

/** Whether a byte of the answer has left the proxy. */
enum retry_delivery { RETRY_NOTHING_DELIVERED = 1, RETRY_SOMETHING_DELIVERED = 2 };

/** Whether all that the client has sent is still there. */
enum retry_request { RETRY_REQUEST_KEPT = 1, RETRY_REQUEST_GONE = 2 };

enum retry_attempts { RETRY_ATTEMPTS_LEFT = 1, RETRY_NO_ATTEMPTS_LEFT = 2 };

struct retry_seen {
    enum retry_shape shape;
    enum retry_outcome outcome;
    enum retry_delivery delivery;
    enum retry_request request;
    enum retry_attempts attempts;
};

enum retry_decision {
    RETRY_DELIVER,             /* the client gets the answer */
    RETRY_AGAIN,               /* the answer is dropped, and the request is sent again */
    RETRY_DELIVER_GAVE_UP,     /* the client gets the conflict: it was tried often enough */
    RETRY_DELIVER_NOT_ALLOWED, /* the client gets the conflict: it must decide itself */
    RETRY_END                  /* the client's session ends, with no word on what happened */
};

enum retry_decision retry_decide(const struct retry_seen *seen);

#endif
