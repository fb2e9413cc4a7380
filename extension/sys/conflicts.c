/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * conflicts.c
 *	  A record of this server's conflicts, read through a view.
 *
 * The newest CONFLICTS_KEPT are in a ring in shared memory.  One LWLock guards
 * the ring: exclusive to add an entry, shared to copy it.  Nothing else is
 * locked or called under it.  The counters are atomic and need no lock.
 * Nothing is kept when the server stops.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "sys/conflicts.h"
#include "sys/privileges.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define CONFLICTS_KEPT	  1024
#define CONFLICTS_TRANCHE "dsql_local_conflicts"

/* As the views show the kinds. */
static const char *const kind_names[] = {
	[CONFLICT_WRITE] = "write",	  [CONFLICT_LOCK] = "lock",
	[CONFLICT_KEY] = "key",		  [CONFLICT_FORGOTTEN] = "forgotten",
	[CONFLICT_SCHEMA] = "schema", [CONFLICT_INJECTED] = "injected",
};

#define KIND_COUNT lengthof(kind_names)

typedef struct ConflictsShared
{
	pg_atomic_uint64 commits;
	pg_atomic_uint64 counts[KIND_COUNT];
	LWLock			*lock;
	uint64			 next;				   /* how many were ever added */
	Conflict		 ring[CONFLICTS_KEPT]; /* the newest at next - 1 */
} ConflictsShared;

static ConflictsShared *shared = NULL;

PG_FUNCTION_INFO_V1(dsql_conflicts);
PG_FUNCTION_INFO_V1(dsql_conflict_counters);

void
conflicts_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(sizeof(ConflictsShared)));
	RequestNamedLWLockTranche(CONFLICTS_TRANCHE, 1);
}

void
conflicts_shmem_init(void)
{
	bool found;

	shared = ShmemInitStruct("dsql_local conflicts", sizeof(ConflictsShared),
							 &found);
	if (found)
		return;
	memset(shared, 0, sizeof(ConflictsShared));
	pg_atomic_init_u64(&shared->commits, 0);
	for (int i = 0; i < KIND_COUNT; i++)
		pg_atomic_init_u64(&shared->counts[i], 0);
	shared->lock = &GetNamedLWLockTranche(CONFLICTS_TRANCHE)->lock;
}

void
conflicts_record(const Conflict *conflict)
{
	pg_atomic_fetch_add_u64(&shared->counts[conflict->kind], 1);
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->ring[shared->next % CONFLICTS_KEPT] = *conflict;
	shared->next++;
	LWLockRelease(shared->lock);
}

void
conflicts_count_commit(void)
{
	pg_atomic_fetch_add_u64(&shared->commits, 1);
}

/* Newest first, allocated with palloc. */
static Conflict *
copy_ring(int *count)
{
	Conflict *copy = palloc(sizeof(Conflict) * CONFLICTS_KEPT);
	uint64	  next;

	LWLockAcquire(shared->lock, LW_SHARED);
	next = shared->next;
	*count = Min(next, CONFLICTS_KEPT);
	for (int i = 0; i < *count; i++)
		copy[i] = shared->ring[(next - 1 - i) % CONFLICTS_KEPT];
	LWLockRelease(shared->lock);
	return copy;
}

/*
 * A key is data of its table, so only users who may read the table see it.
 * Conflicts on a table that was dropped are visible to the administrator only.
 */
static bool
may_see(const Conflict *conflict)
{
	bool	  is_missing = false;
	AclResult result;

	if (conflict->database != MyDatabaseId)
		return false;
	if (!OidIsValid(conflict->relation) || privileges_is_admin())
		return true;
	result = pg_class_aclcheck_ext(conflict->relation, GetUserId(), ACL_SELECT,
								   &is_missing);
	return !is_missing && result == ACLCHECK_OK;
}

static void
put_conflict(ReturnSetInfo *result, const Conflict *conflict)
{
	Datum values[6] = {0};
	bool  nulls[6] = {0};

	values[0] = TimestampTzGetDatum(conflict->at);
	values[1] = ObjectIdGetDatum(conflict->relation);
	nulls[1] = !OidIsValid(conflict->relation);
	values[2] = CStringGetTextDatum(conflict->key);
	nulls[2] = conflict->key[0] == '\0';
	values[3] = TransactionIdGetDatum(conflict->loser);
	nulls[3] = !TransactionIdIsValid(conflict->loser);
	values[4] = TransactionIdGetDatum(conflict->winner);
	nulls[4] = !TransactionIdIsValid(conflict->winner);
	values[5] = CStringGetTextDatum(kind_names[conflict->kind]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * SETOF (at timestamptz, relation oid, key text, loser xid, winner xid, kind
 * text)
 */
Datum
dsql_conflicts(PG_FUNCTION_ARGS)
{
	Conflict *conflicts;
	int		  count;

	InitMaterializedSRF(fcinfo, 0);
	conflicts = copy_ring(&count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (may_see(&conflicts[i]))
			put_conflict((ReturnSetInfo *) fcinfo->resultinfo, &conflicts[i]);
	}
	return (Datum) 0;
}

static void
put_counter(ReturnSetInfo *result, const char *name, pg_atomic_uint64 *counter)
{
	Datum values[2];
	bool  nulls[2] = {0};

	values[0] = CStringGetTextDatum(name);
	values[1] = Int64GetDatum((int64) pg_atomic_read_u64(counter));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* SETOF (what text, count bigint): "committed", then each kind of conflict */
Datum
dsql_conflict_counters(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	put_counter(result, "committed", &shared->commits);
	for (int i = 0; i < KIND_COUNT; i++)
		put_counter(result, kind_names[i], &shared->counts[i]);
	return (Datum) 0;
}
