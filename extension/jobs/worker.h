/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h
 *	  The background workers that run jobs.
 */
#ifndef DSQL_JOBS_WORKER_H
#define DSQL_JOBS_WORKER_H

/* Defines the settings and registers the workers. */
extern void jobs_worker_init(void);

/*
 * Is this process a worker?  Then limits and refusals do not apply to it,
 * and it may wait for locks.
 */
extern bool jobs_worker_is_me(void);

#endif /* DSQL_JOBS_WORKER_H */
