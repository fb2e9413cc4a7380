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

/*
 * Commit a change of the table's definition, when no statement that writes it
 * is running.
 */
extern void jobs_worker_commit_schema_change(Oid table);

/* Set the job's status and log it.  The caller commits. */
extern void jobs_worker_finish(const Job *job, const char *status,
							   const char *details);

#endif /* DSQL_JOBS_WORKER_TRANSACTION_H */
