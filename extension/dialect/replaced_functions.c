/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * replaced_functions.c
 *	  Functions that answer otherwise than PostgreSQL's.
 *
 * version() is a constant, set_config() has the rules of SET, and definitions
 * of primary keys have the columns that their indexes include.  They all have
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

/* The function of schema sys of that name, with the same arguments. */
static Node *
our_function(const FuncExpr *call, const char *name)
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

/* NULL: the call stays as it is. */
static Node *
replacement(const FuncExpr *call)
{
	if (!dialect_applies())
		return NULL;
	switch (call->funcid)
	{
		case F_VERSION:
			return version_constant();
		case F_SET_CONFIG:
			return our_function(call, "dsql_set_config");
		case F_PG_GET_INDEXDEF_OID:
		case F_PG_GET_INDEXDEF_OID_INT4_BOOL:
			return our_function(call, "dsql_get_indexdef");
		case F_PG_GET_CONSTRAINTDEF_OID:
		case F_PG_GET_CONSTRAINTDEF_OID_BOOL:
			return our_function(call, "dsql_get_constraintdef");
		default:
			return NULL;
	}
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
