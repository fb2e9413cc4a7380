/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See fill.h. */
#include "pool/slot_connection.h"

#include "base/error.h"
#include "connect/connection.h"
#include "connect/connection_events.h"
#include "pool/health.h"

#include <assert.h>

enum {
    TIDY_MS = 5000,    /* for all that is done at release: a dead network must not hold a caller */
    VALIDATE_MS = 3000 /* for an answer, at most half of the time that is left */
};

static int64_t now_ms(const dsql_pool *pool)
{
    return clock_monotonic_ms(pool->parts.clock);
}

static struct patience patience_of(const dsql_pool *pool, int64_t ms)
{
    return (struct patience){.clock = pool->parts.clock, .deadline_ms = now_ms(pool) + ms};
}

/* ---- Hooks ---- */

typedef dsql_status (*hook_fn)(PGconn *conn, void *arg, dsql_error *err);

/* The caller's word counts, and a transaction it left open is ended. */
static dsql_status run_hook(struct place *place, const char *name, hook_fn hook, void *arg,
                            dsql_error *err)
{
    if (hook == NULL) {
        return DSQL_OK;
    }
    dsql_error reason = {0};
    dsql_status status = hook(place->conn, arg, &reason);
    if (status != DSQL_OK && reason.message[0] == '\0') {
        return fail(err, status, "%s failed: %s", name, dsql_status_name(status));
    }
    if (status != DSQL_OK) {
        if (err != NULL) {
            *err = reason;
            err->status = status;
        }
        return status;
    }
    if (place->conn == NULL || !fitness_restore(place->conn, patience_of(place->pool, TIDY_MS))) {
        return fail(err, DSQL_ERR_CONNECT, "%s left the connection unusable", name);
    }
    return DSQL_OK;
}

static void run_farewell(const dsql_pool *pool, PGconn *conn)
{
    if (pool->parts.pool.on_close != NULL) {
        pool->parts.pool.on_close(conn, pool->parts.pool.on_close_arg);
    }
}

/* ---- Out of a place ---- */

/* PQfinish() by somebody else: the caller to whom it is lent, or a hook that should not. */
static void connection_destroyed(PGconn *conn, void *arg)
{
    struct place *place = arg;
    dsql_pool *pool = place->pool;
    if (place->state != PLACE_LEFT_BEHIND) {
        run_farewell(pool, conn);
    }
    pthread_mutex_lock(&pool->lock);
    place->conn = NULL;
    if (place->state != PLACE_LEFT_BEHIND) {
        pool->counters.closed++;
    }
    if (place->state == PLACE_LENT) {
        place_change(place, PLACE_FREE);
    }
    pthread_mutex_unlock(&pool->lock);
}

void place_empty(struct place *place)
{
    dsql_pool *pool = place->pool;
    if (place->conn == NULL) {
        return;
    }
    watch_on_destroy(place->conn, NULL, NULL);
    run_farewell(pool, place->conn);
    pthread_mutex_lock(&pool->lock);
    PGconn *conn = place->conn;
    place->conn = NULL; /* before it is freed, for a fork in between */
    pool->counters.closed++;
    pthread_mutex_unlock(&pool->lock);
    connection_close(conn);
}

void place_give_up(struct place *place)
{
    dsql_pool *pool = place->pool;
    place_empty(place);
    pthread_mutex_lock(&pool->lock);
    place_change(place, PLACE_FREE);
    pthread_mutex_unlock(&pool->lock);
}

/* ---- Into a place ---- */

static int64_t expiry_ms(const dsql_pool *pool)
{
    int64_t lifetime_ms = (int64_t)pool->parts.pool.max_lifetime_s * 1000;
    /* Jitter, or all that were opened together are opened anew together. */
    return now_ms(pool) + lifetime_ms - random_up_to(pool->parts.random, lifetime_ms / 10);
}

