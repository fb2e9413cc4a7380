/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Short work as the owner or as admin: libpq's blocking functions are right
 * here, because the server is a child of the daemon on the same machine.  Clients do not come
 * this way: they connect to the gateway.
 */
#include "local/database.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { DATABASE_ERROR_SIZE = 400 };

static const char *const keywords[] = {
    "host",    "port", "user", "dbname", "sslmode", "application_name", "connect_timeout",
    "options", NULL};
enum { KEYWORDS = sizeof keywords / sizeof *keywords };

static bool is_given(const char *keyword)
{
    for (size_t i = 0; keywords[i] != NULL; i++) {
        if (strcmp(keywords[i], keyword) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Variables like PGHOSTADDR are set for clients of the gateway (`dsql local env`), and others for
 * other servers: PGREQUIREPEER, for example.  libpq knows which there are; named here are those
 * that it does not list, those that matter to pg_dump and psql, and PGSERVICE, whose file it would
 * read to list them.  Changes the environment of the process, so it is for commands and the daemon,
 * which have one thread, and must never move into libdsql.
 */
void database_forget_environment(void)
{
    static const char *const names[] = {"PGSERVICE", "PGSERVICEFILE", "PGSSLMODE", "PGOPTIONS",
                                        "PGTZ",      "PGDATESTYLE",   "PGGEQO"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsetenv(names[i]);
    }
    PQconninfoOption *options = PQconndefaults();
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (o->envvar != NULL && !is_given(o->keyword)) {
            unsetenv(o->envvar);
        }
    }
    PQconninfoFree(options);
}

/* Any function of libpq would do. */
void database_load_libpq(void)
{
    (void)PQlibVersion();
}

/*
 * No TLS: the socket does not leave this machine, and the server has no certificate.  Seconds for
 * a server that has accepted the connection and says nothing, because it is stopped (SIGSTOP).
 * libpq prints messages of the server to standard error: those of "DROP ... IF EXISTS" tell nobody
 * anything.
 */
static void fill_values(const struct cluster *cluster, const char *user,
                        const char *values[KEYWORDS])
{
    const char *const all[KEYWORDS] = {
        cluster->run, cluster->server_port, user, "postgres",
        "disable",    "dsql local",         "20", "-c client_min_messages=warning",
        NULL};
    memcpy(values, all, sizeof all);
}

/* The caller owns the connection and calls PQfinish(). */
PGconn *database_connect(const struct cluster *cluster, const char *user, dsql_error *err)
{
    const char *values[KEYWORDS];
    fill_values(cluster, user, values);
    database_forget_environment();
    PGconn *conn = PQconnectdbParams(keywords, values, 0);
    if (PQstatus(conn) != CONNECTION_OK) {
        fail(err, DSQL_ERR_CONNECT, "could not connect to PostgreSQL: %s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    return conn;
}

PGPing database_ping(const struct cluster *cluster, const char *user)
{
    const char *values[KEYWORDS];
    fill_values(cluster, user, values);
    database_forget_environment();
    return PQpingParams(keywords, values, 0);
}

/* Cut to leave room for the caller's own words.  Does not free the result. */
dsql_status database_query_failed(PGconn *conn, PGresult *result, dsql_error *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    fail(err, DSQL_ERR_QUERY, "%.*s", DATABASE_ERROR_SIZE,
         message == NULL ? PQerrorMessage(conn) : message);
    error_set_sqlstate(err, sqlstate);
    return DSQL_ERR_QUERY;
}

bool database_is_success(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

dsql_status database_run(PGconn *conn, const char *sql, dsql_error *err)
{
    PGresult *result = PQexec(conn, sql);
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    PQclear(result);
    return status;
}
