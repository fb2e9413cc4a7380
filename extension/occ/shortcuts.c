/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_planner.c
 *	  Short cuts of the planner and the executor that would show rows which
 *	  this transaction has replaced or deleted, or let another wait.
 *
 * - An index-only scan trusts the visibility map, which cannot know of them
 *	 (and VACUUM may set a bit at any time): tables of ours are planned
 *	 without.
 * - A bitmap scan that needs no columns trusts it too: switched off while
 *	 something is noted.
 * - Workers of a parallel plan have no log: the leader runs it alone.
 * - Foreign key checks look with the latest snapshot and fail for what ours
 *	 does not see; in our tables COMMIT finds out, so they look with ours.
 */
#include "base/settings.h"

#include "access/table.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "occ/am.h"
#include "occ/shortcuts.h"
#include "occ/writes.h"
#include "optimizer/cost.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static planner_hook_type		   prev_planner = NULL;
static get_relation_info_hook_type prev_get_relation_info = NULL;
static ExecutorStart_hook_type	   prev_ExecutorStart = NULL;
static ExecutorRun_hook_type	   prev_ExecutorRun = NULL;

/*
 * Once a table of ours is in the query, no relation of it gets an index-only
 * scan: the switch is looked at when paths are made, after all relations are
 * known.  (Clearing IndexOptInfo.canreturn is not enough: count(*) needs no
 * column to be returned.)
 */
static void
plan_without_index_only_scans(PlannerInfo *root, Oid relid, bool inhparent,
							  RelOptInfo *rel)
{
	Relation relation;

	if (prev_get_relation_info)
		prev_get_relation_info(root, relid, inhparent, rel);
	if (rel->indexlist == NIL || !enable_indexonlyscan)
		return;
	relation = table_open(relid, NoLock);
	if (occ_is_ours(relation))
		enable_indexonlyscan = false;
	table_close(relation, NoLock);
}

static PlannedStmt *
plan(Query *query, const char *query_string, int cursor_options,
	 ParamListInfo params)
{
	PlannedStmt *volatile result = NULL;
	bool wanted = enable_indexonlyscan;

	PG_TRY();
	{
		result = prev_planner ? prev_planner(query, query_string,
											 cursor_options, params)
							  : standard_planner(query, query_string,
												 cursor_options, params);
	}
	PG_FINALLY();
	{
		enable_indexonlyscan = wanted;
	}
	PG_END_TRY();
	return result;
}

static bool
fetch_every_bitmap_page(PlanState *state, void *context)
{
	if (state == NULL)
		return false;
	if (IsA(state, BitmapHeapScanState))
		BITMAP_SCAN_FETCHES_COMPAT((BitmapHeapScanState *) state);
	return planstate_tree_walker(state, fetch_every_bitmap_page, context);
}

static void
start_executor(QueryDesc *query, int eflags)
{
	if (query->crosscheck_snapshot != InvalidSnapshot)
	{
		UnregisterSnapshot(query->snapshot);
		UnregisterSnapshot(query->crosscheck_snapshot);
		query->snapshot = RegisterSnapshot(GetTransactionSnapshot());
		query->crosscheck_snapshot = InvalidSnapshot;
	}

	if (prev_ExecutorStart)
		prev_ExecutorStart(query, eflags);
	else
		standard_ExecutorStart(query, eflags);

	if (occ_nwrites > 0)
		fetch_every_bitmap_page(query->planstate, NULL);
}

/* The plan may be a cached one that others use: change a copy. */
static void
run_executor(QueryDesc *query, ScanDirection direction, uint64 count,
			 bool execute_once)
{
	if (occ_nwrites > 0 && query->plannedstmt->parallelModeNeeded)
	{
		PlannedStmt *alone = MemoryContextAlloc(query->estate->es_query_cxt,
												sizeof(PlannedStmt));

		*alone = *query->plannedstmt;
		alone->parallelModeNeeded = false;
		query->plannedstmt = alone;
	}
	if (prev_ExecutorRun)
		prev_ExecutorRun(query, direction, count, execute_once);
	else
		standard_ExecutorRun(query, direction, count, execute_once);
}

void
occ_planner_init(void)
{
	prev_planner = planner_hook;
	planner_hook = plan;
	prev_get_relation_info = get_relation_info_hook;
	get_relation_info_hook = plan_without_index_only_scans;
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = run_executor;
}
