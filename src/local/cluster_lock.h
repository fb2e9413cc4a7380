/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a cluster is running: the daemon holds a lock (fcntl) on a file as long as it lives,
 * and the kernel knows which process that is.  A file with a process id would be wrong after
 * kill -9.  Single bytes of the file are locked, and which ones shows the phase: a cluster that
 * is stopping is not running.
 */
#ifndef DSQL_LOCAL_CLUSTER_LOCK_H
#define DSQL_LOCAL_CLUSTER_LOCK_H

#include "local/cluster.h"

#include <dsql.h>

#include <stdbool.h>
#include <sys/types.h>

/* The numbers are the locked bytes, so they are the same in all versions. */
enum cluster_phase {
    CLUSTER_STARTING = 0,   /* this byte is locked as long as the process lives */
    CLUSTER_RUNNING = 1,    /* PostgreSQL and the gateway accept connections */
    CLUSTER_RESTARTING = 2, /* PostgreSQL has terminated, and is started again */
    CLUSTER_STOPPING = 3,
    CLUSTER_STOPPED = -1 /* no process has the lock */
};

struct cluster_process {
    enum cluster_phase phase;
    pid_t pid; /* 0: there is none, or it cannot be named, as it is in another container */
};

/** The lock of this process.  Begins as all zeros. */
struct cluster_lock {
    int fd;
    enum cluster_phase phase;
};

/**
 * Takes the lock for the life of the process, in phase CLUSTER_STARTING.  When another process has
 * it or has just deleted the cluster, cluster_lock_is_busy() is true for the error: try again.
 */
dsql_status cluster_lock_take(const struct cluster *cluster, struct cluster_lock *lock,
                              dsql_error *err);

/** The error of cluster_lock_take() for a lock that another process has. */
dsql_status cluster_lock_fail_busy(const struct cluster *cluster, dsql_error *err);

/** Whether another command was faster.  A fork() that fails has the errno EAGAIN, too. */
bool cluster_lock_is_busy(const dsql_error *err);

void cluster_lock_set_phase(struct cluster_lock *lock, enum cluster_phase phase);

/** False if the lock's file was deleted or replaced: another process could take the new one. */
bool cluster_lock_is_in_place(const struct cluster *cluster, const struct cluster_lock *lock);

/**
 * The process that has the lock, and its phase.  Fails if that cannot be known.  A process that
 * has taken the lock must not call it: closing a descriptor of the file drops the lock.
 */
dsql_status cluster_lock_read(const struct cluster *cluster, struct cluster_process *out,
                              dsql_error *err);

/** "running", "stopping", ... */
const char *cluster_phase_name(enum cluster_phase phase);

#endif
