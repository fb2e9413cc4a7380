/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.c
 *	  Which transaction changed which definition last, in shared memory.
 *
 * An entry has the last transaction that committed a change, and the latest
 * one that made a change, which may be in progress or have failed.  When the
 * table is full, entries that every snapshot has seen are dropped.  If that
 * makes no room, the next change counts as a change of everything: some
 * transactions then fail that would not have to.
 *
 * One more entry, outside the table, is for all that is created: of concurrent
 * transactions that create something only one commits, as in the service.  It
 * is claimed at COMMIT only.
 *
 * Locking: one LWLock guards the table and the entries, shared for a look,
 * exclusive for a change.  Under it TransactionIdIsInProgress() and the like
 * take ProcArrayLock and the locks of pg_xact, and nothing else is locked.  No
 * catalog is read and no transaction id is assigned under it.
 *
 * "newest", "overflow" and "count" are written under the lock and read without
 * it.  A reader has a lock on the relation that conflicts with DDL's lock, so
 * any change that it must see was recorded before it got that lock.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "schema/changes.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/hsearch.h"
#include "utils/snapmgr.h"

#define TRANCHE_NAME "dsql_local definitions"
#define MAX_CHANGES	 8192 /* entries */

/*
 * A relation by its oid, or a name by its hash.  Names whose hashes collide
 * count as one object, which can only make a transaction fail needlessly.
 */
typedef struct ChangeKey
{
	Oid database;
	Oid class;	   /* of a name: its schema or catalog; else InvalidOid */
	uint32 object; /* a relation's oid or a name's hash */
} ChangeKey;

typedef struct Change
{
	ChangeKey	  key;
	TransactionId committed;
	TransactionId latest; /* may be in progress, or have failed */
} Change;

typedef struct Changes
{
	LWLock			*lock;
	pg_atomic_uint32 newest;   /* newest xid of any change */
	pg_atomic_uint32 overflow; /* newest xid that found the table full: it
								* counts as having changed everything */
	pg_atomic_uint64 count;	   /* of changes ever recorded */
	Change			 creation; /* of anything; its key is not used */
} Changes;

static Changes *changes = NULL;
static HTAB	   *change_table = NULL;

/* ---- Shared memory ---- */

