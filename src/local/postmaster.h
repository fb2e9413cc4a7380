/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL server of a local cluster as a process: starting it, waiting until it accepts
 * connections, and why it has ended.  It listens on a Unix socket only, in a directory that no
 * other user may enter.  Runs no SQL.
 */
#ifndef DSQL_LOCAL_POSTMASTER_H
#define DSQL_LOCAL_POSTMASTER_H

#include "base/clock.h"
#include "local/cluster.h"
#include "local/postmaster_files.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * Starts the server as a child; returns -1 on failure.  It shuts down when the calling process
 * ends, even by SIGKILL.  extra: more settings, "name=value" and a NULL at the end; or NULL.
 */
pid_t postmaster_start(const struct cluster *cluster, const char *bindir, const char *const *extra,
                       dsql_error *err);

/** Where the server's log is, for the end of an error: "See %s". */
const char *postmaster_log_name(const struct cluster *cluster);

/** Why the server has ended, from its log since log_from; "" if it wrote no reason. */
void postmaster_reason(const struct cluster *cluster, off_t log_from,
                       char out[POSTMASTER_COMPLAINT_SIZE]);

/* What a server says in its pid file and, once it is ready, to its owner. */
enum postmaster_answer {
    POSTMASTER_READY,
    POSTMASTER_STARTING, /* its pid file says so, or SQLSTATE 57P03 */
    POSTMASTER_REFUSES,  /* another error of the server */
    POSTMASTER_SILENT    /* no pid file, or nothing listens */
};

enum { POSTMASTER_SILENCE_MS = 30000, POSTMASTER_REFUSAL_MS = 5000 };

/* What a wait asks; tests have a server of their own. */
struct postmaster_questions {
    enum postmaster_answer (*ask)(void *arg, dsql_error *err);
    bool (*has_ended)(void *arg);
    void (*progress)(void *arg, int64_t seconds, enum postmaster_answer answer);
    void *arg;
};

/**
 * Waits until the answer is POSTMASTER_READY: without limit while it is POSTMASTER_STARTING.
 * False: it has ended, or it was silent for POSTMASTER_SILENCE_MS or refused for
 * POSTMASTER_REFUSAL_MS; its last answer is in err.
 */
bool postmaster_wait_for(const struct postmaster_questions *questions, const struct clock *clock,
                         dsql_error *err);

/**
 * Waits until the child *pid accepts connections, reports progress, and returns a connection of
 * its owner.  NULL when it has terminated (*pid is then 0), or does not accept connections and is
 * not starting either.  log_from: the size of the log before the start.
 */
PGconn *postmaster_wait(const struct cluster *cluster, pid_t *pid, off_t log_from, dsql_error *err);

#endif
