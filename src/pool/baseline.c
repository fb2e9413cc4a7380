/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq's state is put back always, because that costs nothing.  A notice receiver, a notice
 * processor or a trace of the last caller may refer to memory or to a file that is gone, so this
 * happens before the pool itself uses the connection.
 *
 * The session is compared by two signs: the commands that libpq's events have reported, and the
 * parameters that the server reports whatever has changed them.
 */
#include "pool/baseline.h"

#include "connect/connection_events.h"

#include <stddef.h>

/* libpq has no functions that only read these. */
static PGVerbosity verbosity_of(PGconn *conn)
{
    PGVerbosity verbosity = PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
    PQsetErrorVerbosity(conn, verbosity);
    return verbosity;
}

static PGContextVisibility context_of(PGconn *conn)
{
    PGContextVisibility context = PQsetErrorContextVisibility(conn, PQSHOW_CONTEXT_ERRORS);
    PQsetErrorContextVisibility(conn, context);
    return context;
}

/* FNV-1a; the final NUL separates two values. */
static uint64_t hash_string(uint64_t hash, const char *string)
{
    const char *at = string;
    do {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    } while (*at++ != '\0');
    return hash;
}

/*
 * Those of the reported parameters that a session can change.  A hash, so that nothing is
 * allocated: the values need not be known, only whether they are the same.
 */
static uint64_t hash_parameters(const PGconn *conn)
{
    static const char *const names[] = {
        "application_name", "client_encoding", "DateStyle",   "default_transaction_read_only",
        "IntervalStyle",    "TimeZone",        "search_path", "standard_conforming_strings",
    };
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = PQparameterStatus(conn, names[i]);
        hash = hash_string(hash, value == NULL ? "" : value);
    }
    return hash;
}

/* NULL instead of a function: libpq only returns the present one. */
void baseline_begin(struct baseline *baseline, PGconn *conn)
{
    *baseline = (struct baseline){
        .new_receiver = PQsetNoticeReceiver(conn, NULL, NULL),
        .new_processor = PQsetNoticeProcessor(conn, NULL, NULL),
    };
}

void baseline_note(struct baseline *baseline, PGconn *conn)
{
    baseline->receiver = PQsetNoticeReceiver(conn, NULL, NULL);
    baseline->processor = PQsetNoticeProcessor(conn, NULL, NULL);
    baseline->verbosity = verbosity_of(conn);
    baseline->context = context_of(conn);
    baseline->parameters = hash_parameters(conn);
    baseline->is_incomplete = false;
    connection_events_session_is_clean(conn);
}

/*
 * libpq does not return a receiver's argument, so the receiver of on_connect cannot be put back.
 * If the caller has replaced it, libpq's own takes its place until on_connect runs again.  Those
 * of a new connection are libpq's, which ignore their argument, so it does not matter which one
 * the caller has given.
 */
static void restore_notices(struct baseline *baseline, PGconn *conn)
{
    if (PQsetNoticeReceiver(conn, NULL, NULL) != baseline->receiver) {
        PQsetNoticeReceiver(conn, baseline->new_receiver, NULL);
        baseline->is_incomplete |= baseline->receiver != baseline->new_receiver;
    }
    if (PQsetNoticeProcessor(conn, NULL, NULL) != baseline->processor) {
        PQsetNoticeProcessor(conn, baseline->new_processor, NULL);
        baseline->is_incomplete |= baseline->processor != baseline->new_processor;
    }
}

/* Nonblocking mode is health.c's, since leaving it may need the network. */
void baseline_restore_libpq(struct baseline *baseline, PGconn *conn)
{
    PQuntrace(conn);
    restore_notices(baseline, conn);
    PQsetErrorVerbosity(conn, baseline->verbosity);
    PQsetErrorContextVisibility(conn, baseline->context);
}

/*
 * A caller that has had no result since the last comparison cannot have changed anything.  (PQfn()
 * gives none that libpq's events report; the service has no functions to call in that way.)
 */
bool baseline_holds(const struct baseline *baseline, PGconn *conn)
{
    if (baseline->is_incomplete) {
        return false;
    }
    if (!connection_events_session_was_used(conn)) {
        return true;
    }
    bool is_same = !connection_events_session_has_changed(conn) &&
                   hash_parameters(conn) == baseline->parameters;
    if (is_same) {
        connection_events_session_is_clean(conn);
    }
    return is_same;
}
