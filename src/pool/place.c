/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See place.h. */
#include "pool/place.h"

#include "base/error.h"
#include "connect/watch.h"
#include "pool/fitness.h"
#include "pool/maintenance.h"

#include <assert.h>

static int64_t now_ms(const dsql_pool *pool)
{
    return clock_monotonic_ms(pool->parts.clock);
}

struct place *place_take(dsql_pool *pool)
{
    struct place *best = NULL;
    for (int i = 0; i < pool->parts.pool.max; i++) {
        struct place *place = &pool->places[i];
        if (place->state == PLACE_FREE && best == NULL) {
            best = place;
        }
        /* The warmest first, so that those not needed grow old and go. */
        if (place->state == PLACE_IDLE && (best == NULL || best->state == PLACE_FREE ||
                                           best->idle_since_ms < place->idle_since_ms)) {
            best = place;
        }
    }
    if (best != NULL) {
        place_change(best, PLACE_HELD);
    }
    return best;
}

struct place *place_find_lent(dsql_pool *pool, const PGconn *conn)
{
    for (int i = 0; i < pool->parts.pool.max; i++) {
        struct place *place = &pool->places[i];
        if (place->state == PLACE_LENT && place->conn == conn) {
            return place;
        }
    }
    return NULL;
}

void place_change(struct place *place, enum place_state state)
{
    dsql_pool *pool = place->pool;
    place->state = state;
    if (state == PLACE_HELD || state == PLACE_LENT) {
        maintenance_notice(pool);
        return;
    }
    if (state == PLACE_IDLE) {
        place->idle_since_ms = now_ms(pool);
    }
    if (pool->waiters.first != NULL && !pool->is_closing) {
        place->state = PLACE_HELD;
        waiters_serve(&pool->waiters, place);
        return;
    }
    pthread_cond_broadcast(&pool->is_quieter);
    maintenance_notice(pool);
}

int place_count(const dsql_pool *pool, enum place_state state)
{
    int count = 0;
    for (int i = 0; i < pool->parts.pool.max; i++) {
        count += pool->places[i].state == state ? 1 : 0;
    }
    return count;
}

bool place_is_overdue(const struct place *place, int64_t now)
{
    int64_t max_idle_ms = (int64_t)place->pool->parts.pool.max_idle_s * 1000;
    return now >= place->expires_ms || now - place->idle_since_ms >= max_idle_ms;
}

/* PQfinish() on a lent connection. */
static void connection_destroyed(PGconn *conn, void *arg)
{
    struct place *place = arg;
    dsql_pool *pool = place->pool;
    (void)conn;
    pthread_mutex_lock(&pool->lock);
    place->conn = NULL;
    pool->counters.closed++;
    place_change(place, PLACE_FREE);
    pthread_mutex_unlock(&pool->lock);
}

/* The caller's hook; its word counts, and a transaction it left open is ended. */
static dsql_status prepare(dsql_pool *pool, PGconn *conn, dsql_error *err)
{
    const struct pool_settings *settings = &pool->parts.pool;
    if (!watch_attach(conn)) {
        return fail_nomem(err);
    }
    if (settings->on_connect == NULL) {
        return DSQL_OK;
    }
    dsql_error reason = {0};
    dsql_status status = settings->on_connect(conn, settings->on_connect_arg, &reason);
    if (status != DSQL_OK && reason.message[0] == '\0') {
        return fail(err, status, "on_connect failed: %s", dsql_status_name(status));
    }
    if (status != DSQL_OK) {
        if (err != NULL) {
            *err = reason;
        }
        return status;
    }
    if (!fitness_restore(conn)) {
        return fail(err, DSQL_ERR_CONNECT, "on_connect left the connection unusable");
    }
    return DSQL_OK;
}

static int64_t expiry_ms(const dsql_pool *pool)
{
    int64_t lifetime_ms = (int64_t)pool->parts.pool.max_lifetime_s * 1000;
    /* Jitter, or all that were opened together are opened anew together. */
    return now_ms(pool) + lifetime_ms - random_up_to(pool->parts.random, lifetime_ms / 10);
}

dsql_status place_fill(struct place *place, int64_t deadline_ms, dsql_error *err)
{
    dsql_pool *pool = place->pool;
    const struct pool_connector *connector = &pool->parts.connector;
    assert(place->state == PLACE_HELD && place->conn == NULL);
    dsql_error reason = {0};
    PGconn *conn = connector->open(connector->arg, deadline_ms, &reason);
    if (conn == NULL) {
        if (err != NULL) {
            *err = reason;
        }
        return reason.status != DSQL_OK ? reason.status : DSQL_ERR_CONNECT;
    }
    dsql_status status = prepare(pool, conn, err);
    if (status != DSQL_OK) {
        PQfinish(conn);
        return status;
    }
    watch_on_destroy(conn, connection_destroyed, place);
    place->conn = conn;
    place->expires_ms = expiry_ms(pool);
    pthread_mutex_lock(&pool->lock);
    pool->counters.opened++;
    pthread_mutex_unlock(&pool->lock);
    return DSQL_OK;
}

void place_empty(struct place *place)
{
    dsql_pool *pool = place->pool;
    assert(place->state == PLACE_HELD);
    if (place->conn == NULL) {
        return;
    }
    watch_on_destroy(place->conn, NULL, NULL);
    PQfinish(place->conn);
    place->conn = NULL;
    pthread_mutex_lock(&pool->lock);
    pool->counters.closed++;
    pthread_mutex_unlock(&pool->lock);
}

void place_give_up(struct place *place)
{
    dsql_pool *pool = place->pool;
    place_empty(place);
    pthread_mutex_lock(&pool->lock);
    place_change(place, PLACE_FREE);
    pthread_mutex_unlock(&pool->lock);
}