void
schema_changes_shmem_request(void)
{
	RequestAddinShmemSpace(
		add_size(MAXALIGN(sizeof(Changes)),
				 hash_estimate_size(MAX_CHANGES, sizeof(Change))));
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

void
schema_changes_shmem_init(void)
{
	HASHCTL control = {0};
	bool	found;

	changes = ShmemInitStruct("dsql_local changes", sizeof(Changes), &found);
	if (!found)
	{
		changes->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
		pg_atomic_init_u32(&changes->newest, InvalidTransactionId);
		pg_atomic_init_u32(&changes->overflow, InvalidTransactionId);
		pg_atomic_init_u64(&changes->count, 0);
		memset(&changes->creation, 0, sizeof(Change));
	}
	control.keysize = sizeof(ChangeKey);
	control.entrysize = sizeof(Change);
	change_table =
		ShmemInitHash("dsql_local change table", MAX_CHANGES, MAX_CHANGES,
					  &control, HASH_ELEM | HASH_BLOBS);
}

/* ---- Entries ---- */

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

/* Drop changes that every snapshot has seen, and those that failed. */
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

/* NULL: the table is full. */
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

/* False: another transaction is changing it. */
static bool
claim_change(Change *change, TransactionId xid)
{
	if (change->latest == xid)
		return true;
	if (TransactionIdIsValid(change->latest))
	{
		if (TransactionIdIsInProgress(change->latest))
			return false;
		if (TransactionIdDidCommit(change->latest))
			change->committed = change->latest;
	}
	change->latest = xid;
	return true;
}

static bool
record(const ChangeKey *key)
{
	TransactionId xid = GetTopTransactionId();
	Change		 *change;
	bool		  is_ours = true;

	LWLockAcquire(changes->lock, LW_EXCLUSIVE);
	raise_newest(&changes->newest, xid);
	pg_atomic_fetch_add_u64(&changes->count, 1);
	change = enter_change(key);
	if (change == NULL)
		raise_newest(&changes->overflow, xid);
	else
		is_ours = claim_change(change, xid);
	LWLockRelease(changes->lock);
	return is_ours;
}

bool
schema_changes_record(Oid relid)
{
	ChangeKey key = relation_key(relid);

	return record(&key);
}

bool
schema_changes_record_name(Oid class, const char *name)
{
	ChangeKey key = name_key(class, name);

	return record(&key);
}

/* "newest" stays, which makes others look for nothing, and no more. */
void
schema_changes_retract(void)
{
	TransactionId	xid = GetTopTransactionIdIfAny();
	HASH_SEQ_STATUS scan;
	Change		   *change;

	if (!TransactionIdIsValid(xid))
		return;
	LWLockAcquire(changes->lock, LW_EXCLUSIVE);
	hash_seq_init(&scan, change_table);
	while ((change = hash_seq_search(&scan)) != NULL)
		if (change->latest == xid)
			change->latest = InvalidTransactionId;
	LWLockRelease(changes->lock);
}

static bool
is_unseen(TransactionId xid, Snapshot snapshot)
{
	return TransactionIdIsValid(xid) &&
		   !TransactionIdIsCurrentTransactionId(xid) &&
		   XidInMVCCSnapshot(xid, snapshot) && TransactionIdDidCommit(xid);
}

/* False: there is no entry. */
static bool
copy_change(Oid relid, Change *copy)
{
	ChangeKey key = relation_key(relid);
	Change	 *found;

	LWLockAcquire(changes->lock, LW_SHARED);
	found = hash_search(change_table, &key, HASH_FIND, NULL);
	if (found)
		*copy = *found;
	LWLockRelease(changes->lock);
	return found != NULL;
}

bool
schema_changes_unseen(Oid relid, TransactionId *winner, bool *in_progress)
{
	Snapshot	  snapshot = GetTransactionSnapshot();
	TransactionId newest = pg_atomic_read_u32(&changes->newest);
	TransactionId overflow = pg_atomic_read_u32(&changes->overflow);
	Change		  change;

	if (in_progress)
		*in_progress = false;
	/* The usual case, without the lock: nothing at all changed lately. */
	if (!TransactionIdIsValid(newest) ||
		TransactionIdPrecedes(newest, snapshot->xmin))
		return false;

	*winner = overflow;
	if (!copy_change(relid, &change))
		return is_unseen(overflow, snapshot);
	*winner = change.latest;
	if (in_progress)
		*in_progress = !TransactionIdIsCurrentTransactionId(change.latest) &&
					   TransactionIdIsInProgress(change.latest);
	return is_unseen(change.latest, snapshot) ||
		   is_unseen(change.committed, snapshot) ||
		   is_unseen(overflow, snapshot);
}

/*
 * A transaction that ends meanwhile has its outcome in pg_xact before it stops
 * being in progress.
 */
static TransactionId
last_committed(const Change *change, bool *in_progress)
{
	*in_progress = TransactionIdIsValid(change->latest) &&
				   TransactionIdIsInProgress(change->latest);
	if (!*in_progress && TransactionIdIsValid(change->latest) &&
		TransactionIdDidCommit(change->latest))
		return change->latest;
	return change->committed;
}

TransactionId
schema_changes_last(Oid relid, bool *in_progress)
{
	Change change;

	*in_progress = false;
	return copy_change(relid, &change) ? last_committed(&change, in_progress)
									   : InvalidTransactionId;
}

uint64
schema_changes_count(void)
{
	return pg_atomic_read_u64(&changes->count);
}

/* If the one before has ended, all that created something before it have. */
bool
schema_changes_claim_creation(TransactionId *winner)
{
	TransactionId xid = GetTopTransactionId();
	Snapshot	  snapshot = GetTransactionSnapshot();
	Change		 *creation = &changes->creation;
	bool		  is_ours;

	LWLockAcquire(changes->lock, LW_EXCLUSIVE);
	*winner = creation->latest;
	is_ours = !is_unseen(creation->latest, snapshot) &&
			  !is_unseen(creation->committed, snapshot) &&
			  claim_change(creation, xid);
	LWLockRelease(changes->lock);
	return is_ours;
}

bool
schema_changes_any_unseen(void)
{
	return is_unseen(pg_atomic_read_u32(&changes->newest),
					 GetTransactionSnapshot());
}

bool
schema_changes_is_locked(void)
{
	return LWLockHeldByMe(changes->lock);
}
