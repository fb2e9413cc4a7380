/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * modify.c
 *	  The table access method's writing side.
 *
 * - An insert is heap's.
 * - An update of a committed version inserts the new version and puts the old
 *	 one into the log; a delete and a row lock only add to the log (writes.c).
 *	 The old version is not changed before COMMIT.  If no index needs an entry
 *	 for the new one, it goes beside the old one (heap_only.c).
 * - A version that this transaction made itself is invisible to others, so
 *	 heap updates and deletes it.
 *
 * So nothing here waits for another transaction or fails because of one.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "dialect/index_entries.h"
#include "dialect/row_limits.h"
#include "dialect/transaction_limits.h"
#include "executor/tuptable.h"
#include "occ/heap.h"
#include "occ/heap_only.h"
#include "occ/identity.h"
#include "occ/modify.h"
#include "occ/writes.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

/* ---- Inserting ---- */

/* Without what is compressed or in a toast table. */
static Size
stored_size(TupleTableSlot *slot)
{
	bool	  should_free;
	HeapTuple tuple = ExecFetchSlotHeapTuple(slot, true, &should_free);
	Size	  size = tuple->t_len;

	if (should_free)
		heap_freetuple(tuple);
	return size;
}

/*
 * The whole new version is written, and so is what it takes over.  The values
 * come first: once it is a tuple, they would be read from that.
 */
static Size
written_size(TupleTableSlot *slot)
{
	Size toasted = transaction_limits_toasted_size(slot);

	return toasted + stored_size(slot);
}

static void
count_insert(Relation rel, TupleTableSlot *slot)
{
	Size size = written_size(slot);

	row_limits_check(slot, size);
	transaction_limits_count_row(size + index_entries_check(rel, slot));
}

/* Index entries stay if no indexed column changes. */
static void
count_replacement(Relation rel, PinnedTuple *old, TupleTableSlot *slot)
{
	Size size = written_size(slot);
	Size entries = index_entries_check(rel, slot);

	row_limits_check(slot, size);
	if (entries > 0 &&
		!occ_identity_indexed_columns_change(rel, &old->tuple, slot))
		entries = 0;
	transaction_limits_count_row(size + entries);
}

/*
 * Of a version of our own.  Toasted values stay where they are, and so may the
 * index entries; but the new keys are checked.
 */
static void
count_update(Relation rel, TupleTableSlot *slot)
{
	Size toasted = transaction_limits_toasted_size(slot);
	Size size = stored_size(slot);

	row_limits_check(slot, size + toasted);
	(void) index_entries_check(rel, slot);
	transaction_limits_count_row(size);
}

static void
tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
			 struct BulkInsertStateData *bistate)
{
	count_insert(rel, slot);
	occ_writes_note_insert();
	occ_heap->tuple_insert(rel, slot, cid, options, bistate);
}

static void
tuple_insert_speculative(Relation rel, TupleTableSlot *slot, CommandId cid,
						 int options, struct BulkInsertStateData *bistate,
						 uint32 token)
{
	count_insert(rel, slot);
	occ_writes_note_insert();
	occ_heap->tuple_insert_speculative(rel, slot, cid, options, bistate,
									   token);
}

static void
multi_insert(Relation rel, TupleTableSlot **slots, int nslots, CommandId cid,
			 int options, struct BulkInsertStateData *bistate)
{
	for (int i = 0; i < nslots; i++)
		count_insert(rel, slots[i]);
	occ_writes_note_insert();
	occ_heap->multi_insert(rel, slots, nslots, cid, options, bistate);
}

/* ---- Versions that this transaction made, and others ---- */

/* The xmin of a version that we can see does not change: no buffer lock. */
static bool
is_our_version(const PinnedTuple *pinned)
{
	return TransactionIdIsCurrentTransactionId(
		HeapTupleHeaderGetXmin(pinned->tuple.t_data));
}

/*
 * Has this transaction replaced or deleted the committed version already?
 * Returns what heap would: TM_SelfModified if this command or a later one did
 * it, TM_Invisible if an earlier one did, else TM_Ok.
 */
