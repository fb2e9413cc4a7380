/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_commit.c
 *	  Who commits first wins.
 *
 * Until COMMIT a transaction has changed nothing that another could trip over:
 * its new versions are invisible, and what it replaced, deleted or locked is
 * in its own log (occ_writes.c).  At COMMIT, after the last trigger:
 *
 * 0. Everything that may wait or read a catalog: the relations are opened and
 *	  locked, changed definitions found (ddl.c).  From here to the end the
 *	  relations stay locked.
 * 1. The one lock, exclusively.
 * 2. Each write: its old version must still be the newest.  A version's xmax
 *	  is set by validated transactions only, so one that is in progress counts
 *	  as committed.  And nobody concurrent may have published an intent on the
 *	  row that a write conflicts with.
 * 3. Each lock: the same, but FOR KEY SHARE tolerates that a non-key update
 *	  replaced the version.  In a table without a primary key it then looks at
 *	  the new version in the same way, and so on to the newest.
 * 4. Has an intent been evicted that a concurrent transaction published?
 * 5. Has a committed transaction doomed us, whose key we had inserted first?
 * 6. Each transaction that has inserted a key of ours too: if it is validated
 *	  or has committed, it won.
 * 7. Only now are pages changed: heap_delete() of each old version.
 * 8. Intents and replacements are published, those who inserted our keys and
 *	  are still at work are doomed, the transaction is marked validated, the
 *	  lock is released.  The WAL flush comes after that: group commit goes on.
 *
 * What is done under the lock is at most proportional to what the transaction
 * did itself: a verdict on a rival is one on all the keys that it inserted.
 *
 * First committer wins: "first" is the order of the lock.  Two transactions
 * with a conflict meet in one of three places: the xmax of an old version,
 * the table of intents, or a key.  Each is written in 7 and 8 by the one that
 * has the lock first and read in 2 to 6 by the other, which fails.  Those that
 * end before the other's snapshot do not conflict, and are told apart by that
 * snapshot itself.
 *
 * At capacity: a full table of intents costs precision for transactions that
 * were at work when one was evicted (occ_intents.c); more contended
 * subtransactions than a slot has room for doom the whole transaction
 * (occ_shared.c).  Neither lets a conflict pass.
 *
 * No deadlock: nothing is waited for while a transaction runs.  At COMMIT
 * relation locks come first, in the order of their oids, and under the lock
 * nobody waits for anything but buffers and WAL, as any insert does.
 *
 * A non-key update is stamped with the marker of a row that moved to another
 * partition: t_ctid is no use to us otherwise, the marker is in the WAL, and
 * it tells a non-key update (TM_Updated) from a delete (TM_Deleted) for as
 * long as anybody may ask.
 */
#include "base/settings.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/subtrans.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "access/transam.h"
#include "access/xact.h"
#include "dialect/transaction_limits.h"
#include "miscadmin.h"
#include "occ/commit.h"
#include "occ/identity.h"
#include "occ/intents.h"
#include "occ/shared.h"
#include "occ/writes.h"
#include "schema/ddl.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "sys/conflicts.h"
#include "sys/inject.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* A relation of the log, open until the transaction ends. */
typedef struct Target
{
	Relation   rel;
	Bitmapset *identity_columns; /* NULL: a version is known by its place */
} Target;

/* An entry of the log, with what validation needs. */
typedef struct Claim
{
	const OccEntry *entry;
	Target		   *target;
	ItemPointerData tid;	/* LOCK: once validated, of the newest version */
	ItemPointerData former; /* the one before, if it may become the newest
							 * again: who replaced it has not ended */
	ItemPointerData newest; /* WRITE: by which our transaction replaced it */
	OccIntentKey	key;	/* if Work.has_identities or it is a place */
	TransactionId	xmin;	/* WRITE, if Work.has_identities */
} Claim;

/* A transaction that inserted keys which we have inserted too. */
typedef struct Rival
{
	TransactionId xid; /* maybe a subtransaction's */
	TransactionId topxid;
	const Claim	 *claims; /* KEY */
	int			  nclaims;
} Rival;

typedef struct Work
{
	Target		 *targets;
	int			  ntargets;
	Claim		 *writes;
	int			  nwrites;
	Claim		 *locks;
	int			  nlocks;
	Claim		 *keys;
	int			  nkeys;
	Rival		 *rivals;
	int			  nrivals;
	bool		  has_identities;
	Snapshot	  snapshot;
	TransactionId topxid;
} Work;

