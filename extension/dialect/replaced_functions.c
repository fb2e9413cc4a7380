/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * replaced_functions.c
 *	  Functions that answer otherwise than PostgreSQL's.
 *
 * version() is a constant, set_config() and current_setting() have the rules
 * of SET and SHOW, definitions of primary keys have the columns that their
 * indexes include, and the others do not show the views of catalog_views.c.
 * They all have
 * sys.dsql_function_support() as their support function, which the planner
 * asks for something simpler to evaluate.  It asks wherever the call is
 * written: in a query, in the action of a rule (UPDATE pg_settings), in a
 * default, a CHECK, or the body of a function.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "dialect/session.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "sys/functions.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

/* What the service's version() returns. */
#define VERSION_TEXT "PostgreSQL 16"

/* No function that is replaced takes more. */
#define MAX_ARGUMENTS 3

PG_FUNCTION_INFO_V1(dsql_function_support);

static Node *
version_constant(void)
{
	return (Node *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
							  CStringGetTextDatum(VERSION_TEXT), false, false);
}

/* Functions of schema sys, with the arguments and result of the replaced. */
static const struct
{
	Oid			function;
	const char *name;
} replacements[] = {
	{F_SET_CONFIG, "dsql_set_config"},
	{F_CURRENT_SETTING_TEXT, "dsql_current_setting"},
	{F_CURRENT_SETTING_TEXT_BOOL, "dsql_current_setting"},
	{F_PG_GET_INDEXDEF_OID, "dsql_get_indexdef"},
	{F_PG_GET_INDEXDEF_OID_INT4_BOOL, "dsql_get_indexdef"},
	{F_PG_GET_CONSTRAINTDEF_OID, "dsql_get_constraintdef"},
	{F_PG_GET_CONSTRAINTDEF_OID_BOOL, "dsql_get_constraintdef"},
	{F_PG_TABLE_IS_VISIBLE, "dsql_table_is_visible"},
	{F_CURRENT_SCHEMAS, "dsql_current_schemas"},
	{F_HAS_TABLE_PRIVILEGE_OID_TEXT, "dsql_has_table_privilege"},
	{F_HAS_ANY_COLUMN_PRIVILEGE_OID_TEXT, "dsql_has_any_column_privilege"},
	{F_HAS_COLUMN_PRIVILEGE_OID_INT2_TEXT, "dsql_has_column_privilege"},
};

/* The function of schema sys of that name, with the same arguments. */
static Node *
make_call(const FuncExpr *call, const char *name)
{
	Oid		  types[MAX_ARGUMENTS];
	int		  ntypes = 0;
	ListCell *cell;

	foreach (cell, call->args)
		types[ntypes++] = exprType(lfirst(cell));
	return (Node *) makeFuncExpr(
		functions_find(name, types, ntypes), call->funcresulttype, call->args,
		call->funccollid, call->inputcollid, call->funcformat);
}

static Node *
our_function(const FuncExpr *call)
{
	for (int i = 0; i < lengthof(replacements); i++)
		if (replacements[i].function == call->funcid)
			return make_call(call, replacements[i].name);
	return NULL;
}

/* NULL: the call stays as it is. */
static Node *
replacement(const FuncExpr *call)
{
	if (!dialect_applies())
		return NULL;
	if (call->funcid == F_VERSION)
		return version_constant();
	return our_function(call);
}

/* sys.dsql_function_support() */
Datum
dsql_function_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);
	Node *simpler = NULL;

	if (IsA(request, SupportRequestSimplify))
		simpler = replacement(((SupportRequestSimplify *) request)->fcall);
	PG_RETURN_POINTER(simpler);
}
