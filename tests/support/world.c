/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/error.h"
#include "pool/pool.h"
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

struct world world;

static const char schema[] =
    "DROP TABLE IF EXISTS counter, at_commit, items;"
    "DROP SCHEMA IF EXISTS sys CASCADE;"
    "DROP SEQUENCE IF EXISTS commits;"
    "CREATE TABLE counter (n bigint); INSERT INTO counter VALUES (0);"
    "CREATE TABLE at_commit (action text, times bigint);"
    "CREATE TABLE items (id int PRIMARY KEY, name text);"
    "CREATE SCHEMA sys;"
    "CREATE TABLE sys.jobs (job_id text, status text, details text);"
    "CREATE SEQUENCE commits;"
    "CREATE OR REPLACE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    "  IF nextval('commits') > NEW.times THEN RETURN NULL; END IF;"
    "  IF NEW.action = 'die' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
    "  IF NEW.action = 'die' THEN PERFORM pg_sleep(10); END IF;"
    "  IF NEW.action = 'schema' THEN"
    "    RAISE EXCEPTION 'schema has been updated by another transaction (OC001)'"
    "      USING ERRCODE = '40001';"
    "  END IF;"
    "  IF NEW.action = '54000' THEN"
    "    RAISE EXCEPTION 'transaction size limit 10mb exceeded' USING ERRCODE = '54000';"
    "  END IF;"
    "  RAISE EXCEPTION 'change conflicts with another transaction (OC000)'"
    "    USING ERRCODE = NEW.action, DETAIL = '(id)=(7) in \"counter\"';"
    "END $$;"
    "CREATE CONSTRAINT TRIGGER act AFTER INSERT ON at_commit DEFERRABLE INITIALLY DEFERRED"
    "  FOR EACH ROW EXECUTE FUNCTION act();";

static int64_t world_ms(void *arg)
{
    (void)arg;
    if (!pthread_equal(pthread_self(), atomic_load(&world.tester))) {
        return atomic_load(&world.now_ms);
    }
    void (*on_look)(void) = atomic_load(&world.on_look);
    if (on_look != NULL) {
        on_look();
    }
    return atomic_fetch_add(&world.now_ms, atomic_load(&world.step_ms));
}

static void world_sleep(void *arg, int64_t ms)
{
    (void)arg;
    atomic_fetch_add(&world.now_ms, ms);
    atomic_fetch_add(&world.sleeps, 1);
    if (world.watched != NULL) {
        dsql_pool_stats stats;
        dsql_pool_get_stats(world.watched, &stats);
        atomic_fetch_add(&world.slept_with_connection, stats.in_use);
    }
    if (world.on_sleep != NULL) {
        world.on_sleep();
    }
}

const struct clock world_clock = {.monotonic_ms = world_ms, .sleep_ms = world_sleep};

static uint64_t no_chance(void *arg)
{
    (void)arg;
    return 0;
}

static const struct random_source world_random = {.next = no_chance};

static PGconn *open_plain(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)deadline_ms;
    if (atomic_load(&world.refusals) > 0) {
        atomic_fetch_sub(&world.refusals, 1);
        fail(err, DSQL_ERR_CONNECT, "refused by the test");
        err->is_transient = atomic_load(&world.are_lasting) ? 0 : 1;
        return NULL;
    }
    return PQconnectdb(arg);
}

int world_run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static dsql_status repeatable_read(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    if (world.on_connect != NULL) {
        world.on_connect(conn);
        return DSQL_OK;
    }
    return world_run(conn, "SET default_transaction_isolation = 'repeatable read'")
               ? DSQL_OK
               : DSQL_ERR_CALLBACK;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "world: %s\n", what);
    abort();
}

static dsql_pool *open_pool(const char *conninfo, int max, int max_attempts, int timeout_ms,
                            dsql_error *err)
{
    const struct pool_parts parts = {
        .pool = {.max = max,
                 .max_lifetime_s = 1000000,
                 .max_idle_s = 1000000,
                 .acquire_timeout_ms = world.acquire_timeout_ms,
                 .on_connect = repeatable_read},
        .retry = {.max_attempts = max_attempts,
                  .base_ms = 100,
                  .max_ms = 5000,
                  .timeout_ms = timeout_ms},
        .connector = {.open = open_plain, .arg = (void *)(uintptr_t)conninfo},
        .clock = &world_clock,
        .random = &world_random,
    };
    return pool_open_with(&parts, err);
}

dsql_pool *world_try_pool(const char *conninfo, int max, dsql_error *err)
{
    return open_pool(conninfo, max, 4, -1, err);
}

dsql_pool *world_pool_on(const char *conninfo, int max, int max_attempts, int timeout_ms)
{
    dsql_error err = {0};
    dsql_pool *pool = open_pool(conninfo, max, max_attempts, timeout_ms, &err);
    if (pool == NULL) {
        die(err.message);
    }
    return pool;
}

dsql_pool *world_pool(int max_attempts, int timeout_ms)
{
    return world_pool_on(postgres_conninfo(), 4, max_attempts, timeout_ms);
}

void world_close(dsql_pool *pool)
{
    if (dsql_pool_close(pool, 0) != DSQL_OK) {
        die("something is still lent");
    }
}

void world_reset(void)
{
    atomic_store(&world.tester, pthread_self());
    world.watched = NULL;
    world.on_sleep = NULL;
    atomic_store(&world.on_look, NULL);
    world.on_connect = NULL;
    world.acquire_timeout_ms = -1;
    atomic_store(&world.refusals, 0);
    atomic_store(&world.are_lasting, false);
    atomic_store(&world.now_ms, 0);
    atomic_store(&world.step_ms, 0);
    atomic_store(&world.sleeps, 0);
    atomic_store(&world.slept_with_connection, 0);
    postgres_run(schema);
}

long world_counter(void)
{
    return postgres_number("SELECT n FROM counter");
}

long world_conflicts(dsql_pool *pool)
{
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    if (stats.in_use != 0) {
        die("a connection is still lent");
    }
    return (long)stats.occ_retries;
}
