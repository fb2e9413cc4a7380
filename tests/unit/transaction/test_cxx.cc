/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Both forms in C++: exceptions out of them roll back and release the connection. */
#include "world.h"

#include <pthread.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

static int failures;

static void check_at(bool is_right, const char *what, int line)
{
    if (!is_right) {
        std::fprintf(stderr, "line %d: %s\n", line, what);
        failures++;
    }
}
#define CHECK(condition) check_at((condition), #condition, __LINE__)

static dsql_status add_and_throw(PGconn *conn, void *arg, dsql_error *)
{
    world_run(conn, ADD_ONE);
    if (*static_cast<bool *>(arg)) {
        throw std::runtime_error("out of the body");
    }
    return DSQL_OK;
}

static void callback_may_throw()
{
    world_reset();
    dsql_pool *pool = world_pool(4, -1);
    bool throws = true;
    bool is_caught = false;
    dsql_error err = {};
    try {
        CHECK(dsql_transaction(pool, add_and_throw, &throws, &err) == DSQL_OK);
    } catch (const std::runtime_error &) {
        is_caught = true;
    }
    CHECK(is_caught);
    CHECK(world_conflicts(pool) == 0);
    CHECK(world_counter() == 0);
    throws = false;
    CHECK(dsql_transaction(pool, add_and_throw, &throws, &err) == DSQL_OK);
    CHECK(world_counter() == 1);
    world_close(pool);
}

static void loop_may_throw()
{
    world_reset();
    dsql_pool *pool = world_pool(4, -1);
    bool is_caught = false;
    dsql_error err = {};
    PGconn *conn = nullptr;
    try {
        DSQL_TRANSACTION(pool, conn, &err) {
            world_run(conn, ADD_ONE);
            throw std::runtime_error("out of the loop");
        }
    } catch (const std::runtime_error &) {
        is_caught = true;
    }
    CHECK(is_caught);
    CHECK(world_conflicts(pool) == 0);
    CHECK(world_counter() == 0);
    world_close(pool);
}

static void *exit_in_loop(void *pool)
{
    dsql_error err = {};
    PGconn *conn = nullptr;
    DSQL_TRANSACTION(static_cast<dsql_pool *>(pool), conn, &err) {
        pthread_cancel(pthread_self()); /* held off */
        world_run(conn, ADD_ONE);
        pthread_exit(nullptr);
    }
    return pool;
}

static void loop_may_end_its_thread()
{
    world_reset();
    dsql_pool *pool = world_pool(4, -1);
    pthread_t thread;
    void *outcome = pool;
    CHECK(pthread_create(&thread, nullptr, exit_in_loop, pool) == 0);
    CHECK(pthread_join(thread, &outcome) == 0);
    CHECK(outcome == nullptr);
    CHECK(world_conflicts(pool) == 0);
    CHECK(world_counter() == 0);
    world_close(pool);
}

static void loop_commits_and_goes_round_again()
{
    world_reset();
    dsql_pool *pool = world_pool(4, -1);
    dsql_transaction_options options = dsql_transaction_options_init();
    options.max_attempts = 3;
    dsql_error err = {};
    PGconn *conn = nullptr;
    int turns = 0;
    DSQL_TRANSACTION_WITH(pool, &options, conn, &err) {
        turns++;
        world_run(conn, ADD_ONE "; " AT_COMMIT("40001", 2));
    }
    CHECK(err.status == DSQL_OK);
    CHECK(turns == 3);
    CHECK(world_counter() == 1);
    CHECK(world_conflicts(pool) == 2);
    world_close(pool);
}

int main()
{
    callback_may_throw();
    loop_may_throw();
    loop_may_end_its_thread();
    loop_commits_and_goes_round_again();
    return failures == 0 ? 0 : 1;
}