/* Who beat us, and where. */
typedef struct Defeat
{
	OccConflictKind kind;
	Oid				relid; /* invalid: no single one */
	ItemPointerData tid;
	TransactionId	winner;
} Defeat;

/* ---- 0: gathering ---- */

static int
compare_claims(const void *a, const void *b)
{
	const OccEntry *x = ((const Claim *) a)->entry;
	const OccEntry *y = ((const Claim *) b)->entry;

	if (x->relid != y->relid)
		return x->relid < y->relid ? -1 : 1;
	return ItemPointerCompare((ItemPointer) &x->tid, (ItemPointer) &y->tid);
}

/* By rival. */
static int
compare_keys(const void *a, const void *b)
{
	TransactionId x = ((const Claim *) a)->entry->xid;
	TransactionId y = ((const Claim *) b)->entry->xid;

	if (x != y)
		return x < y ? -1 : 1;
	return compare_claims(a, b);
}

static Claim *
alloc_claims(int n)
{
	return MemoryContextAllocHuge(CurrentMemoryContext,
								  Max(n, 1) * sizeof(Claim));
}

static void
gather(Claim *claims, int *n, const OccEntry *entry)
{
	claims[*n].entry = entry;
	claims[*n].tid = entry->tid;
	ItemPointerSetInvalid(&claims[*n].former);
	(*n)++;
}

/* Entries of one kind, by place. */
static void
gather_locks_writes_keys(Work *work)
{
	int				n;
	const OccEntry *entries = occ_entries(&n);

	work->writes = alloc_claims(n);
	work->locks = alloc_claims(n);
	work->keys = alloc_claims(n);
	for (int i = 0; i < n; i++)
	{
		const OccEntry *entry = &entries[i];

		if (entry->kind == OCC_WRITE)
			gather(work->writes, &work->nwrites, entry);
		else if (entry->kind == OCC_LOCK)
			gather(work->locks, &work->nlocks, entry);
		else if (entry->kind == OCC_KEY)
			gather(work->keys, &work->nkeys, entry);
	}
	qsort(work->writes, work->nwrites, sizeof(Claim), compare_claims);
	qsort(work->locks, work->nlocks, sizeof(Claim), compare_claims);
	qsort(work->keys, work->nkeys, sizeof(Claim), compare_claims);
}

/*
 * heap_delete() will delete toasted values under our lock: so that it finds
 * all relation locks taken, take them now.
 */
static void
open_toast(Relation rel)
{
	Relation  toast;
	Relation *indexes;
	int		  nindexes;

	if (!OidIsValid(rel->rd_rel->reltoastrelid))
		return;
	toast = table_open(rel->rd_rel->reltoastrelid, RowExclusiveLock);
	toast_open_indexes(toast, RowExclusiveLock, &indexes, &nindexes);
	toast_close_indexes(indexes, nindexes, NoLock);
	table_close(toast, NoLock);
}

static Target *
target_of(Work *work, Oid relid)
{
	Target *target;

	for (int i = work->ntargets - 1; i >= 0; i--)
		if (RelationGetRelid(work->targets[i].rel) == relid)
			return &work->targets[i];

	target = &work->targets[work->ntargets];
	target->rel = try_table_open(relid, RowExclusiveLock);
	if (target->rel == NULL)
		ddl_report_changed(relid);
	target->identity_columns = occ_identity_columns(target->rel);
	work->ntargets++;
	return target;
}

static void
count_relations(const Claim *claims, int n, int *count)
{
	for (int i = 0; i < n; i++)
		if (i == 0 || claims[i].entry->relid != claims[i - 1].entry->relid)
			(*count)++;
}

static void
assign_targets(Work *work, Claim *claims, int n)
{
	bool toast_open = false;

	for (int i = 0; i < n; i++)
	{
		if (i > 0 && claims[i].entry->relid == claims[i - 1].entry->relid)
			claims[i].target = claims[i - 1].target;
		else
		{
			claims[i].target = target_of(work, claims[i].entry->relid);
			toast_open = false;
		}
		if (claims[i].entry->kind == OCC_WRITE &&
			claims[i].entry->has_external && !toast_open)
		{
			open_toast(claims[i].target->rel);
			toast_open = true;
		}
	}
}

