/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What libpq's events tell about a connection: which SQLSTATE broke the current
 * transaction, and when the connection is destroyed.  See libpq-events.h; the body
 * of a transaction cannot hide an error from it.
 */
#ifndef DSQL_CONNECT_CONNECTION_EVENTS_H
#define DSQL_CONNECT_CONNECTION_EVENTS_H

#include <dsql.h>

#include <stdbool.h>

/** Starts watching; needed once a connection, harmless twice.  False: out of memory. */
bool connection_events_attach(PGconn *conn);

bool connection_events_are_attached(const PGconn *conn);

/** Forgets what was seen: call before BEGIN. */
void connection_events_reset(PGconn *conn);

/** Which row a conflict is about, if res is one and the server says so: `dsql local` does. */
const char *conflict_detail(const PGresult *res);

/**
 * The error that broke the transaction since connection_events_reset(): the last one whose
 * SQLSTATE is not 25P02.  SQLSTATE "" and message "" when there was none.  The message
 * of a conflict says which row it was about, if the server does.
 */
struct transaction_failure {
    char sqlstate[6];
    char message[384];
    dsql_occ occ;
};
const struct transaction_failure *connection_events_failure(const PGconn *conn);

/** Called once, from PQfinish(), on the thread that calls it.  One listener a connection; NULL ends
 * it. */
void connection_events_on_destroy(PGconn *conn, void (*listener)(PGconn *conn, void *arg),
                                  void *arg);

#endif
