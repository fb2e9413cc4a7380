/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * job_table.h
 *	  The table sys.job_list, which survives what the jobs may not.
 */
#ifndef DSQL_JOB_TABLE_H
#define DSQL_JOB_TABLE_H

#include "jobs/statements.h"
#include "utils/uuid.h"

#define JOB_SUBMITTED  "submitted"
#define JOB_PROCESSING "processing"
#define JOB_COMPLETED  "completed"
#define JOB_FAILED	   "failed"

typedef struct Job
{
	pg_uuid_t id;
	JobKind	  kind;
	Oid		  object;
	char	 *statement; /* what jobs_submit() was given */
} Job;

/* Is it there?  Not before the extension's SQL has been run. */
extern bool job_table_exists(void);

extern void job_table_insert(const Job *job);

typedef enum JobOutcome
{
	JOB_IS_MISSING,
	JOB_IS_OF_THIS_TRANSACTION,
	JOB_IS_UNDER_WAY,
	JOB_HAS_SUCCEEDED,
	JOB_HAS_FAILED,
} JobOutcome;

/* As committed this moment, whatever the transaction's snapshot sees. */
extern JobOutcome job_table_look(const pg_uuid_t *id);

/*
 * For the worker, in a transaction of its own choosing.  The oldest job that
 * is not done, in the caller's memory; false: none.
 */
extern bool job_table_next(Job *job);
extern void job_table_set(const pg_uuid_t *id, const char *status,
						  const char *details);
extern void job_table_forget_older_than(int seconds);

#endif /* DSQL_JOB_TABLE_H */