static void
open_targets(Work *work)
{
	int max_targets = 0;

	count_relations(work->writes, work->nwrites, &max_targets);
	count_relations(work->locks, work->nlocks, &max_targets);
	count_relations(work->keys, work->nkeys, &max_targets);
	work->targets = palloc0(Max(max_targets, 1) * sizeof(Target));
	assign_targets(work, work->writes, work->nwrites);
	assign_targets(work, work->locks, work->nlocks);
	assign_targets(work, work->keys, work->nkeys);
}

/* A write says all that a lock of the same version says, if it is as strong.
 */
static void
drop_needless_locks(Work *work)
{
	int kept = 0;

	for (int i = 0; i < work->nlocks; i++)
	{
		const OccEntry *lock = work->locks[i].entry;
		Relation		rel = work->locks[i].target->rel;
		ItemPointer		tid = (ItemPointer) &lock->tid;
		const OccEntry *write = occ_find(rel, tid, OCC_WRITE);

		if (occ_find(rel, tid, OCC_LOCK) == lock &&
			(write == NULL || write->mode < lock->mode))
			work->locks[kept++] = work->locks[i];
	}
	work->nlocks = kept;
}

/* A verdict on a rival is one on all the keys that it inserted. */
static void
gather_rivals(Work *work)
{
	Rival *rival = NULL;

	qsort(work->keys, work->nkeys, sizeof(Claim), compare_keys);
	work->rivals = palloc(Max(work->nkeys, 1) * sizeof(Rival));
	for (int i = 0; i < work->nkeys; i++)
	{
		const Claim	 *key = &work->keys[i];
		TransactionId xid = key->entry->xid;

		if (rival == NULL || rival->xid != xid)
		{
			rival = &work->rivals[work->nrivals++];
			rival->xid = xid;
			rival->topxid = SubTransGetTopmostTransaction(xid);
			rival->claims = key;
			rival->nclaims = 0;
		}
		rival->nclaims++;
	}
}

static void
close_targets(Work *work)
{
	for (int i = 0; i < work->ntargets; i++)
		table_close(work->targets[i].rel, NoLock);
}

static void
set_place(Claim *claim)
{
	claim->key.identity = occ_place_identity(&claim->tid);
}

static void
set_relation(Claim *claim)
{
	claim->key.database = MyDatabaseId;
	claim->key.relation = RelationGetRelid(claim->target->rel);
}

/* Our own version may have been updated again: heap links those. */
static void
follow_our_updates(Claim *write)
{
	HeapTupleData tuple;
	Buffer		  buffer;
	bool		  is_newest;

	write->newest = write->entry->other;
	do
	{
		tuple.t_self = write->newest;
		if (!heap_fetch(write->target->rel, SnapshotAny, &tuple, &buffer,
						false))
			return; /* rolled back and pruned: no intent will be on it */
		is_newest = (tuple.t_data->t_infomask & HEAP_XMAX_INVALID) != 0 ||
					HEAP_XMAX_IS_LOCKED_ONLY(tuple.t_data->t_infomask) ||
					!TransactionIdIsCurrentTransactionId(
						HeapTupleHeaderGetUpdateXid(tuple.t_data)) ||
					ItemPointerEquals(&tuple.t_data->t_ctid, &tuple.t_self);
		write->newest = is_newest ? tuple.t_self : tuple.t_data->t_ctid;
		ReleaseBuffer(buffer);
	} while (!is_newest);
}

/* Does it leave the keys of a row alone that is known by its place? */
static bool
is_replacement(const Claim *claim)
{
	return claim->entry->kind == OCC_WRITE &&
		   claim->entry->mode != LockTupleExclusive &&
		   claim->target->identity_columns == NULL;
}

/* A place is known at once. */
static void
set_places(Claim *claims, int n)
{
	for (int i = 0; i < n; i++)
	{
		set_relation(&claims[i]);
		if (claims[i].target->identity_columns == NULL)
			set_place(&claims[i]);
		if (is_replacement(&claims[i]))
			follow_our_updates(&claims[i]);
	}
}

