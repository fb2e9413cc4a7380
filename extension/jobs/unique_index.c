/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * unique_index.c
 *	  A unique index is enforced before it is valid.
 *
 * In Aurora DSQL a duplicate of a key is refused while a unique index is being
 * built, and after its build has failed, until the index is dropped.  So here
 * the statement that creates the index also starts it: with the rows of the
 * table's first pages, which takes milliseconds, and without a look for
 * duplicates.  Everybody maintains the index from that COMMIT on.  The job
 *adds the rows that are missing (index_build.c), and only then looks for
 * duplicates.  If there are any, the job has failed; the index is complete all
 * the same, and stays.
 *
 * A statement must not take as long as functions of users do.  If the index
 * has any, it starts empty, and the job adds all rows.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/itup.h"
#include "access/nbtree.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/settings.h"
#include "catalog/index.h"
#include "catalog/storage.h"
#include "jobs/unique_index.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "occ/index.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* 1 MiB. */
#define FIRST_PAGES 128

/* ---- Starting ---- */

/*
 * By this transaction, which may release its locks before COMMIT.  In strict
 * mode it has one DDL statement; without it locks stay.
 */
static Oid started = InvalidOid;

static bool
is_of_user(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

/* A domain's constraint may call anything. */
static bool
calls_user_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CoerceToDomain) ||
		check_functions_in_node(node, is_of_user, context))
		return true;
	return expression_tree_walker(node, calls_user_function, context);
}

static void
start(Oid table, Oid index)
{
	Relation   table_rel = table_open(table, NoLock);
	Relation   index_rel = index_open(index, NoLock);
	IndexInfo *info = BuildIndexInfo(index_rel);
	bool is_slow = calls_user_function((Node *) info->ii_Expressions, NULL) ||
				   calls_user_function((Node *) info->ii_Predicate, NULL);

	info->ii_Unique = false;
	info->ii_Concurrent = true; /* reads with the transaction's snapshot */
	info->ii_ParallelWorkers = 0;
	occ_index_build_first_pages(table_rel, index_rel, info,
								is_slow ? 0 : FIRST_PAGES);
	index_close(index_rel, NoLock);
	table_close(table_rel, NoLock);
}

void
jobs_unique_index_start(Oid table, Oid index)
{
	start(table, index);
	if (IsTransactionBlock() && settings_is_strict())
		started = index;
}

/*
 * In a block, locks end with the statement (schema/locks.c).  Until COMMIT
 * takes them again, a transaction that does not know the index may update a
 * row HOT, and the entry for the row is no longer right.  So then the start is
 * made again.  Whoever commits after that gets OC001.
 */
void
jobs_unique_index_before_commit(void)
{
	Relation index_rel;
	Oid		 table;

	if (!OidIsValid(started))
		return;
	table = IndexGetRelation(started, true);
	if (!OidIsValid(table))
		return;
	index_rel = index_open(started, AccessExclusiveLock);
	RelationTruncate(index_rel, 0);
	index_close(index_rel, NoLock);
	PushActiveSnapshot(GetTransactionSnapshot());
	start(table, started);
	PopActiveSnapshot();
}

void
jobs_unique_index_after_transaction(void)
{
	started = InvalidOid;
}

/* ---- Looking for duplicates ---- */

/* As nbtree compares: with the values as the index stores them. */
static bool
have_same_key(Relation index, IndexTuple a, IndexTuple b)
{
	TupleDesc desc = RelationGetDescr(index);

	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
	{
		bool  a_is_null;
		bool  b_is_null;
		Datum a_value = index_getattr(a, i + 1, desc, &a_is_null);
		Datum b_value = index_getattr(b, i + 1, desc, &b_is_null);

		if (a_is_null != b_is_null ||
			(a_is_null && !index->rd_index->indnullsnotdistinct))
			return false;
		if (!a_is_null && DatumGetInt32(FunctionCall2Coll(
							  index_getprocinfo(index, i + 1, BTORDER_PROC),
							  index->rd_indcollation[i], a_value, b_value)))
			return false;
	}
	return true;
}

/* The index returns its tuples in order, so equal keys follow each other. */
static bool
find_duplicate(IndexScanDesc scan, TupleTableSlot *slot)
{
	IndexTuple previous = NULL;
	bool	   found = false;

	while (!found && index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		found = previous != NULL &&
				have_same_key(scan->indexRelation, previous, scan->xs_itup);
		if (previous != NULL)
			pfree(previous);
		previous = CopyIndexTuple(scan->xs_itup);
	}
	return found;
}

void
jobs_unique_index_check(Oid table, Oid index)
{
	Relation		table_rel = table_open(table, AccessShareLock);
	Relation		index_rel = index_open(index, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table_rel, NULL);
	IndexScanDesc	scan =
		INDEX_BEGINSCAN_COMPAT(table_rel, index_rel, GetActiveSnapshot());

	scan->xs_want_itup = true;
	index_rescan(scan, NULL, 0, NULL, 0);
	if (find_duplicate(scan, slot))
		ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
						errmsg("could not create unique index \"%s\"",
							   RelationGetRelationName(index_rel))));
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index_rel, AccessShareLock);
	table_close(table_rel, AccessShareLock);
}
