/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the body of a transaction does to the connection behind the engine's back: libpq's
 * events tell, so that a body may call any PQ function, and PQfinish() too, and cannot turn
 * what was rolled back into a success.
 */
#ifndef DSQL_TRANSACTION_BODY_EVENTS_H
#define DSQL_TRANSACTION_BODY_EVENTS_H

#include <libpq-fe.h>

#include <stdbool.h>

struct body_events {
    bool is_closed;     /* PQfinish(): the connection must not be touched any more */
    bool is_reset;      /* PQreset(): the transaction went with the old connection */
    bool has_committed; /* a COMMIT was answered with success... */
    bool has_failed;    /* ... and something after the last one with an error */
};

/** Starts to fill in *events, until detached.  False: out of memory. */
bool body_events_attach(PGconn *conn, struct body_events *events);

/** Not on a connection that is closed. */
void body_events_detach(PGconn *conn);

#endif
