/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * executor.c
 *	  A query is executed: start, run, finish, end.
 */
#include "postgres.h"

#include "base/compat.h"
#include "dialect/explain.h"
#include "dialect/transaction_limits.h"
#include "executor/executor.h"
#include "hooks/install.h"
#include "hooks/utility.h"
#include "occ/shortcuts.h"
#include "occ/snapshots.h"
#include "schema/ddl.h"
#include "schema/locks.h"
#include "schema/portal.h"
#include "schema/statement_kind.h"
#include "schema/touched.h"
#include "schema/transaction.h"

static ExecutorStart_hook_type	prev_ExecutorStart = NULL;
static ExecutorRun_hook_type	prev_ExecutorRun = NULL;
static ExecutorFinish_hook_type prev_ExecutorFinish = NULL;
static ExecutorEnd_hook_type	prev_ExecutorEnd = NULL;

static void
executor_start(QueryDesc *query, int eflags)
{
	transaction_limits_check_age();
	if (schema_statement_query_writes(query, eflags))
		schema_ddl_note_dml();
	schema_touched_note_plan(query->plannedstmt);
	occ_shortcuts_use_own_snapshot(query);
	occ_snapshots_publish();

	if (prev_ExecutorStart)
		prev_ExecutorStart(query, eflags);
	else
		standard_ExecutorStart(query, eflags);

	occ_shortcuts_fetch_every_page(query);
	schema_transaction_query_started();
	dialect_explain_started(query, eflags);
}

static void
executor_run(EXECUTOR_RUN_PARAMETERS_COMPAT(QueryDesc	 *query,
											ScanDirection direction,
											uint64 count, bool execute_once))
{
	schema_portal_close_when_read(query);
	occ_shortcuts_run_without_workers(query);

	if (prev_ExecutorRun)
		prev_ExecutorRun(EXECUTOR_RUN_PARAMETERS_COMPAT(query, direction,
														count, execute_once));
	else
		standard_ExecutorRun(EXECUTOR_RUN_PARAMETERS_COMPAT(
			query, direction, count, execute_once));
}

static void
executor_finish(QueryDesc *query)
{
	if (prev_ExecutorFinish)
		prev_ExecutorFinish(query);
	else
		standard_ExecutorFinish(query);

	dialect_explain_finished(query);
}

static void
executor_end(QueryDesc *query)
{
	if (prev_ExecutorEnd)
		prev_ExecutorEnd(query);
	else
		standard_ExecutorEnd(query);

	schema_transaction_query_ended();
	schema_locks_release_after_statement(hooks_utility_is_running());
}

void
hooks_install_executor(void)
{
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = executor_start;
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = executor_run;
	prev_ExecutorFinish = ExecutorFinish_hook;
	ExecutorFinish_hook = executor_finish;
	prev_ExecutorEnd = ExecutorEnd_hook;
	ExecutorEnd_hook = executor_end;
}
