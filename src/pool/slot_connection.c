/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything here runs on the thread that has the slot reserved, without the pool's lock; the
 * lock is taken only to set conn and to count.  Hooks are called here and nowhere else.  A hook
 * may close the connection, begin a transaction, or fork, so the slot is looked at again after
 * each.
 */
#include "pool/slot_connection.h"

#include "base/cancellation.h"
#include "base/error.h"
#include "base/log.h"
#include "connect/connection.h"
#include "connect/connection_events.h"
#include "pool/health.h"

#include <assert.h>

enum {
    RESET_MS = 5000,   /* for a whole release, so that a dead network does not block the caller */
    VALIDATE_MS = 3000 /* for an answer, at most half of the time that is left */
};

static int64_t now_ms(const dsql_pool *pool)
{
    return clock_monotonic_ms(pool->parts.clock);
}

/* On the pool's clock, which tests replace. */
static struct time_limit limit_from_now(const dsql_pool *pool, int64_t ms)
{
    return (struct time_limit){.clock = pool->parts.clock, .deadline_ms = now_ms(pool) + ms};
}

static void count(dsql_pool *pool, uint64_t *counter)
{
    pthread_mutex_lock(&pool->lock);
    (*counter)++;
    pthread_mutex_unlock(&pool->lock);
}

/* ---- Hooks ---- */

typedef dsql_status (*hook_fn)(PGconn *conn, void *arg, dsql_error *err);

/*
 * The hook's status decides.  A transaction that it leaves open is rolled back.  The hook's error
 * is read from a struct of its own, so a hook that fills it in and returns DSQL_OK does not leave
 * an error with the caller.
 */
static dsql_status run_hook(struct slot *slot, const char *name, hook_fn hook, void *arg,
                            dsql_error *err)
{
    if (hook == NULL) {
        return DSQL_OK;
    }
    dsql_error reason = {0};
    dsql_status status = hook(slot->conn, arg, &reason);
    if (status != DSQL_OK && reason.message[0] == '\0') {
        return fail(err, status, "the hook %s failed: %s", name, dsql_status_name(status));
    }
    if (status != DSQL_OK) {
        if (err != NULL) {
            *err = reason;
            err->status = status;
        }
        return status;
    }
    if (slot->conn == NULL ||
        !health_end_transaction(slot->conn, limit_from_now(slot->pool, RESET_MS))) {
        return fail(err, DSQL_ERR_CONNECT, "the hook %s left the connection unusable", name);
    }
    return DSQL_OK;
}

/* Exactly once for each connection, whoever closes it. */
static void run_on_close(const dsql_pool *pool, PGconn *conn)
{
    if (pool->parts.pool.on_close != NULL) {
        pool->parts.pool.on_close(conn, pool->parts.pool.on_close_arg);
    }
}

/* ---- Closing ---- */

/*
 * Called from PQfinish(): the caller closed its connection, which is allowed, or a hook did,
 * which is not.  A reserved slot stays with the thread that runs the hook.  The lock cannot be
 * held by this thread: PQfinish() is never called under it.  on_close runs first, while conn is
 * still valid.
 */
static void connection_destroyed(PGconn *conn, void *arg)
{
    HOLD_CANCELLATION(); /* on_close may wait */
    struct slot *slot = arg;
    dsql_pool *pool = slot->pool;
    if (slot->state != SLOT_INHERITED) {
        run_on_close(pool, conn);
    }
    pthread_mutex_lock(&pool->lock);
    bool is_lent = slot->state == SLOT_IN_USE && slot_end_loan(slot, conn);
    slot->conn = NULL;
    if (slot->state != SLOT_INHERITED) {
        pool->counters.closed++;
    }
    if (is_lent) {
        slot_set_state(slot, SLOT_FREE);
    }
    pthread_mutex_unlock(&pool->lock);
}

/*
 * The listener is removed first, so PQfinish() does not report a close that is already counted.
 * The slot stays reserved: the caller decides what becomes of it.
 */
