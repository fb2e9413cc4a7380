/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.c
 *	  COMMIT: the first committer wins.
 *
 * Until COMMIT a transaction has changed nothing that another could see: its
 * new versions are invisible, and what it replaced, deleted or locked is in
 * its own log (writes.c).  At COMMIT, after the last trigger:
 *
 * 0. Everything that may wait or read a catalog (claims.c): the relations are
 *	  opened and locked; changed definitions have been found (schema/).  The
 *	  relations stay locked to the end.
 * 1. The commit lock is taken.
 * 2. Each write: its old version must still be the newest.  Only validated
 *	  transactions set the xmax of a version, so an xmax in progress counts as
 *	  committed.  And no concurrent transaction may have published an intent on
 *	  the row that conflicts with the write.
 * 3. Each lock: the same, but FOR KEY SHARE tolerates that a non-key update
 *	  replaced the version.  In a table without a primary key the new version
 *	  is then checked in the same way, and so on to the newest.
 * 4. No intent of a concurrent transaction may have been evicted.
 * 5. This transaction must not be doomed: a transaction that inserted the same
 *	  key later may have committed first.
 * 6. Each transaction that has inserted a key of ours too: if it is validated
 *	  or has committed, it has won.
 * 7. Only now are pages changed: the old versions are deleted (stamp.c).
 * 8. Intents and replacements are published, those who inserted our keys and
 *	  are still running are doomed, the transaction is marked as validated, the
 *	  lock is released.  The WAL flush comes after that, so group commit still
 *	  works.
 *
 * The work under the lock is at most proportional to what the transaction did
 * itself: the decision on a rival is one for all the keys that it inserted.
 *
 * "First" is the order in which transactions get the commit lock.  Two that
 * conflict meet in one of three places: the xmax of an old version, the table
 * of intents, or a key.  The first one writes it in steps 7 and 8, and the
 * other one reads it in steps 2 to 6 and fails.  A transaction that ended
 * before the other one's snapshot does not conflict with it; the snapshot
 * tells.
 *
 * At capacity nothing lets a conflict pass; what is lost is precision:
 *
 * - The table of intents is full: the oldest one is evicted.  Step 4 fails
 *	 whoever may have missed it, because its snapshot has the publisher as
 *	 running.  A replacement that was evicted fails step 3 of whoever needs it
 *	 (intents.c).
 * - A slot has no room for another contended subtransaction: step 5 fails the
 *	 transaction even if it has rolled those back (slots.c).
 * - The table of changed definitions is full: a change counts as one of
 *	 everything (schema/changes.c), which step 0 finds.
 *
 * Slots themselves are as many as backends.  The log grows.  Whoever finds
 * PostgreSQL's lock table full fails in step 0.
 *
 * There is no deadlock: while a transaction runs, it waits for nobody's rows.
 * At COMMIT relation locks come first, in the order of their oids, and under
 * the commit lock nothing is waited for but buffers and WAL, as in any insert.
 *
 * A non-key update leaves a mark in the old version: that of a row that moved
 * to another partition, since its t_ctid has no other use, or, if the new
 * version is on the same page, that of a HOT update (heap_only.c).  The marks
 * are in the WAL, and tell a non-key update from a delete for as long as
 * anybody may ask.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "occ/claim_identity.h"
#include "occ/claims.h"
#include "occ/commit.h"
#include "occ/commit_lock.h"
#include "occ/conflict.h"
#include "occ/horizon.h"
#include "occ/identity.h"
#include "occ/slots.h"
#include "occ/stamp.h"
#include "occ/validate.h"
#include "schema/touched.h"
#include "sys/conflicts.h"
#include "sys/inject.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* ---- Steps 7 and 8, under the commit lock ---- */

/*
 * A lock that has moved to the version of a transaction which may still fail
 * is published on the version before, too: if that transaction fails, the
 * version before is the newest again.
 */