static PGconn *open_connection(const dsql_pool *pool, int64_t deadline_ms, dsql_error *reason)
{
    const struct pool_connector *connector = &pool->parts.connector;
    PGconn *conn = connector->open(connector->arg, deadline_ms, reason);
    if (conn != NULL && !watch_attach(conn)) {
        connection_close(conn);
        fail_nomem(reason);
        return NULL;
    }
    if (conn == NULL && reason->status == DSQL_OK) {
        reason->status = DSQL_ERR_CONNECT;
    }
    return conn;
}

dsql_status place_fill(struct place *place, int64_t deadline_ms, dsql_error *err)
{
    dsql_pool *pool = place->pool;
    const struct pool_settings *settings = &pool->parts.pool;
    assert(place->conn == NULL);
    dsql_error reason = {0};
    PGconn *conn = open_connection(pool, deadline_ms, &reason);
    if (conn == NULL) {
        if (err != NULL) {
            *err = reason;
        }
        return reason.status;
    }
    watch_on_destroy(conn, connection_destroyed, place);
    pthread_mutex_lock(&pool->lock);
    place->conn = conn;
    place->expires_ms = expiry_ms(pool);
    pool->counters.opened++;
    pthread_mutex_unlock(&pool->lock);
    dsql_status status =
        run_hook(place, "on_connect", settings->on_connect, settings->on_connect_arg, err);
    if (status != DSQL_OK) {
        place_empty(place);
    }
    return status;
}

/* ---- Before it is lent ---- */

static struct patience patience_to_validate(const dsql_pool *pool, int64_t now, int64_t deadline_ms)
{
    int64_t allowed_ms = VALIDATE_MS;
    if (deadline_ms >= 0 && (deadline_ms - now) / 2 < allowed_ms) {
        allowed_ms = (deadline_ms - now) / 2; /* the rest is for opening another one */
    }
    return (struct patience){.clock = pool->parts.clock, .deadline_ms = now + allowed_ms};
}

static bool is_to_be_asked(const struct place *place, int64_t now)
{
    int validate_idle_s = place->pool->parts.pool.validate_idle_s;
    return validate_idle_s >= 0 && now - place->idle_since_ms > (int64_t)validate_idle_s * 1000;
}

static bool is_fit(const struct place *place, int64_t deadline_ms)
{
    int64_t now = now_ms(place->pool);
    if (place_is_overdue(place, now)) {
        return false;
    }
    struct patience patience = patience_to_validate(place->pool, now, deadline_ms);
    return fitness_check_idle(place->conn, patience) &&
           (!is_to_be_asked(place, now) || fitness_answers(place->conn, patience));
}

static dsql_status greet(struct place *place, dsql_error *err)
{
    const struct pool_settings *settings = &place->pool->parts.pool;
    dsql_status status =
        run_hook(place, "on_acquire", settings->on_acquire, settings->on_acquire_arg, err);
    if (status != DSQL_OK) {
        place_empty(place);
    }
    return status;
}

dsql_status place_make_ready(struct place *place, int64_t deadline_ms, dsql_error *err)
{
    if (place->conn != NULL && !is_fit(place, deadline_ms)) {
        place_empty(place);
    }
    dsql_status status = DSQL_OK;
    for (int greeted = 0; greeted < 2; greeted++) {
        status = place->conn != NULL ? DSQL_OK : place_fill(place, deadline_ms, err);
        if (status != DSQL_OK) {
            return status;
        }
        status = greet(place, err);
        if (status == DSQL_OK) {
            return status;
        }
    }
    return status;
}

/* ---- After it was lent ---- */

bool place_tidy(struct place *place)
{
    dsql_pool *pool = place->pool;
    const struct pool_settings *settings = &pool->parts.pool;
    int64_t now = now_ms(pool);
    struct patience patience = {.clock = pool->parts.clock, .deadline_ms = now + TIDY_MS};
    if (now >= place->expires_ms || !fitness_restore(place->conn, patience) ||
        (settings->reset_on_release && !fitness_reset(place->conn, patience))) {
        return false;
    }
    if (settings->on_release == NULL) {
        return true;
    }
    settings->on_release(place->conn, settings->on_release_arg);
    return place->conn != NULL && fitness_restore(place->conn, patience);
}
