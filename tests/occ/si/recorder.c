/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "recorder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_TRIES = 1200, CONNECT_PAUSE_US = 100000, MAX_THOUGHT_US = 50000 };

void recorder_note(struct recorder *recorder, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(recorder->out, format, args);
    va_end(args);
    fputc('\n', recorder->out);
}

static void drop_notice(void *arg, const PGresult *notice)
{
    (void)arg;
    (void)notice;
}

PGconn *recorder_connect(const struct run *run)
{
    /* jit: plans that are switched off look expensive. */
    const char *options = run->is_gateway ? "" : "options='-c lock_timeout=5s -c jit=off'";
    for (int tries = 0;; tries++) {
        PGconn *conn = PQconnectdb(options);
        if (PQstatus(conn) == CONNECTION_OK) {
            PQsetNoticeReceiver(conn, drop_notice, NULL);
            return conn;
        }
        if (!run->may_be_killed || tries == CONNECT_TRIES) {
            die("could not connect: %s", PQerrorMessage(conn));
        }
        PQfinish(conn);
        usleep(CONNECT_PAUSE_US);
    }
}

void recorder_open(struct recorder *recorder, int client, const struct run *run)
{
    *recorder = (struct recorder){.client = client, .run = run};
    recorder->conn = recorder_connect(run);
    char path[1024];
    snprintf(path, sizeof path, "%s/%d.history", run->dir, client);
    recorder->out = fopen(path, "w");
    if (recorder->out == NULL) {
        die("could not write %s", path);
    }
}

void recorder_close(struct recorder *recorder)
{
    if (fclose(recorder->out) != 0) {
        die("could not write the history");
    }
    PQfinish(recorder->conn);
}

/* ---- Statements ---- */

static void time_statement(struct recorder *recorder, const char *name, int64_t start_us)
{
    int64_t took_us = client_now_us() - start_us;
    if (took_us > recorder->longest_us) {
        recorder->longest_us = took_us;
        recorder->longest = name;
    }
}

PGresult *recorder_execute(struct recorder *recorder, const char *name,
                           const int64_t values[PARAMETERS])
{
    char texts[PARAMETERS][24];
    const char *parameters[PARAMETERS];
    int count = 0;
    while (count < PARAMETERS && values[count] != NO_VALUE) {
        snprintf(texts[count], sizeof texts[count], "%" PRId64, values[count]);
        parameters[count] = values[count] == NULL_VALUE ? NULL : texts[count];
        count++;
    }
    int64_t start_us = client_now_us();
    PGresult *result = PQexecPrepared(recorder->conn, name, count, parameters, NULL, NULL, 0);
    time_statement(recorder, name, start_us);
    return result;
}

bool recorder_is_stale(const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return strcmp(client_sqlstate(result), "40001") == 0 && text != NULL &&
           strcmp(text, "schema has been updated by another transaction (OC001)") == 0;
}

bool recorder_is_lost(PGconn *conn, const PGresult *result)
{
    const char *sqlstate = client_sqlstate(result);
    return PQstatus(conn) != CONNECTION_OK || strcmp(sqlstate, CLIENT_LOST) == 0 ||
           strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "08", 2) == 0;
}

bool recorder_failed(struct recorder *recorder, const PGresult *result)
{
    const char *sqlstate = client_sqlstate(result);
    if (*sqlstate == '\0') {
        return false;
    }
    recorder->is_broken = true;
    if (recorder->run->may_be_killed && recorder_is_lost(recorder->conn, result)) {
        recorder->is_lost = true;
    } else if (recorder->run->ddl_clients > 0 && recorder_is_stale(result)) {
        recorder->is_stale = true;
    } else {
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        recorder_note(recorder, "error %s %s", sqlstate, text == NULL ? "connection lost" : text);
    }
    return true;
}

int64_t recorder_new_version(struct recorder *recorder)
{
    return (recorder->run->epoch * INT64_C(1000) + recorder->client) * INT64_C(10000000) +
           ++recorder->versions;
}

/* ---- Transactions ---- */

static void note_snapshot(struct recorder *recorder)
{
    PGresult *result = PQexec(recorder->conn, "SELECT pg_current_snapshot()");
    if (!recorder_failed(recorder, result)) {
        char *text = PQgetvalue(result, 0, 0); /* xmin:xmax:xid,xid */
        long long xmin = 0;
        long long xmax = 0;
        int length = 0;
        if (sscanf(text, "%lld:%lld:%n", &xmin, &xmax, &length) != 2) {
            die("what snapshot is %s?", text);
        }
        recorder_note(recorder, "snapshot %lld %lld %s", xmin, xmax,
                      text[length] == '\0' ? "-" : text + length);
    }
    PQclear(result);
}

static void note_xid(struct recorder *recorder)
{
    PGresult *result = PQexec(recorder->conn, "SELECT pg_current_xact_id()");
    if (!recorder_failed(recorder, result)) {
        recorder_note(recorder, "xid %s", PQgetvalue(result, 0, 0));
    }
    PQclear(result);
}

