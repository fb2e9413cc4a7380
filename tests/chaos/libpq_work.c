/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "libpq_work.h"

#include <stdio.h>
#include <string.h>

enum { AMOUNT = 7 };

#define INSERT "INSERT INTO ledger (work, source, target, amount) VALUES ("

/* ---- Outcomes ---- */

/* After a fatal error libpq has not read the end of the connection yet. */
static bool has_lost(const PGconn *conn, const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return PQstatus(conn) != CONNECTION_OK || (severity != NULL && strcmp(severity, "FATAL") == 0);
}

/* Whether a statement succeeded.  Otherwise what is known of a transaction that ends with it. */
static bool note(PGconn *conn, PGresult *result, bool may_be_committed, struct bank_work *work)
{
    ExecStatusType status = PQresultStatus(result);
    bool is_done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    bool is_lost = has_lost(conn, result);
    PQclear(result);
    if (!is_done) {
        work->outcome = is_lost && may_be_committed ? DSQL_ERR_COMMIT_UNKNOWN
                        : is_lost                   ? DSQL_ERR_CONNECT
                                                    : DSQL_ERR_QUERY;
        snprintf(work->err.message, sizeof work->err.message, "%s", PQerrorMessage(conn));
    }
    return is_done;
}

/* ---- Work ---- */

struct texts {
    char number[24];
    const char *values[1];
    char insert[160];
    char take[96];
    char give[96];
};

static void write_texts(struct texts *texts, const struct bank_work *work)
{
    int amount = work->form == BANK_TRANSACTION ? AMOUNT : 0;
    snprintf(texts->number, sizeof texts->number, "%ld", work->number);
    texts->values[0] = texts->number;
    snprintf(texts->insert, sizeof texts->insert, INSERT "%ld, %d, %d, %d)", work->number,
             work->source, work->target, amount);
    snprintf(texts->take, sizeof texts->take,
             "UPDATE account SET balance = balance - %d WHERE id = %d", amount, work->source);
    snprintf(texts->give, sizeof texts->give,
             "UPDATE account SET balance = balance + %d WHERE id = %d", amount, work->target);
}

static void do_single(PGconn *conn, enum style style, struct bank_work *work)
{
    struct texts texts;
    write_texts(&texts, work);
    PGresult *result = style == SIMPLE ? PQexec(conn, texts.insert)
                       : style == EXTENDED
                           ? PQexecParams(conn, INSERT "$1::bigint, 1, 1, 0)", 1, NULL,
                                          texts.values, NULL, NULL, 0)
                           : PQexecPrepared(conn, "pay", 1, texts.values, NULL, NULL, 0);
    (void)note(conn, result, true, work);
}

static void do_block(PGconn *conn, struct bank_work *work)
{
    struct texts texts;
    write_texts(&texts, work);
    bool is_done = note(conn, PQexec(conn, "BEGIN"), false, work) &&
                   note(conn, PQexec(conn, texts.take), false, work) &&
                   note(conn, PQexec(conn, texts.give), false, work) &&
                   note(conn, PQexec(conn, texts.insert), false, work);
    if (is_done) {
        (void)note(conn, PQexec(conn, "COMMIT"), true, work);
    } else {
        PQclear(PQexec(conn, "ROLLBACK"));
    }
}

/* One batch: the client looks at no answer before COMMIT is sent. */
static void do_pipeline(PGconn *conn, struct bank_work *work)
{
    struct texts texts;
    write_texts(&texts, work);
    const char *const batch[] = {"BEGIN", texts.take, texts.give, texts.insert, "COMMIT"};
    bool is_sent = PQenterPipelineMode(conn) == 1;
    for (size_t i = 0; i < sizeof batch / sizeof batch[0]; i++) {
        is_sent = is_sent && PQsendQueryParams(conn, batch[i], 0, NULL, NULL, NULL, NULL, 0) == 1;
    }
    is_sent = is_sent && PQpipelineSync(conn) == 1;
    bool is_done = is_sent;
    for (size_t i = 0; i < sizeof batch / sizeof batch[0]; i++) {
        PGresult *result = is_done ? PQgetResult(conn) : NULL;
        is_done = is_done && note(conn, result, true, work);
        PQclear(is_done ? PQgetResult(conn) : NULL); /* the NULL after each */
    }
    if (!is_sent) {
        (void)note(conn, NULL, true, work);
    }
    while (PQstatus(conn) == CONNECTION_OK && PQexitPipelineMode(conn) == 0) {
        PQclear(PQgetResult(conn));
    }
    if (!is_done && work->outcome == DSQL_ERR_QUERY) {
        PQclear(PQexec(conn, "ROLLBACK")); /* a batch that failed before COMMIT leaves a block */
    }
}

bool libpq_work_prepare(PGconn *conn)
{
    PGresult *result = PQprepare(conn, "pay", INSERT "$1::bigint, 1, 1, 0)", 1, NULL);
    bool is_ready = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return is_ready;
}

void libpq_work_do(PGconn *conn, enum style style, struct bank_work *work)
{
    work->form = style == BLOCK || style == PIPELINE ? BANK_TRANSACTION : BANK_EXEC;
    work->outcome = DSQL_OK;
    switch (style) {
    case BLOCK:
        do_block(conn, work);
        break;
    case PIPELINE:
        do_pipeline(conn, work);
        break;
    case SIMPLE:
    case EXTENDED:
    case PREPARED:
    case STYLES:
    default:
        do_single(conn, style, work);
        break;
    }
}
