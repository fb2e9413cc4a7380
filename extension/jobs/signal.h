/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * signal.h
 *	  What sessions and the job worker tell each other.
 */
#ifndef DSQL_JOBS_SIGNAL_H
#define DSQL_JOBS_SIGNAL_H

extern void jobs_signal_shmem_request(void);
extern void jobs_signal_shmem_init(void);

/* ---- For sessions ---- */

/* A job has been submitted and committed.  Raises no error. */
extern void jobs_signal_wake(void);

/*
 * The relation's definition is about to change: if the worker builds it, or
 * works on an index or constraint of it, it stops now and begins again when
 * the lock is free.  InvalidOid is allowed.
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

/* ---- For the worker ---- */

/* It has started; until it exits, however that happens. */
extern void jobs_signal_worker_started(void);

/* What it works on now; InvalidOid: nothing. */
extern void jobs_signal_set_work(Oid index, Oid table);

/* A job has ended. */
extern void jobs_signal_job_ended(void);

#endif /* DSQL_JOBS_SIGNAL_H */
