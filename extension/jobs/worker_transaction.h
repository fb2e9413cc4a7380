/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_transaction.h
 *	  Transactions of the job worker.
 */
#ifndef DSQL_JOBS_WORKER_TRANSACTION_H
#define DSQL_JOBS_WORKER_TRANSACTION_H

#include "jobs/table.h"

/* With an active snapshot. */
extern void jobs_worker_begin(void);
extern void jobs_worker_commit(void);

/* What the service says of a job whose table was dropped meanwhile. */
#define JOB_TABLE_IS_GONE "Skipped job for nonexistent table."

/*
 * Lock the table as PostgreSQL does to validate or analyze it, which a session
 * whose DDL needs the table interrupts.  Its name as SQL has it; NULL: it is
 * gone.
 */
extern char *jobs_worker_lock_table(Oid table);

/*
 * Commit a change of the table's definition, when no statement that writes it
 * is running.
 */
extern void jobs_worker_commit_schema_change(Oid table);

/* Set the job's status and log it.  The caller commits. */
extern void jobs_worker_finish(const Job *job, const char *status,
							   const char *details);

#endif /* DSQL_JOBS_WORKER_TRANSACTION_H */
