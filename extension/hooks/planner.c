/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * planner.c
 *	  A query is planned.
 */
#include "postgres.h"

#include "dialect/covering_keys.h"
#include "hooks/install.h"
#include "occ/shortcuts.h"
#include "optimizer/cost.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"

static planner_hook_type		   prev_planner = NULL;
static get_relation_info_hook_type prev_get_relation_info = NULL;

static void
add_relation_info(PlannerInfo *root, Oid relid, bool inhparent,
				  RelOptInfo *rel)
{
	if (prev_get_relation_info)
		prev_get_relation_info(root, relid, inhparent, rel);
	occ_shortcuts_forbid_index_only_scan(relid, rel);
}

static PlannedStmt *
call_next(Query *query, const char *query_string, int cursor_options,
		  ParamListInfo params)
{
	if (prev_planner)
		return prev_planner(query, query_string, cursor_options, params);
	return standard_planner(query, query_string, cursor_options, params);
}

/* occ_shortcuts_forbid_index_only_scan() clears the setting for one query. */
static PlannedStmt *
plan_query(Query *query, const char *query_string, int cursor_options,
		   ParamListInfo params)
{
	PlannedStmt *volatile result = NULL;
	bool saved = enable_indexonlyscan;

	covering_keys_show(query);
	PG_TRY();
	{
		result = call_next(query, query_string, cursor_options, params);
	}
	PG_FINALLY();
	{
		enable_indexonlyscan = saved;
	}
	PG_END_TRY();
	return result;
}

void
hooks_install_planner(void)
{
	prev_planner = planner_hook;
	planner_hook = plan_query;
	prev_get_relation_info = get_relation_info_hook;
	get_relation_info_hook = add_relation_info;
}
