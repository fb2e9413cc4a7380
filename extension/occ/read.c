/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c
 *	  The table access method's reading side.
 *
 * Heap finds the versions, and those that the log says are gone are skipped
 * (writes.c).  When the log is empty that costs one comparison a row.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "base/compat.h"
#include "executor/tuptable.h"
#include "nodes/tidbitmap.h"
#include "occ/heap.h"
#include "occ/heap_only.h"
#include "occ/index_fetch.h"
#include "occ/read.h"
#include "occ/superseded.h"
#include "occ/unique.h"
#include "occ/writes.h"

/*
 * The visibility map does not know the log, so a bitmap scan must read every
 * page.
 */
static TableScanDesc
scan_begin(Relation rel, Snapshot snapshot, int nkeys, struct ScanKeyData *key,
		   ParallelTableScanDesc parallel_scan, uint32 flags)
{
	return occ_heap->scan_begin(rel, snapshot, nkeys, key, parallel_scan,
								SCAN_FLAGS_COMPAT(flags));
}

static bool
scan_getnextslot(TableScanDesc scan, ScanDirection direction,
				 TupleTableSlot *slot)
{
	while (heap_getnextslot(scan, direction, slot))
		if (!occ_writes_hide(scan->rs_rd, &slot->tts_tid, scan->rs_snapshot))
			return true;
	return false;
}

static bool
scan_getnextslot_tidrange(TableScanDesc scan, ScanDirection direction,
						  TupleTableSlot *slot)
{
	while (heap_getnextslot_tidrange(scan, direction, slot))
		if (!occ_writes_hide(scan->rs_rd, &slot->tts_tid, scan->rs_snapshot))
			return true;
	return false;
}

/* Does the scan return this version of its present page by itself? */
static bool
is_on_present_page(TableScanDesc scan, ItemPointer tid)
{
	HeapScanDesc heap_scan = (HeapScanDesc) scan;
	OffsetNumber offset = ItemPointerGetOffsetNumber(tid);

	for (int i = 0; i < (int) heap_scan->rs_ntuples; i++)
		if (heap_scan->rs_vistuples[i] == offset)
			return true;
	return false;
}

/*
 * A bitmap has what is in an index, and a heap-only version of ours is not: it
 * takes the place of the version that it replaces.  Where a bitmap has whole
 * pages, all their versions are returned anyway.
 */
static bool
scan_bitmap_next_tuple(SCAN_BITMAP_PARAMETERS_COMPAT(scan, slot))
{
	while (occ_heap->scan_bitmap_next_tuple(
		SCAN_BITMAP_ARGUMENTS_COMPAT(scan, slot)))
	{
		ItemPointerData tid = slot->tts_tid;

		if (!occ_writes_hide(scan->rs_rd, &tid, scan->rs_snapshot) ||
			(occ_heap_only_fetch(scan->rs_rd, &tid, scan->rs_snapshot, slot) &&
			 !is_on_present_page(scan, &slot->tts_tid)))
			return true;
	}
	return false;
}

static bool
scan_sample_next_tuple(TableScanDesc scan, struct SampleScanState *scanstate,
					   TupleTableSlot *slot)
{
	while (occ_heap->scan_sample_next_tuple(scan, scanstate, slot))
		if (!occ_writes_hide(scan->rs_rd, &slot->tts_tid, scan->rs_snapshot))
			return true;
	return false;
}

static bool
index_fetch_tuple(IndexFetchTableData *scan, ItemPointer tid,
				  Snapshot snapshot, TupleTableSlot *slot, bool *call_again,
				  bool *all_dead)
{
	ItemPointerData found;

	if (unlikely(snapshot->snapshot_type == SNAPSHOT_DIRTY))
		return occ_unique_fetch(scan, tid, snapshot, slot, call_again,
								all_dead);
	do
	{
		if (!occ_heap->index_fetch_tuple(scan, tid, snapshot, slot, call_again,
										 all_dead))
		{
			if (all_dead && !*all_dead)
				*all_dead = occ_superseded(scan, tid, snapshot);
			return false;
		}
		found = slot->tts_tid;
		if (!occ_writes_hide(scan->rel, &found, snapshot) ||
			occ_heap_only_fetch(scan->rel, &found, snapshot, slot))
			return true;
	} while (*call_again);
	return false;
}

static bool
tuple_fetch_row_version(Relation rel, ItemPointer tid, Snapshot snapshot,
						TupleTableSlot *slot)
{
	if (occ_writes_hide(rel, tid, snapshot))
		return false;
	return occ_heap->tuple_fetch_row_version(rel, tid, snapshot, slot);
}

static bool
tuple_satisfies_snapshot(Relation rel, TupleTableSlot *slot, Snapshot snapshot)
{
	if (occ_writes_hide(rel, &slot->tts_tid, snapshot))
		return false;
	return occ_heap->tuple_satisfies_snapshot(rel, slot, snapshot);
}

/* For WHERE CURRENT OF a row that this transaction has updated meanwhile. */
static void
tuple_get_latest_tid(TableScanDesc scan, ItemPointer tid)
{
	const WriteEntry *entry =
		occ_writes_find(scan->rs_rd, tid, WRITE_REPLACED);

	if (entry && ItemPointerIsValid(&entry->other))
		*tid = entry->other;
	occ_heap->tuple_get_latest_tid(scan, tid);
}

void
occ_read_install(TableAmRoutine *methods)
{
	methods->scan_begin = scan_begin;
	methods->scan_getnextslot = scan_getnextslot;
	methods->scan_getnextslot_tidrange = scan_getnextslot_tidrange;
	methods->scan_bitmap_next_tuple = scan_bitmap_next_tuple;
	methods->scan_sample_next_tuple = scan_sample_next_tuple;
	methods->index_fetch_begin = occ_index_fetch_begin;
	methods->index_fetch_reset = occ_index_fetch_reset;
	methods->index_fetch_tuple = index_fetch_tuple;
	methods->tuple_fetch_row_version = tuple_fetch_row_version;
	methods->tuple_satisfies_snapshot = tuple_satisfies_snapshot;
	methods->tuple_get_latest_tid = tuple_get_latest_tid;
}
