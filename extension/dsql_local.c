/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql_local.c
 *	  The entry of the extension: the roof over all rooms.
 *
 * dsql_local makes a stock PostgreSQL conflict as Aurora DSQL does: a
 * statement never waits for another transaction and never fails because of
 * one; the first transaction to COMMIT wins, and the other's COMMIT fails with
 * 40001.  docs/design/occ.md says how.
 *
 * From the roof down, and each room includes only rooms below it:
 *
 *	 hooks/		everything in PostgreSQL that calls us
 *	 jobs/		asynchronous jobs: CREATE INDEX ASYNC and their worker
 *	 occ/		optimistic concurrency: the table access method and COMMIT
 *	 schema/	definitions that change under a transaction: OC001
 *	 dialect/	Aurora DSQL's SQL and its limits
 *	 sys/		what the functions of schema sys show and do
 *	 base/		settings and differences between PostgreSQL versions
 */
#include "postgres.h"

#include "base/settings.h"
#include "dialect/index_entries.h"
#include "dialect/isolation.h"
#include "dialect/row_limits.h"
#include "dialect/settings.h"
#include "dialect/transaction_limits.h"
#include "fmgr.h"
#include "hooks/hooks.h"
#include "jobs/worker.h"
#include "miscadmin.h"
#include "occ/am.h"
#include "occ/default_am.h"
#include "occ/index.h"
#include "occ/intents.h"
#include "occ/slots.h"
#include "occ/wal.h"
#include "schema/changes.h"
#include "schema/ddl.h"
#include "schema/known.h"
#include "sys/inject.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/*
 * Without shared memory nothing could be validated: a table written by a
 * backend that loaded us later would lose updates.  So it is all or nothing.
 */
static void
check_preloaded(void)
{
	if (!process_shared_preload_libraries_in_progress)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("dsql_local must be loaded when the server starts"),
				 errhint("Add dsql_local to shared_preload_libraries.")));
}

void
_PG_init(void)
{
	check_preloaded();
	settings_init();
	inject_init();
	transaction_limits_init();
	row_limits_init();
	index_entries_init();
	dialect_isolation_init();
	dialect_settings_init();
	schema_ddl_init();
	schema_known_init();
	schema_changes_init();
	occ_am_init();
	occ_default_am_init();
	occ_index_init();
	occ_intents_init();
	occ_slots_init();
	occ_wal_init();
	jobs_worker_init();
	MarkGUCPrefixReserved("dsql_local");
	hooks_install();
}
