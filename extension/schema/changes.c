/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.c
 *	  Who changed which definition last.
 *
 * A relation's entry has the last transaction that committed a change and the
 * one after it, which may be in progress or have failed.  Entries that every
 * snapshot has seen are dropped when the table is full; if that makes no room,
 * the next change counts as one of everything.
 */
#include "base/settings.h"

#include "access/transam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "schema/changes.h"
#include "storage/lwlock.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/hsearch.h"
#include "utils/snapmgr.h"

#define TRANCHE_NAME "dsql_local definitions"
#define MAX_CHANGES	 8192

/* A relation by oid; or a name by its hash, and by schema or class. */
typedef struct ChangeKey
{
	Oid database;
	Oid class; /* of a name, else invalid */
	uint32 object;
} ChangeKey;

typedef struct Change
{
	ChangeKey	  key;
	TransactionId committed;
	TransactionId latest; /* may be in progress, may have failed */
} Change;

typedef struct Changes
{
	LWLock			*lock;
	pg_atomic_uint32 newest;   /* xid of any change; none is newer */
	pg_atomic_uint32 overflow; /* who found the table full changed all */
} Changes;

static Changes *changes = NULL;
static HTAB	   *change_table = NULL;

/* ---- Shared memory ---- */

Size
changes_shmem_size(void)
{
	return add_size(MAXALIGN(sizeof(Changes)),
					hash_estimate_size(MAX_CHANGES, sizeof(Change)));
}

void
changes_shmem_request(void)
{
	RequestAddinShmemSpace(changes_shmem_size());
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

void
changes_shmem_init(void)
{
	HASHCTL control = {0};
	bool	found;

	changes = ShmemInitStruct("dsql_local changes", sizeof(Changes), &found);
	if (!found)
	{
		changes->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
		pg_atomic_init_u32(&changes->newest, InvalidTransactionId);
		pg_atomic_init_u32(&changes->overflow, InvalidTransactionId);
	}
	control.keysize = sizeof(ChangeKey);
	control.entrysize = sizeof(Change);
	change_table =
		ShmemInitHash("dsql_local change table", MAX_CHANGES, MAX_CHANGES,
					  &control, HASH_ELEM | HASH_BLOBS);
}

static ChangeKey
relation_key(Oid relid)
{
	ChangeKey key = {MyDatabaseId, InvalidOid, relid};

	return key;
}

static ChangeKey
name_key(Oid class, const char *name)
{
	ChangeKey key = {MyDatabaseId, class, string_hash(name, strlen(name) + 1)};

	return key;
}

static void
raise_newest(pg_atomic_uint32 *newest, TransactionId xid)
{
	TransactionId known = pg_atomic_read_u32(newest);

	if (!TransactionIdIsValid(known) || TransactionIdFollows(xid, known))
		pg_atomic_write_u32(newest, xid);
}

/* Changes that every snapshot has seen, or that failed. */
static void
drop_old_changes(void)
{
	TransactionId	horizon = GetOldestNonRemovableTransactionId(NULL);
	HASH_SEQ_STATUS scan;
	Change		   *change;

	hash_seq_init(&scan, change_table);
	while ((change = hash_seq_search(&scan)) != NULL)
		if (TransactionIdPrecedes(change->latest, horizon))
			hash_search(change_table, &change->key, HASH_REMOVE, NULL);
}

static Change *
enter_change(const ChangeKey *key)
{
	Change *change = hash_search(change_table, key, HASH_FIND, NULL);

	if (change != NULL)
		return change;
	if (hash_get_num_entries(change_table) >= MAX_CHANGES)
		drop_old_changes();
	if (hash_get_num_entries(change_table) >= MAX_CHANGES)
		return NULL;
	change = hash_search(change_table, key, HASH_ENTER, NULL);
	change->committed = change->latest = InvalidTransactionId;
	return change;
}

static bool
record(const ChangeKey *key)
{
	TransactionId xid = GetTopTransactionId();
	Change		 *change;
	bool		  ours = true;

	LWLockAcquire(changes->lock, LW_EXCLUSIVE);
	raise_newest(&changes->newest, xid);
	change = enter_change(key);
	if (change == NULL)
		raise_newest(&changes->overflow, xid);
	else if (change->latest != xid)
	{
		if (TransactionIdIsValid(change->latest))
		{
			ours = !TransactionIdIsInProgress(change->latest);
			if (ours && TransactionIdDidCommit(change->latest))
				change->committed = change->latest;
		}
		if (ours)
			change->latest = xid;
	}
	LWLockRelease(changes->lock);
	return ours;
}

bool
changes_record(Oid relid)
{
	ChangeKey key = relation_key(relid);

	return record(&key);
}

bool
changes_record_name(Oid class, const char *name)
{
	ChangeKey key = name_key(class, name);

	return record(&key);
}

static bool
is_unseen(TransactionId xid, Snapshot snapshot)
{
	return TransactionIdIsValid(xid) &&
		   !TransactionIdIsCurrentTransactionId(xid) &&
		   XidInMVCCSnapshot(xid, snapshot) && TransactionIdDidCommit(xid);
}

bool
changes_unseen(Oid relid, TransactionId *winner, bool *being)
{
	Snapshot	  snapshot = GetTransactionSnapshot();
	TransactionId newest = pg_atomic_read_u32(&changes->newest);
	TransactionId overflow = pg_atomic_read_u32(&changes->overflow);
	ChangeKey	  key = relation_key(relid);
	Change		 *found;
	Change		  change;

	*being = false;
	if (!TransactionIdIsValid(newest) ||
		TransactionIdPrecedes(newest, snapshot->xmin))
		return false;

	LWLockAcquire(changes->lock, LW_SHARED);
	found = hash_search(change_table, &key, HASH_FIND, NULL);
	if (found)
		change = *found;
	LWLockRelease(changes->lock);

	*winner = overflow;
	if (!found)
		return is_unseen(overflow, snapshot);
	*winner = change.latest;
	*being = !TransactionIdIsCurrentTransactionId(change.latest) &&
			 TransactionIdIsInProgress(change.latest);
	return is_unseen(change.latest, snapshot) ||
		   is_unseen(change.committed, snapshot) ||
		   is_unseen(overflow, snapshot);
}

bool
changes_is_locked(void)
{
	return LWLockHeldByMe(changes->lock);
}
