/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The preferred way to use Aurora DSQL from C: a pool, and transactions that are retried. */
#include <dsql.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 8 };

static int fail(const char *message)
{
    fprintf(stderr, "%s\n", message);
    return EXIT_FAILURE;
}

struct worker {
    pthread_t thread;
    dsql_pool *pool;
    int id;
};

/* Called once for each new connection.  Schema public belongs to admin. */
static dsql_status set_schema(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    int admin = strcmp(PQuser(conn), "admin") == 0;
    const char *sql = admin ? "SET search_path = public" : "SET search_path = myschema";
    return dsql_check_clear(conn, PQexec(conn, sql), err);
}

/* A thread: acquires a connection, uses it, releases it. */
static void *work(void *arg)
{
    struct worker *worker = arg;
    dsql_error err = {0};
    char id[16];
    const char *values[] = {id}, *sql = "SELECT $1::int AS worker_id";
    snprintf(id, sizeof id, "%d", worker->id);
    PGconn *conn = dsql_pool_acquire(worker->pool, &err);
    PGresult *res = PQexecParams(conn, sql, 1, NULL, values, NULL, NULL, 0);
    if (conn == NULL || dsql_check(conn, res, &err) != DSQL_OK)
        exit(fail(err.message));
    printf("Worker %s result: %s\n", id, PQgetvalue(res, 0, 0));
    PQclear(res);
    dsql_pool_release(worker->pool, conn);
    return NULL;
}

int main(void)
{
    const char *endpoint = getenv("CLUSTER_ENDPOINT");
    const char *user = getenv("CLUSTER_USER");
    if (endpoint == NULL || *endpoint == '\0')
        return fail("CLUSTER_ENDPOINT environment variable is not set");

    dsql_error err = {0};
    const dsql_options *options = DSQL_OPTIONS(.host = endpoint, .user = user ? user : "admin",
                                               .pool_max = 10, .on_connect = set_schema);
    dsql_pool *pool = dsql_pool_open(options, &err);
    PGconn *conn = pool == NULL ? NULL : dsql_pool_acquire(pool, &err);
    if (conn == NULL || dsql_check_clear(conn, PQexec(conn, "SELECT 1"), &err) != DSQL_OK)
        return fail(err.message);
    dsql_pool_release(pool, conn);
    printf("Connected to Aurora DSQL\n");

    const char *create = "CREATE TABLE IF NOT EXISTS example_items"
                         "(id UUID DEFAULT gen_random_uuid() PRIMARY KEY, name TEXT)";
    PGresult *res = dsql_exec(pool, create, 0, NULL, &err);
    if (res == NULL)
        return fail(err.message);
    PQclear(res);

    /* The body is one attempt, on a connection after BEGIN.  Leaving it at its end commits. */
    DSQL_TRANSACTION(pool, conn, &err) {
        const char *values[] = {"test-item"};
        const char *insert = "INSERT INTO example_items (name) VALUES ($1)";
        PQclear(PQexecParams(conn, insert, 1, NULL, values, NULL, NULL, 0));
    }
    if (err.status != DSQL_OK)
        return fail(err.message);
    printf("Transactional write completed\n");

    struct worker workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.pool = pool, .id = i};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            return fail("could not start a thread");
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    dsql_pool_close(pool, 5000);
    printf("Connection pool with concurrent connections exercised successfully\n");
    return EXIT_SUCCESS;
}
