/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection is like when on_connect has run: the state of libpq and of the session that
 * the next caller may rely on.  Knows nothing of pools, and never makes a round trip.
 */
#ifndef DSQL_POOL_BASELINE_H
#define DSQL_POOL_BASELINE_H

#include <libpq-fe.h>

#include <stdbool.h>
#include <stdint.h>

struct baseline {
    PQnoticeReceiver receiver, new_receiver; /* the second: of a connection that is new */
    PQnoticeProcessor processor, new_processor;
    PGVerbosity verbosity;
    PGContextVisibility context;
    uint64_t parameters; /* a hash of what the server reports */
    bool is_incomplete;  /* on_connect must run again to set its notice receiver */
};

/** Before on_connect runs on a connection that is new. */
void baseline_begin(struct baseline *baseline, PGconn *conn);

/** After on_connect has run: the session is as it should be. */
void baseline_note(struct baseline *baseline, PGconn *conn);

/** Puts libpq's state back.  To be called before anything is sent: see baseline.c. */
void baseline_restore_libpq(struct baseline *baseline, PGconn *conn);

/** False: the session must be reset, and on_connect run again, before the next caller has it. */
bool baseline_holds(const struct baseline *baseline, PGconn *conn);

#endif
