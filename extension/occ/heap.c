/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * heap.c
 *	  PostgreSQL's heap, which our table access method builds on.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "base/compat.h"
#include "occ/heap.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

const TableAmRoutine *occ_heap = NULL;

void
occ_heap_init(void)
{
	occ_heap = GetHeapamTableAmRoutine();
}

bool
occ_heap_try_pin(Relation rel, ItemPointer tid, PinnedTuple *pinned)
{
	pinned->tuple.t_self = *tid;
	return heap_fetch(rel, SnapshotAny, &pinned->tuple, &pinned->buffer,
					  false);
}

Buffer
occ_heap_read_page(Relation rel, BlockNumber block, Buffer recent)
{
	if (BufferIsValid(recent) &&
		ReadRecentBuffer(rel->rd_file_compat, MAIN_FORKNUM, block, recent))
		return recent;
	return ReadBuffer(rel, block);
}

void
occ_heap_prefetch_page(Buffer recent)
{
	if (recent <= InvalidBuffer) /* or a temporary table's */
		return;
	__builtin_prefetch(GetBufferDescriptor(recent - 1), 1);
	__builtin_prefetch(BufferGetPage(recent), 1);
}

/*
 * Whatever the line pointer contains, prefetching fails on no address.  It may
 * change while it is read.
 */
void
occ_heap_prefetch_version(Buffer recent, ItemPointer tid)
{
	OffsetNumber	offset = ItemPointerGetOffsetNumber(tid);
	Page			page;
	volatile ItemId item;

	if (recent <= InvalidBuffer || offset > MaxHeapTuplesPerPage)
		return;
	page = BufferGetPage(recent);
	item = PageGetItemId(page, offset);
	__builtin_prefetch((char *) page + item->lp_off, 1);
}

bool
occ_heap_find_on_page(Relation rel, Buffer buffer, ItemPointer tid,
					  HeapTuple tuple)
{
	Page		 page = BufferGetPage(buffer);
	OffsetNumber offset = ItemPointerGetOffsetNumber(tid);
	ItemId		 item;

	if (offset > PageGetMaxOffsetNumber(page))
		return false;
	item = PageGetItemId(page, offset);
	if (!ItemIdIsNormal(item))
		return false;
	tuple->t_self = *tid;
	tuple->t_tableOid = RelationGetRelid(rel);
	tuple->t_data = (HeapTupleHeader) PageGetItem(page, item);
	tuple->t_len = ItemIdGetLength(item);
	return true;
}

void
occ_heap_pin(Relation rel, ItemPointer tid, PinnedTuple *pinned)
{
	if (!occ_heap_try_pin(rel, tid, pinned))
		occ_heap_report_gone(rel, tid);
}

bool
occ_heap_is_non_key_update(HeapTupleHeader header)
{
	return HeapTupleHeaderIndicatesMovedPartitions(header) ||
		   (header->t_infomask2 & (HEAP_HOT_UPDATED | HEAP_KEYS_UPDATED)) ==
			   HEAP_HOT_UPDATED;
}

void
occ_heap_report_gone(Relation rel, ItemPointer tid)
{
	elog(ERROR, "row (%u,%u) of \"%s\" is gone",
		 ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
		 RelationGetRelationName(rel));
}
