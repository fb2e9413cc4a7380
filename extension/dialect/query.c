/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * query.c
 *	  Queries: MERGE, row locks, TABLESAMPLE, and functions, types and columns
 *	  that the service does not have.
 *
 * A query is checked once it is analyzed, with everything in it; the query of
 * a view is checked when the view is created.  The system's own views are not
 * checked, because their queries are put in later, by the rewriter.  Defaults,
 * CHECKs and the like are checked when they are stored.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/transam.h"
#include "base/compat.h"
#include "catalog/heap.h"
#include "dialect/catalog_views.h"
#include "dialect/functions.h"
#include "dialect/newer.h"
#include "dialect/query.h"
#include "dialect/refuse.h"
#include "dialect/session.h"
#include "dialect/storage.h"
#include "dialect/types.h"
#include "nodes/nodeFuncs.h"

/* The query that is checked has a column tableoid somewhere. */
static bool has_tableoid;

/* ---- Expressions ---- */

/* A user's own function may have any name. */
static void
check_function(Node *node)
{
	if (IsA(node, FuncExpr))
		dialect_functions_check(((FuncExpr *) node)->funcid);
}

/*
 * Values of a type come from a literal, a parameter, a function, an operator
 * or a cast.  The rest of an expression passes them on.
 */
static void
check_type(Node *node)
{
	switch (nodeTag(node))
	{
		case T_Const:
		case T_Param:
		case T_FuncExpr:
		case T_OpExpr:
		case T_CoerceViaIO:
		case T_RelabelType:
		case T_CoerceToDomain:
		case T_ArrayExpr:
		case T_ArrayCoerceExpr:
			dialect_types_check_value(exprType(node));
			break;
		default:
			break;
	}
}

/* The place of a row is PostgreSQL's, and its column ctid. */
static void
check_column(const Var *var, ParseState *pstate)
{
	if (var->varattno == SelfItemPointerAttributeNumber)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
						errmsg("column \"%s\" does not exist", "ctid"),
						parser_errposition(pstate, var->location)));
	if (var->varattno == TableOidAttributeNumber)
		has_tableoid = true;
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
check_types(List *types)
{
	ListCell *cell;

	foreach (cell, types)
		dialect_types_check_value(lfirst_oid(cell));
}

/*
 * xmin, cmin, xmax and cmax are PostgreSQL's as well.  In a catalog they stay:
 * programs that read a schema remember its state by them.
 */
static void
check_system_columns(const Query *query, const RangeTblEntry *entry)
{
	const Bitmapset *read = SELECTED_COLUMNS_COMPAT(query, entry);

	if (entry->relid < FirstNormalObjectId)
		return;
	for (int number = MinTransactionIdAttributeNumber;
		 number >= MaxCommandIdAttributeNumber; number--)
		if (bms_is_member(number - FirstLowInvalidHeapAttributeNumber, read))
			ereport(
				ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" does not exist",
						NameStr(SystemAttributeDefinition(number)->attname))));
}

/* AS t(a line) gives the columns of a function or of XMLTABLE their types. */
static void
check_range_table_entry(const Query *query, const RangeTblEntry *entry)
{
	ListCell *cell;

	if (entry->rtekind == RTE_RELATION)
		check_system_columns(query, entry);
	if (entry->tablesample != NULL)
		dialect_refuse("TABLESAMPLE clause not supported");
	foreach (cell, entry->functions)
		check_types(lfirst_node(RangeTblFunction, cell)->funccoltypes);
	if (entry->tablefunc != NULL)
		check_types(entry->tablefunc->coltypes);
}

static void
check_query(const Query *query)
{
	ListCell *cell;

	if (query->commandType == CMD_MERGE)
		dialect_refuse("unsupported statement type: MERGE");
	check_row_marks(query);
	foreach (cell, query->rtable)
		check_range_table_entry(query, lfirst_node(RangeTblEntry, cell));
}

/* A walker: raises for what is refused.  pstate: for positions, or NULL. */
static bool
check_node(Node *node, void *pstate)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		check_query((Query *) node);
		return query_tree_walker((Query *) node, check_node, pstate, 0);
	}
	check_type(node);
	check_function(node);
	newer_check_expression(node);
	newer_check_returning(node);
	if (IsA(node, CurrentOfExpr)) /* there are no cursors */
		dialect_refuse("WHERE CURRENT OF clause not supported");
	if (IsA(node, CollateExpr))
		dialect_types_check_collation(((CollateExpr *) node)->collOid);
	if (IsA(node, Var))
		check_column((Var *) node, pstate);
	if (IsA(node, Const))
		catalog_views_adapt_constant((Const *) node);
	return expression_tree_walker(node, check_node, pstate);
}

void
dialect_query_check_expression(Node *node)
{
	(void) check_node(node, NULL);
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
	{
		complete_columns(((CreateStmt *) statement)->tableElts);
		storage_complete_columns(((CreateStmt *) statement)->tableElts);
	}
	else if (IsA(statement, AlterTableStmt))
	{
		complete_added_columns((AlterTableStmt *) statement);
		storage_complete_alter((AlterTableStmt *) statement);
	}
}

static void
check_and_adapt_query(Query *query, ParseState *pstate)
{
	has_tableoid = false;
	(void) check_node((Node *) query, pstate);
	if (has_tableoid)
		catalog_views_replace_tableoid(query);
}

static void
check_and_adapt_utility(Node *statement, ParseState *pstate)
{
	ListCell *cell;

	if (IsA(statement, ExplainStmt))
	{
		Node *query = ((ExplainStmt *) statement)->query;

		newer_adapt_explain((ExplainStmt *) statement);
		if (IsA(query, Query))
			check_and_adapt_query((Query *) query, pstate);
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
dialect_query_check(ParseState *pstate, Query *query)
{
	if (!dialect_applies())
		return;
	if (query->commandType == CMD_UTILITY)
		check_and_adapt_utility(query->utilityStmt, pstate);
	else
		check_and_adapt_query(query, pstate);
}