void slot_close(struct slot *slot)
{
    dsql_pool *pool = slot->pool;
    if (slot->conn == NULL) {
        return;
    }
    connection_events_on_destroy(slot->conn, NULL, NULL);
    baseline_restore_libpq(&slot->baseline, slot->conn); /* on_close may use the connection */
    run_on_close(pool, slot->conn);
    pthread_mutex_lock(&pool->lock);
    PGconn *conn = slot->conn;
    slot->conn = NULL; /* before PQfinish(): a fork in between must not find freed memory */
    pool->counters.closed++;
    pthread_mutex_unlock(&pool->lock);
    connection_close(conn);
}

void slot_discard(struct slot *slot)
{
    dsql_pool *pool = slot->pool;
    slot_close(slot);
    pthread_mutex_lock(&pool->lock);
    slot_set_state(slot, SLOT_FREE);
    pthread_mutex_unlock(&pool->lock);
}

/* ---- Opening ---- */

static int64_t expiry_ms(const dsql_pool *pool)
{
    int64_t lifetime_ms = (int64_t)pool->parts.pool.max_lifetime_s * 1000;
    /* Up to a tenth of jitter: connections opened together should not expire together. */
    return now_ms(pool) + lifetime_ms - random_up_to(pool->parts.random, lifetime_ms / 10);
}

/*
 * The events are attached here too, because a test's connector may return a plain libpq
 * connection.  A connector that reports no status must not turn into DSQL_OK.
 */
static PGconn *open_connection(dsql_pool *pool, int64_t deadline_ms, dsql_error *reason)
{
    const struct pool_connector *connector = &pool->parts.connector;
    PGconn *conn = connector->open(connector->arg, deadline_ms, reason);
    if (conn != NULL && !connection_events_attach(conn)) {
        connection_close(conn);
        fail_nomem(reason);
        return NULL;
    }
    if (conn == NULL && reason->status == DSQL_OK) {
        reason->status = DSQL_ERR_CONNECT;
    }
    if (conn == NULL) {
        count(pool, &pool->counters.connects_failed);
    }
    return conn;
}

/* Brings the session of a connection that is new, or was reset, to where on_connect leaves it. */
static dsql_status set_up(struct slot *slot, dsql_error *err)
{
    const struct pool_settings *settings = &slot->pool->parts.pool;
    dsql_status status =
        run_hook(slot, "on_connect", settings->on_connect, settings->on_connect_arg, err);
    if (status == DSQL_OK) {
        baseline_note(&slot->baseline, slot->conn);
    }
    return status;
}

/*
 * deadline_ms is monotonic, -1 for none.  The slot has its connection before on_connect runs, so
 * a fork inside the hook finds and disarms it.
 */
dsql_status slot_open(struct slot *slot, int64_t deadline_ms, dsql_error *err)
{
    dsql_pool *pool = slot->pool;
    assert(slot->conn == NULL);
    dsql_error reason = {0};
    PGconn *conn = open_connection(pool, deadline_ms, &reason);
    if (conn == NULL) {
        if (err != NULL) {
            *err = reason;
        }
        return reason.status;
    }
    connection_events_on_destroy(conn, connection_destroyed, slot);
    pthread_mutex_lock(&pool->lock);
    slot_set_conn(slot, conn);
    slot->expires_ms = expiry_ms(pool);
    pool->counters.opened++;
    pthread_mutex_unlock(&pool->lock);
    baseline_begin(&slot->baseline, conn);
    dsql_status status = set_up(slot, err);
    if (status != DSQL_OK) {
        slot_close(slot);
    }
    return status;
}

dsql_status slot_open_as(struct slot *slot, const struct connect_turn *turn, int64_t deadline_ms,
                         dsql_error *err)
{
    dsql_status status = slot_open(slot, deadline_ms, err);
    connect_turn_end(turn, status, err);
    return status;
}

/* ---- Before it is handed out ---- */

/* At most half of what is left is spent on the old connection. */
static struct time_limit limit_for_validation(const dsql_pool *pool, int64_t now,
                                              int64_t deadline_ms)
{
    int64_t allowed_ms = VALIDATE_MS;
    if (deadline_ms >= 0 && (deadline_ms - now) / 2 < allowed_ms) {
        allowed_ms = (deadline_ms - now) / 2; /* the rest is for opening a new connection */
    }
    return (struct time_limit){.clock = pool->parts.clock, .deadline_ms = now + allowed_ms};
}

