/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * call_wrapper.c
 *	  Statements that submit a job, as a CALL that returns a row.
 *
 * CREATE INDEX ASYNC returns a row, job_id.  PostgreSQL's CREATE INDEX returns
 * none, and a client of the extended protocol learns which columns to expect
 * before the statement is executed.  So after parsing such a statement is put
 * into a CALL of sys.job_row(), which has that one column, and taken out again
 * before it is executed.  Its command tag is that of the statement as written.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "jobs/call_wrapper.h"
#include "jobs/syntax.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

/* In schema sys. */
#define WRAPPER_PROCEDURE "job_row"

PG_FUNCTION_INFO_V1(dsql_job_row);

/* InvalidOid: the extension's SQL has not run in this database. */
static Oid
find_procedure(void)
{
	Oid		   schema = get_namespace_oid("sys", true);
	Oid		   types[1] = {TEXTOID};
	oidvector *arguments = buildoidvector(types, 1);

	if (!OidIsValid(schema))
		return InvalidOid;
	return GetSysCacheOid3(
		PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(WRAPPER_PROCEDURE),
		PointerGetDatum(arguments), ObjectIdGetDatum(schema));
}

/*
 * The statement is the argument of funccall, which nobody reads once the CALL
 * has been analyzed: funcexpr and outargs say what it returns.
 */
static Node *
wrap(Node *statement, Oid procedure)
{
	CallStmt *call = makeNode(CallStmt);
	Const	 *null = makeNullConst(TEXTOID, -1, DEFAULT_COLLATION_OID);

	call->funccall =
		makeFuncCall(list_make2(makeString(pstrdup("sys")),
								makeString(pstrdup(WRAPPER_PROCEDURE))),
					 list_make1(statement), COERCE_EXPLICIT_CALL, -1);
	call->funcexpr =
		makeFuncExpr(procedure, RECORDOID, list_make1(null), InvalidOid,
					 InvalidOid, COERCE_EXPLICIT_CALL);
	call->outargs = list_make1(copyObject(null));
	return (Node *) call;
}

static bool
submits_job(Node *statement, const char *source, int location, int len)
{
	return (IsA(statement, IndexStmt) || jobs_syntax_is_validate(statement)) &&
		   jobs_syntax_is_async(source, location, len);
}

void
jobs_call_wrap(Query *query, const char *source)
{
	Oid procedure;

	if (query->commandType != CMD_UTILITY || source == NULL ||
		!submits_job(query->utilityStmt, source, query->stmt_location,
					 query->stmt_len))
		return;
	procedure = find_procedure();
	if (OidIsValid(procedure))
		query->utilityStmt = wrap(query->utilityStmt, procedure);
}

Node *
jobs_call_unwrap(Node *statement)
{
	CallStmt *call = (CallStmt *) statement;
	Node	 *inner;

	if (!IsA(statement, CallStmt) || list_length(call->funccall->args) != 1)
		return NULL;
	inner = linitial(call->funccall->args);
	return IsA(inner, IndexStmt) || IsA(inner, AlterTableStmt) ? inner : NULL;
}

/* CALL sys.job_row(), written by a user. */
Datum
dsql_job_row(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("sys.job_row is not meant to be called")));
}