/* Of the transaction, in all runs on these tables. */
static int64_t mark_number(const struct recorder *recorder)
{
    return recorder->run->epoch * INT64_C(1000000000) + recorder->transactions;
}

/* Leaves the number in a row of the client's own. */
static void mark(struct recorder *recorder)
{
    char sql[120];
    snprintf(sql, sizeof sql, "UPDATE si_mark SET number = %" PRId64 " WHERE client = %d",
             mark_number(recorder), recorder->client);
    PGresult *result = PQexec(recorder->conn, sql);
    recorder_failed(recorder, result);
    PQclear(result);
}

/*
 * A server that is being killed may still let a client in, and end before it answers: asks
 * until there is an answer.
 */
static int64_t ask_again(struct recorder *recorder, const char *sql)
{
    for (int tries = 0;; tries++) {
        PQfinish(recorder->conn);
        recorder->conn = recorder_connect(recorder->run);
        PGresult *result = PQexec(recorder->conn, sql);
        if (PQntuples(result) == 1) {
            int64_t number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
            PQclear(result);
            return number;
        }
        if (tries == CONNECT_TRIES || !recorder_is_lost(recorder->conn, result)) {
            die("%s: %s", sql, PQerrorMessage(recorder->conn));
        }
        PQclear(result);
        usleep(CONNECT_PAUSE_US);
    }
}

/* The connection ended during COMMIT: has the server done it? */
static bool has_committed(struct recorder *recorder)
{
    char sql[120];
    if (!recorder->needs_xid) {
        return true; /* either is right */
    }
    snprintf(sql, sizeof sql, "SELECT number FROM si_mark WHERE client = %d", recorder->client);
    return ask_again(recorder, sql) == mark_number(recorder);
}

static bool is_forgotten(const PGresult *result)
{
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    return detail != NULL && strstr(detail, " may have locked the row first") != NULL;
}

static const char *rollback(struct recorder *recorder)
{
    if (!recorder->is_lost) {
        PGresult *result = PQexec(recorder->conn, "ROLLBACK");
        recorder_failed(recorder, result);
        PQclear(result);
    }
    return recorder->is_stale ? "stale" : "rollback";
}

static const char *commit(struct recorder *recorder)
{
    int64_t start_us = client_now_us();
    PGresult *result = PQexec(recorder->conn, "COMMIT");
    const char *outcome = "commit";
    time_statement(recorder, "commit", start_us);
    if (client_is_conflict(result)) {
        outcome = is_forgotten(result) ? "forgotten" : "conflict";
    } else if (recorder_failed(recorder, result)) {
        outcome = recorder->is_stale ? "stale" : "rollback";
        if (recorder->is_lost) {
            outcome = has_committed(recorder) ? "commit" : "vanished";
        }
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        die("COMMIT was answered %s", PQcmdStatus(result));
    }
    PQclear(result);
    return outcome;
}

static void run_body(struct recorder *recorder, void (*body)(struct recorder *recorder))
{
    PGresult *result = PQexec(recorder->conn, "BEGIN");
    recorder_failed(recorder, result);
    PQclear(result);
    if (!recorder->is_broken) {
        note_snapshot(recorder);
    }
    bool has_xid = recorder->needs_xid && random_below(&recorder->random, 2) == 0;
    if (has_xid && !recorder->is_broken) {
        note_xid(recorder);
    }
    if (!recorder->is_broken) {
        body(recorder);
    }
    if (recorder->needs_xid && !has_xid && !recorder->is_broken) {
        note_xid(recorder);
    }
    if (recorder->needs_xid && recorder->run->may_be_killed && !recorder->is_broken) {
        mark(recorder);
    }
}

void recorder_transaction(struct recorder *recorder, void (*body)(struct recorder *recorder))
{
    recorder->is_broken = false;
    recorder->is_stale = false;
    /* What it chooses does not depend on what the transactions before met. */
    recorder->transactions++;
    recorder->random = random_start(
        recorder->run->seed + (uint64_t)recorder->transactions * 1000003, recorder->client);
    recorder_note(recorder, "begin %d %" PRId64 " %" PRId64, recorder->client,
                  recorder->transactions, client_now_us());
    recorder->needs_xid = random_below(&recorder->random, 10) != 0;
    run_body(recorder, body);
    /* A few are much longer than others: meanwhile a row changes more than once. */
    if (!recorder->is_broken && random_below(&recorder->random, 10) == 0) {
        usleep((useconds_t)random_below(&recorder->random, MAX_THOUGHT_US));
    }
    bool gives_up = recorder->is_broken || random_below(&recorder->random, 20) == 0;
    int64_t start_us = client_now_us();
    const char *outcome = gives_up ? rollback(recorder) : commit(recorder);
    recorder_note(recorder, "%s %" PRId64 " %" PRId64, outcome, start_us, client_now_us());
}
