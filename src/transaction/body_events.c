/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A second event procedure beside that of connect/connection_events.c: that one lives as long as
 * the connection, this one writes into the struct of one attempt.  Its instance data is that
 * struct, or NULL between attempts; so every event must ask whether there is one.
 */
#include "transaction/body_events.h"

#include "base/text.h"

#include <libpq-events.h>

static int on_event(PGEventId id, void *info, void *pass_through);

struct body_events *body_events_of(const PGconn *conn)
{
    return PQinstanceData(conn, on_event);
}

/*
 * PostgreSQL lets only a statement of these tags turn READ ONLY off, and only before the first
 * query: a function cannot, because the query that calls it has a snapshot already (PostgreSQL
 * manual, SET TRANSACTION).
 */
static bool may_change_mode(struct text tag)
{
    return text_equal_string(tag, "SET") || text_equal_string(tag, "RESET") ||
           text_equal_string(tag, "ROLLBACK") || text_equal_string(tag, "COMMIT") ||
           text_equal_string(tag, "PREPARE TRANSACTION");
}

/*
 * A COMMIT that was answered with ROLLBACK has that tag and does not count.
 * PGRES_PIPELINE_ABORTED is not a failure of its own: the one that caused it came before.
 */
static void note_result(const PGEventResultCreate *created)
{
    struct body_events *events = body_events_of(created->conn);
    if (events == NULL) {
        return;
    }
    ExecStatusType status = PQresultStatus(created->result);
    struct text tag = text_of(PQcmdStatus(created->result));
    if (status == PGRES_FATAL_ERROR) {
        events->has_failed = true;
    } else if (status == PGRES_COMMAND_OK) {
        events->may_have_changed_mode = events->may_have_changed_mode || may_change_mode(tag);
        if (text_equal_string(tag, "COMMIT")) {
            events->has_committed = true;
            events->has_failed = false;
        }
    }
}

/* The connection is freed right after this event, so nothing but the flag may be kept. */
static void note_close(const PGEventConnDestroy *destroyed)
{
    struct body_events *events = body_events_of(destroyed->conn);
    if (events != NULL) {
        events->is_closed = true;
    }
}

/* PQreset() keeps the PGconn and replaces the session. */
static void note_reset(const PGEventConnReset *reset)
{
    struct body_events *events = body_events_of(reset->conn);
    if (events != NULL) {
        events->is_reset = true;
    }
}

static int on_event(PGEventId id, void *info, void *pass_through)
{
    (void)pass_through;
    if (id == PGEVT_RESULTCREATE) {
        note_result(info);
    } else if (id == PGEVT_CONNDESTROY) {
        note_close(info);
    } else if (id == PGEVT_CONNRESET) {
        note_reset(info);
    }
    return 1;
}

/*
 * libpq cannot unregister an event procedure; only the struct it fills changes per attempt.  So
 * the first call tries to set the data of a procedure that is registered already.
 */
bool body_events_attach(PGconn *conn, struct body_events *events)
{
    *events = (struct body_events){.limits = events->limits};
    return PQsetInstanceData(conn, on_event, events) == 1 ||
           (PQregisterEventProc(conn, on_event, "dsql transaction", NULL) == 1 &&
            PQsetInstanceData(conn, on_event, events) == 1);
}

void body_events_detach(PGconn *conn)
{
    PQsetInstanceData(conn, on_event, NULL);
}
