/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * job_worker.h
 *	  The background worker that runs jobs, and what others say to it.
 */
#ifndef DSQL_JOB_WORKER_H
#define DSQL_JOB_WORKER_H

extern void job_worker_init(void);
extern Size job_worker_shmem_size(void);
extern void job_worker_shmem_init(void);

/* There is a job, committed.  Raises no error. */
extern void job_worker_wake(void);

/*
 * A relation's definition is about to change: if the worker builds it, or
 * builds something on it, it stops now and begins again when the lock is free.
 * By name and without a lock, so it may be another's by then: then no harm is
 * done.
 */
extern void job_worker_yield(Oid relation);

/* Wait until some job has ended, or for a moment. */
extern void job_worker_wait_for_end(void);

#endif /* DSQL_JOB_WORKER_H */
