/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statistics.c
 *	  Gathering statistics in the background.
 *
 * PostgreSQL's ANALYZE evaluates the expressions of indexes as the table's
 * owner.  It changes no definition, so no transaction fails because of it.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "jobs/statistics.h"
#include "jobs/worker_transaction.h"

static void
analyze(const char *table)
{
	char *sql = psprintf("ANALYZE %s", table);

	if (SPI_connect() != SPI_OK_CONNECT || SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", sql);
	SPI_finish();
}

bool
jobs_statistics_step(const Job *job)
{
	char *table;

	jobs_worker_begin();
	table = jobs_worker_lock_table(job->object);
	if (table != NULL)
		analyze(table);
	jobs_worker_finish(job, JOB_COMPLETED,
					   table == NULL ? JOB_TABLE_IS_GONE : NULL);
	jobs_worker_commit();
	return false;
}