/* A key needs the row, and may be toasted: not under the lock. */
static void
identify(Claim *claims, int n)
{
	for (int i = 0; i < n; i++)
	{
		Relation	  rel = claims[i].target->rel;
		HeapTupleData tuple;
		Buffer		  buffer;

		if (claims[i].target->identity_columns == NULL)
			continue;
		tuple.t_self = claims[i].tid;
		if (!heap_fetch(rel, SnapshotAny, &tuple, &buffer, false))
			elog(ERROR, "row (%u,%u) of \"%s\" is gone",
				 ItemPointerGetBlockNumber(&tuple.t_self),
				 ItemPointerGetOffsetNumber(&tuple.t_self),
				 RelationGetRelationName(rel));
		claims[i].key.identity =
			occ_identity(rel, claims[i].target->identity_columns, &tuple);
		claims[i].xmin = HeapTupleHeaderGetXmin(tuple.t_data);
		ReleaseBuffer(buffer);
	}
}

static void
identify_all(Work *work)
{
	identify(work->writes, work->nwrites);
	identify(work->locks, work->nlocks);
	work->has_identities = true;
}

/*
 * Primary keys are needed if there are intents to compare with, or if we
 * publish.  A delete of a version that some snapshot does not see yet is
 * published, for it may have locked an older one.  (Without a primary key such
 * a transaction finds the deleted version by itself.)
 */
static bool
is_published_delete(const Claim *write)
{
	return write->entry->mode == LockTupleExclusive &&
		   write->target->identity_columns != NULL;
}

static bool
must_identify(const Work *work)
{
	if (work->has_identities)
		return false;
	if (work->nlocks > 0 || (work->nwrites > 0 && occ_intents_exist()))
		return true;
	for (int i = 0; i < work->nwrites; i++)
		if (is_published_delete(&work->writes[i]))
			return true;
	return false;
}

/* ---- 2 to 5: validation, under the lock ---- */

static bool
defeat(Defeat *out, OccConflictKind kind, const Claim *claim,
	   TransactionId winner)
{
	out->kind = kind;
	out->relid = RelationGetRelid(claim->target->rel);
	out->tid = claim->tid;
	out->winner = winner;
	return false;
}

static bool
is_not_doomed(Defeat *out)
{
	OccDoom doom;

	if (!occ_am_doomed(&doom))
		return true;
	out->kind = OCC_CONFLICT_KEY;
	out->relid = doom.relation;
	out->tid = doom.tid;
	out->winner = doom.winner;
	return false;
}

static bool
has_moved(const Claim *claim)
{
	return !ItemPointerEquals((ItemPointer) &claim->entry->tid,
							  (ItemPointer) &claim->tid);
}

/*
 * The state of the version that the claim is on, as a writer of this
 * transaction finds it.  A version that a transaction made which has failed
 * since may be gone: it is as invisible as it was.
 */
static TM_Result
version_state(const Claim *claim, TransactionId *xmax, bool *non_key)
{
	Relation	  rel = claim->target->rel;
	HeapTupleData tuple;
	Buffer		  buffer;
	TM_Result	  result;

	tuple.t_self = claim->tid;
	if (!heap_fetch(rel, SnapshotAny, &tuple, &buffer, false))
	{
		if (has_moved(claim))
			return TM_Invisible;
		elog(ERROR, "row (%u,%u) of \"%s\" is gone",
			 ItemPointerGetBlockNumber(&tuple.t_self),
			 ItemPointerGetOffsetNumber(&tuple.t_self),
			 RelationGetRelationName(rel));
	}
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	result =
		HeapTupleSatisfiesUpdate(&tuple, GetCurrentCommandId(false), buffer);
	*xmax = HeapTupleHeaderGetRawXmax(tuple.t_data);
	*non_key = HeapTupleHeaderIndicatesMovedPartitions(tuple.t_data);
	UnlockReleaseBuffer(buffer);
	return result;
}

static bool
intents_allow(const Work *work, const Claim *claim, Defeat *out)
{
	TransactionId winner;

	return !occ_intents_exist() ||
		   !occ_intent_conflicts(&claim->key,
								 (LockTupleMode) claim->entry->mode,
								 work->snapshot, &winner) ||
		   defeat(out, OCC_CONFLICT_LOCK, claim, winner);
}

/*
 * One version: may it be written or locked?  A key share tolerates that a
 * non-key update replaced it: *replaced_by says whose.
 */