static void
publish_lock(const CommitWork *work, const Claim *lock)
{
	LockTupleMode mode = (LockTupleMode) lock->entry->mode;
	IntentKey	  former = lock->key;

	occ_intents_publish(&lock->key, mode, work->topxid);
	if (ItemPointerIsValid(&lock->former))
	{
		former.identity = occ_identity_of_place((ItemPointer) &lock->former);
		occ_intents_publish(&former, mode, work->topxid);
	}
}

static void
publish_locks(const CommitWork *work)
{
	for (int i = 0; i < work->nlocks; i++)
		publish_lock(work, &work->locks[i]);
}

static void
publish_replacement(const CommitWork *work, Claim *write)
{
	IntentKey new_version = write->key;

	new_version.identity = occ_identity_of_place(&write->newest);
	occ_intents_publish_replacement(&write->key, &new_version, &write->newest,
									work->topxid);
}

static void
publish_writes(const CommitWork *work)
{
	TransactionId horizon = occ_horizon_known();

	for (int i = 0; i < work->nwrites; i++)
	{
		Claim *write = &work->writes[i];

		if (occ_claim_identity_is_replacement(write))
			publish_replacement(work, write);
		else if (occ_claim_identity_is_published_delete(write) &&
				 TransactionIdFollowsOrEquals(write->xmin, horizon))
			occ_intents_publish(&write->key, LockTupleExclusive, work->topxid);
	}
}

/*
 * Last of all: nothing can make this transaction fail any more, so nobody
 * loses to a transaction that fails itself.
 */
static void
doom_rivals(const CommitWork *work)
{
	for (int i = 0; i < work->nrivals; i++)
	{
		const Rival		 *rival = &work->rivals[i];
		const WriteEntry *entry = rival->claims[0].entry;
		Doom doom = {rival->xid, work->topxid, entry->relid, entry->tid};

		occ_slots_doom(rival->topxid, &doom);
	}
}

static void
publish(const CommitWork *work)
{
	occ_horizon_advance();
	publish_locks(work);
	publish_writes(work);
	doom_rivals(work);
	occ_slots_set_validated(work->topxid);
}

/* ---- All steps ---- */

/* An injected conflict takes the place of validation. */
static void
fail_if_injected(void)
{
	int		   n = 0;
	const Oid *relations;

	if (!inject_has_rules())
		return;
	relations = schema_touched_written(&n);
	if (inject_should_fail(relations, n))
		occ_conflict_raise_injected();
}

/*
 * Returns with the commit lock held.  Intents may appear while it is waited
 * for; then identities are needed after all, and computed without it.
 */
static void
lock_with_identities(CommitWork *work)
{
	for (;;)
	{
		if (occ_claim_identity_is_needed(work))
			occ_claim_identity_read_keys(work);
		occ_commit_lock_acquire();
		if (!occ_claim_identity_is_needed(work))
			return;
		occ_commit_lock_release();
	}
}

/* True: this transaction will commit. */
static bool
validate_and_publish(CommitWork *work, RowConflict *conflict)
{
	bool may_commit;

	if (!occ_validate_follow_ended(work, conflict))
		return false;
	lock_with_identities(work);
	may_commit = occ_validate(work, conflict);
	if (may_commit)
	{
		occ_stamp_old_versions(work);
		publish(work);
	}
	occ_commit_lock_release();
	return may_commit;
}

static void
commit_work(void)
{
	CommitWork	work = {0};
	RowConflict conflict;

	work.snapshot = GetTransactionSnapshot();
	work.topxid = GetTopTransactionId();
	occ_claims_gather(&work);
	occ_claim_identity_set_places(&work);
	fail_if_injected();
	if (!validate_and_publish(&work, &conflict))
		occ_conflict_raise(&conflict);
	occ_claims_close(&work);
	conflicts_count_commit();
}

/* What it allocates goes with the transaction. */
void
occ_commit(void)
{
	MemoryContext caller;

	if (!occ_writes_need_validation())
		return;
	caller = MemoryContextSwitchTo(TopTransactionContext);
	commit_work();
	MemoryContextSwitchTo(caller);
}
