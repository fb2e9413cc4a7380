/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * validate.c
 *	  Whether a transaction may commit.
 *
 * The steps are those of commit.c.  This runs under the commit lock, so it
 * reads no catalog, no toasted value, and no row but those of the log; what it
 * needs was gathered before (claims.c).  Buffer locks are taken one at a time.
 * The work is at most proportional to what the transaction did itself.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "occ/claim_identity.h"
#include "occ/commit_lock.h"
#include "occ/heap.h"
#include "occ/slots.h"
#include "occ/validate.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* How many versions of a page are read while it is locked. */
#define VERSIONS_AT_ONCE 64

/* A backend has a hash table for its pins if they are more than eight. */
#define MAX_PINNED_PAGES 6

/* Always returns false, for the caller to return. */
static bool
lose(RowConflict *out, ConflictKind kind, const Claim *claim,
	 TransactionId winner)
{
	out->kind = kind;
	out->relid = RelationGetRelid(claim->target->rel);
	out->tid = claim->tid;
	out->winner = winner;
	return false;
}

static bool
is_not_doomed(RowConflict *out)
{
	Doom doom;

	if (!occ_slots_am_doomed(&doom))
		return true;
	out->kind = CONFLICT_KEY;
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

/* What the page says about a version, as a writer finds it. */
typedef struct Version
{
	TM_Result	  state;
	TransactionId xmax;
	bool is_non_key; /* replaced by an update that kept the key (commit.c) */
} Version;

/*
 * With the buffer locked.  A version that was made by a transaction which has
 * failed since may be gone.  That is the same as when it is invisible.
 */
static void
read_version(const Claim *claim, Buffer buffer, Version *version)
{
	Relation	  rel = claim->target->rel;
	HeapTupleData tuple;

	if (!occ_heap_find_on_page(rel, buffer, (ItemPointer) &claim->tid, &tuple))
	{
		if (!has_moved(claim))
			occ_heap_report_gone(rel, (ItemPointer) &claim->tid);
		version->state = TM_Invisible;
		return;
	}
	version->state =
		HeapTupleSatisfiesUpdate(&tuple, GetCurrentCommandId(false), buffer);
	version->xmax = HeapTupleHeaderGetRawXmax(tuple.t_data);
	version->is_non_key = occ_heap_is_non_key_update(tuple.t_data);
}

/* The versions are on one page, which the first of them keeps pinned. */
static void
read_versions(Claim *claims, int n, Version *versions)
{
	Buffer buffer = occ_claims_take_page(&claims[0]);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	for (int i = 0; i < n; i++)
		read_version(&claims[i], buffer, &versions[i]);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	claims[0].pinned = buffer;
}

/*
 * The pages of a small transaction stay pinned until they are stamped: looking
 * them up again would take a good part of the COMMIT of a single row.
 */
static bool
may_stay_pinned(const CommitWork *work, const Claim *claim)
{
	return claim->entry->kind == WRITE_REPLACED &&
		   work->nwrites <= MAX_PINNED_PAGES;
}

static bool
intents_allow(const CommitWork *work, const Claim *claim, RowConflict *out)
{
	TransactionId winner;

	return !occ_intents_exist() ||
		   !occ_intents_conflict(&claim->key,
								 (LockTupleMode) claim->entry->mode,
								 work->snapshot, &winner) ||
		   lose(out, CONFLICT_LOCK, claim, winner);
}

/*
 * May this version be written or locked?  A key share tolerates that a non-key
 * update replaced it; then *replaced_by is the transaction that did.
 */
static bool
version_allows(const Claim *claim, const Version *version, ConflictKind kind,
			   TransactionId *replaced_by, RowConflict *out)
{
	TM_Result state = version->state;

	*replaced_by = InvalidTransactionId;
	/* A version that a validated transaction has just made is the newest. */
	if (state == TM_Ok || (state == TM_Invisible && has_moved(claim)))
		return true;
	if (state != TM_BeingModified && state != TM_Updated &&
		state != TM_Deleted)
		elog(ERROR, "a row that this transaction saw is not committed");
	if (claim->entry->mode != LockTupleKeyShare || !version->is_non_key)
		return lose(out, kind, claim, version->xmax);
	*replaced_by = version->xmax;
	return true;
}

typedef enum RowState
{
	ROW_IS_LOST,
	ROW_IS_FREE,
	ROW_HAS_MOVED, /* look again, at the version that the claim is on now */
} RowState;

/*
 * May this row be written or locked?  That depends on its version and on the
 * intents on it.  A row that is known by its place is checked at each place
 * that it has had since, up to the newest one.
 */
static RowState
look_at_version(const CommitWork *work, Claim *claim, const Version *version,
				ConflictKind kind, RowConflict *out)
{
	ItemPointerData tid = claim->tid;
	ItemPointerData next;
	TransactionId	xid;

	if (!version_allows(claim, version, kind, &xid, out) ||
		!intents_allow(work, claim, out))
		return ROW_IS_LOST;
	if (!TransactionIdIsValid(xid) || claim->target->identity_columns != NULL)
		return ROW_IS_FREE;
	if (!occ_intents_find_replacement(&claim->key, xid, &next))
	{
		lose(out, CONFLICT_FORGOTTEN, claim, xid);
		return ROW_IS_LOST;
	}
	occ_claim_identity_move(claim, &next);
	if (TransactionIdIsInProgress(xid))
		claim->former = tid;
	else
		ItemPointerSetInvalid(&claim->former);
	return ROW_HAS_MOVED;
}

static RowState
look_at_row(const CommitWork *work, Claim *claim, ConflictKind kind,
			RowConflict *out)
{
	Version version;

	read_versions(claim, 1, &version);
	occ_claims_release_page(claim);
	return look_at_version(work, claim, &version, kind, out);
}

static bool
page_allows(const CommitWork *work, Claim *claims, int n, ConflictKind kind,
			RowConflict *out)
{
	Version versions[VERSIONS_AT_ONCE];

	read_versions(claims, n, versions);
	if (!may_stay_pinned(work, &claims[0]))
		occ_claims_release_page(&claims[0]);
	for (int i = 0; i < n; i++)
	{
		RowState state =
			look_at_version(work, &claims[i], &versions[i], kind, out);

		while (state == ROW_HAS_MOVED)
			state = look_at_row(work, &claims[i], kind, out);
		if (state == ROW_IS_LOST)
			return false;
	}
	return true;
}

/* With the commit lock shared, for one version at a time. */
static bool
follow_ended(const CommitWork *work, Claim *claim, RowConflict *out)
{
	RowState state;

	do
	{
		occ_commit_lock_acquire_shared();
		state = look_at_row(work, claim, CONFLICT_LOCK, out);
		occ_commit_lock_release();
	} while (state == ROW_HAS_MOVED && !ItemPointerIsValid(&claim->former));
	if (state == ROW_HAS_MOVED)
	{
		/* One too far: that transaction may still fail. */
		occ_claim_identity_move(claim, &claim->former);
		ItemPointerSetInvalid(&claim->former);
	}
	return state != ROW_IS_LOST;
}

bool
occ_validate_follow_ended(CommitWork *work, RowConflict *out)
{
	for (int i = 0; i < work->nlocks; i++)
		if (work->locks[i].entry->mode == LockTupleKeyShare &&
			work->locks[i].target->identity_columns == NULL &&
			!follow_ended(work, &work->locks[i], out))
			return false;
	return true;
}

/* Could there be an intent that was not found because it was evicted? */
static bool
no_intent_is_missing(const CommitWork *work, RowConflict *out)
{
	TransactionId winner;

	if (work->nwrites + work->nlocks == 0 ||
		!occ_intents_lost(work->snapshot, &winner))
		return true;
	return lose(out, CONFLICT_FORGOTTEN,
				work->nwrites > 0 ? work->writes : work->locks, winner);
}

/* A page is locked once for all its versions that are next to each other. */
static bool
rows_allow(const CommitWork *work, Claim *claims, int n, ConflictKind kind,
		   RowConflict *out)
{
	int on_page;

	for (int i = 0; i < n; i += on_page)
	{
		on_page =
			Min(occ_claims_on_one_page(&claims[i], n - i), VERSIONS_AT_ONCE);
		occ_claims_prefetch(&claims[i], n - i);
		if (!page_allows(work, &claims[i], on_page, kind, out))
			return false;
	}
	return true;
}

/* Is the version that had the same key still there? */
static bool
key_version_exists(const Claim *claim)
{
	HeapTupleData tuple;
	Buffer		  buffer;
	bool		  exists;

	tuple.t_self = claim->tid;
	if (!heap_fetch(claim->target->rel, SnapshotAny, &tuple, &buffer, false))
		return false;
	exists = HeapTupleHeaderGetXmin(tuple.t_data) == claim->entry->xid;
	ReleaseBuffer(buffer);
	return exists;
}

/*
 * The order of the questions matters (slots.c).  A transaction that is not
 * validated now cannot become so while we hold the commit lock, and one that
 * has ended meanwhile has left its outcome in pg_xact.
 */
static bool
has_won(const Rival *rival)
{
	if (occ_slots_is_validated(rival->topxid))
		return !TransactionIdDidAbort(rival->xid); /* rolled back? */
	return !TransactionIdIsInProgress(rival->xid) &&
		   TransactionIdDidCommit(rival->xid);
}

static bool
keys_allow(const CommitWork *work, RowConflict *out)
{
	for (int i = 0; i < work->nrivals; i++)
	{
		const Rival *rival = &work->rivals[i];

		if (!has_won(rival))
			continue;
		for (int k = 0; k < rival->nclaims; k++)
			if (key_version_exists(&rival->claims[k]))
				return lose(out, CONFLICT_KEY, &rival->claims[k],
							rival->topxid);
	}
	return true;
}

/*
 * Rows come first: a transaction that updated a row has inserted its key again
 * and may be doomed for that, but the error should say that both wrote the
 * row.
 */
bool
occ_validate(CommitWork *work, RowConflict *out)
{
	return rows_allow(work, work->writes, work->nwrites, CONFLICT_WRITE,
					  out) &&
		   rows_allow(work, work->locks, work->nlocks, CONFLICT_LOCK, out) &&
		   no_intent_is_missing(work, out) && is_not_doomed(out) &&
		   keys_allow(work, out);
}
