/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * submit.h
 *	  Submitting a job, and waiting for one.
 */
#ifndef DSQL_JOBS_SUBMIT_H
#define DSQL_JOBS_SUBMIT_H

#include "jobs/id.h"
#include "jobs/table.h"

/*
 * Enter a job.  The worker takes it up when this transaction commits; if it
 * does not commit, there is no job.  name: as in Job.
 */
extern void jobs_submit(JobKind kind, Oid relation, const char *name,
						char job_id[JOB_ID_SIZE]);

/* The transaction is over: wake the worker if there is work for it. */
extern void jobs_submit_after_transaction(bool committed);

#endif /* DSQL_JOBS_SUBMIT_H */