static TM_Result
our_earlier_write(Relation rel, ItemPointer tid, CommandId cid,
				  TM_FailureData *tmfd)
{
	const WriteEntry *entry = occ_writes_find(rel, tid, WRITE_REPLACED);

	if (entry == NULL)
		return TM_Ok;
	if (entry->cid < cid)
		return TM_Invisible;
	tmfd->ctid = ItemPointerIsValid(&entry->other) ? entry->other : *tid;
	tmfd->xmax = GetTopTransactionId();
	tmfd->cmax = entry->cid;
	return TM_SelfModified;
}

/*
 * This transaction deletes or locks a version that it made itself, or changes
 * its key.  Others know only the committed version that it replaces, if there
 * is one: for them that one is locked.
 */
static void
note_on_committed_version(Relation rel, ItemPointer tid, LockTupleMode mode)
{
	const WriteEntry *successor = occ_writes_find(rel, tid, WRITE_SUCCESSOR);

	if (successor)
	{
		ItemPointerData committed = successor->other;

		occ_writes_note_lock(rel, &committed, mode);
	}
}

/* ---- Deleting, updating, locking ---- */

static void
note_delete(Relation rel, const PinnedTuple *old, CommandId cid)
{
	Replacement how = {.mode = LockTupleExclusive,
					   .cid = cid,
					   .buffer = old->buffer,
					   .has_external = HeapTupleHasExternal(&old->tuple)};

	occ_writes_note_write(rel, (ItemPointer) &old->tuple.t_self, &how);
}

static TM_Result
tuple_delete(Relation rel, ItemPointer tid, CommandId cid, Snapshot snapshot,
			 Snapshot crosscheck, bool wait, TM_FailureData *tmfd,
			 bool changing_part)
{
	PinnedTuple old;
	TM_Result	result;

	occ_heap_pin(rel, tid, &old);
	transaction_limits_count_row(0);
	if (is_our_version(&old))
	{
		note_on_committed_version(rel, tid, LockTupleExclusive);
		result =
			occ_heap->tuple_delete(rel, tid, cid, snapshot, InvalidSnapshot,
								   wait, tmfd, changing_part);
	}
	else
	{
		result = our_earlier_write(rel, tid, cid, tmfd);
		if (result == TM_Ok)
			note_delete(rel, &old, cid);
	}
	ReleaseBuffer(old.buffer);
	return result;
}

/*
 * Heap updates a version of our own, with HOT and all.  The new version still
 * replaces the same committed one, if there is one.  It may be the first one
 * of this transaction that is in an index.
 */
static TM_Result
update_our_version(Relation rel, PinnedTuple *old, TupleTableSlot *slot,
				   CommandId cid, Snapshot snapshot, TM_FailureData *tmfd,
				   LockTupleMode	   *lockmode,
				   UpdateIndexesCompat *update_indexes)
{
	ItemPointerData	  tid = old->tuple.t_self;
	const WriteEntry *successor = occ_writes_find(rel, &tid, WRITE_SUCCESSOR);
	TM_Result		  result;

	if (successor && occ_identity_key_changes(rel, &old->tuple, slot))
		note_on_committed_version(rel, &tid, LockTupleExclusive);
	occ_writes_note_insert();
	result =
		occ_heap->tuple_update(rel, &tid, slot, cid, snapshot, InvalidSnapshot,
							   true, tmfd, lockmode, update_indexes);
	if (result == TM_Ok &&
		(successor = occ_writes_find(rel, &tid, WRITE_SUCCESSOR)) != NULL)
	{
		ItemPointerData committed = successor->other;

		occ_writes_note_successor(rel, &slot->tts_tid, &committed);
	}
	return result;
}

