/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A body of a transaction may swallow the error of a statement; libpq's events cannot be
 * swallowed.  This file registers one event procedure for each connection and keeps what it
 * reports in a struct that belongs to the connection: errors, and commands that change the session
 * beyond the transaction.  libpq calls it on the thread that uses the
 * connection, so there is no lock.
 */
#include "connect/connection_events.h"

#include "base/memory.h"
#include "base/text.h"
#include "connect/server_error.h"

#include <libpq-events.h>

/* Owned by the connection: made by connection_events_attach(), freed by PGEVT_CONNDESTROY. */
struct connection_events {
    struct transaction_failure failure;
    bool has_changed_session;
    bool was_used;
    bool expects_own_prepares;
    void (*on_destroy)(PGconn *conn, void *arg);
    void *on_destroy_arg;
};

/*
 * PGEVT_RESULTCREATE comes only from results that PQgetResult() or PQexec() return, which is
 * every error that a body could have seen.  The first one broke the transaction, and a conflict
 * always did.
 */
static void note_failure(struct connection_events *events, const PGresult *res)
{
    const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    if (sqlstate == NULL || text_equal_string(text_of(sqlstate), "25P02")) {
        return; /* without SQLSTATE: a lost connection, see PQstatus(); 25P02 only repeats */
    }
    dsql_occ occ = dsql_result_occ(res);
    bool is_first = events->failure.error.sqlstate[0] == '\0';
    if (is_first || (occ != DSQL_OCC_NONE && events->failure.occ == DSQL_OCC_NONE)) {
        server_error_read(res, &events->failure.error);
        events->failure.occ = occ;
    }
}

/* The body has ended the transaction itself.  A conflict stays: it is retried all the same. */
static void note_end_of_transaction(struct connection_events *events, struct text tag)
{
    bool has_ended = text_equal_string(tag, "ROLLBACK") || text_equal_string(tag, "COMMIT");
    if (has_ended && events->failure.occ == DSQL_OCC_NONE) {
        events->failure = (struct transaction_failure){.occ = DSQL_OCC_NONE};
    }
}

/*
 * SET LOCAL, and a SET that is rolled back, have the same command tag as a SET that stays.
 * RESET and DEALLOCATE count, because they also undo what on_connect has made.
 */
static bool tag_changes_session(struct text tag)
{
    static const char *const changing[] = {"SET",        "RESET",          "PREPARE",
                                           "DEALLOCATE", "DEALLOCATE ALL", "DISCARD ALL"};
    for (size_t i = 0; i < sizeof changing / sizeof changing[0]; i++) {
        if (text_equal_string(tag, changing[i])) {
            return true;
        }
    }
    return false;
}

/*
 * A Parse message, as PQprepare() sends it, is answered without a command tag.  So are Describe
 * and Close, which libpq does not tell apart from it.
 */
static void note_change(struct connection_events *events, PGresult *res)
{
    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        return;
    }
    struct text tag = text_of(PQcmdStatus(res));
    note_end_of_transaction(events, tag);
    if (tag.len == 0 ? !events->expects_own_prepares : tag_changes_session(tag)) {
        events->has_changed_session = true;
    }
}

/*
 * Returns 1, success in libpq's terms, for every event.  PGEVT_RESULTCOPY is ignored: a copied
 * result is no new error.
 */
static int on_event(PGEventId id, void *info, void *pass_through)
{
    struct connection_events *events = pass_through;
    if (id == PGEVT_RESULTCREATE) {
        const PGEventResultCreate *created = info;
        events->was_used = true;
        ExecStatusType status = PQresultStatus(created->result);
        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            note_failure(events, created->result);
        }
        note_change(events, created->result);
    } else if (id == PGEVT_CONNRESET) {
        events->has_changed_session = true; /* a new one, without what on_connect has made */
        events->was_used = true;
    } else if (id == PGEVT_CONNDESTROY) {
        const PGEventConnDestroy *destroyed = info;
        if (events->on_destroy != NULL) {
            events->on_destroy(destroyed->conn, events->on_destroy_arg);
        }
        mem_free(events);
    }
    return 1;
}

static struct connection_events *events_of(const PGconn *conn)
{
    return PQinstanceData(conn, on_event);
}

bool connection_events_are_attached(const PGconn *conn)
{
    return events_of(conn) != NULL;
}

/*
 * Twice is harmless: libpq would refuse to register the same procedure again, so it is asked for
 * first.
 */
bool connection_events_attach(PGconn *conn)
{
    if (connection_events_are_attached(conn)) {
        return true;
    }
    struct connection_events *events = mem_new(sizeof *events);
    if (events == NULL) {
        return false;
    }
    if (!PQregisterEventProc(conn, on_event, "dsql", events)) {
        mem_free(events);
        return false;
    }
    /* From here on the connection owns it: PGEVT_CONNDESTROY frees it. */
    return PQsetInstanceData(conn, on_event, events) == 1;
}

/* A connection without events has nothing to forget. */
void connection_events_reset(PGconn *conn)
{
    struct connection_events *events = events_of(conn);
    if (events != NULL) {
        events->failure = (struct transaction_failure){.occ = DSQL_OCC_NONE};
    }
}

/* Points into the connection's own struct, so it is valid until the next statement. */
const struct transaction_failure *connection_events_failure(const PGconn *conn)
{
    static const struct transaction_failure none = {.occ = DSQL_OCC_NONE};
    const struct connection_events *events = events_of(conn);
    return events == NULL ? &none : &events->failure;
}

bool connection_events_session_has_changed(const PGconn *conn)
{
    const struct connection_events *events = events_of(conn);
    return events != NULL && events->has_changed_session;
}

void connection_events_session_is_clean(PGconn *conn)
{
    struct connection_events *events = events_of(conn);
    if (events != NULL) {
        events->has_changed_session = false;
        events->was_used = false;
    }
}

/* A connection without events may have had any. */
bool connection_events_session_was_used(const PGconn *conn)
{
    const struct connection_events *events = events_of(conn);
    return events == NULL || events->was_used;
}

void connection_events_expect_own_prepares(PGconn *conn, bool expects)
{
    struct connection_events *events = events_of(conn);
    if (events != NULL) {
        events->expects_own_prepares = expects;
    }
}

void connection_events_on_destroy(PGconn *conn, void (*listener)(PGconn *conn, void *arg),
                                  void *arg)
{
    struct connection_events *events = events_of(conn);
    if (events != NULL) {
        events->on_destroy = listener;
        events->on_destroy_arg = arg;
    }
}
