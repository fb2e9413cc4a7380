/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What libpq's events (libpq-events.h) report of a connection: the error that broke the current
 * transaction, whether the session was changed, and the end of the connection.  The body of a
 * transaction cannot hide an error from it.  It records facts only; transaction/ and pool/ decide
 * what follows.
 */
#ifndef DSQL_CONNECT_CONNECTION_EVENTS_H
#define DSQL_CONNECT_CONNECTION_EVENTS_H

#include <dsql.h>

#include <stdbool.h>

/** Needed once for each connection, harmless when repeated.  False: out of memory. */
bool connection_events_attach(PGconn *conn);

bool connection_events_are_attached(const PGconn *conn);

/** Forgets the recorded error; called before BEGIN. */
void connection_events_reset(PGconn *conn);

/**
 * The error that broke the transaction: the first conflict since connection_events_reset(), or else
 * the first error.  Later ones follow from it: 25P02, or 26000 for a statement whose PREPARE
 * failed. Without an error, its sqlstate and message are "".
 */
struct transaction_failure {
    dsql_error error;
    dsql_occ occ;
};
const struct transaction_failure *connection_events_failure(const PGconn *conn);

/**
 * Whether a command has changed what outlives its transaction (SET, RESET, a prepared statement,
 * PQreset()) since connection_events_session_is_clean().  set_config() in a query is not seen.
 */
bool connection_events_session_has_changed(const PGconn *conn);
void connection_events_session_is_clean(PGconn *conn);

/** Whether there was a result of any command, or a PQreset(), since then. */
bool connection_events_session_was_used(const PGconn *conn);

/** From now on, or no longer: each Parse is one for the unnamed statement, which changes nothing.
 */
void connection_events_expect_own_prepares(PGconn *conn, bool expects);

/**
 * Sets the one listener of a connection; NULL removes it.  PQfinish() calls it once, on its own
 * thread, before the connection is freed.
 */
void connection_events_on_destroy(PGconn *conn, void (*listener)(PGconn *conn, void *arg),
                                  void *arg);

#endif