static bool
version_allows(const Claim *claim, OccConflictKind kind,
			   TransactionId *replaced_by, Defeat *out)
{
	TransactionId xmax;
	bool		  non_key;
	TM_Result	  state = version_state(claim, &xmax, &non_key);

	*replaced_by = InvalidTransactionId;
	/* A version that a validated transaction has just made is the newest. */
	if (state == TM_Ok || (state == TM_Invisible && has_moved(claim)))
		return true;
	if (state != TM_BeingModified && state != TM_Updated &&
		state != TM_Deleted)
		elog(ERROR, "a row that this transaction saw is not committed");
	if (claim->entry->mode != LockTupleKeyShare || !non_key)
		return defeat(out, kind, claim, xmax);
	*replaced_by = xmax;
	return true;
}

typedef enum RowVerdict
{
	ROW_LOST,
	ROW_IS_FREE,
	ROW_HAS_MOVED, /* look again, at the version that the claim is on now */
} RowVerdict;

/*
 * A row that is known by its place is looked at in each place that it has had
 * since, up to the newest one.
 */
static RowVerdict
look_at_row(const Work *work, Claim *claim, OccConflictKind kind, Defeat *out)
{
	ItemPointerData tid = claim->tid;
	TransactionId	xid;

	if (!version_allows(claim, kind, &xid, out) ||
		!intents_allow(work, claim, out))
		return ROW_LOST;
	if (!TransactionIdIsValid(xid) || claim->target->identity_columns != NULL)
		return ROW_IS_FREE;
	if (!occ_find_replacement(&claim->key, xid, &claim->tid))
	{
		defeat(out, OCC_CONFLICT_FORGOTTEN, claim, xid);
		return ROW_LOST;
	}
	set_place(claim);
	if (TransactionIdIsInProgress(xid))
		claim->former = tid;
	else
		ItemPointerSetInvalid(&claim->former);
	return ROW_HAS_MOVED;
}

static bool
row_allows(const Work *work, Claim *claim, OccConflictKind kind, Defeat *out)
{
	RowVerdict verdict;

	do
		verdict = look_at_row(work, claim, kind, out);
	while (verdict == ROW_HAS_MOVED);
	return verdict == ROW_IS_FREE;
}

/*
 * A row may have been replaced any number of times since our snapshot.  All
 * but the last of these transactions have ended: what they did is certain, and
 * nobody can claim their old versions any more.  So we go that way without
 * keeping others from the lock.
 */
static bool
follow_ended(const Work *work, Claim *claim, Defeat *out)
{
	RowVerdict verdict;

	do
	{
		occ_lock_shared();
		verdict = look_at_row(work, claim, OCC_CONFLICT_LOCK, out);
		occ_unlock();
	} while (verdict == ROW_HAS_MOVED && !ItemPointerIsValid(&claim->former));
	if (verdict == ROW_HAS_MOVED)
	{
		/* One too far: that transaction may still fail. */
		claim->tid = claim->former;
		ItemPointerSetInvalid(&claim->former);
		set_place(claim);
	}
	return verdict != ROW_LOST;
}

static bool
follow_all_ended(const Work *work, Defeat *out)
{
	for (int i = 0; i < work->nlocks; i++)
		if (work->locks[i].entry->mode == LockTupleKeyShare &&
			work->locks[i].target->identity_columns == NULL &&
			!follow_ended(work, &work->locks[i], out))
			return false;
	return true;
}

/* Could there be an intent that we do not find because it was evicted? */
static bool
no_intent_was_lost(const Work *work, Defeat *out)
{
	TransactionId winner;

	if (work->nwrites + work->nlocks == 0 ||
		!occ_intents_lost(work->snapshot, &winner))
		return true;
	return defeat(out, OCC_CONFLICT_FORGOTTEN,
				  work->nwrites > 0 ? work->writes : work->locks, winner);
}

static bool
rows_allow(const Work *work, Claim *claims, int n, OccConflictKind kind,
		   Defeat *out)
{
	for (int i = 0; i < n; i++)
		if (!row_allows(work, &claims[i], kind, out))
			return false;
	return true;
}

/* Is the version with the same key still what it was? */
static bool
key_version_stands(const Claim *claim)
{
	HeapTupleData tuple;
	Buffer		  buffer;
	bool		  stands;

	tuple.t_self = claim->tid;
	if (!heap_fetch(claim->target->rel, SnapshotAny, &tuple, &buffer, false))
		return false;
	stands = HeapTupleHeaderGetXmin(tuple.t_data) == claim->entry->xid;
	ReleaseBuffer(buffer);
	return stands;
}

