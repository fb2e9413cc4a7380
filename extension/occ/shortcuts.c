/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * shortcuts.c
 *	  Shortcuts of the planner and the executor that do not know the log.
 *
 * They would show rows that this transaction has replaced or deleted, or fail
 * where COMMIT should decide:
 *
 * - An index-only scan trusts the visibility map, which does not know the log
 *	 (and VACUUM may set a bit at any time): tables of ours are planned
 *	 without.
 * - A bitmap scan that needs no columns trusts it too: that is switched off
 *	 while the log has writes.
 * - Workers of a parallel plan do not have the log: the leader runs it alone.
 * - Foreign key checks look with the latest snapshot and fail for a row that
 *	 the transaction's own does not see.  In our tables COMMIT finds these, so
 *	 the checks use the transaction's snapshot.
 */
#include "postgres.h"

#include "access/table.h"
#include "base/compat.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "occ/am.h"
#include "occ/shortcuts.h"
#include "occ/writes.h"
#include "optimizer/cost.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/*
 * Once a table of ours is in the query, none of its relations gets an
 * index-only scan: the setting is read when paths are made, after all
 * relations are known.  (It is not enough to clear IndexOptInfo.canreturn:
 * count(*) needs no column to be returned.)
 */
void
occ_shortcuts_forbid_index_only_scan(Oid relid, const RelOptInfo *rel)
{
	Relation relation;

	if (rel->indexlist == NIL || !enable_indexonlyscan)
		return;
	relation = table_open(relid, NoLock);
	if (occ_am_is_ours(relation))
		enable_indexonlyscan = false;
	table_close(relation, NoLock);
}

/* Only foreign key checks have a crosscheck snapshot. */
void
occ_shortcuts_use_own_snapshot(QueryDesc *query)
{
	if (query->crosscheck_snapshot == InvalidSnapshot)
		return;
	UnregisterSnapshot(query->snapshot);
	UnregisterSnapshot(query->crosscheck_snapshot);
	query->snapshot = RegisterSnapshot(GetTransactionSnapshot());
	query->crosscheck_snapshot = InvalidSnapshot;
}

static bool
fetch_every_page(PlanState *state, void *context)
{
	if (state == NULL)
		return false;
	if (IsA(state, BitmapHeapScanState))
		BITMAP_SCAN_FETCHES_COMPAT((BitmapHeapScanState *) state);
	return planstate_tree_walker(state, fetch_every_page, context);
}

void
occ_shortcuts_fetch_every_page(QueryDesc *query)
{
	if (occ_writes_pending > 0)
		fetch_every_page(query->planstate, NULL);
}

/* The plan may be a cached one that others use, so a copy is changed. */
void
occ_shortcuts_run_without_workers(QueryDesc *query)
{
	PlannedStmt *plan;

	if (occ_writes_pending == 0 || !query->plannedstmt->parallelModeNeeded)
		return;
	plan =
		MemoryContextAlloc(query->estate->es_query_cxt, sizeof(PlannedStmt));
	*plan = *query->plannedstmt;
	plan->parallelModeNeeded = false;
	query->plannedstmt = plan;
}
