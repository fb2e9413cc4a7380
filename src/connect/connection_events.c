/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See watch.h. */
#include "connect/connection_events.h"

#include "base/memory.h"
#include "base/text.h"

#include <libpq-events.h>

#include <string.h>

struct watch {
    struct watch_failure failure;
    void (*on_destroy)(PGconn *conn, void *arg);
    void *on_destroy_arg;
};

const char *conflict_detail(const PGresult *res)
{
    return dsql_result_occ(res) == DSQL_OCC_NONE ? NULL
                                                 : PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
}

/* As much as there is room for. */
static void append(struct watch_failure *failure, const char *words)
{
    size_t used = strlen(failure->message);
    size_t room = sizeof failure->message - used;
    struct text text = text_of(words);
    text.len = text_utf8_prefix(text, room - 1);
    text_copy(text, &failure->message[used], room);
}

static void note_failure(struct watch *watch, const PGresult *res)
{
    const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    if (sqlstate == NULL || text_equal_string(text_of(sqlstate), "25P02")) {
        return; /* lost connections are seen by PQstatus(); 25P02 only repeats */
    }
    const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    struct watch_failure *failure = &watch->failure;
    text_copy(text_of(sqlstate), failure->sqlstate, sizeof failure->sqlstate);
    failure->message[0] = '\0';
    append(failure, primary);
    failure->occ = dsql_occ_classify(sqlstate, primary);
    const char *detail = conflict_detail(res);
    if (detail != NULL) {
        append(failure, ": ");
        append(failure, detail);
    }
}

static int on_event(PGEventId id, void *info, void *pass_through)
{
    struct watch *watch = pass_through;
    if (id == PGEVT_RESULTCREATE) {
        const PGEventResultCreate *created = info;
        ExecStatusType status = PQresultStatus(created->result);
        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            note_failure(watch, created->result);
        }
    } else if (id == PGEVT_CONNDESTROY) {
        const PGEventConnDestroy *destroyed = info;
        if (watch->on_destroy != NULL) {
            watch->on_destroy(destroyed->conn, watch->on_destroy_arg);
        }
        mem_free(watch);
    }
    return 1;
}

static struct watch *watch_of(const PGconn *conn)
{
    return PQinstanceData(conn, on_event);
}

bool watch_is_attached(const PGconn *conn)
{
    return watch_of(conn) != NULL;
}

bool watch_attach(PGconn *conn)
{
    if (watch_is_attached(conn)) {
        return true;
    }
    struct watch *watch = mem_new(sizeof *watch);
    if (watch == NULL) {
        return false;
    }
    if (!PQregisterEventProc(conn, on_event, "dsql", watch)) {
        mem_free(watch);
        return false;
    }
    /* The watch belongs to the connection from here on: PGEVT_CONNDESTROY frees it. */
    return PQsetInstanceData(conn, on_event, watch) == 1;
}

void watch_reset(PGconn *conn)
{
    struct watch *watch = watch_of(conn);
    if (watch != NULL) {
        watch->failure = (struct watch_failure){.sqlstate = ""};
    }
}

const struct watch_failure *watch_failure(const PGconn *conn)
{
    static const struct watch_failure none = {.sqlstate = ""};
    const struct watch *watch = watch_of(conn);
    return watch == NULL ? &none : &watch->failure;
}

void watch_on_destroy(PGconn *conn, void (*listener)(PGconn *conn, void *arg), void *arg)
{
    struct watch *watch = watch_of(conn);
    if (watch != NULL) {
        watch->on_destroy = listener;
        watch->on_destroy_arg = arg;
    }
}
