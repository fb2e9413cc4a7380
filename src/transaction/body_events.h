/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the body of a transaction does to its connection, as libpq's events report it.  A body may
 * call any PQ function, PQfinish() too; with these facts it cannot turn a transaction that was
 * rolled back into a success.
 */
#ifndef DSQL_TRANSACTION_BODY_EVENTS_H
#define DSQL_TRANSACTION_BODY_EVENTS_H

#include "transaction/statement_wait.h"

#include <libpq-fe.h>

#include <stdbool.h>

struct body_events {
    struct statement_limits limits; /* for what the library sends in the body */
    bool is_closed;                 /* PQfinish(): the connection must not be used any more */
    bool is_reset;                  /* PQreset(): the transaction ended with the old connection */
    bool has_committed;             /* a COMMIT succeeded */
    bool has_failed;                /* a statement after the last such COMMIT failed */
    bool is_late;                   /* a statement was not answered in time, see statement_wait.h */
    /**
     * A SET, RESET or ROLLBACK succeeded: SET TRANSACTION READ WRITE may have undone READ ONLY, or
     * another transaction may have begun.
     */
    bool may_have_changed_mode;
};

/** Clears *events but for its limits, and keeps it up to date until detached.  False: no memory. */
bool body_events_attach(PGconn *conn, struct body_events *events);

/** Those of the transaction whose body runs on the connection; NULL: none does. */
struct body_events *body_events_of(const PGconn *conn);

/** Not for a connection that is closed. */
void body_events_detach(PGconn *conn);

#endif
