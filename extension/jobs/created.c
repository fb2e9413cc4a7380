/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * created.c
 *	  Jobs of type ANALYZE for tables that were created.
 *
 * Aurora DSQL gathers statistics soon after a table was created or has
 * changed, in a job.  Here the job for a new table does the same.  Later
 * changes are left to autovacuum, which gathers statistics without a job:
 * a job is a row of sys.job_list, and no COMMIT of DML writes one.
 *
 * While the relation is being created, no catalog has it for us yet.
 */
#include "postgres.h"

#include "dialect/covering_keys.h"
#include "jobs/created.h"
#include "jobs/submit.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* By the running statement; in the transaction's memory. */
static List *relations = NIL;

void
jobs_created_note(Oid relation)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

	relations = lappend_oid(relations, relation);
	MemoryContextSwitchTo(old);
}

static void
submit(Oid table)
{
	char job_id[JOB_ID_SIZE];

	jobs_submit(
		JOB_ANALYZE, table,
		quote_qualified_identifier(
			get_namespace_name(get_rel_namespace(table)), get_rel_name(table)),
		job_id);
}

void
jobs_created_submit(void)
{
	ListCell *cell;

	foreach (cell, relations)
		if (covering_keys_apply_to(lfirst_oid(cell)))
			submit(lfirst_oid(cell));
	jobs_created_after_transaction();
}

void
jobs_created_after_transaction(void)
{
	relations = NIL;
}
