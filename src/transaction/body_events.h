/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the body of a transaction does to its connection, as libpq's events report it.  A body may
 * call any PQ function, PQfinish() too; with these facts it cannot turn a transaction that was
 * rolled back into a success.
 */
#ifndef DSQL_TRANSACTION_BODY_EVENTS_H
#define DSQL_TRANSACTION_BODY_EVENTS_H

#include <libpq-fe.h>

#include <stdbool.h>

struct body_events {
    bool is_closed;     /* PQfinish(): the connection must not be used any more */
    bool is_reset;      /* PQreset(): the transaction ended with the old connection */
    bool has_committed; /* a COMMIT succeeded */
    bool has_failed;    /* a statement after the last such COMMIT failed */
    /**
     * A SET, RESET or ROLLBACK succeeded: SET TRANSACTION READ WRITE may have undone READ ONLY, or
     * another transaction may have begun.
     */
    bool may_have_changed_mode;
};

/** Clears *events and keeps it up to date until detached.  False: out of memory. */
bool body_events_attach(PGconn *conn, struct body_events *events);

/** Not for a connection that is closed. */
void body_events_detach(PGconn *conn);

#endif
