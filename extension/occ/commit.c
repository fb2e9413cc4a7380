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
 *	  replaced the version.
 * 4. Has a committed transaction doomed us, whose key we had inserted first?
 * 5. Each key that a concurrent transaction has inserted too: if it is
 *	  validated or has committed, it won; if it is still in progress, it is
 *	  doomed.
 * 6. Only now are pages changed: heap_delete() of each old version.
 * 7. Intents are published, the transaction is marked validated, the lock is
 *	  released.  The WAL flush comes after that: group commit goes on.
 *
 * First committer wins: "first" is the order of the lock.  Two transactions
 * with a conflict meet in one of three places: the xmax of an old version,
 * the table of intents, or a key.  Each is written in 5 to 7 by whoever has
 * the lock first and read in 2 to 5 by the other, who fails.  Those who end
 * before the other's snapshot do not conflict, and are told apart by that
 * snapshot itself.
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
	Bitmapset *identity_columns;
} Target;

/* An entry of the log, with what validation needs. */
typedef struct Claim
{
	const OccEntry *entry;
	Target		   *target;
	OccIntentKey	key;  /* if Work.has_identities */
	TransactionId	xmin; /* WRITE, likewise */
} Claim;

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

static Claim *
alloc_claims(int n)
{
	return MemoryContextAllocHuge(CurrentMemoryContext,
								  Max(n, 1) * sizeof(Claim));
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
			work->writes[work->nwrites++].entry = entry;
		else if (entry->kind == OCC_LOCK)
			work->locks[work->nlocks++].entry = entry;
		else if (entry->kind == OCC_KEY)
			work->keys[work->nkeys++].entry = entry;
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

static void
close_targets(Work *work)
{
	for (int i = 0; i < work->ntargets; i++)
		table_close(work->targets[i].rel, NoLock);
}

/* Needs the row, maybe its toasted key: not under the lock. */
static void
identify(Claim *claims, int n)
{
	for (int i = 0; i < n; i++)
	{
		Relation	  rel = claims[i].target->rel;
		HeapTupleData tuple;
		Buffer		  buffer;

		tuple.t_self = claims[i].entry->tid;
		if (!heap_fetch(rel, SnapshotAny, &tuple, &buffer, false))
			elog(ERROR, "row (%u,%u) of \"%s\" is gone",
				 ItemPointerGetBlockNumber(&tuple.t_self),
				 ItemPointerGetOffsetNumber(&tuple.t_self),
				 RelationGetRelationName(rel));
		claims[i].key.database = MyDatabaseId;
		claims[i].key.relation = RelationGetRelid(rel);
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
 * Keys go by place; others are needed by identity if there are intents to
 * compare with, or if we publish.  A delete of a version that some snapshot
 * does not see yet is published, for it may have locked an older one.
 */
static bool
must_identify(const Work *work)
{
	if (work->has_identities)
		return false;
	if (work->nlocks > 0 || (work->nwrites > 0 && occ_intents_exist()))
		return true;
	for (int i = 0; i < work->nwrites; i++)
		if (work->writes[i].entry->mode == LockTupleExclusive)
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
	out->tid = claim->entry->tid;
	out->winner = winner;
	return false;
}

static bool
is_not_doomed(Defeat *out)
{
	TransactionId *children;
	int			   nchildren = xactGetCommittedChildren(&children);
	OccDoom		   doom;
	bool		   found;

	found = occ_is_doomed(GetTopTransactionId(), &doom);
	for (int i = 0; i < nchildren && !found; i++)
		found = occ_is_doomed(children[i], &doom);
	if (found)
	{
		out->kind = OCC_CONFLICT_KEY;
		out->relid = doom.relation;
		out->tid = doom.tid;
		out->winner = doom.winner;
	}
	return !found;
}

/* The state of a version, as a writer of this transaction finds it. */
static TM_Result
version_state(Relation rel, ItemPointer tid, TransactionId *xmax,
			  bool *non_key)
{
	HeapTupleData tuple;
	Buffer		  buffer;
	TM_Result	  result;

	tuple.t_self = *tid;
	if (!heap_fetch(rel, SnapshotAny, &tuple, &buffer, false))
		elog(ERROR, "row (%u,%u) of \"%s\" is gone",
			 ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
			 RelationGetRelationName(rel));
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	result =
		HeapTupleSatisfiesUpdate(&tuple, GetCurrentCommandId(false), buffer);
	*xmax = HeapTupleHeaderGetRawXmax(tuple.t_data);
	*non_key = HeapTupleHeaderIndicatesMovedPartitions(tuple.t_data);
	UnlockReleaseBuffer(buffer);
	return result;
}

static bool
version_allows(const Claim *claim, OccConflictKind kind, Defeat *out)
{
	TransactionId xmax;
	bool		  non_key;

	switch (version_state(claim->target->rel, (ItemPointer) &claim->entry->tid,
						  &xmax, &non_key))
	{
		case TM_Ok:
			return true;
		case TM_BeingModified:
		case TM_Updated:
		case TM_Deleted:
			return (claim->entry->mode == LockTupleKeyShare && non_key) ||
				   defeat(out, kind, claim, xmax);
		default:
			elog(ERROR, "a row that this transaction saw is not committed");
	}
}

static bool
intents_allow(const Work *work, const Claim *claim, Defeat *out)
{
	TransactionId winner;
	bool		  forgotten;

	if (!occ_intents_exist() ||
		!occ_intent_conflicts(&claim->key, (LockTupleMode) claim->entry->mode,
							  work->snapshot, &winner, &forgotten))
		return true;
	return defeat(out, forgotten ? OCC_CONFLICT_FORGOTTEN : OCC_CONFLICT_LOCK,
				  claim, winner);
}

static bool
rows_allow(const Work *work, const Claim *claims, int n, OccConflictKind kind,
		   Defeat *out)
{
	for (int i = 0; i < n; i++)
		if (!version_allows(&claims[i], kind, out) ||
			!intents_allow(work, &claims[i], out))
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

	tuple.t_self = claim->entry->tid;
	if (!heap_fetch(claim->target->rel, SnapshotAny, &tuple, &buffer, false))
		return false;
	stands = HeapTupleHeaderGetXmin(tuple.t_data) == claim->entry->xid;
	ReleaseBuffer(buffer);
	return stands;
}

/*
 * The order of the questions matters: who is not validated now cannot become
 * so while we have the lock, and who has ended meanwhile has left its verdict
 * in pg_xact.
 */
static bool
key_allows(const Claim *claim, Defeat *out)
{
	TransactionId xid = claim->entry->xid;
	TransactionId top = SubTransGetTopmostTransaction(xid);

	if (!occ_is_validated(top))
	{
		if (TransactionIdIsInProgress(xid) || !TransactionIdDidCommit(xid))
			return true;
	}
	else if (TransactionIdDidAbort(xid))
		return true; /* a subtransaction of it */
	return !key_version_stands(claim) ||
		   defeat(out, OCC_CONFLICT_KEY, claim, top);
}

/*
 * Who has inserted our key and is still at work has lost.  Called when nothing
 * can make us fail any more, or they would have lost to nobody.
 */
static bool
doom_the_others(const Work *work, Defeat *out)
{
	for (int i = 0; i < work->nkeys; i++)
	{
		const OccEntry *entry = work->keys[i].entry;
		OccDoom doom = {entry->xid, work->topxid, entry->relid, entry->tid};

		if (TransactionIdIsInProgress(entry->xid) &&
			!occ_is_validated(SubTransGetTopmostTransaction(entry->xid)) &&
			!occ_doom(&doom))
			return defeat(out, OCC_CONFLICT_FORGOTTEN, &work->keys[i],
						  entry->xid);
	}
	return true;
}

static bool
keys_allow(const Work *work, Defeat *out)
{
	for (int i = 0; i < work->nkeys; i++)
		if (!key_allows(&work->keys[i], out))
			return false;
	return true;
}

/*
 * Who updated a row has inserted its key again, and may be doomed for that;
 * but what is told should be that both wrote the row.  So rows come first.
 */
static bool
validate(const Work *work, Defeat *out)
{
	return rows_allow(work, work->writes, work->nwrites, OCC_CONFLICT_WRITE,
					  out) &&
		   rows_allow(work, work->locks, work->nlocks, OCC_CONFLICT_LOCK,
					  out) &&
		   is_not_doomed(out) && keys_allow(work, out) &&
		   doom_the_others(work, out);
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

		if (heap_delete(work->writes[i].target->rel, (ItemPointer) &entry->tid,
						cid, InvalidSnapshot, false, &failure,
						entry->mode != LockTupleExclusive) != TM_Ok)
			elog(ERROR, "a validated row was changed");
	}
}

static void
publish(const Work *work)
{
	TransactionId horizon = occ_horizon();

	for (int i = 0; i < work->nlocks; i++)
		occ_publish_intent(&work->locks[i].key,
						   (LockTupleMode) work->locks[i].entry->mode,
						   work->topxid);
	for (int i = 0; i < work->nwrites; i++)
		if (work->writes[i].entry->mode == LockTupleExclusive &&
			TransactionIdFollowsOrEquals(work->writes[i].xmin, horizon))
			occ_publish_intent(&work->writes[i].key, LockTupleExclusive,
							   work->topxid);
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
	occ_clear_validated();
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
