/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_query.c
 *	  Queries: MERGE, row locks, TABLESAMPLE, and functions that are not there.
 *
 * A query is looked at when it has been analysed, with all that is in it; a
 * view, when it is created.  The system's own views are not: the hook sees a
 * query before views are put in.
 */
#include "dsql_local.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "dialect.h"
#include "dialect_query.h"
#include "dialect_settings.h"
#include "dialect_types.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#define VERSION_TEXT "PostgreSQL 16"

static post_parse_analyze_hook_type prev_post_parse_analyze = NULL;

/* ---- Functions ---- */

static void
check_set_config(const FuncExpr *call)
{
	Node *name = linitial(call->args);

	if (IsA(name, Const) && !((Const *) name)->constisnull)
		settings_check_name(TextDatumGetCString(((Const *) name)->constvalue));
}

static void
check_function(const FuncExpr *call, bool *asks_version)
{
	char *name;

	if (call->funcid >= FirstNormalObjectId)
		return;
	if (call->funcid == F_VERSION)
		*asks_version = true;
	if (call->funcid == F_SET_CONFIG)
		check_set_config(call);
	if (call->funcformat == COERCE_EXPLICIT_CALL &&
		types_is_geometric(call->funcresulttype))
		dialect_refuse("datatype %s not supported",
					   format_type_be(call->funcresulttype));
	name = get_func_name(call->funcid);
	if (name != NULL && (strncmp(name, "pg_advisory_", 12) == 0 ||
						 strncmp(name, "pg_try_advisory_", 16) == 0))
		dialect_refuse("function %s not supported", name);
}

/* ---- Queries ---- */

static void
check_row_marks(const Query *query)
{
	ListCell *cell;

	foreach (cell, query->rowMarks)
	{
		LockClauseStrength strength =
			lfirst_node(RowMarkClause, cell)->strength;

		if (strength == LCS_FORSHARE || strength == LCS_FORNOKEYUPDATE)
			dialect_refuse("locking clauses other than FOR UPDATE/FOR KEY "
						   "SHARE are not supported");
	}
}

static void
check_query(const Query *query)
{
	ListCell *cell;

	if (query->commandType == CMD_MERGE)
		dialect_refuse("unsupported statement type: MERGE");
	check_row_marks(query);
	foreach (cell, query->rtable)
		if (lfirst_node(RangeTblEntry, cell)->tablesample != NULL)
			dialect_refuse("TABLESAMPLE clause not supported");
}

static bool
look(Node *node, void *asks_version)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		check_query((Query *) node);
		return query_tree_walker((Query *) node, look, asks_version, 0);
	}
	if (IsA(node, FuncExpr))
		check_function((FuncExpr *) node, asks_version);
	return expression_tree_walker(node, look, asks_version);
}

/* ---- version() ---- */

static Node *
answer_version(Node *node, void *unused)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, answer_version,
										   unused, 0);
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_VERSION)
		return (Node *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
								  CStringGetTextDatum(VERSION_TEXT), false,
								  false);
	return expression_tree_mutator(node, answer_version, unused);
}

/* ---- The hook ---- */

static void
check_and_adapt(Query *query)
{
	bool asks_version = false;

	(void) look((Node *) query, &asks_version);
	if (asks_version)
		(void) query_tree_mutator(query, answer_version, NULL,
								  QTW_DONT_COPY_QUERY);
}

static void
complete_columns(List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
		if (IsA(lfirst(cell), ColumnDef) &&
			((ColumnDef *) lfirst(cell))->typeName != NULL)
			types_complete_numeric(((ColumnDef *) lfirst(cell))->typeName);
}

static void
complete_added_columns(const AlterTableStmt *alter)
{
	ListCell *cell;

	foreach (cell, alter->cmds)
		if (lfirst_node(AlterTableCmd, cell)->subtype == AT_AddColumn)
			complete_columns(
				list_make1(lfirst_node(AlterTableCmd, cell)->def));
}

static void
adapt_utility(Node *statement)
{
	Node *inner = NULL;

	if (IsA(statement, ExplainStmt))
		inner = ((ExplainStmt *) statement)->query;
	else if (IsA(statement, CreateStmt))
		complete_columns(((CreateStmt *) statement)->tableElts);
	else if (IsA(statement, AlterTableStmt))
		complete_added_columns((AlterTableStmt *) statement);
	if (inner != NULL && IsA(inner, Query))
		check_and_adapt((Query *) inner);
}

static void
post_parse_analyze(ParseState *pstate, Query *query, JumbleState *jstate)
{
	if (dialect_applies())
	{
		if (query->commandType == CMD_UTILITY)
			adapt_utility(query->utilityStmt);
		else
			check_and_adapt(query);
	}
	if (prev_post_parse_analyze)
		prev_post_parse_analyze(pstate, query, jstate);
}

void
query_init(void)
{
	prev_post_parse_analyze = post_parse_analyze_hook;
	post_parse_analyze_hook = post_parse_analyze;
}
