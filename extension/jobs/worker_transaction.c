/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_transaction.c
 *	  Transactions of the job worker.
 */
#include "postgres.h"

#include "access/xact.h"
#include "jobs/signal.h"
#include "jobs/worker_transaction.h"
#include "schema/ddl.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

void
jobs_worker_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
}

void
jobs_worker_commit(void)
{
	if (ActiveSnapshotSet())
		PopActiveSnapshot();
	CommitTransactionCommand();
}

char *
jobs_worker_lock_table(Oid table)
{
	char *name;

	jobs_signal_set_work(InvalidOid, table);
	LockRelationOid(table, ShareUpdateExclusiveLock);
	name = get_rel_name(table);
	if (name == NULL)
		return NULL;
	return quote_qualified_identifier(
		get_namespace_name(get_rel_namespace(table)), name);
}

/*
 * ShareLock keeps writers out until the commit is visible: none may be between
 * having read the old definition and its write.
 */
void
jobs_worker_commit_schema_change(Oid table)
{
	LockRelationOid(table, ShareLock);
	schema_ddl_record_change(table);
	CacheInvalidateRelcacheByRelid(table);
	jobs_worker_commit();
}

void
jobs_worker_finish(const Job *job, const char *status, const char *details)
{
	jobs_table_set(&job->id, status, details);
	ereport(LOG, (errmsg("job on \"%s\" %s%s%s", job->name, status,
						 details == NULL ? "" : ": ",
						 details == NULL ? "" : details)));
}
