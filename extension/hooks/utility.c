/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * utility.c
 *	  The ProcessUtility hook: each utility statement is shown to those who
 *	  may refuse it, take it over, or must know that it is done.
 */
#include "base/settings.h"

#include "access/xact.h"
#include "commands/defrem.h"
#include "dialect/isolation.h"
#include "dialect/statements.h"
#include "dialect/transaction_limits.h"
#include "hooks/utility.h"
#include "jobs/statements.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "schema/ddl.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"

int utility_depth = 0;

static ProcessUtility_hook_type prev_ProcessUtility = NULL;

/*
 * Tables are ours unless the statement says otherwise, whatever somebody has
 * set default_table_access_method to.  Before sys/schema.sql has run in a
 * database there is no such access method: then it is heap.
 */
static const char *
access_method(void)
{
	return OidIsValid(get_table_am_oid(DSQL_AM_NAME, true)) ? DSQL_AM_NAME
															: "heap";
}

static bool
needs_access_method(Node *statement)
{
	if (IsA(statement, CreateStmt))
		return ((CreateStmt *) statement)->accessMethod == NULL &&
			   ((CreateStmt *) statement)->partspec == NULL;
	if (IsA(statement, CreateTableAsStmt))
		return ((CreateTableAsStmt *) statement)->into->accessMethod == NULL;
	return false;
}

static void
set_access_method(Node *statement)
{
	if (IsA(statement, CreateStmt))
		((CreateStmt *) statement)->accessMethod = pstrdup(access_method());
	else
		((CreateTableAsStmt *) statement)->into->accessMethod =
			pstrdup(access_method());
}

static void
process_on(PlannedStmt *pstmt, const char *query_string, bool read_only_tree,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *environment, DestReceiver *dest,
		   QueryCompletion *qc)
{
	if (!IsAbortedTransactionBlockState() &&
		needs_access_method(pstmt->utilityStmt))
	{
		if (read_only_tree)
			pstmt = copyObject(pstmt);
		read_only_tree = false;
		set_access_method(pstmt->utilityStmt);
	}
	if (prev_ProcessUtility)
		prev_ProcessUtility(pstmt, query_string, read_only_tree, context,
							params, environment, dest, qc);
	else
		standard_ProcessUtility(pstmt, query_string, read_only_tree, context,
								params, environment, dest, qc);
}

/* An error of a statement may be one of concurrent DDL in disguise. */
static void
rethrow_rephrased(MemoryContext caller)
{
	ErrorData *error;

	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	FlushErrorState();
	ddl_rephrase_error(error);
	ReThrowError(error);
}

static bool
is_commit_of_block(Node *statement)
{
	return ((TransactionStmt *) statement)->kind == TRANS_STMT_COMMIT &&
		   IsTransactionBlock() && !IsAbortedTransactionBlockState();
}

static void
process_utility(PlannedStmt *pstmt, const char *query_string,
				bool read_only_tree, ProcessUtilityContext context,
				ParamListInfo params, QueryEnvironment *environment,
				DestReceiver *dest, QueryCompletion *qc)
{
	Node		 *statement = pstmt->utilityStmt;
	MemoryContext caller = CurrentMemoryContext;

	/* Parts of a statement, and what DDL runs, belong to it. */
	if (context == PROCESS_UTILITY_SUBCOMMAND || ddl_is_running())
	{
		process_on(pstmt, query_string, read_only_tree, context, params,
				   environment, dest, qc);
		return;
	}

	refuse_statement(statement);
	dialect_check_statement(statement);
	if (IsA(statement, TransactionStmt))
	{
		bool is_commit = is_commit_of_block(statement);

		/* First: from here on an error ends the block, as one at COMMIT must.
		 */
		process_on(pstmt, query_string, read_only_tree, context, params,
				   environment, dest, qc);
		if (is_commit)
			ddl_before_commit();
		return;
	}

	limits_check_age();
	if (IsA(statement, ConstraintsSetStmt))
		ddl_before_triggers();
	utility_depth++;
	PG_TRY();
	{
		ddl_before_statement(statement);
		if (!jobs_process_utility(pstmt, query_string, dest, qc))
			process_on(pstmt, query_string, read_only_tree, context, params,
					   environment, dest, qc);
	}
	PG_CATCH();
	{
		utility_depth--;
		rethrow_rephrased(caller);
	}
	PG_END_TRY();
	utility_depth--;
	ddl_after_statement(statement);
}

void
utility_init(void)
{
	SetConfigOption("default_table_access_method", DSQL_AM_NAME,
					PGC_POSTMASTER, PGC_S_OVERRIDE);
	prev_ProcessUtility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
