/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread is not that of maintenance.c, which may wait for a connect or a hook.  It sleeps until
 * the first watch is due, or until one begins that is due earlier.
 */
#include "pool/watcher.h"

#include "base/condition.h"
#include "base/log.h"
#include "base/thread.h"
#include "pool/pool.h"
#include "pool/slot.h"

#include <fcntl.h>
#include <sys/socket.h>

/* ---- The thread, which holds the lock except while it sleeps ---- */

static bool is_waiting(const struct watch *watch)
{
    return watch->socket >= 0 && !watch->has_fired;
}

/* shutdown() does not wait, so the lock may be held. */
static void fire(const dsql_pool *pool, int64_t now_ms)
{
    for (struct slot *slot = pool->lists[SLOT_IN_USE].first; slot != NULL; slot = slot->next) {
        if (is_waiting(&slot->watch) && slot->watch.due_ms <= now_ms) {
            slot->watch.has_fired = true;
            shutdown(slot->watch.socket, SHUT_RDWR);
        }
    }
}

/* INT64_MAX: never. */
static int64_t next_due_ms(const dsql_pool *pool)
{
    int64_t first = INT64_MAX;
    for (const struct slot *slot = pool->lists[SLOT_IN_USE].first; slot != NULL;
         slot = slot->next) {
        if (is_waiting(&slot->watch) && slot->watch.due_ms < first) {
            first = slot->watch.due_ms;
        }
    }
    return first;
}

static void *watch_all(void *arg)
{
    dsql_pool *pool = arg;
    struct watcher *watcher = &pool->watcher;
    pthread_mutex_lock(&pool->lock);
    while (!watcher->is_ending) {
        int64_t now_ms = clock_monotonic_ms(pool->parts.clock);
        fire(pool, now_ms);
        watcher->wakes_at_ms = next_due_ms(pool);
        bool is_idle = watcher->wakes_at_ms == INT64_MAX;
        struct timespec until = condition_deadline(is_idle ? 0 : watcher->wakes_at_ms - now_ms);
        condition_wait(&watcher->has_changed, &pool->lock, is_idle ? NULL : &until);
        watcher->wakes_at_ms = INT64_MIN;
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* With the lock held. */
static bool start(dsql_pool *pool)
{
    struct watcher *watcher = &pool->watcher;
    if (watcher->is_running) {
        return true;
    }
    *watcher = (struct watcher){.wakes_at_ms = INT64_MIN};
    if (!condition_init(&watcher->has_changed)) {
        return false;
    }
    watcher->is_running = thread_start(&watcher->thread, watch_all, pool) == 0;
    if (!watcher->is_running) {
        pthread_cond_destroy(&watcher->has_changed);
    }
    return watcher->is_running;
}

void watcher_stop(dsql_pool *pool)
{
    struct watcher *watcher = &pool->watcher;
    pthread_mutex_lock(&pool->lock);
    bool is_running = watcher->is_running;
    watcher->is_ending = true;
    if (is_running) {
        pthread_cond_signal(&watcher->has_changed);
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_running) {
        pthread_join(watcher->thread, NULL);
        pthread_cond_destroy(&watcher->has_changed);
    }
    watcher->is_running = false;
}

/* ---- For transactions ---- */

/* With the lock held.  False: there is no descriptor or thread left. */
static bool begin(dsql_pool *pool, struct slot *slot, int64_t due_ms)
{
    watch_end(&slot->watch);
    int socket = start(pool) ? fcntl(PQsocket(slot->conn), F_DUPFD_CLOEXEC, 0) : -1;
    slot->watch = (struct watch){.socket = socket, .due_ms = due_ms};
    if (socket >= 0 && due_ms < pool->watcher.wakes_at_ms) {
        pthread_cond_signal(&pool->watcher.has_changed);
    }
    return socket >= 0;
}

/*
 * A transaction that could not be watched is not refused: it works as long as the server answers,
 * and a program that is short of descriptors has enough to cope with.
 */
void pool_watch(dsql_pool *pool, const PGconn *conn, int64_t due_ms)
{
    pthread_mutex_lock(&pool->lock);
    struct slot *slot = slot_find_in_use(pool, conn);
    bool is_watched = slot == NULL || begin(pool, slot, due_ms);
    pthread_mutex_unlock(&pool->lock);
    if (!is_watched) {
        log_write(&pool->parts.logger, DSQL_LOG_WARN,
                  "the time limit of a transaction cannot be enforced while a statement of its "
                  "body runs: no file descriptor or thread is available");
    }
}

bool pool_unwatch(dsql_pool *pool, const PGconn *conn)
{
    pthread_mutex_lock(&pool->lock);
    struct slot *slot = slot_find_in_use(pool, conn);
    bool has_fired = slot != NULL && watch_end(&slot->watch);
    pthread_mutex_unlock(&pool->lock);
    return has_fired;
}