/* Negative: the user has turned it off. */
bool slot_is_check_due(const struct slot *slot, int64_t now)
{
    int validate_idle_s = slot->pool->parts.pool.validate_idle_s;
    return validate_idle_s >= 0 && now - slot->idle_since_ms > (int64_t)validate_idle_s * 1000;
}

/* Not after a clock that went back: nobody knows how long it was idle. */
bool slot_is_trusted(const struct slot *slot, int64_t now_ms)
{
    int64_t idle_ms = now_ms - slot->idle_since_ms;
    return idle_ms >= 0 && idle_ms < slot->pool->parts.pool.trust_ms;
}

/*
 * Cheapest first: the age, the socket, and the round trip only after a long idle time.  A look at
 * the socket is a system call, most of the cost of an acquire.  It is left out for a connection
 * whose last answer has arrived within the last trust_ms.
 */
enum health slot_look(const struct slot *slot, int64_t now_ms)
{
    if (slot->conn == NULL || slot_is_overdue(slot, now_ms)) {
        return HEALTH_LOST;
    }
    if (slot_is_trusted(slot, now_ms)) {
        return PQstatus(slot->conn) == CONNECTION_OK ? HEALTH_GOOD : HEALTH_LOST;
    }
    enum health health = health_look(slot->conn);
    return health == HEALTH_GOOD && slot_is_check_due(slot, now_ms) ? HEALTH_UNSURE : health;
}

/* From the first slow step on; see dsql_pool_stats.waits. */
static void note_slow(struct slot *slot, int64_t now)
{
    slot->slow_since_ms = slot->slow_since_ms >= 0 ? slot->slow_since_ms : now;
}

static bool is_usable(struct slot *slot, int64_t now, int64_t deadline_ms)
{
    enum health health = slot_look(slot, now);
    if (health != HEALTH_UNSURE) {
        return health == HEALTH_GOOD;
    }
    note_slow(slot, now);
    return health_check_round_trip(slot->conn, limit_for_validation(slot->pool, now, deadline_ms));
}

/* One whose time is over was not lost. */
void slot_close_unusable(struct slot *slot, int64_t now_ms)
{
    if (slot->conn != NULL && !slot_is_overdue(slot, now_ms)) {
        count(slot->pool, &slot->pool->counters.validations_failed);
    }
    slot_close(slot);
}

/* Moves the connection of another reserved slot here; that slot becomes free. */
static void take_over(struct slot *slot, struct slot *from)
{
    dsql_pool *pool = slot->pool;
    connection_events_on_destroy(from->conn, connection_destroyed, slot);
    pthread_mutex_lock(&pool->lock);
    slot_set_conn(slot, from->conn);
    slot->expires_ms = from->expires_ms;
    slot->idle_since_ms = from->idle_since_ms;
    slot->baseline = from->baseline;
    from->conn = NULL;
    slot_set_state(from, SLOT_FREE);
    pthread_mutex_unlock(&pool->lock);
}

/* False: try again. */
static bool use_idle(struct slot *slot, struct slot *idle, int64_t deadline_ms)
{
    int64_t now = now_ms(slot->pool);
    take_over(slot, idle);
    if (is_usable(slot, now, deadline_ms)) {
        return true;
    }
    slot_close_unusable(slot, now);
    return false;
}

/*
 * After failures of this or another thread it waits for its turn, with the slot reserved, or for a
 * connection that is released.
 */
static dsql_status open_in_turn(struct slot *slot, int64_t deadline_ms, dsql_error *err)
{
    struct connect_turn turn = connect_turn_new(slot->pool, deadline_ms);
    dsql_error reason = {0};
    bool is_over = false;
    dsql_status status = DSQL_OK;
    while (!is_over) {
        status = connect_turn_wait(&turn, &reason);
        if (status != DSQL_OK) {
            is_over = true;
        } else if (turn.idle != NULL) {
            is_over = use_idle(slot, turn.idle, deadline_ms);
        } else {
            status = slot_open_as(slot, &turn, deadline_ms, &reason);
            is_over = status == DSQL_OK || !connect_turn_may_try_again(&turn, &reason);
        }
    }
    if (status != DSQL_OK && err != NULL) {
        *err = reason;
    }
    return status;
}

