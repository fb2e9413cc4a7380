/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * replaced_functions.c
 *	  Functions that answer otherwise than PostgreSQL's.
 *
 * version() is a constant, and set_config() has the rules of SET.  Both have
 * sys.dsql_function_support() as their support function, which the planner
 * asks for something simpler to evaluate.  It asks wherever the call is
 * written: in a query, in the action of a rule (UPDATE pg_settings), in a
 * default, a CHECK, or the body of a function.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "dialect/session.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

/* What the service's version() returns. */
#define VERSION_TEXT "PostgreSQL 16"

PG_FUNCTION_INFO_V1(dsql_function_support);

static Node *
version_constant(void)
{
	return (Node *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
							  CStringGetTextDatum(VERSION_TEXT), false, false);
}

static Oid
find_our_set_config(void)
{
	Oid		   types[3] = {TEXTOID, TEXTOID, BOOLOID};
	oidvector *arguments = buildoidvector(types, 3);
	Oid		   schema = get_namespace_oid("sys", false);

	return GetSysCacheOid3(
		PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("dsql_set_config"),
		PointerGetDatum(arguments), ObjectIdGetDatum(schema));
}

static Node *
our_set_config(const FuncExpr *call)
{
	return (Node *) makeFuncExpr(find_our_set_config(), call->funcresulttype,
								 call->args, call->funccollid,
								 call->inputcollid, call->funcformat);
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
			return our_set_config(call);
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
