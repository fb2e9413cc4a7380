/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_am.c
 *	  The table access method: heap, except where a transaction would wait for
 *	  another, or fail because of it.
 *
 * Storage, WAL, vacuum, toast, everything on disk is heap's.  What differs:
 *
 * - An update of a committed version inserts the new one and only notes the
 *	 old; a delete only notes it; a row lock is only noted (occ_writes.c).
 *	 Versions that this transaction made itself are nobody else's business,
 *	 and heap updates and deletes them.
 * - Scans hide what is noted.
 * - The uniqueness probe never names a transaction to wait for
 *	 (occ_unique.c).
 */
#include "base/settings.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "dialect/transaction_limits.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "occ/am.h"
#include "occ/identity.h"
#include "occ/index.h"
#include "occ/unique.h"
#include "occ/writes.h"
#include "schema/ddl.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(dsql_tableam_handler);

const TableAmRoutine *occ_heap = NULL;

static TableAmRoutine occ_methods;

bool
occ_is_ours(Relation rel)
{
	return rel->rd_tableam == &occ_methods;
}

/* ---- Reading: what is noted as gone is hidden ---- */

/* The visibility map knows nothing of what is noted: every page is read. */
static TableScanDesc
occ_scan_begin(Relation rel, Snapshot snapshot, int nkeys,
			   struct ScanKeyData *key, ParallelTableScanDesc parallel_scan,
			   uint32 flags)
{
	return occ_heap->scan_begin(rel, snapshot, nkeys, key, parallel_scan,
								SCAN_FLAGS_COMPAT(flags));
}

static bool
occ_scan_getnextslot(TableScanDesc scan, ScanDirection direction,
					 TupleTableSlot *slot)
{
	while (heap_getnextslot(scan, direction, slot))
		if (!occ_hides(scan->rs_rd, &slot->tts_tid, scan->rs_snapshot))
			return true;
	return false;
}

static bool
occ_scan_getnextslot_tidrange(TableScanDesc scan, ScanDirection direction,
							  TupleTableSlot *slot)
{
	while (heap_getnextslot_tidrange(scan, direction, slot))
		if (!occ_hides(scan->rs_rd, &slot->tts_tid, scan->rs_snapshot))
			return true;
	return false;
}

static bool
occ_scan_bitmap_next_tuple(TableScanDesc scan, struct TBMIterateResult *tbmres,
						   TupleTableSlot *slot)
{
	while (occ_heap->scan_bitmap_next_tuple(scan, tbmres, slot))
		if (!occ_hides(scan->rs_rd, &slot->tts_tid, scan->rs_snapshot))
			return true;
	return false;
}

static bool
occ_scan_sample_next_tuple(TableScanDesc		   scan,
						   struct SampleScanState *scanstate,
						   TupleTableSlot		  *slot)
{
	while (occ_heap->scan_sample_next_tuple(scan, scanstate, slot))
		if (!occ_hides(scan->rs_rd, &slot->tts_tid, scan->rs_snapshot))
			return true;
	return false;
}

static bool
occ_index_fetch_tuple(IndexFetchTableData *scan, ItemPointer tid,
					  Snapshot snapshot, TupleTableSlot *slot,
					  bool *call_again, bool *all_dead)
{
	if (unlikely(snapshot->snapshot_type == SNAPSHOT_DIRTY))
		return occ_unique_fetch(scan, tid, snapshot, slot, call_again,
								all_dead);
	do
	{
		if (!occ_heap->index_fetch_tuple(scan, tid, snapshot, slot, call_again,
										 all_dead))
			return false;
		if (!occ_hides(scan->rel, &slot->tts_tid, snapshot))
			return true;
	} while (*call_again);
	return false;
}

static bool
occ_tuple_fetch_row_version(Relation rel, ItemPointer tid, Snapshot snapshot,
							TupleTableSlot *slot)
{
	if (occ_hides(rel, tid, snapshot))
		return false;
	return occ_heap->tuple_fetch_row_version(rel, tid, snapshot, slot);
}

static bool
occ_tuple_satisfies_snapshot(Relation rel, TupleTableSlot *slot,
							 Snapshot snapshot)
{
	if (occ_hides(rel, &slot->tts_tid, snapshot))
		return false;
	return occ_heap->tuple_satisfies_snapshot(rel, slot, snapshot);
}

/* WHERE CURRENT OF a row that this transaction has updated meanwhile. */
static void
occ_tuple_get_latest_tid(TableScanDesc scan, ItemPointer tid)
{
	const OccEntry *entry = occ_find(scan->rs_rd, tid, OCC_WRITE);

	if (entry && ItemPointerIsValid(&entry->other))
		*tid = entry->other;
	occ_heap->tuple_get_latest_tid(scan, tid);
}

/* ---- Writing ---- */

static Size
slot_size(TupleTableSlot *slot)
{
	bool	  should_free;
	HeapTuple tuple = ExecFetchSlotHeapTuple(slot, true, &should_free);
	Size	  size = tuple->t_len;

	if (should_free)
		heap_freetuple(tuple);
	return size;
}

