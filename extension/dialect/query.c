/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_query.c
 *	  Queries: MERGE, row locks, TABLESAMPLE, and functions that are not there.
 *
 * A query is looked at when it has been analysed, with all that is in it; a
 * view, when it is created.  The system's own views are not: the hook sees a
 * query before views are put in.
 */
#include "base/settings.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "dialect/query.h"
#include "dialect/statements.h"
#include "dialect/types.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define VERSION_TEXT "PostgreSQL 16"

static post_parse_analyze_hook_type prev_post_parse_analyze = NULL;

/* ---- Functions ---- */

static void
check_function(const FuncExpr *call, bool *is_answered_here)
{
	char *name;

	if (call->funcid >= FirstNormalObjectId)
		return;
	if (call->funcid == F_VERSION || call->funcid == F_SET_CONFIG)
		*is_answered_here = true;
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
look(Node *node, void *is_answered_here)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		check_query((Query *) node);
		return query_tree_walker((Query *) node, look, is_answered_here, 0);
	}
	if (IsA(node, FuncExpr))
		check_function((FuncExpr *) node, is_answered_here);
	return expression_tree_walker(node, look, is_answered_here);
}

/* ---- Functions with an answer of ours ---- */

static Node *
version_constant(void)
{
	return (Node *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
							  CStringGetTextDatum(VERSION_TEXT), false, false);
}

/* InvalidOid: the cluster is older than the function. */
static Oid
find_our_set_config(void)
{
	Oid		   types[3] = {TEXTOID, TEXTOID, BOOLOID};
	oidvector *arguments = buildoidvector(types, 3);
	Oid		   schema = get_namespace_oid("sys", true);

	return GetSysCacheOid3(
		PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("dsql_set_config"),
		PointerGetDatum(arguments), ObjectIdGetDatum(schema));
}

static Node *
answer_here(Node *node, void *unused)
{
	Node *copy;
	Oid	  ours;

	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, answer_here, unused,
										   0);
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_VERSION)
		return version_constant();
	copy = expression_tree_mutator(node, answer_here, unused);
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_SET_CONFIG)
	{
		ours = find_our_set_config();
		if (OidIsValid(ours))
			((FuncExpr *) copy)->funcid = ours;
	}
	return copy;
}

/* ---- The hook ---- */

static void
check_and_adapt(Query *query)
{
	bool is_answered_here = false;

	(void) look((Node *) query, &is_answered_here);
	if (is_answered_here)
		(void) query_tree_mutator(query, answer_here, NULL,
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
	Node	 *inner = NULL;
	ListCell *cell;

	if (IsA(statement, ExplainStmt))
		inner = ((ExplainStmt *) statement)->query;
	else if (IsA(statement, CreateStmt))
		complete_columns(((CreateStmt *) statement)->tableElts);
	else if (IsA(statement, AlterTableStmt))
		complete_added_columns((AlterTableStmt *) statement);
	else if (IsA(statement, CreateSchemaStmt))
		foreach (cell, ((CreateSchemaStmt *) statement)->schemaElts)
			adapt_utility(lfirst(cell));
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
