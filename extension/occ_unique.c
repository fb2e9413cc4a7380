/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_unique.c
 *	  Uniqueness without waiting.
 *
 * Before an index takes a key it looks with SnapshotDirty whether there is one
 * already: nbtree in _bt_check_unique(), ON CONFLICT and exclusion constraints
 * in check_exclusion_or_unique_constraint().  If another transaction is about
 * to insert or delete it, they wait for that transaction.  Here they get an
 * answer at once, that of our own snapshot:
 *
 *	 visible in the snapshot, or our own		it exists: 23505 now
 *	 we replaced or deleted it					it does not
 *	 deleted before the snapshot				it does not
 *	 inserted by a concurrent transaction		it does not; who commits second
 *												gets OC000 (OCC_KEY)
 *
 * The last holds even if the concurrent one has committed and a third has
 * deleted the row again: the key was written after our snapshot.
 */
#include "dsql_local.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "occ_am.h"
#include "occ_unique.h"
#include "occ_writes.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Is it there for me?  Called with the buffer share-locked. */
static bool
exists(Relation rel, HeapTuple tuple, Buffer buffer)
{
	HeapTupleHeader header = tuple->t_data;
	TransactionId	xmin = HeapTupleHeaderGetXmin(header);
	Snapshot		snapshot = GetTransactionSnapshot();

	if (!TransactionIdIsNormal(xmin))
	{
		/* Frozen, or a speculative insertion that was taken back. */
		if (!TransactionIdIsValid(xmin))
			return false;
	}
	else if (TransactionIdIsCurrentTransactionId(xmin))
		return HeapTupleSatisfiesVisibility(tuple, SnapshotSelf, buffer);
	else if (XidInMVCCSnapshot(xmin, snapshot))
	{
		if (TransactionIdIsInProgress(xmin) || TransactionIdDidCommit(xmin))
			occ_note_key(rel, &tuple->t_self, xmin);
		return false;
	}
	return HeapTupleSatisfiesVisibility(tuple, snapshot, buffer) &&
		   !(occ_nwrites > 0 && occ_find(rel, &tuple->t_self, OCC_WRITE));
}

static bool
slot_exists(Relation rel, TupleTableSlot *slot)
{
	BufferHeapTupleTableSlot *bslot = (BufferHeapTupleTableSlot *) slot;
	bool					  result;

	LockBuffer(bslot->buffer, BUFFER_LOCK_SHARE);
	result = exists(rel, bslot->base.tuple, bslot->buffer);
	LockBuffer(bslot->buffer, BUFFER_LOCK_UNLOCK);
	return result;
}

bool
occ_unique_fetch(IndexFetchTableData *scan, ItemPointer tid, Snapshot dirty,
				 TupleTableSlot *slot, bool *call_again, bool *all_dead)
{
	ItemPointerData first = *tid;
	bool			again = false;
	bool			dead = false;
	bool			found;

	/* Most entries of a hot row are dead to all, and heap can tell. */
	*call_again = false;
	found = occ_heap->index_fetch_tuple(scan, tid, dirty, slot, &again, &dead);
	if (all_dead)
		*all_dead = !found && dead;

	/* Otherwise look at each version of the HOT chain. */
	if (found || !dead)
	{
		*tid = first;
		again = false;
		do
		{
			found = occ_heap->index_fetch_tuple(scan, tid, SnapshotAny, slot,
												&again, NULL);
		} while (found && !slot_exists(scan->rel, slot));
	}

	/* These are whom the caller would wait for. */
	dirty->xmin = dirty->xmax = InvalidTransactionId;
	dirty->speculativeToken = 0;
	return found;
}