static void
occ_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid,
				 int options, struct BulkInsertStateData *bistate)
{
	limits_count_row(slot_size(slot));
	occ_note_insert();
	occ_heap->tuple_insert(rel, slot, cid, options, bistate);
}

static void
occ_tuple_insert_speculative(Relation rel, TupleTableSlot *slot, CommandId cid,
							 int options, struct BulkInsertStateData *bistate,
							 uint32 token)
{
	limits_count_row(slot_size(slot));
	occ_note_insert();
	occ_heap->tuple_insert_speculative(rel, slot, cid, options, bistate,
									   token);
}

static void
occ_multi_insert(Relation rel, TupleTableSlot **slots, int nslots,
				 CommandId cid, int options,
				 struct BulkInsertStateData *bistate)
{
	for (int i = 0; i < nslots; i++)
		limits_count_row(slot_size(slots[i]));
	occ_note_insert();
	occ_heap->multi_insert(rel, slots, nslots, cid, options, bistate);
}

/* A version as it is on its page, pinned. */
typedef struct PinnedTuple
{
	HeapTupleData tuple;
	Buffer		  buffer;
} PinnedTuple;

static void
pin_tuple(Relation rel, ItemPointer tid, PinnedTuple *pinned)
{
	pinned->tuple.t_self = *tid;
	if (!heap_fetch(rel, SnapshotAny, &pinned->tuple, &pinned->buffer, false))
		elog(ERROR, "row (%u,%u) of \"%s\" is gone",
			 ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
			 RelationGetRelationName(rel));
}

/* xmin of a version that we can see does not change: no lock is needed. */
static bool
is_our_version(const PinnedTuple *pinned)
{
	return TransactionIdIsCurrentTransactionId(
		HeapTupleHeaderGetXmin(pinned->tuple.t_data));
}

/*
 * Has this transaction replaced or deleted the committed version already?
 * Answers what heap would: SelfModified by this command or a later one,
 * Invisible by an earlier one.
 */
static TM_Result
our_earlier_write(Relation rel, ItemPointer tid, CommandId cid,
				  TM_FailureData *tmfd)
{
	const OccEntry *entry = occ_find(rel, tid, OCC_WRITE);

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
 * Our own version is deleted, locked, or gets another key.  If it goes back to
 * a committed one, that is what it means for others.
 */
static void
note_on_committed_version(Relation rel, ItemPointer tid, LockTupleMode mode)
{
	const OccEntry *successor = occ_find(rel, tid, OCC_SUCCESSOR);

	if (successor)
	{
		ItemPointerData committed = successor->other;

		occ_note_lock(rel, &committed, mode);
	}
}

static TM_Result
occ_tuple_delete(Relation rel, ItemPointer tid, CommandId cid,
				 Snapshot snapshot, Snapshot crosscheck, bool wait,
				 TM_FailureData *tmfd, bool changing_part)
{
	PinnedTuple old;
	TM_Result	result;

	pin_tuple(rel, tid, &old);
	limits_count_row(0);
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
			occ_note_write(rel, tid, LockTupleExclusive,
						   HeapTupleHasExternal(&old.tuple), cid, NULL);
	}
	ReleaseBuffer(old.buffer);
	return result;
}

/* heap updates it: HOT and all.  What it goes back to stays known. */
static TM_Result
update_our_version(Relation rel, PinnedTuple *old, TupleTableSlot *slot,
				   CommandId cid, Snapshot snapshot, TM_FailureData *tmfd,
				   LockTupleMode	   *lockmode,
				   UpdateIndexesCompat *update_indexes)
{
	ItemPointerData tid = old->tuple.t_self;
	const OccEntry *successor = occ_find(rel, &tid, OCC_SUCCESSOR);
	TM_Result		result;

	if (successor && occ_key_changes(rel, &old->tuple, slot))
		note_on_committed_version(rel, &tid, LockTupleExclusive);
	result =
		occ_heap->tuple_update(rel, &tid, slot, cid, snapshot, InvalidSnapshot,
							   true, tmfd, lockmode, update_indexes);
	if (result == TM_Ok &&
		(successor = occ_find(rel, &tid, OCC_SUCCESSOR)) != NULL)
	{
		ItemPointerData committed = successor->other;

		occ_note_successor(rel, &slot->tts_tid, &committed);
	}
	return result;
}

static TM_Result
occ_tuple_update(Relation rel, ItemPointer otid, TupleTableSlot *slot,
				 CommandId cid, Snapshot snapshot, Snapshot crosscheck,
				 bool wait, TM_FailureData *tmfd, LockTupleMode *lockmode,
				 UpdateIndexesCompat *update_indexes)
{
	ItemPointerData tid = *otid; /* may be slot->tts_tid */
	PinnedTuple		old;
	TM_Result		result;

	pin_tuple(rel, &tid, &old);
	limits_count_row(slot_size(slot));
	if (is_our_version(&old))
	{
		result = update_our_version(rel, &old, slot, cid, snapshot, tmfd,
									lockmode, update_indexes);
		ReleaseBuffer(old.buffer);
		return result;
	}

	*update_indexes = (UpdateIndexesCompat) 0;
	result = our_earlier_write(rel, &tid, cid, tmfd);
	if (result == TM_Ok)
	{
		*lockmode = occ_key_changes(rel, &old.tuple, slot)
						? LockTupleExclusive
						: LockTupleNoKeyExclusive;
		occ_note_insert();
		occ_heap->tuple_insert(rel, slot, cid, 0, NULL);
		*update_indexes = UPDATE_ALL_INDEXES;
		occ_note_write(rel, &tid, *lockmode, HeapTupleHasExternal(&old.tuple),
					   cid, &slot->tts_tid);
	}
	ReleaseBuffer(old.buffer);
	return result;
}

