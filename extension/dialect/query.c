/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * query.c
 *	  Queries: MERGE, row locks, TABLESAMPLE, and functions that the service
 *	  does not have or that answer otherwise.
 *
 * A query is checked once it is analyzed, with everything in it; the query of
 * a view is checked when the view is created.  The system's own views are not
 * checked, because their queries are put in later, by the rewriter.
 *
 * Two functions are replaced: version(), whose answer is a constant, and
 * set_config(), which has the rules of SET here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "dialect/large_objects.h"
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

/* What the service's version() returns. */
#define VERSION_TEXT "PostgreSQL 16"

/* ---- Functions ---- */

/* Built-in functions only: a user's own may have any name and result. */
static void
check_function(const FuncExpr *call, bool *has_replaced_function)
{
	char *name;

	if (call->funcid >= FirstNormalObjectId)
		return;
	if (call->funcid == F_VERSION || call->funcid == F_SET_CONFIG)
		*has_replaced_function = true;
	if (call->funcformat == COERCE_EXPLICIT_CALL &&
		dialect_types_is_geometric(call->funcresulttype))
		dialect_refuse("datatype %s not supported",
					   format_type_be(call->funcresulttype));
	dialect_large_objects_check_function(call->funcid);
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

/*
 * A walker: raises for what is refused.  has_replaced_function is a bool *,
 * set if the query calls a function that has to be replaced.  Most queries do
 * not, and need no copy.
 */
static bool
check_node(Node *node, void *has_replaced_function)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		check_query((Query *) node);
		return query_tree_walker((Query *) node, check_node,
								 has_replaced_function, 0);
	}
	if (IsA(node, FuncExpr))
		check_function((FuncExpr *) node, has_replaced_function);
	return expression_tree_walker(node, check_node, has_replaced_function);
}

/* ---- Replacing functions ---- */

static Node *
version_constant(void)
{
	return (Node *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
							  CStringGetTextDatum(VERSION_TEXT), false, false);
}

/* InvalidOid: the SQL of this cluster is older than the function. */
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

/* A mutator, for queries that check_node() found. */
static Node *
replace_functions(Node *node, void *unused)
{
	Node *copy;
	Oid	  ours;

	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, replace_functions,
										   unused, 0);
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_VERSION)
		return version_constant();
	copy = expression_tree_mutator(node, replace_functions, unused);
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_SET_CONFIG)
	{
		ours = find_our_set_config();
		if (OidIsValid(ours))
			((FuncExpr *) copy)->funcid = ours;
	}
	return copy;
}

/* ---- Statements ---- */

static void
check_and_adapt(Query *query)
{
	bool has_replaced_function = false;

	(void) check_node((Node *) query, &has_replaced_function);
	if (has_replaced_function)
		(void) query_tree_mutator(query, replace_functions, NULL,
								  QTW_DONT_COPY_QUERY);
}

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
			check_and_adapt((Query *) query);
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
		check_and_adapt(query);
}
