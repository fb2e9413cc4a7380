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
#include "base/settings.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_index.h"
#include "executor/tuptable.h"
#include "occ/am.h"
#include "occ/unique.h"
#include "occ/writes.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* heap's, and whether an index is being scanned with it. */
typedef struct UniqueFetch
{
	IndexFetchHeapData heap;
	bool			   is_scan;
} UniqueFetch;

IndexFetchTableData *
occ_index_fetch_begin(Relation rel)
{
	UniqueFetch *fetch = palloc0(sizeof(UniqueFetch));

	fetch->heap.xs_base.rel = rel;
	fetch->heap.xs_cbuf = InvalidBuffer;
	return &fetch->heap.xs_base;
}

/* A scan begins with a reset; nbtree's check of one entry has none. */
void
occ_index_fetch_reset(IndexFetchTableData *scan)
{
	((UniqueFetch *) scan)->is_scan = true;
	occ_heap->index_fetch_reset(scan);
}

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
 * it inserts, nbtree looks again and that is noted.  An exclusion constraint
 * has only its scan; so a table with one may lose for a row that it did not
 * insert.
 */
static void
note_key(IndexFetchTableData *scan, ItemPointer tid, TransactionId xid)
{
	if (!((UniqueFetch *) scan)->is_scan ||
		has_exclusion_constraint(scan->rel))
		occ_note_key(scan->rel, tid, xid);
}

/*
 * Is it there for me?  *rival: no, but it will be if this transaction
 * commits, or was.  Called with the buffer share-locked.
 */
static bool
exists(Relation rel, HeapTuple tuple, Buffer buffer, TransactionId *rival)
{
	TransactionId xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	Snapshot	  snapshot = GetTransactionSnapshot();

	/* A speculative insertion that was taken back. */
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
		   !(occ_nwrites > 0 && occ_find(rel, &tuple->t_self, OCC_WRITE));
}

static bool
slot_exists(IndexFetchTableData *scan, TupleTableSlot *slot)
{
	BufferHeapTupleTableSlot *bslot = (BufferHeapTupleTableSlot *) slot;
	TransactionId			  rival = InvalidTransactionId;
	bool					  result;

	LockBuffer(bslot->buffer, BUFFER_LOCK_SHARE);
	result = exists(scan->rel, bslot->base.tuple, bslot->buffer, &rival);
	LockBuffer(bslot->buffer, BUFFER_LOCK_UNLOCK);
	if (TransactionIdIsValid(rival))
		note_key(scan, &bslot->base.tuple->t_self, rival);
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
		} while (found && !slot_exists(scan, slot));
	}

	/* These are whom the caller would wait for. */
	dirty->xmin = dirty->xmax = InvalidTransactionId;
	dirty->speculativeToken = 0;
	return found;
}
