/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * signal.h
 *	  What sessions and job workers tell each other.
 */
#ifndef DSQL_JOBS_SIGNAL_H
#define DSQL_JOBS_SIGNAL_H

#include "utils/uuid.h"

/* Workers, and so jobs that run at the same time. */
#define JOBS_WORKERS 4

extern void jobs_signal_init(void);
extern void jobs_signal_shmem_request(void);
extern void jobs_signal_shmem_init(void);

/* ---- For sessions ---- */

/* A job has been submitted and committed.  Raises no error. */
extern void jobs_signal_wake(void);

/* This session waits for the job: it shall begin without a delay. */
extern void jobs_signal_want(const pg_uuid_t *job);

/*
 * The relation's definition is about to change: a worker that builds it, or
 * works on an index or constraint of it, stops now and begins again when the
 * lock is free.  InvalidOid is allowed.
 */
extern void jobs_signal_yield(Oid relation);

/*
 * Wait until some job has ended, or for a moment.  begin_waiting comes before
 * the first look at the job and end_waiting after the last, so that no end
 * between a look and the wait is missed.
 */
extern void jobs_signal_begin_waiting(void);
extern void jobs_signal_wait_for_end(void);
extern void jobs_signal_end_waiting(void);

/* ---- For workers ---- */

/*
 * This one has started; until it exits, however that happens.  False: another
 * process has the number.
 */
extern bool jobs_signal_worker_started(int number);

/* Does a process have the number? */
extern bool jobs_signal_worker_runs(int number);

/* Does a session wait for the job? */
extern bool jobs_signal_is_wanted(const pg_uuid_t *job);

/*
 * This worker runs the job from now on.  False: another one does, or works on
 * the same table.  table: InvalidOid if it is gone.
 */
extern bool jobs_signal_claim(const pg_uuid_t *job, Oid table);

/* What it works on now; InvalidOid: nothing that anybody could need. */
extern void jobs_signal_set_work(Oid index, Oid table);

/* The job has ended. */
extern void jobs_signal_release(void);

#endif /* DSQL_JOBS_SIGNAL_H */
