/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * unique.c
 *	  Uniqueness without waiting.
 *
 * Before an index takes a key it looks with SnapshotDirty for an existing one:
 * nbtree in _bt_check_unique(), ON CONFLICT and exclusion constraints in
 * check_exclusion_or_unique_constraint().  If another transaction is about to
 * insert or delete that key, they wait for it.  Here they get an answer at
 * once, from the transaction's own snapshot:
 *
 *	 visible in the snapshot, or our own		it exists: 23505 now
 *	 we replaced or deleted it					it does not exist
 *	 deleted before the snapshot				it does not exist
 *	 inserted by a concurrent transaction		it does not exist; the one that
 *												commits second gets OC000
 *												(WRITE_KEY)
 *
 * The last line holds even if the concurrent transaction has committed and a
 * third one has deleted the row again: the key was written after our snapshot.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_index.h"
#include "executor/tuptable.h"
#include "occ/heap.h"
#include "occ/heap_only.h"
#include "occ/index_fetch.h"
#include "occ/superseded.h"
#include "occ/unique.h"
#include "occ/writes.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

static bool
has_exclusion_constraint(Relation rel)
{
	List	 *indexes = RelationGetIndexList(rel);
	ListCell *cell;
	bool	  found = false;

	foreach (cell, indexes)
	{
		HeapTuple tuple =
			SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));

		if (HeapTupleIsValid(tuple))
		{
			found |= ((Form_pg_index) GETSTRUCT(tuple))->indisexclusion;
			ReleaseSysCache(tuple);
		}
	}
	list_free(indexes);
	return found;
}

/*
 * ON CONFLICT scans the index before it decides whether to insert at all.  If
 * it inserts, nbtree looks again, and only that is noted.  An exclusion
 * constraint has only its scan, so there a transaction may fail because of a
 * row that it did not insert.
 */
static void
note_key(IndexFetchTableData *scan, ItemPointer tid, TransactionId xid)
{
	if (!((IndexFetch *) scan)->is_scan || has_exclusion_constraint(scan->rel))
		occ_writes_note_key(scan->rel, tid, xid);
}

/*
 * Is the version visible to this transaction, and not replaced by it?  If not
 * because a concurrent transaction inserted it, *rival is that transaction.
 * Called with the buffer share-locked.
 */
static bool
is_visible(Relation rel, HeapTuple tuple, Buffer buffer, TransactionId *rival)
{
	TransactionId xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	Snapshot	  snapshot = GetTransactionSnapshot();

	/* A speculative insertion that was taken back, as heap marks it. */
	if (!TransactionIdIsValid(xmin))
		return false;
	if (TransactionIdIsCurrentTransactionId(xmin))
		return HeapTupleSatisfiesVisibility(tuple, SnapshotSelf, buffer);
	if (TransactionIdIsNormal(xmin) && XidInMVCCSnapshot(xmin, snapshot))
	{
		if (TransactionIdIsInProgress(xmin) || TransactionIdDidCommit(xmin))
			*rival = xmin;
		return false;
	}
	return HeapTupleSatisfiesVisibility(tuple, snapshot, buffer) &&
		   !(occ_writes_pending > 0 &&
			 occ_writes_find(rel, &tuple->t_self, WRITE_REPLACED));
}

/* If not, a heap-only version by which we replaced it may. */
static bool
slot_exists(IndexFetchTableData *scan, TupleTableSlot *slot)
{
	BufferHeapTupleTableSlot *bslot = (BufferHeapTupleTableSlot *) slot;
	ItemPointerData			  tid = slot->tts_tid;
	TransactionId			  rival = InvalidTransactionId;
	bool					  result;

	LockBuffer(bslot->buffer, BUFFER_LOCK_SHARE);
	result = is_visible(scan->rel, bslot->base.tuple, bslot->buffer, &rival);
	LockBuffer(bslot->buffer, BUFFER_LOCK_UNLOCK);
	if (TransactionIdIsValid(rival))
		note_key(scan, &tid, rival);
	return result ||
		   (occ_writes_pending > 0 &&
			occ_heap_only_fetch(scan->rel, &tid, SnapshotSelf, slot));
}

bool
occ_unique_fetch(IndexFetchTableData *scan, ItemPointer tid, Snapshot dirty,
				 TupleTableSlot *slot, bool *call_again, bool *all_dead)
{
	ItemPointerData first = *tid;
	bool			again = false;
	bool			dead = false;
	bool			found;

	/* Most entries of an often updated row are dead to all; heap knows. */
	*call_again = false;
	found = occ_heap->index_fetch_tuple(scan, tid, dirty, slot, &again, &dead);
	if (!found && !dead)
		dead = occ_superseded(scan, &first, GetTransactionSnapshot());
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
		} while (found && !slot_exists(scan, slot));
	}

	/* The caller would wait for these transactions. */
	dirty->xmin = dirty->xmax = InvalidTransactionId;
	dirty->speculativeToken = 0;
	return found;
}