/*
 * The order of the questions matters: a transaction that is not validated now
 * cannot become so while we have the lock, and one that has ended meanwhile
 * has left its verdict in pg_xact.
 */
static bool
has_won(const Rival *rival)
{
	if (occ_is_validated(rival->topxid))
		return !TransactionIdDidAbort(rival->xid); /* a subtransaction of it */
	return !TransactionIdIsInProgress(rival->xid) &&
		   TransactionIdDidCommit(rival->xid);
}

static bool
keys_allow(const Work *work, Defeat *out)
{
	for (int i = 0; i < work->nrivals; i++)
	{
		const Rival *rival = &work->rivals[i];

		if (!has_won(rival))
			continue;
		for (int k = 0; k < rival->nclaims; k++)
			if (key_version_stands(&rival->claims[k]))
				return defeat(out, OCC_CONFLICT_KEY, &rival->claims[k],
							  rival->topxid);
	}
	return true;
}

/*
 * Who updated a row has inserted its key again, and may be doomed for that;
 * but what is told should be that both wrote the row.  So rows come first.
 */
static bool
validate(Work *work, Defeat *out)
{
	return rows_allow(work, work->writes, work->nwrites, OCC_CONFLICT_WRITE,
					  out) &&
		   rows_allow(work, work->locks, work->nlocks, OCC_CONFLICT_LOCK,
					  out) &&
		   no_intent_was_lost(work, out) && is_not_doomed(out) &&
		   keys_allow(work, out);
}

/* ---- 6 and 7: publication, under the lock ---- */

static void
delete_old_versions(const Work *work)
{
	CommandId cid = GetCurrentCommandId(true);

	for (int i = 0; i < work->nwrites; i++)
	{
		const OccEntry *entry = work->writes[i].entry;
		TM_FailureData	failure;

		if (heap_delete(work->writes[i].target->rel, &work->writes[i].tid, cid,
						InvalidSnapshot, false, &failure,
						entry->mode != LockTupleExclusive) != TM_Ok)
			elog(ERROR, "a validated row was changed");
	}
}

static void
publish_lock(const Work *work, const Claim *lock)
{
	LockTupleMode mode = (LockTupleMode) lock->entry->mode;
	OccIntentKey  former = lock->key;

	occ_publish_intent(&lock->key, mode, work->topxid);
	if (ItemPointerIsValid(&lock->former))
	{
		former.identity = occ_place_identity((ItemPointer) &lock->former);
		occ_publish_intent(&former, mode, work->topxid);
	}
}

static void
publish_locks(const Work *work)
{
	for (int i = 0; i < work->nlocks; i++)
		publish_lock(work, &work->locks[i]);
}

static void
publish_replacement(const Work *work, Claim *write)
{
	OccIntentKey new_version = write->key;

	new_version.identity = occ_place_identity(&write->newest);
	occ_publish_replacement(&write->key, &new_version, &write->newest,
							work->topxid);
}

static void
publish_writes(const Work *work)
{
	TransactionId horizon = occ_known_horizon();

	for (int i = 0; i < work->nwrites; i++)
	{
		Claim *write = &work->writes[i];

		if (is_replacement(write))
			publish_replacement(work, write);
		else if (is_published_delete(write) &&
				 TransactionIdFollowsOrEquals(write->xmin, horizon))
			occ_publish_intent(&write->key, LockTupleExclusive, work->topxid);
	}
}

/*
 * Last of all: nothing can make us fail any more, so nobody loses to a
 * transaction that loses itself.
 */
static void
doom_rivals(const Work *work)
{
	for (int i = 0; i < work->nrivals; i++)
	{
		const Rival	   *rival = &work->rivals[i];
		const OccEntry *entry = rival->claims[0].entry;
		OccDoom doom = {rival->xid, work->topxid, entry->relid, entry->tid};

		occ_doom(rival->topxid, &doom);
	}
}

static void
publish(const Work *work)
{
	occ_advance_horizon();
	publish_locks(work);
	publish_writes(work);
	doom_rivals(work);
	occ_set_validated(work->topxid);
}

/* ---- Losing ---- */

static bool
fetch_for_description(Relation rel, const Defeat *why, HeapTuple tuple,
					  Buffer *buffer)
{
	tuple->t_self = why->tid;
	return heap_fetch(rel, SnapshotAny, tuple, buffer, false);
}

