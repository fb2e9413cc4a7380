/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.c
 *	  Which transaction changed which definition last, in shared memory.
 *
 * An entry has the last transaction that committed a change, and the latest
 * one that made a change, which may be in progress or have failed.  When the
 * table is full, entries that every snapshot has seen are dropped.  If that
 * makes no room, the next change is one of everything, in an entry outside the
 * table: some transactions then fail that would not have to.  That entry has
 * one transaction at a time as well, so another one that finds the table full
 * meanwhile fails.
 *
 * One more entry, outside the table, is for all that is created: of concurrent
 * transactions that create something only one commits, as in the service.  It
 * is claimed at COMMIT only.
 *
 * Why two transactions are enough for an entry: the latest one has claimed it
 * after all before it had ended.  So a snapshot that has one of those before
 * as running has the last that committed as running, too, or as not begun.
 *
 * Locking: one LWLock guards the table and the entries, shared for a look,
 * exclusive for a change.  Under it TransactionIdIsInProgress() and the like
 * take ProcArrayLock and the locks of pg_xact, and nothing else is locked.  No
 * catalog is read and no transaction id is assigned under it.
 *
 * "newest" and "count" are written under the lock and read without it.  A
 *reader has a lock on the relation that conflicts with DDL's lock, so any
 *change that it must see was recorded before it got that lock.
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
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/snapmgr.h"

#define TRANCHE_NAME "dsql_local definitions"
#define MAX_CHANGES	 8192

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
	pg_atomic_uint32 newest;	 /* newest xid of any change */
	pg_atomic_uint64 count;		 /* of changes ever recorded */
	Change			 creation;	 /* of anything; its key is not used */
	Change			 everything; /* what found the table full; the same */
} Changes;

static int		max_changes = MAX_CHANGES; /* dsql_local.max_changes */
static Changes *changes = NULL;
static HTAB	   *change_table = NULL;

/* ---- Shared memory ---- */

void
schema_changes_init(void)
{
	DefineCustomIntVariable(
		"dsql_local.max_changes",
		"Changes of definitions that are remembered.",
		"With more of them, transactions may fail without a change.",
		&max_changes, MAX_CHANGES, 1, MAX_CHANGES, PGC_POSTMASTER, 0, NULL,
		NULL, NULL);
}

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
		pg_atomic_init_u64(&changes->count, 0);
		memset(&changes->creation, 0, sizeof(Change));
		memset(&changes->everything, 0, sizeof(Change));
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

static Change *
enter_change(const ChangeKey *key)
{
	Change *change = hash_search(change_table, key, HASH_FIND, NULL);

	if (change != NULL)
		return change;
	if (hash_get_num_entries(change_table) >= max_changes)
		drop_old_changes();
	if (hash_get_num_entries(change_table) >= max_changes)
		return &changes->everything;
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
	bool		  is_ours;

	LWLockAcquire(changes->lock, LW_EXCLUSIVE);
	raise_newest(&changes->newest, xid);
	pg_atomic_fetch_add_u64(&changes->count, 1);
	is_ours = claim_change(enter_change(key), xid);
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
	if (changes->everything.latest == xid)
		changes->everything.latest = InvalidTransactionId;
	LWLockRelease(changes->lock);
}

static bool
is_unseen(TransactionId xid, Snapshot snapshot)
{
	return TransactionIdIsValid(xid) &&
		   !TransactionIdIsCurrentTransactionId(xid) &&
		   XidInMVCCSnapshot(xid, snapshot) && TransactionIdDidCommit(xid);
}

/* What is known of a relation; without an entry of its own: of everything. */
typedef struct Known
{
	bool   has_entry;
	Change change;
	Change everything;
} Known;

static void
look_up(Oid relid, Known *known)
{
	ChangeKey	  key = relation_key(relid);
	const Change *found;

	LWLockAcquire(changes->lock, LW_SHARED);
	found = hash_search(change_table, &key, HASH_FIND, NULL);
	known->everything = changes->everything;
	known->has_entry = found != NULL;
	known->change = found != NULL ? *found : changes->everything;
	LWLockRelease(changes->lock);
}

static bool
is_change_unseen(const Change *change, Snapshot snapshot,
				 TransactionId *winner)
{
	*winner = change->latest;
	return is_unseen(change->latest, snapshot) ||
		   is_unseen(change->committed, snapshot);
}

bool
schema_changes_unseen(Oid relid, TransactionId *winner, bool *in_progress)
{
	Snapshot	  snapshot = GetTransactionSnapshot();
	TransactionId newest = pg_atomic_read_u32(&changes->newest);
	Known		  known;

	if (in_progress)
		*in_progress = false;
	/* The usual case, without the lock: nothing at all changed lately. */
	if (!TransactionIdIsValid(newest) ||
		TransactionIdPrecedes(newest, snapshot->xmin))
		return false;

	look_up(relid, &known);
	if (is_change_unseen(&known.everything, snapshot, winner))
		return true;
	if (in_progress)
		*in_progress =
			!TransactionIdIsCurrentTransactionId(known.change.latest) &&
			TransactionIdIsInProgress(known.change.latest);
	return is_change_unseen(&known.change, snapshot, winner);
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
	Known known;

	look_up(relid, &known);
	*in_progress = false;
	return known.has_entry ? last_committed(&known.change, in_progress)
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

/*
 * The newest change may be in progress or have failed.  One before it may have
 * committed all the same, so it counts.
 */
bool
schema_changes_any_unseen(void)
{
	TransactionId newest = pg_atomic_read_u32(&changes->newest);

	return TransactionIdIsValid(newest) &&
		   !TransactionIdIsCurrentTransactionId(newest) &&
		   XidInMVCCSnapshot(newest, GetTransactionSnapshot());
}

bool
schema_changes_is_locked(void)
{
	return LWLockHeldByMe(changes->lock);
}