/* A connection that the hook rejects is closed: the next caller would meet the same rejection. */
dsql_status slot_accept(struct slot *slot, dsql_error *err)
{
    const struct pool_settings *settings = &slot->pool->parts.pool;
    dsql_status status =
        run_hook(slot, "on_acquire", settings->on_acquire, settings->on_acquire_arg, err);
    if (status != DSQL_OK) {
        slot_close(slot);
    }
    return status;
}

dsql_status slot_refresh(struct slot *slot, int64_t deadline_ms, dsql_error *err)
{
    int64_t now = now_ms(slot->pool);
    if (slot->conn != NULL && is_usable(slot, now, deadline_ms)) {
        return DSQL_OK;
    }
    note_slow(slot, now);
    slot_close_unusable(slot, now);
    return open_in_turn(slot, deadline_ms, err);
}

/*
 * Two attempts, because on_acquire may reject a connection for its age or its state.  What it
 * rejects twice is its decision, and the caller gets its error, but not that of a first attempt.
 */
dsql_status slot_prepare(struct slot *slot, int64_t deadline_ms, dsql_error *err)
{
    dsql_error reason = {0};
    dsql_status status = DSQL_OK;
    bool is_over = false;
    for (int attempts = 0; attempts < 2 && !is_over; attempts++) {
        status = slot_refresh(slot, deadline_ms, &reason);
        is_over = status != DSQL_OK;
        if (!is_over) {
            status = slot_accept(slot, &reason);
            is_over = status == DSQL_OK;
        }
    }
    if (status != DSQL_OK && err != NULL) {
        *err = reason;
    }
    return status;
}

/* ---- After it was released ---- */

/* A program whose sessions cannot be reset would otherwise only notice that it is slow. */
static bool fail_reset(const dsql_pool *pool, const char *reason)
{
    log_write(&pool->parts.logger, DSQL_LOG_WARN,
              "pool: could not reset a released connection, which is closed: %s", reason);
    return false;
}

/* A round trip, and what on_connect needs, only if something was set or prepared. */
static bool reset_session(struct slot *slot, bool is_forced, struct time_limit limit)
{
    if (!is_forced && baseline_holds(&slot->baseline, slot->conn)) {
        return true;
    }
    if (!health_reset_session(slot->conn, limit)) {
        return fail_reset(slot->pool, "RESET ALL and DEALLOCATE ALL failed");
    }
    count(slot->pool, &slot->pool->counters.resets);
    dsql_error reason = {0};
    return set_up(slot, &reason) == DSQL_OK || fail_reset(slot->pool, reason.message);
}

/* The last user's notice receiver must not see what the pool does, so libpq's state is first. */
static bool clean_up_after_user(struct slot *slot, bool is_forced, struct time_limit limit)
{
    baseline_restore_libpq(&slot->baseline, slot->conn);
    return health_end_transaction(slot->conn, limit) && reset_session(slot, is_forced, limit);
}

/*
 * One limit for all steps.  on_release gets a clean connection, and is then a user like the caller:
 * the connection is cleaned once more after it.
 */
bool slot_reset(struct slot *slot)
{
    dsql_pool *pool = slot->pool;
    const struct pool_settings *settings = &pool->parts.pool;
    int64_t now = now_ms(pool);
    struct time_limit limit = {.clock = pool->parts.clock, .deadline_ms = now + RESET_MS};
    if (now >= slot->expires_ms ||
        !clean_up_after_user(slot, settings->reset_on_release != 0, limit)) {
        return false;
    }
    if (settings->on_release == NULL) {
        return true;
    }
    settings->on_release(slot->conn, settings->on_release_arg);
    return slot->conn != NULL && clean_up_after_user(slot, false, limit);
}
