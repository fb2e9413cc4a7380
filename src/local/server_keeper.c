/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * In the loop there is one timer.  It runs whenever the state is not KEEPER_SERVES, and on_time()
 * does what the state asks for.  The end of the server arrives as SIGCHLD, in every state.
 */
#include "local/server_keeper.h"

#include "base/clock.h"
#include "base/error.h"
#include "local/data_directory.h"
#include "local/postmaster.h"
#include "local/postmaster_files.h"
#include "local/report.h"
#include "local/wait.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
    POLL_MS = SERVER_STOP_POLL_MS,
    SHARED_MEMORY_ATTEMPTS = 40, /* times the pause: 10 s */
    SHARED_MEMORY_PAUSE_MS = 250
};

static int64_t now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

/* ---- Before the loop ---- */

/* A server may have outlived its daemon, or its children may have outlived it. */
static void clear_leftovers(const struct cluster *cluster)
{
    struct server_stop stop = {0};
    struct wait wait = wait_begin(clock_system());
    const char *message = NULL;
    while (!server_stop_continue(&stop, cluster, now_ms(), &message)) {
        if (message != NULL) {
            report_progress("%s", message);
        } else if (wait_is_note_due(&wait)) {
            report_progress("waiting for the end of an earlier PostgreSQL (%lld s)",
                            (long long)(wait_elapsed_ms(&wait) / 1000));
        }
        clock_sleep_ms(clock_system(), POLL_MS);
    }
}

static bool launch(struct server_keeper *keeper, dsql_error *err)
{
    if (data_directory_replace(keeper->cluster, err) != DSQL_OK) {
        return false;
    }
    keeper->log_from = postmaster_log_size(keeper->cluster);
    keeper->postgres = postmaster_start(keeper->cluster, keeper->bindir, keeper->settings, err);
    if (keeper->postgres < 0) {
        keeper->postgres = 0;
        return false;
    }
    return true;
}

/*
 * Where /proc does not show them, children of a postmaster that was killed may still hold its
 * shared memory, and a new server refuses to start.
 */
static bool is_still_held(const dsql_error *err)
{
    return strstr(err->message, "is still in use") != NULL ||
           strstr(err->message, "already exists") != NULL;
}

/* Only a failure that passes by itself is tried again. */
PGconn *server_keeper_start(struct server_keeper *keeper, dsql_error *err)
{
    clear_leftovers(keeper->cluster);
    for (int i = 0; i < SHARED_MEMORY_ATTEMPTS && launch(keeper, err); i++) {
        PGconn *conn = postmaster_wait(keeper->cluster, &keeper->postgres, keeper->log_from, err);
        if (conn != NULL || keeper->postgres != 0 || !is_still_held(err)) {
            return conn;
        }
        clock_sleep_ms(clock_system(), SHARED_MEMORY_PAUSE_MS);
    }
    return NULL;
}

/* The signal of a step.  SIGKILL goes to the children too, one of which may be frozen. */
static void signal_server(const struct server_keeper *keeper, enum server_stop_step step)
{
    if (step == SERVER_STOP_KILL) {
        kill(keeper->postgres, SIGKILL);
        server_processes_signal(keeper->cluster, SIGKILL);
        return;
    }
    kill(keeper->postgres, step == SERVER_STOP_FAST ? SIGINT : SIGQUIT);
}

bool server_keeper_was_forced(const struct server_keeper *keeper)
{
    return keeper->step != SERVER_STOP_FAST;
}

void server_keeper_stop_now(struct server_keeper *keeper)
{
    int64_t began = now_ms();
    enum server_stop_step step = SERVER_STOP_FAST;
    if (keeper->postgres <= 0) {
        return;
    }
    signal_server(keeper, step);
    while (waitpid(keeper->postgres, NULL, WNOHANG) == 0) {
        enum server_stop_step due = server_stop_step(now_ms() - began);
        if (due != step) {
            report_progress("%s", server_stop_message(due));
            signal_server(keeper, due);
        }
        step = due;
        clock_sleep_ms(clock_system(), POLL_MS);
    }
    keeper->postgres = 0;
}

/* ---- In the loop ---- */

static void on_time(uv_timer_t *timer);

static void enter(struct server_keeper *keeper, enum keeper_state state)
{
    keeper->state = state;
    keeper->state_since_ms = now_ms();
    if (state == KEEPER_SERVES) {
        uv_timer_stop(&keeper->timer);
    } else {
        uv_timer_start(&keeper->timer, on_time, POLL_MS, POLL_MS);
    }
}

/* Doubled each time.  A server that fails again and again costs little, and is still tried. */
int64_t server_keeper_delay_ms(int failures)
{
    int64_t delay = KEEPER_FIRST_DELAY_MS;
    for (int i = 1; i < failures && delay < KEEPER_LONGEST_DELAY_MS; i++) {
        delay *= 2;
    }
    return delay < KEEPER_LONGEST_DELAY_MS ? delay : KEEPER_LONGEST_DELAY_MS;
}

/*
 * After a pause and not at once: if PostgreSQL cannot run, this would spin.  The gateway stays
 * open meanwhile, so clients get "server unavailable" and not "connection refused".
 */
