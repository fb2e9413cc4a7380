/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql_local.c
 *	  The extension's entry: settings, shared memory, one init a file.
 *
 * dsql_local makes a stock PostgreSQL conflict as Aurora DSQL does: no
 * statement waits for another transaction or fails for a conflict, the first
 * to COMMIT wins, the other fails at its COMMIT with 40001.  How: occ_commit.c
 * and docs/design/occ.md.
 */
#include "base/settings.h"

#include "dialect/isolation.h"
#include "dialect/statements.h"
#include "dialect/transaction_limits.h"
#include "fmgr.h"
#include "hooks/utility.h"
#include "jobs/statements.h"
#include "miscadmin.h"
#include "occ/am.h"
#include "occ/commit.h"
#include "occ/index.h"
#include "occ/intents.h"
#include "occ/shared.h"
#include "occ/shortcuts.h"
#include "occ/writes.h"
#include "schema/changes.h"
#include "schema/ddl.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "sys/conflicts.h"
#include "sys/inject.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

bool dsql_strict = true;

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

static void
request_shared_memory(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	occ_shmem_request();
	changes_shmem_request();
	RequestAddinShmemSpace(conflicts_shmem_size());
	RequestAddinShmemSpace(inject_shmem_size());
	RequestAddinShmemSpace(jobs_shmem_size());
}

static void
start_shared_memory(void)
{
	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	occ_shmem_init();
	changes_shmem_init();
	conflicts_shmem_init();
	inject_shmem_init();
	jobs_shmem_init();
	LWLockRelease(AddinShmemInitLock);
}

static void
define_settings(void)
{
	DefineCustomBoolVariable(
		"dsql_local.strict",
		"Refuse what Aurora DSQL refuses, and its limits.",
		"Off: for maintenance by a superuser.", &dsql_strict, true, PGC_SUSET,
		0, NULL, NULL, NULL);
}

/*
 * Without shared memory nothing could be validated: a table written by a
 * backend that loaded us later would lose updates.  So it is all or nothing.
 */
void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("dsql_local must be loaded when the server starts"),
				 errhint("Add dsql_local to shared_preload_libraries.")));

	define_settings();
	limits_init();
	occ_am_init();
	occ_index_init();
	occ_intents_init();
	occ_writes_init();
	occ_commit_init();
	occ_planner_init();
	ddl_init();
	refuse_init();
	dialect_init();
	utility_init();
	conflicts_init();
	inject_init();
	jobs_init();
	MarkGUCPrefixReserved("dsql_local");

	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_shared_memory;
}