/* The old version stays as it is until COMMIT. */
static void
update_committed_version(Relation rel, PinnedTuple *old, TupleTableSlot *slot,
						 CommandId cid, LockTupleMode *lockmode,
						 UpdateIndexesCompat *update_indexes)
{
	Replacement how = {.mode = LockTupleNoKeyExclusive,
					   .cid = cid,
					   .buffer = old->buffer,
					   .has_external = HeapTupleHasExternal(&old->tuple),
					   .successor = &slot->tts_tid};

	how.is_heap_only = occ_heap_only_insert(rel, old, slot, cid);
	if (!how.is_heap_only)
	{
		if (occ_identity_key_changes(rel, &old->tuple, slot))
			how.mode = LockTupleExclusive;
		occ_writes_note_insert();
		occ_heap->tuple_insert(rel, slot, cid, 0, NULL);
		*update_indexes = UPDATE_ALL_INDEXES;
	}
	*lockmode = how.mode;
	occ_writes_note_write(rel, &old->tuple.t_self, &how);
}

static TM_Result
tuple_update(Relation rel, ItemPointer otid, TupleTableSlot *slot,
			 CommandId cid, Snapshot snapshot, Snapshot crosscheck, bool wait,
			 TM_FailureData *tmfd, LockTupleMode *lockmode,
			 UpdateIndexesCompat *update_indexes)
{
	PinnedTuple old; /* has its place; otid may be &slot->tts_tid, which is
					  * overwritten */
	TM_Result result;

	occ_heap_pin(rel, otid, &old);
	if (is_our_version(&old))
	{
		count_update(rel, slot);
		result = update_our_version(rel, &old, slot, cid, snapshot, tmfd,
									lockmode, update_indexes);
		ReleaseBuffer(old.buffer);
		return result;
	}

	count_replacement(rel, &old, slot);
	*update_indexes = (UpdateIndexesCompat) 0;
	result = our_earlier_write(rel, &old.tuple.t_self, cid, tmfd);
	if (result == TM_Ok)
		update_committed_version(rel, &old, slot, cid, lockmode,
								 update_indexes);
	ReleaseBuffer(old.buffer);
	return result;
}

/* Returns what heap_lock_tuple() would for a version of our own. */
static TM_Result
lock_our_version(Relation rel, TupleTableSlot *slot, CommandId cid,
				 LockTupleMode mode, TM_FailureData *tmfd)
{
	BufferHeapTupleTableSlot *bslot = (BufferHeapTupleTableSlot *) slot;
	HeapTuple				  tuple = bslot->base.tuple;
	TM_Result				  result;

	LockBuffer(bslot->buffer, BUFFER_LOCK_SHARE);
	result = HeapTupleSatisfiesUpdate(tuple, cid, bslot->buffer);
	if (result != TM_Ok)
	{
		tmfd->ctid = tuple->t_data->t_ctid;
		tmfd->xmax = GetTopTransactionId();
		tmfd->cmax = result == TM_SelfModified
						 ? HeapTupleHeaderGetCmax(tuple->t_data)
						 : InvalidCommandId;
	}
	LockBuffer(bslot->buffer, BUFFER_LOCK_UNLOCK);
	if (result == TM_Ok)
		note_on_committed_version(rel, &tuple->t_self, mode);
	return result;
}

/* This never waits, so NOWAIT and SKIP LOCKED make no difference. */
static TM_Result
tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot,
		   TupleTableSlot *slot, CommandId cid, LockTupleMode mode,
		   LockWaitPolicy wait_policy, uint8 flags, TM_FailureData *tmfd)
{
	TransactionId xmin;
	TM_Result	  result;

	tmfd->traversed = false;
	if (!occ_heap->tuple_fetch_row_version(rel, tid, SnapshotAny, slot))
		occ_heap_report_gone(rel, tid);
	xmin = HeapTupleHeaderGetXmin(
		((BufferHeapTupleTableSlot *) slot)->base.tuple->t_data);
	if (TransactionIdIsCurrentTransactionId(xmin))
		return lock_our_version(rel, slot, cid, mode, tmfd);

	result = our_earlier_write(rel, tid, cid, tmfd);
	if (result == TM_Ok)
		occ_writes_note_lock(rel, tid, mode);
	return result;
}

void
occ_modify_install(TableAmRoutine *methods)
{
	methods->tuple_insert = tuple_insert;
	methods->tuple_insert_speculative = tuple_insert_speculative;
	methods->multi_insert = multi_insert;
	methods->tuple_delete = tuple_delete;
	methods->tuple_update = tuple_update;
	methods->tuple_lock = tuple_lock;
}
