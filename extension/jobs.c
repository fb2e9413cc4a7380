/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.c
 *	  Work that a background worker does after COMMIT.
 */
#include "dsql_local.h"

#include "jobs.h"

void
jobs_init(void)
{
}

Size
jobs_shmem_size(void)
{
	return 0;
}

void
jobs_shmem_init(void)
{
}

bool
jobs_process_utility(PlannedStmt *pstmt, const char *query_string,
					 DestReceiver *dest, QueryCompletion *qc)
{
	return false;
}

void
jobs_submit(JobKind kind, Oid relation, const char *statement,
			char job_id[JOB_ID_SIZE])
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("asynchronous jobs are not available")));
}

bool
jobs_is_worker(void)
{
	return false;
}