static void has_failed(struct server_keeper *keeper, const char *reason)
{
    bool was_stable =
        keeper->state == KEEPER_SERVES && now_ms() - keeper->state_since_ms >= KEEPER_STABLE_MS;
    keeper->failures = was_stable ? 1 : keeper->failures + 1;
    keeper->delay_ms = server_keeper_delay_ms(keeper->failures);
    snprintf(keeper->problem, sizeof keeper->problem,
             "PostgreSQL terminated unexpectedly (%d in a row): %s; it is started again after "
             "%lld ms",
             keeper->failures, reason[0] == '\0' ? "it wrote no reason" : reason,
             (long long)keeper->delay_ms);
    enter(keeper, KEEPER_WAITS);
    keeper->on_change(keeper->arg, CLUSTER_RESTARTING);
}

/* A restore has stopped the server, and the next one has other contents (launch()). */
static void restart_restored(struct server_keeper *keeper)
{
    keeper->failures = 0;
    keeper->delay_ms = 0;
    snprintf(keeper->problem, sizeof keeper->problem,
             "PostgreSQL is started again, with restored contents");
    enter(keeper, KEEPER_WAITS);
    keeper->on_change(keeper->arg, CLUSTER_RESTARTING);
}

/*
 * Signals of the same kind may be merged, and a child may stop without ending, so waitpid()
 * decides.  It names the process: other children are waited for where they were started.
 */
static void notice_end(struct server_keeper *keeper)
{
    char reason[POSTMASTER_COMPLAINT_SIZE];
    if (keeper->postgres <= 0 || waitpid(keeper->postgres, NULL, WNOHANG) != keeper->postgres) {
        return;
    }
    keeper->postgres = 0;
    if (keeper->state != KEEPER_STOPS && data_directory_is_restored(keeper->cluster)) {
        restart_restored(keeper);
    } else if (keeper->state != KEEPER_STOPS) {
        postmaster_reason(keeper->cluster, keeper->log_from, reason);
        has_failed(keeper, reason);
    }
}

static void clear_step(struct server_keeper *keeper)
{
    dsql_error err = {0};
    const char *message = NULL;
    if (!server_stop_continue(&keeper->leftovers, keeper->cluster, now_ms(), &message)) {
        return;
    }
    enter(keeper, KEEPER_STARTS);
    if (!launch(keeper, &err)) {
        has_failed(keeper, err.message);
    }
}

static void start_step(struct server_keeper *keeper)
{
    struct postmaster_pid file = postmaster_pid_read(keeper->cluster);
    if (file.pid != keeper->postgres || file.status != POSTMASTER_STATUS_READY) {
        return;
    }
    keeper->problem[0] = '\0';
    enter(keeper, KEEPER_SERVES);
    keeper->on_change(keeper->arg, CLUSTER_RUNNING);
}

static void close_handles(struct server_keeper *keeper)
{
    enter(keeper, KEEPER_HAS_ENDED);
    uv_timer_stop(&keeper->timer);
    uv_close((uv_handle_t *)&keeper->timer, NULL);
    uv_close((uv_handle_t *)&keeper->on_child, NULL);
    keeper->on_stopped(keeper->arg);
}

static void stop_step(struct server_keeper *keeper)
{
    enum server_stop_step due = server_stop_step(now_ms() - keeper->state_since_ms);
    if (keeper->postgres == 0) {
        close_handles(keeper);
        return;
    }
    if (due <= keeper->step) {
        return;
    }
    keeper->step = due;
    signal_server(keeper, due);
    snprintf(keeper->problem, sizeof keeper->problem, "%s", server_stop_message(due));
    keeper->on_change(keeper->arg, CLUSTER_STOPPING);
}

/* A stop is not made to wait for the timer. */
static void on_child_signal(uv_signal_t *handle, int number)
{
    struct server_keeper *keeper = handle->data;
    (void)number;
    notice_end(keeper);
    if (keeper->state == KEEPER_STOPS) {
        stop_step(keeper);
    }
}

static void on_time(uv_timer_t *timer)
{
    struct server_keeper *keeper = timer->data;
    switch (keeper->state) {
    case KEEPER_WAITS:
        if (now_ms() - keeper->state_since_ms >= keeper->delay_ms) {
            keeper->leftovers = (struct server_stop){0};
            enter(keeper, KEEPER_CLEARS);
        }
        break;
    case KEEPER_CLEARS:
        clear_step(keeper);
        break;
    case KEEPER_STARTS:
        start_step(keeper);
        break;
    case KEEPER_STOPS:
        stop_step(keeper);
        break;
    case KEEPER_SERVES:
    case KEEPER_HAS_ENDED:
        break;
    }
}

bool server_keeper_watch(struct server_keeper *keeper, uv_loop_t *loop)
{
    uv_timer_init(loop, &keeper->timer);
    uv_signal_init(loop, &keeper->on_child);
    keeper->timer.data = keeper;
    keeper->on_child.data = keeper;
    enter(keeper, KEEPER_SERVES);
    bool ok = uv_signal_start(&keeper->on_child, on_child_signal, SIGCHLD) == 0;
    notice_end(keeper); /* a signal that came before */
    return ok;
}

void server_keeper_stop(struct server_keeper *keeper)
{
    if (keeper->state == KEEPER_STOPS || keeper->state == KEEPER_HAS_ENDED) {
        return;
    }
    keeper->step = keeper->is_throw_away ? SERVER_STOP_IMMEDIATE : SERVER_STOP_FAST;
    enter(keeper, KEEPER_STOPS);
    if (keeper->postgres > 0) {
        signal_server(keeper, keeper->step);
    }
}
