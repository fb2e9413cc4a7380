/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "transaction/body_events.h"

#include "base/text.h"

#include <libpq-events.h>

static int on_event(PGEventId id, void *info, void *pass_through);

static struct body_events *events_of(const PGconn *conn)
{
    return PQinstanceData(conn, on_event);
}

static void note_result(const PGEventResultCreate *created)
{
    struct body_events *events = events_of(created->conn);
    if (events == NULL) {
        return;
    }
    ExecStatusType status = PQresultStatus(created->result);
    if (status == PGRES_FATAL_ERROR) {
        events->has_failed = true;
    } else if (status == PGRES_COMMAND_OK &&
               text_equal_string(text_of(PQcmdStatus(created->result)), "COMMIT")) {
        events->has_committed = true;
        events->has_failed = false;
    }
}

static void note_close(const PGEventConnDestroy *destroyed)
{
    struct body_events *events = events_of(destroyed->conn);
    if (events != NULL) {
        events->is_closed = true;
    }
}

static void note_reset(const PGEventConnReset *reset)
{
    struct body_events *events = events_of(reset->conn);
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

/* libpq cannot unregister an event procedure; only the struct it fills changes per attempt. */

bool body_events_attach(PGconn *conn, struct body_events *events)
{
    *events = (struct body_events){.is_closed = false};
    return PQsetInstanceData(conn, on_event, events) == 1 ||
           (PQregisterEventProc(conn, on_event, "dsql transaction", NULL) == 1 &&
            PQsetInstanceData(conn, on_event, events) == 1);
}

void body_events_detach(PGconn *conn)
{
    PQsetInstanceData(conn, on_event, NULL);
}
