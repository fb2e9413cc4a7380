/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * claim_identity.c
 *	  Which row each claim of COMMIT is on.
 *
 * A row is known by its primary key, which has to be read and may be toasted,
 * or by the place of a version (identity.c).  Both are found before the commit
 * lock is taken; under it a claim may move to another place only.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "occ/claim_identity.h"
#include "occ/heap.h"
#include "occ/identity.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static void
set_place(Claim *claim)
{
	claim->key.identity = occ_identity_of_place(&claim->tid);
}

static void
set_relation(Claim *claim)
{
	claim->key.database = MyDatabaseId;
	claim->key.relation = RelationGetRelid(claim->target->rel);
}

/* Has this transaction updated the version?  *next: by which one. */
static bool
is_updated_by_us(HeapTuple tuple, ItemPointer next)
{
	HeapTupleHeader header = tuple->t_data;

	if ((header->t_infomask & HEAP_XMAX_INVALID) != 0 ||
		HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) ||
		!TransactionIdIsCurrentTransactionId(
			HeapTupleHeaderGetUpdateXid(header)) ||
		ItemPointerEquals(&header->t_ctid, &tuple->t_self))
		return false;
	*next = header->t_ctid;
	return true;
}

/*
 * A version of our own may have been updated again: heap links those.  If one
 * is missing, it was rolled back and pruned, and no intent will be on it.
 */
static void
follow_our_updates(Claim *write)
{
	HeapTupleData tuple;
	Buffer		  buffer;
	bool		  is_updated;

	write->newest = write->entry->other;
	do
	{
		tuple.t_self = write->newest;
		if (!heap_fetch(write->target->rel, SnapshotAny, &tuple, &buffer,
						false))
			return;
		is_updated = is_updated_by_us(&tuple, &write->newest);
		ReleaseBuffer(buffer);
	} while (is_updated);
}

/* A place is known without reading the row. */
static void
set_places(Claim *claims, int n)
{
	for (int i = 0; i < n; i++)
	{
		set_relation(&claims[i]);
		if (claims[i].target->identity_columns == NULL)
			set_place(&claims[i]);
		if (occ_claim_identity_is_replacement(&claims[i]))
			follow_our_updates(&claims[i]);
	}
}

/* A key needs the row, and may be toasted. */
static void
identify(Claim *claims, int n)
{
	for (int i = 0; i < n; i++)
	{
		Claim	   *claim = &claims[i];
		Relation	rel = claim->target->rel;
		PinnedTuple pinned;

		if (claim->target->identity_columns == NULL)
			continue;
		occ_heap_pin(rel, &claim->tid, &pinned);
		claim->key.identity = occ_identity_hash(
			rel, claim->target->identity_columns, &pinned.tuple);
		claim->xmin = HeapTupleHeaderGetXmin(pinned.tuple.t_data);
		ReleaseBuffer(pinned.buffer);
	}
}

/* Contended keys are found by their place and need no identity. */
void
occ_claim_identity_set_places(CommitWork *work)
{
	set_places(work->writes, work->nwrites);
	set_places(work->locks, work->nlocks);
}

void
occ_claim_identity_read_keys(CommitWork *work)
{
	PushActiveSnapshot(work->snapshot); /* for toasted values */
	identify(work->writes, work->nwrites);
	identify(work->locks, work->nlocks);
	PopActiveSnapshot();
	work->has_identities = true;
}

void
occ_claim_identity_move(Claim *claim, ItemPointer tid)
{
	claim->tid = *tid;
	set_place(claim);
}

bool
occ_claim_identity_is_replacement(const Claim *claim)
{
	return claim->entry->kind == WRITE_REPLACED &&
		   claim->entry->mode != LockTupleExclusive &&
		   claim->target->identity_columns == NULL;
}

/*
 * A delete of a version that some snapshot does not see yet is published: the
 * transaction with that snapshot may have locked an older version.  (Without a
 * primary key such a transaction finds the deleted version by itself.)
 */
bool
occ_claim_identity_is_published_delete(const Claim *write)
{
	return write->entry->mode == LockTupleExclusive &&
		   write->target->identity_columns != NULL;
}

bool
occ_claim_identity_is_needed(const CommitWork *work)
{
	if (work->has_identities)
		return false;
	if (work->nlocks > 0 || (work->nwrites > 0 && occ_intents_exist()))
		return true;
	for (int i = 0; i < work->nwrites; i++)
		if (occ_claim_identity_is_published_delete(&work->writes[i]))
			return true;
	return false;
}
