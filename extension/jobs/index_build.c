/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index_build.c
 *	  Building an index in the background.
 *
 * An index is built in three transactions, much as CREATE INDEX CONCURRENTLY
 * does it:
 *
 *	 1. the user's: the index is in the catalog, neither ready nor valid;
 *	 2. build: index what a snapshot sees; from its commit on the index is
 *		ready: everybody maintains it, and a unique one is enforced;
 *	 3. validate: add what is missing; from its commit on the index is valid.
 *
 * Between these PostgreSQL waits for old transactions: one that inserted rows
 * before 2 has no entries for them, and one with a snapshot older than 3 may
 * see rows that never got one.  Here nothing waits for them, because neither
 * of them gets that far: the commits of 1, 2 and 3 change the table's
 * definition, and a transaction whose snapshot is older fails with OC001 when
 * it touches the table again or commits.  Only running statements are waited
 * for.  For the same reason each commit is made under ShareLock.
 *
 * A unique index is ready from 1 on (unique_index.c).  Its step 2 adds what is
 * missing, without a look for duplicates, and 3 only looks for them.  A
 * transaction that inserted a duplicate when the index still lacked the other
 * row has a snapshot older than 2; if it has committed by then, 3 sees its
 *row. For 2 to be complete, 1 is committed under ShareLock too.
 *
 * The state of the index in the catalog says which step is next, so a build
 * that was interrupted, even by a crash, continues where it was.  Only whether
 * a unique index is complete is not in the catalog: adding what is missing
 * does no harm if it is done twice.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "catalog/index.h"
#include "jobs/index_build.h"
#include "jobs/key_sizes.h"
#include "jobs/signal.h"
#include "jobs/unique_index.h"
#include "jobs/worker_transaction.h"
#include "miscadmin.h"
#include "occ/index.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/*
 * Locks the index's table as CREATE INDEX CONCURRENTLY does.  Returns
 * InvalidOid if the index was dropped, maybe with its table, maybe while this
 * waited.
 */
static Oid
lock_table_of(Oid index)
{
	Oid table = IndexGetRelation(index, true);

	if (!OidIsValid(table))
		return InvalidOid;
	jobs_signal_set_work(index, table);
	LockRelationOid(table, ShareUpdateExclusiveLock);
	return IndexGetRelation(index, true) == table ? table : InvalidOid;
}

typedef struct IndexState
{
	bool is_unique;
	bool is_ready; /* everybody maintains it */
	bool is_valid; /* queries use it */
	bool is_empty; /* no attempt to build it has left anything */
} IndexState;

static IndexState
read_state(Oid index)
{
	Relation   relation = index_open(index, AccessShareLock);
	IndexState state;

	state.is_unique = relation->rd_index->indisunique;
	state.is_ready = relation->rd_index->indisready;
	state.is_valid = relation->rd_index->indisvalid;
	state.is_empty = RelationGetNumberOfBlocks(relation) == 0;
	index_close(relation, AccessShareLock);
	return state;
}

/* Removes what an interrupted attempt has left in the index. */
static void
empty_index(Oid index)
{
	Relation relation = index_open(index, AccessExclusiveLock);

	RelationSetNewFileCompat(relation, relation->rd_rel->relpersistence);
	index_close(relation, NoLock);
	CommandCounterIncrement();
}

/* Those that began before ours may still insert by the old definition. */
static void
wait_for_statements(Oid table)
{
	LOCKTAG tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, table);
	WaitForLockers(tag, ShareLock, false);
}

static void
build_index(Oid table, Oid index)
{
	wait_for_statements(table);
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	index_concurrently_build(table, index);
	jobs_worker_commit_schema_change(table);
}

static void
complete_unique(Job *job, Oid table)
{
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	occ_index_add_missing(table, job->object, GetActiveSnapshot());
	jobs_worker_commit_schema_change(table);
	job->is_complete = true;
}

static void
validate(Oid table, Oid index)
{
	Snapshot snapshot;

	wait_for_statements(table);
	PopActiveSnapshot();
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	PushActiveSnapshot(snapshot);
	validate_index(table, index, snapshot);
	UnregisterSnapshot(snapshot);
}

static void
validate_and_finish(const Job *job, Oid table, bool is_unique)
{
	if (is_unique)
		jobs_unique_index_check(table, job->object);
	else
		validate(table, job->object);
	jobs_key_sizes_check(table, job->object);
	index_set_state_flags(job->object, INDEX_CREATE_SET_VALID);
	jobs_worker_finish(job, JOB_COMPLETED, NULL);
	jobs_worker_commit_schema_change(table);
}

static void
finish_missing(const Job *job)
{
	jobs_worker_finish(job, JOB_COMPLETED,
					   psprintf("relation \"%s\" does not exist", job->name));
	jobs_worker_commit();
}

/* The table is locked.  True: there is another step. */
static bool
do_step(Job *job, Oid table)
{
	IndexState state = read_state(job->object);

	if (state.is_valid)
	{
		jobs_worker_finish(job, JOB_COMPLETED, NULL);
		jobs_worker_commit();
		return false;
	}
	if (state.is_ready && state.is_unique && !job->is_complete)
	{
		complete_unique(job, table);
		return true;
	}
	if (state.is_ready)
	{
		validate_and_finish(job, table, state.is_unique);
		return false;
	}
	if (state.is_empty)
		build_index(table, job->object);
	else
	{
		empty_index(job->object);
		jobs_worker_commit();
	}
	return true;
}

bool
jobs_index_build_step(Job *job)
{
	Oid table;

	jobs_worker_begin();
	table = lock_table_of(job->object);
	if (OidIsValid(table))
		return do_step(job, table);
	finish_missing(job);
	return false;
}