/* What heap_lock_tuple() would say of a version that this transaction made. */
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

/* Never waits, so NOWAIT and SKIP LOCKED have nothing to do. */
static TM_Result
occ_tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot,
			   TupleTableSlot *slot, CommandId cid, LockTupleMode mode,
			   LockWaitPolicy wait_policy, uint8 flags, TM_FailureData *tmfd)
{
	TransactionId xmin;
	TM_Result	  result;

	tmfd->traversed = false;
	if (!occ_heap->tuple_fetch_row_version(rel, tid, SnapshotAny, slot))
		elog(ERROR, "row (%u,%u) of \"%s\" is gone",
			 ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
			 RelationGetRelationName(rel));
	xmin = HeapTupleHeaderGetXmin(
		((BufferHeapTupleTableSlot *) slot)->base.tuple->t_data);
	if (TransactionIdIsCurrentTransactionId(xmin))
		return lock_our_version(rel, slot, cid, mode, tmfd);

	result = our_earlier_write(rel, tid, cid, tmfd);
	if (result == TM_Ok)
		occ_note_lock(rel, tid, mode);
	return result;
}

/* ---- Rows that move: the logs of others name places in the old file ---- */

/* TRUNCATE, among others. */
static void
occ_relation_set_new_file(Relation rel, const RelFileCompat *file,
						  char persistence, TransactionId *freeze_xid,
						  MultiXactId *min_multi)
{
	ddl_record_change(RelationGetRelid(rel));
	occ_heap->relation_set_new_file_compat(rel, file, persistence, freeze_xid,
										   min_multi);
}

/* VACUUM FULL and CLUSTER. */
static void
occ_relation_copy_for_cluster(Relation old_rel, Relation new_rel,
							  Relation old_index, bool use_sort,
							  TransactionId	 oldest_xmin,
							  TransactionId *xid_cutoff,
							  MultiXactId *multi_cutoff, double *num_tuples,
							  double *tups_vacuumed,
							  double *tups_recently_dead)
{
	ddl_record_change(RelationGetRelid(old_rel));
	occ_heap->relation_copy_for_cluster(
		old_rel, new_rel, old_index, use_sort, oldest_xmin, xid_cutoff,
		multi_cutoff, num_tuples, tups_vacuumed, tups_recently_dead);
}

/* heap's answer would be our own: toast tables need no conflicts. */
static Oid
occ_relation_toast_am(Relation rel)
{
	return HEAP_TABLE_AM_OID;
}

void
occ_am_init(void)
{
	occ_heap = GetHeapamTableAmRoutine();
	occ_methods = *occ_heap;

	occ_methods.scan_begin = occ_scan_begin;
	occ_methods.scan_getnextslot = occ_scan_getnextslot;
	occ_methods.scan_getnextslot_tidrange = occ_scan_getnextslot_tidrange;
	occ_methods.scan_bitmap_next_tuple = occ_scan_bitmap_next_tuple;
	occ_methods.scan_sample_next_tuple = occ_scan_sample_next_tuple;
	occ_methods.index_fetch_begin = occ_index_fetch_begin;
	occ_methods.index_fetch_reset = occ_index_fetch_reset;
	occ_methods.index_fetch_tuple = occ_index_fetch_tuple;
	occ_methods.tuple_fetch_row_version = occ_tuple_fetch_row_version;
	occ_methods.tuple_satisfies_snapshot = occ_tuple_satisfies_snapshot;
	occ_methods.tuple_get_latest_tid = occ_tuple_get_latest_tid;
	occ_methods.tuple_insert = occ_tuple_insert;
	occ_methods.tuple_insert_speculative = occ_tuple_insert_speculative;
	occ_methods.multi_insert = occ_multi_insert;
	occ_methods.tuple_delete = occ_tuple_delete;
	occ_methods.tuple_update = occ_tuple_update;
	occ_methods.tuple_lock = occ_tuple_lock;
	occ_methods.index_build_range_scan = occ_index_build_range_scan;
	occ_methods.index_validate_scan = occ_index_validate_scan;
	occ_methods.relation_set_new_file_compat = occ_relation_set_new_file;
	occ_methods.relation_copy_for_cluster = occ_relation_copy_for_cluster;
	occ_methods.relation_toast_am = occ_relation_toast_am;
}

Datum
dsql_tableam_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&occ_methods);
}
