/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Inserts many rows in transactions of the allowed size, then builds an index asynchronously. */
#include <dsql.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 10000, INDEX_TIMEOUT_MS = 600000 };

static int fail(const char *message)
{
    fprintf(stderr, "%s\n", message);
    return EXIT_FAILURE;
}

/* Called once for each new connection.  Schema public belongs to admin. */
static dsql_status set_schema(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    int admin = strcmp(PQuser(conn), "admin") == 0;
    const char *sql = admin ? "SET search_path = public" : "SET search_path = myschema";
    return dsql_check_clear(conn, PQexec(conn, sql), err);
}

/* The source of the rows: usually a file or another database, here a counter. */
struct source {
    int next;
    char id[16], name[32];
};

static int next_row(void *arg, const char **values, dsql_error *err)
{
    (void)err;
    struct source *source = arg;
    if (source->next == ROWS)
        return 0;
    snprintf(source->id, sizeof source->id, "%d", source->next++);
    snprintf(source->name, sizeof source->name, "item %s", source->id);
    values[0] = source->id;
    values[1] = source->name;
    return 1;
}

static dsql_status load(dsql_pool *pool, dsql_error *err)
{
    /* ON CONFLICT allows the program to be run again after a failure. */
    const char *sql = "INSERT INTO bulk_items (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    dsql_batch *batch = dsql_batch_new(pool, sql, 2, NULL, err);
    if (batch == NULL)
        return err->status;
    struct source source = {.next = 0};
    dsql_status status = dsql_batch_add_all(batch, next_row, &source, err);
    printf("%" PRIu64 " rows committed\n", dsql_batch_committed(batch));
    dsql_batch_free(batch);
    return status;
}

static dsql_status create_index(dsql_pool *pool, dsql_error *err)
{
    const char *sql = "CREATE INDEX ASYNC IF NOT EXISTS bulk_items_name ON bulk_items (name)";
    PGresult *res = dsql_exec(pool, sql, 0, NULL, err);
    if (res == NULL)
        return err->status;
    /* No row: the index existed already. */
    int has_job = PQntuples(res) == 1 && !PQgetisnull(res, 0, 0);
    dsql_status status = DSQL_OK;
    if (has_job)
        status = dsql_job_wait(pool, PQgetvalue(res, 0, 0), INDEX_TIMEOUT_MS, err);
    PQclear(res);
    return status;
}

int main(void)
{
    const char *endpoint = getenv("CLUSTER_ENDPOINT");
    const char *user = getenv("CLUSTER_USER");
    if (endpoint == NULL || *endpoint == '\0')
        return fail("CLUSTER_ENDPOINT environment variable is not set");

    dsql_error err = {0};
    dsql_pool *pool = dsql_pool_open(
        DSQL_OPTIONS(.host = endpoint, .user = user ? user : "admin", .on_connect = set_schema),
        &err);
    if (pool == NULL)
        return fail(err.message);

    const char *create = "CREATE TABLE IF NOT EXISTS bulk_items (id INT PRIMARY KEY, name TEXT)";
    PGresult *res = dsql_exec(pool, create, 0, NULL, &err);
    PQclear(res);
    if (res == NULL || load(pool, &err) != DSQL_OK || create_index(pool, &err) != DSQL_OK)
        return fail(err.message);
    printf("Index is ready\n");
    dsql_pool_close(pool, 5000);
    return EXIT_SUCCESS;
}
