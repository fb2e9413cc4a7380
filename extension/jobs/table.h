/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h
 *	  The table sys.job_list, which keeps the jobs over a restart.
 */
#ifndef DSQL_JOBS_TABLE_H
#define DSQL_JOBS_TABLE_H

#include "utils/uuid.h"

/* Values of the column status. */
#define JOB_SUBMITTED  "submitted"
#define JOB_PROCESSING "processing"
#define JOB_COMPLETED  "completed"
#define JOB_FAILED	   "failed"

typedef enum JobKind
{
	JOB_INDEX_BUILD,
	JOB_VALIDATE_CONSTRAINT,
	JOB_DROP,
	JOB_ANALYZE,
	JOB_UNKNOWN, /* the row names a type that this build does not have */
} JobKind;

typedef struct Job
{
	pg_uuid_t id;
	JobKind	  kind;
	Oid		  object; /* INDEX_BUILD: the index, else the table */
	char	 *name;	  /* INDEX_BUILD: the index's name with its schema;
					   * VALIDATE_CONSTRAINT: the constraint's name;
					   * ANALYZE: the table's name with its schema */
	bool is_complete; /* INDEX_BUILD: the unique index lacks no row */
} Job;

/* Does the table exist?  It does not before the extension's SQL has run. */
extern bool jobs_table_exists(void);

extern void jobs_table_insert(const Job *job);

typedef enum JobOutcome
{
	JOB_IS_MISSING,
	JOB_IS_OF_THIS_TRANSACTION,
	JOB_IS_UNDER_WAY,
	JOB_HAS_SUCCEEDED,
	JOB_HAS_FAILED,
} JobOutcome;

/*
 * As committed right now, whatever the transaction's snapshot sees.  *object:
 * the job's, unless the job is missing.
 */
extern JobOutcome jobs_table_look(const pg_uuid_t *id, Oid *object);

/*
 * For workers, in a transaction.  next: the oldest job that is not done and
 * that may_run() accepts, allocated in the caller's memory context; false if
 * there is none.  due_ms: the job was submitted less than delay_ms ago, and
 * this is what is left of that; else 0.
 */
typedef bool (*JobFilter)(const Job *job, int due_ms);
extern bool jobs_table_next(Job *job, int delay_ms, JobFilter may_run);

/* The job is being processed.  False: it is done already. */
extern bool jobs_table_begin(const pg_uuid_t *id);
extern void jobs_table_set(const pg_uuid_t *id, const char *status,
						   const char *details);
extern void jobs_table_forget_older_than(int seconds);

#endif /* DSQL_JOBS_TABLE_H */
