/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * utility.c
 *	  A statement that is not a query is executed.
 *
 * Each one is passed to the rooms that may refuse it or execute it themselves,
 * and to those that must know when it is done.
 */
#include "postgres.h"

#include "access/xact.h"
#include "dialect/session.h"
#include "dialect/statements.h"
#include "dialect/transaction_limits.h"
#include "dialect/transaction_statements.h"
#include "hooks/install.h"
#include "hooks/utility.h"
#include "jobs/call_wrapper.h"
#include "jobs/created.h"
#include "jobs/dropped.h"
#include "jobs/statements.h"
#include "nodes/parsenodes.h"
#include "occ/default_am.h"
#include "occ/index_am.h"
#include "occ/writes.h"
#include "schema/ddl.h"
#include "schema/portal.h"
#include "schema/touched.h"
#include "schema/transaction.h"
#include "sys/iam.h"
#include "sys/iam_syntax.h"
#include "tcop/utility.h"
#include "utils/memutils.h"

/* The arguments of ProcessUtility(). */
typedef struct UtilityCall
{
	PlannedStmt			 *pstmt;
	const char			 *query_string;
	bool				  read_only_tree;
	ProcessUtilityContext context;
	ParamListInfo		  params;
	QueryEnvironment	 *environment;
	DestReceiver		 *dest;
	QueryCompletion		 *qc;
} UtilityCall;

static ProcessUtility_hook_type prev_ProcessUtility = NULL;

/*
 * How many utility statements are running, one inside another.  The end of a
 * transaction leaves it alone: a procedure may commit while its CALL goes on.
 */
static int depth = 0;

bool
hooks_utility_is_running(void)
{
	return depth > 0;
}

/* Access methods that the statement leaves to PostgreSQL. */
static void
name_access_methods(UtilityCall *call)
{
	Node *statement = call->pstmt->utilityStmt;
	bool  is_table = occ_default_am_is_needed(statement);
	bool  is_index = occ_index_am_is_needed(statement);

	if (!is_table && !is_index)
		return;
	if (call->read_only_tree)
		call->pstmt = copyObject(call->pstmt);
	call->read_only_tree = false;
	if (is_table)
		occ_default_am_set(call->pstmt->utilityStmt);
	if (is_index)
		occ_index_am_set(call->pstmt->utilityStmt);
}

static void
call_next(UtilityCall *call)
{
	ProcessUtility_hook_type next =
		prev_ProcessUtility ? prev_ProcessUtility : standard_ProcessUtility;
	bool is_aborted = IsAbortedTransactionBlockState();
	bool is_renamed =
		!is_aborted && occ_index_am_is_renamed_for(call->pstmt->utilityStmt);

	if (is_renamed)
		occ_index_am_rename_begin();
	if (!is_aborted)
		name_access_methods(call);
	next(call->pstmt, call->query_string, call->read_only_tree, call->context,
		 call->params, call->environment, call->dest, call->qc);
	if (is_renamed)
		occ_index_am_rename_end();
}

static bool
is_commit_of_block(Node *statement)
{
	return ((TransactionStmt *) statement)->kind == TRANS_STMT_COMMIT &&
		   IsTransactionBlock() && !IsAbortedTransactionBlockState();
}

/*
 * BEGIN and AND CHAIN begin a transaction's age.  PostgreSQL tells us of the
 * end of a failed transaction when it fails, not when its block ends.
 */
static void
begin_age(const TransactionStmt *statement)
{
	bool is_aborted = IsAbortedTransactionBlockState();

	if (transaction_limits_is_lost(statement))
		return;
	if (statement->chain && IsTransactionBlock() && !is_aborted)
		transaction_limits_chain(statement->kind == TRANS_STMT_COMMIT);
	else if (statement->chain || !is_aborted)
		transaction_limits_begin();
}

/*
 * PostgreSQL goes first: it ends the block's normal state, so that an error
 * from then on ends the transaction, as an error at COMMIT must.
 */
static void
run_transaction_statement(UtilityCall *call)
{
	bool is_commit = is_commit_of_block(call->pstmt->utilityStmt);

	begin_age((TransactionStmt *) call->pstmt->utilityStmt);
	call_next(call);
	transaction_limits_after_block_end(
		(TransactionStmt *) call->pstmt->utilityStmt);
	if (is_commit)
		schema_touched_before_commit();
}

/* An error of the statement may really be one of concurrent DDL. */
static void
rethrow(MemoryContext caller)
{
	ErrorData *error;

	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	FlushErrorState();
	schema_ddl_after_error(error);
	ReThrowError(error);
}

static void
run_statement(UtilityCall *call)
{
	Node		 *statement = call->pstmt->utilityStmt;
	MemoryContext caller = CurrentMemoryContext;

	transaction_limits_check_age();
	if (IsA(statement, ConstraintsSetStmt))
		schema_touched_before_triggers();
	depth++;
	PG_TRY();
	{
		schema_ddl_before_statement(statement, occ_writes_pending > 0);
		if (!iam_execute(call->pstmt, call->qc) &&
			!jobs_statements_process(call->pstmt, call->query_string,
									 call->dest, call->qc))
			call_next(call);
		jobs_created_submit();
		jobs_dropped_submit();
	}
	PG_CATCH();
	{
		depth--;
		rethrow(caller);
	}
	PG_END_TRY();
	depth--;
	schema_ddl_after_statement(statement, depth > 0);
	schema_portal_release_when_described(statement);
}

/*
 * While DDL runs, a statement that is not a part of it comes from a function
 * of a user, which PostgreSQL calls to plan or check an expression.
 */
static void
check_statement(Node *statement)
{
	dialect_transaction_statements_check(statement);
	if (!iam_syntax_is(statement))
		dialect_statements_check(statement);
	if (schema_transaction_is_running_ddl() && dialect_applies())
		schema_ddl_check_inside(statement);
}

static void
process_utility(PlannedStmt *pstmt, const char *query_string,
				bool read_only_tree, ProcessUtilityContext context,
				ParamListInfo params, QueryEnvironment *environment,
				DestReceiver *dest, QueryCompletion *qc)
{
	UtilityCall call = {pstmt,	query_string, read_only_tree, context,
						params, environment,  dest,			  qc};
	Node	   *wrapped = jobs_call_unwrap(pstmt->utilityStmt);
	PlannedStmt unwrapped;

	if (wrapped != NULL)
	{
		unwrapped = *pstmt;
		unwrapped.utilityStmt = copyObject(wrapped);
		call.pstmt = &unwrapped;
	}

	/* Parts of a statement belong to it. */
	if (context == PROCESS_UTILITY_SUBCOMMAND)
	{
		call_next(&call);
		return;
	}

	check_statement(call.pstmt->utilityStmt);
	if (schema_transaction_is_running_ddl())
		call_next(&call);
	else if (IsA(call.pstmt->utilityStmt, TransactionStmt))
		run_transaction_statement(&call);
	else
		run_statement(&call);
}

void
hooks_install_utility(void)
{
	prev_ProcessUtility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
