/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.h
 *	  Asynchronous jobs: CREATE INDEX ASYNC, ALTER TABLE ASYNC.
 */
#ifndef DSQL_JOBS_H
#define DSQL_JOBS_H

#include "nodes/plannodes.h"
#include "tcop/cmdtag.h"
#include "tcop/dest.h"

typedef enum JobKind
{
	JOB_INDEX_BUILD,
	JOB_VALIDATE_CONSTRAINT,
	JOB_DROP,
	JOB_ANALYZE,
} JobKind;

/* 26 characters of base32 and a NUL. */
#define JOB_ID_SIZE 27

extern void jobs_init(void);
extern Size jobs_shmem_size(void);
extern void jobs_shmem_init(void);

/*
 * Called for every top-level utility statement, after it has passed all
 * refusals and before PostgreSQL's own processing.  True: it was one of ours
 * and is done, rows sent and *qc set.
 */
extern bool jobs_process_utility(PlannedStmt *pstmt, const char *query_string,
								 DestReceiver *dest, QueryCompletion *qc);

/*
 * Write down a job; it is launched when this transaction commits and forgotten
 * when it does not.
 */
extern void jobs_submit(JobKind kind, Oid relation, const char *statement,
						char job_id[JOB_ID_SIZE]);

/*
 * Is this process a worker that runs a job?  Then limits and refusals are not
 * for it, and it may wait for locks.
 */
extern bool jobs_is_worker(void);

#endif /* DSQL_JOBS_H */
