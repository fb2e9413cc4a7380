/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dropped.c
 *	  Jobs of type DROP: what is left to do when a table or index is dropped.
 *
 * Aurora DSQL removes the rows of a dropped table later, in a job.  Here
 * PostgreSQL removes the files at COMMIT, so nothing is left to do; the job
 * ends as soon as it begins.  Programs that watch sys.jobs find it there.
 *
 * A table is one job.  Its indexes, which PostgreSQL drops first, belong to
 * it.
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "dialect/covering_keys.h"
#include "jobs/dropped.h"
#include "jobs/submit.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* By the running statement; in the transaction's memory. */
static List *tables = NIL;
static List *indexes = NIL;
static List *tables_of_indexes = NIL; /* one for each index */

static void
note_index(Oid index)
{
	Oid table = IndexGetRelation(index, true);

	if (!OidIsValid(table) || !covering_keys_apply_to(table))
		return;
	indexes = lappend_oid(indexes, index);
	tables_of_indexes = lappend_oid(tables_of_indexes, table);
}

void
jobs_dropped_note(Oid relation)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

	if (get_rel_relkind(relation) == RELKIND_INDEX)
		note_index(relation);
	else if (covering_keys_apply_to(relation))
		tables = lappend_oid(tables, relation);
	MemoryContextSwitchTo(old);
}

static void
submit(Oid relation)
{
	char job_id[JOB_ID_SIZE];

	jobs_submit(JOB_DROP, relation, "", job_id);
}

void
jobs_dropped_submit(void)
{
	ListCell *cell;
	ListCell *table;

	foreach (cell, tables)
		submit(lfirst_oid(cell));
	forboth(cell, indexes, table,
			tables_of_indexes) if (!list_member_oid(tables, lfirst_oid(table)))
		submit(lfirst_oid(cell));
	jobs_dropped_after_transaction();
}

void
jobs_dropped_after_transaction(void)
{
	tables = NIL;
	indexes = NIL;
	tables_of_indexes = NIL;
}
