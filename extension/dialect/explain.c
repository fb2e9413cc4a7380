/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c
 *	  EXPLAIN shows scans as Aurora DSQL does.
 *
 * The plan is PostgreSQL's, and so is nearly everything that EXPLAIN prints.
 * Aurora DSQL differs in how a table is read.  So each scan of a user's table
 * is replaced in the tree of the executor's states by a custom scan, which
 * prints itself (explain_node.c).  That happens between execution and
 * printing: what is executed, and how long it takes, is what it is without
 * EXPLAIN.  The tree of plans stays as it is, because it may be shared.
 */
#include "postgres.h"

#include "dialect/covering_keys.h"
#include "dialect/explain.h"
#include "dialect/explain_header.h"
#include "dialect/explain_node.h"
#include "dialect/session.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "tcop/dest.h"
#include "utils/rel.h"

static void replace_below(PlanState *state, const CustomScanMethods *methods);

/* Is it a scan of a user's table that Aurora DSQL has another name for? */
static bool
is_shown_otherwise(const PlanState *state)
{
	if (IsA(state, IndexScanState) &&
		((const IndexScan *) state->plan)->indexorderby != NIL)
		return false;
	if (!IsA(state, SeqScanState) && !IsA(state, IndexScanState))
		return false;
	return covering_keys_apply_to(
		RelationGetRelid(((const ScanState *) state)->ss_currentRelation));
}

/* A subplan that two expressions use is met twice. */
static void
replace_in(PlanState **slot, const CustomScanMethods *methods)
{
	if (*slot == NULL || IsA(*slot, CustomScanState))
		return;
	replace_below(*slot, methods);
	if (is_shown_otherwise(*slot))
		*slot = explain_node_make((ScanState *) *slot, methods);
}

static void
replace_in_array(PlanState **states, int count,
				 const CustomScanMethods *methods)
{
	for (int i = 0; i < count; i++)
		replace_in(&states[i], methods);
}

static void
replace_in_subplans(List *subplans, const CustomScanMethods *methods)
{
	ListCell *cell;

	foreach (cell, subplans)
		replace_in(&lfirst_node(SubPlanState, cell)->planstate, methods);
}

static void
replace_below(PlanState *state, const CustomScanMethods *methods)
{
	check_stack_depth();
	replace_in(&state->lefttree, methods);
	replace_in(&state->righttree, methods);
	replace_in_subplans(state->initPlan, methods);
	replace_in_subplans(state->subPlan, methods);
	if (IsA(state, AppendState))
		replace_in_array(((AppendState *) state)->appendplans,
						 ((AppendState *) state)->as_nplans, methods);
	else if (IsA(state, MergeAppendState))
		replace_in_array(((MergeAppendState *) state)->mergeplans,
						 ((MergeAppendState *) state)->ms_nplans, methods);
	else if (IsA(state, SubqueryScanState))
		replace_in(&((SubqueryScanState *) state)->subplan, methods);
}

static void
replace_all(QueryDesc *query)
{
	MemoryContext old;

	if (!dialect_applies())
		return;
	old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	replace_in(&query->planstate, explain_header_methods());
	MemoryContextSwitchTo(old);
}

void
dialect_explain_started(QueryDesc *query, int eflags)
{
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		replace_all(query);
}

/* Only EXPLAIN ANALYZE measures the nodes of a query without a destination. */
void
dialect_explain_finished(QueryDesc *query)
{
	if (query->instrument_options != 0 && query->dest->mydest == DestNone)
		replace_all(query);
}