static void
describe(const Defeat *why, Relation rel, OccConflict *conflict)
{
	HeapTupleData tuple;
	Buffer		  buffer;

	conflict->at = GetCurrentTimestamp();
	conflict->database = MyDatabaseId;
	conflict->relation = why->relid;
	conflict->loser = GetTopTransactionIdIfAny();
	conflict->winner = why->winner;
	conflict->kind = why->kind;
	conflict->key[0] = '\0';
	if (rel != NULL && fetch_for_description(rel, why, &tuple, &buffer))
	{
		occ_describe(rel, &tuple, why->kind == OCC_CONFLICT_KEY, conflict->key,
					 sizeof(conflict->key));
		ReleaseBuffer(buffer);
	}
}

static const char *
what_happened(OccConflictKind kind)
{
	switch (kind)
	{
		case OCC_CONFLICT_WRITE:
			return "changed the row first";
		case OCC_CONFLICT_LOCK:
			return "changed or locked the row first";
		case OCC_CONFLICT_KEY:
			return "inserted a row with the same key first";
		default:
			return "may have locked the row first";
	}
}

static void
lose(const Defeat *why)
{
	OccConflict conflict;
	Relation	rel = NULL;

	if (OidIsValid(why->relid))
		rel = try_table_open(why->relid, AccessShareLock);
	describe(why, rel, &conflict);
	conflicts_record(&conflict);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("change conflicts with another transaction (OC000)"),
			 rel == NULL
				 ? 0
				 : errdetail("%s in \"%s\": transaction %u %s.",
							 conflict.key[0] ? conflict.key : "A row",
							 RelationGetRelationName(rel), conflict.winner,
							 what_happened(conflict.kind)),
			 errhint("Run the transaction again."),
			 rel == NULL ? 0 : errtable(rel)));
}

/* inject.c wants this commit to fail. */
static void
lose_on_purpose(void)
{
	OccConflict conflict = {0};

	conflict.at = GetCurrentTimestamp();
	conflict.database = MyDatabaseId;
	conflict.loser = GetTopTransactionIdIfAny();
	conflict.kind = OCC_CONFLICT_INJECTED;
	conflicts_record(&conflict);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("change conflicts with another transaction (OC000)"),
			 errdetail("The conflict was injected."),
			 errhint("Run the transaction again.")));
}

/* ---- The whole ---- */

static void
ask_inject(const Work *work)
{
	int		   n = 0;
	const Oid *relations = ddl_written_relations(&n);

	if (inject_should_fail(relations, n))
		lose_on_purpose();
}

/* True: this transaction will commit. */
static bool
validate_and_publish(Work *work, Defeat *out)
{
	bool won;

	if (!follow_all_ended(work, out))
		return false;
	for (;;)
	{
		if (must_identify(work))
			identify_all(work);
		occ_lock();
		if (!must_identify(work))
			break;
		occ_unlock(); /* the first intent came just now */
	}
	won = validate(work, out);
	if (won)
	{
		delete_old_versions(work);
		publish(work);
	}
	occ_unlock();
	return won;
}

static void
commit_work(void)
{
	Work		  work = {0};
	Defeat		  why;
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "dsql_local commit", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	work.snapshot = GetTransactionSnapshot();
	PushActiveSnapshot(work.snapshot); /* reading toasted values needs one */
	work.topxid = GetTopTransactionId();
	gather_locks_writes_keys(&work);
	open_targets(&work);
	drop_needless_locks(&work);
	set_places(work.writes, work.nwrites);
	set_places(work.locks, work.nlocks);
	gather_rivals(&work);
	ask_inject(&work);
	if (!validate_and_publish(&work, &why))
		lose(&why);
	close_targets(&work);
	PopActiveSnapshot();
	conflicts_count_commit();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static void
before_commit(void)
{
	limits_check_age();
	limits_check_size();
	ddl_lock_and_check();
	if (occ_has_work())
		commit_work();
}

static void
after_transaction(void)
{
	occ_leave();
	occ_forget_all();
	ddl_reset();
	limits_reset();
}

static void
at_transaction_event(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			before_commit();
			break;
		case XACT_EVENT_PRE_PREPARE:
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("unsupported transaction statement: "
								   "PREPARE TRANSACTION")));
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
			after_transaction();
			break;
		default:
			break;
	}
}

void
occ_commit_init(void)
{
	RegisterXactCallback(at_transaction_event, NULL);
}
