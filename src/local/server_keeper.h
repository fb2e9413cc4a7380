/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps PostgreSQL running: starts it, starts it again when it has terminated, and stops it.
 * Before the event loop runs, and after it has ended, its functions may wait; in between, all of
 * it happens in callbacks of the loop and nothing waits.
 */
#ifndef DSQL_LOCAL_SERVER_KEEPER_H
#define DSQL_LOCAL_SERVER_KEEPER_H

#include "local/cluster.h"
#include "local/cluster_lock.h"
#include "local/server_processes.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum {
    KEEPER_FIRST_DELAY_MS = 250,
    KEEPER_LONGEST_DELAY_MS = 30000, /* from then on it tries at this rate, for ever */
    KEEPER_STABLE_MS = 60000         /* a server that ran for so long has not failed in a row */
};

enum keeper_state {
    KEEPER_SERVES,   /* the server accepts connections */
    KEEPER_WAITS,    /* it has terminated, and the delay has not passed */
    KEEPER_CLEARS,   /* what is left of it is being stopped */
    KEEPER_STARTS,   /* it was started, and does not accept connections yet */
    KEEPER_STOPS,    /* it is being stopped for good */
    KEEPER_HAS_ENDED /* it has stopped; the handles are closed */
};

struct server_keeper {
    /* Set by the caller. */
    const struct cluster *cluster;
    const char *bindir;
    const char *const *settings; /* more for PostgreSQL, or NULL */
    bool is_throw_away; /* the data is deleted after the stop, which need not write a checkpoint */
    /** phase: CLUSTER_RUNNING, CLUSTER_RESTARTING or CLUSTER_STOPPING; problem and failures say
     * more. */
    void (*on_change)(void *arg, enum cluster_phase phase);
    void (*on_stopped)(void *arg);
    void *arg;

    /* For reading. */
    char problem[CLUSTER_PROBLEM_SIZE]; /* "" while all is well */
    int failures;                       /* how often in a row it has terminated */
    pid_t postgres;                     /* 0: not running */

    /* Its own. */
    enum keeper_state state;
    off_t log_from;
    int64_t state_since_ms;
    int64_t delay_ms;
    struct server_stop leftovers;
    enum server_stop_step step;
    uv_signal_t on_child;
    uv_timer_t timer;
};

/**
 * Stops what is left of an earlier server, starts a new one, and waits until it accepts
 * connections.  Reports progress.  Returns a connection of the owner, or NULL; err is not NULL.
 */
PGconn *server_keeper_start(struct server_keeper *keeper, dsql_error *err);

/** From now on the loop is used.  False: out of memory. */
bool server_keeper_watch(struct server_keeper *keeper, uv_loop_t *loop);

/** In the loop: stops the server and then calls on_stopped().  More than once is fine. */
void server_keeper_stop(struct server_keeper *keeper);

/** Without the loop: stops the server and waits for its end. */
void server_keeper_stop_now(struct server_keeper *keeper);

/** True if the server has not ended in a fast shutdown: its next start has to recover. */
bool server_keeper_was_forced(const struct server_keeper *keeper);

/** How long to wait before the server is started again that has failed so often in a row. */
int64_t server_keeper_delay_ms(int failures);

#endif
