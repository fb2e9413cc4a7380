/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * query.c
 *	  Queries: MERGE, row locks, TABLESAMPLE, and functions that the service
 *	  does not have.
 *
 * A query is checked once it is analyzed, with everything in it; the query of
 * a view is checked when the view is created.  The system's own views are not
 * checked, because their queries are put in later, by the rewriter.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "dialect/functions.h"
#include "dialect/query.h"
#include "dialect/refuse.h"
#include "dialect/session.h"
#include "dialect/types.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* ---- Functions ---- */

/* Built-in functions only: a user's own may have any name and result. */
static void
check_function(const FuncExpr *call)
{
	if (call->funcid >= FirstNormalObjectId)
		return;
	if (call->funcformat == COERCE_EXPLICIT_CALL &&
		dialect_types_is_geometric(call->funcresulttype))
		dialect_refuse("datatype %s not supported",
					   format_type_be(call->funcresulttype));
	dialect_functions_check(call->funcid);
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

/* A walker: raises for what is refused. */
static bool
check_node(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		check_query((Query *) node);
		return query_tree_walker((Query *) node, check_node, unused, 0);
	}
	if (IsA(node, FuncExpr))
		check_function((FuncExpr *) node);
	return expression_tree_walker(node, check_node, unused);
}

/* ---- Statements ---- */

/* A numeric without precision has the service's default. */
static void
complete_columns(List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
		if (IsA(lfirst(cell), ColumnDef) &&
			((ColumnDef *) lfirst(cell))->typeName != NULL)
			dialect_types_complete_numeric(
				((ColumnDef *) lfirst(cell))->typeName);
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
complete_statement(Node *statement)
{
	if (IsA(statement, CreateStmt))
		complete_columns(((CreateStmt *) statement)->tableElts);
	else if (IsA(statement, AlterTableStmt))
		complete_added_columns((AlterTableStmt *) statement);
}

static void
check_and_adapt_utility(Node *statement)
{
	ListCell *cell;

	if (IsA(statement, ExplainStmt))
	{
		Node *query = ((ExplainStmt *) statement)->query;

		if (IsA(query, Query))
			(void) check_node(query, NULL);
	}
	else if (IsA(statement, CreateSchemaStmt))
	{
		foreach (cell, ((CreateSchemaStmt *) statement)->schemaElts)
			complete_statement(lfirst(cell));
	}
	else
		complete_statement(statement);
}

void
dialect_query_check(Query *query)
{
	if (!dialect_applies())
		return;
	if (query->commandType == CMD_UTILITY)
		check_and_adapt_utility(query->utilityStmt);
	else
		(void) check_node((Node *) query, NULL);
}
