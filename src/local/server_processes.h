/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a PostgreSQL server that work in a data directory, whoever has started them: a
 * postmaster that has outlived its daemon, and the children of a postmaster that was killed.  They
 * are found by their working directory and their program (/proc), because a process id in a file
 * may by now be that of another program.
 */
#ifndef DSQL_LOCAL_SERVER_PROCESSES_H
#define DSQL_LOCAL_SERVER_PROCESSES_H

#include "local/cluster.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SERVER_STOP_FAST_MS = 15000, SERVER_STOP_IMMEDIATE_MS = 8000, SERVER_STOP_POLL_MS = 50 };

/**
 * Sends the signal to every server process of the cluster, the postmaster first; 0 sends nothing.
 * Returns how many there are.
 */
int server_processes_signal(const struct cluster *cluster, int signal);

/** The postmaster, if it is one of them; otherwise 0. */
pid_t server_processes_postmaster(const struct cluster *cluster);

enum server_stop_step {
    SERVER_STOP_FAST,      /* SIGINT: sessions end, and a checkpoint is written */
    SERVER_STOP_IMMEDIATE, /* SIGQUIT: the next start recovers from the write-ahead log */
    SERVER_STOP_KILL       /* SIGKILL for all processes; the next start recovers, too */
};

/** Which step is due, that long after the stop began. */
enum server_stop_step server_stop_step(int64_t elapsed_ms);

/** What has happened when the step is taken, for the user; NULL for the first one. */
const char *server_stop_message(enum server_stop_step step);

/** A server that is being stopped without its daemon.  Begins as all zeros. */
struct server_stop {
    bool has_begun;
    enum server_stop_step step;
    int64_t began_ms;
};

/**
 * Does what is due at now_ms to stop the server, and never waits: call it every
 * SERVER_STOP_POLL_MS until it returns true, which means that no process is left.  Also removes
 * the files that would make PostgreSQL believe that another server is running.  *message: what the
 * user should know, or NULL.
 */
bool server_stop_continue(struct server_stop *stop, const struct cluster *cluster, int64_t now_ms,
                          const char **message);

/** Calls it until it returns true. */
void server_stop_wait(const struct cluster *cluster);

#endif
