/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_only.c
 *	  Updates that need no index entry: the new version is on the page of the
 *	  old one.
 *
 * Heap calls them HOT.  If an update changes no indexed column, the new
 * version is inserted on the page of the old one as a heap-only tuple.  No
 * index points to it; an index scan gets there from the old version, by its
 * t_ctid.  Heap sets that at once.  Here several transactions may have a new
 * version of the same row, so the old one is linked at COMMIT (stamp.c), to
 * the version of the transaction that has won.
 *
 * Until then a heap-only version is linked from nowhere.
 *
 * - Others do not see it: its transaction is in progress.  If that fails, the
 *	 version is what is left of a HOT update that failed, and heap prunes it
 *	 when it next prunes the page.
 * - Its own transaction gets there by the log, which has the successor of each
 *	 version that it has replaced (occ_heap_only_fetch()).
 * - It has the indexed columns of its predecessor.  So an index needs no entry
 *	 for it even while it is not linked.  A transaction that did not know an
 *	 index, or a new definition of one, fails with OC001.
 *
 * A committed transaction has linked all its heap-only versions, because what
 * makes it commit also stamps its pages.
 *
 * The link is followed only if the xmax of the old version is the xmin of the
 * new one, and at COMMIT xmax is the transaction itself.  So within a
 * subtransaction the ordinary way is taken.  So it is if the row has toasted
 * values, which heap deletes with the old version, and where logical decoding
 * needs heap's own WAL records.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/heapam_xlog.h"
#include "access/heaptoast.h"
#include "access/hio.h"
#include "access/htup_details.h"
#include "access/visibilitymap.h"
#include "access/xact.h"
#include "access/xloginsert.h"
#include "base/compat.h"
#include "catalog/catalog.h"
#include "miscadmin.h"
#include "occ/heap_only.h"
#include "occ/heap_only_record.h"
#include "occ/identity.h"
#include "pgstat.h"
#include "schema/transaction.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* ---- Inserting ---- */

/* DDL of this transaction may have begun to build an index. */
static bool
is_possible(Relation rel, const PinnedTuple *old, TupleTableSlot *slot)
{
	return GetCurrentTransactionNestLevel() == 1 &&
		   !schema_transaction_is_running_ddl() &&
		   !RelationIsLogicallyLogged(rel) &&
		   !HeapTupleHasExternal(&old->tuple) &&
		   !occ_identity_indexed_columns_change(rel, (HeapTuple) &old->tuple,
												slot);
}

static void
set_header(HeapTuple tuple, Relation rel, CommandId cid)
{
	HeapTupleHeader header = tuple->t_data;

	header->t_infomask &= ~HEAP_XACT_MASK;
	header->t_infomask |= HEAP_XMAX_INVALID | HEAP_UPDATED;
	header->t_infomask2 &= ~HEAP2_XACT_MASK;
	HeapTupleHeaderSetHeapOnly(header);
	HeapTupleHeaderSetXmin(header, GetTopTransactionId());
	HeapTupleHeaderSetCmin(header, cid);
	HeapTupleHeaderSetXmax(header, InvalidTransactionId);
	tuple->t_tableOid = RelationGetRelid(rel);
}

/*
 * Locks the page, and pins its bit of the visibility map if that must be
 * cleared.  A page may become all-visible while it is not locked.
 */
static void
lock_page(Relation rel, Buffer buffer, Buffer *visibility)
{
	Page page = BufferGetPage(buffer);

	for (;;)
	{
		if (PageIsAllVisible(page) && *visibility == InvalidBuffer)
			visibilitymap_pin(rel, BufferGetBlockNumber(buffer), visibility);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		if (!PageIsAllVisible(page) || *visibility != InvalidBuffer)
			return;
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	}
}

/* The record of an insert, which heap replays: it has the header's bits. */
static XLogRecPtr
write_whole(Buffer buffer, HeapTuple tuple, bool cleared)
{
	xl_heap_insert insert;
	xl_heap_header header;

	insert.offnum = ItemPointerGetOffsetNumber(&tuple->t_self);
	insert.flags = cleared ? XLH_INSERT_ALL_VISIBLE_CLEARED : 0;
	header.t_infomask2 = tuple->t_data->t_infomask2;
	header.t_infomask = tuple->t_data->t_infomask;
	header.t_hoff = tuple->t_data->t_hoff;

	XLogBeginInsert();
	XLogRegisterData((char *) &insert, SizeOfHeapInsert);
	XLogRegisterBuffer(0, buffer, REGBUF_STANDARD);
	XLogRegisterBufData(0, (char *) &header, SizeOfHeapHeader);
	XLogRegisterBufData(0, (char *) tuple->t_data + SizeofHeapTupleHeader,
						tuple->t_len - SizeofHeapTupleHeader);
	return XLogInsert(RM_HEAP_ID, XLOG_HEAP_INSERT);
}

/*
 * Only heap's record clears the bit of the visibility map.  What differs from
 * the old version does not matter if the record has the whole page.
 */
static void
write_record(Buffer buffer, OffsetNumber old_version, HeapTuple tuple,
			 bool cleared)
{
	XLogRecPtr lsn;

	if (cleared || XLogCheckBufferNeedsBackup(buffer))
		lsn = write_whole(buffer, tuple, cleared);
	else
		lsn = occ_heap_only_record_write(buffer, old_version, tuple);
	PageSetLSN(BufferGetPage(buffer), lsn);
}

/* The page is prunable, in case this transaction fails. */
static void
put_on_page(Relation rel, const PinnedTuple *old, Buffer visibility,
			HeapTuple tuple)
{
	Buffer buffer = old->buffer;
	Page   page = BufferGetPage(buffer);
	bool   cleared = PageIsAllVisible(page);

	START_CRIT_SECTION();
	RelationPutHeapTuple(rel, buffer, tuple, false);
	if (cleared)
	{
		PageClearAllVisible(page);
		visibilitymap_clear(rel, BufferGetBlockNumber(buffer), visibility,
							VISIBILITYMAP_VALID_BITS);
	}
	PageSetPrunable(page, HeapTupleHeaderGetRawXmin(tuple->t_data));
	MarkBufferDirty(buffer);
	if (RelationNeedsWAL(rel))
		write_record(buffer, ItemPointerGetOffsetNumber(&old->tuple.t_self),
					 tuple, cleared);
	END_CRIT_SECTION();
}

static bool
insert_beside(Relation rel, const PinnedTuple *old, HeapTuple tuple)
{
	Buffer buffer = old->buffer;
	Page   page = BufferGetPage(buffer);
	Buffer visibility = InvalidBuffer;
	bool   has_room;

	lock_page(rel, buffer, &visibility);
	has_room = PageGetHeapFreeSpace(page) >= MAXALIGN(tuple->t_len);
	if (has_room)
		put_on_page(rel, old, visibility, tuple);
	else if (!PageIsFull(page))
	{
		/* Heap will then prune it. */
		PageSetFull(page);
		MarkBufferDirtyHint(buffer, true);
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	if (BufferIsValid(visibility))
		ReleaseBuffer(visibility);
	return has_room;
}

bool
occ_heap_only_insert(Relation rel, const PinnedTuple *old,
					 TupleTableSlot *slot, CommandId cid)
{
	bool	  should_free;
	bool	  done = false;
	HeapTuple tuple;

	if (!is_possible(rel, old, slot))
		return false;
	tuple = ExecFetchSlotHeapTuple(slot, true, &should_free);
	if (tuple->t_len <= TOAST_TUPLE_THRESHOLD && !HeapTupleHasExternal(tuple))
	{
		set_header(tuple, rel, cid);
		done = insert_beside(rel, old, tuple);
	}
	if (done)
	{
		PGSTAT_COUNT_HOT_UPDATE_COMPAT(rel);
		slot->tts_tableOid = RelationGetRelid(rel);
		slot->tts_tid = tuple->t_self;
	}
	if (should_free)
		heap_freetuple(tuple);
	return done;
}

/* ---- Fetching ---- */

/* This transaction may have updated its version again. */
static bool
find_visible(Relation rel, Buffer buffer, ItemPointerData tid,
			 Snapshot snapshot, HeapTuple tuple)
{
	while (occ_heap_find_on_page(rel, buffer, &tid, tuple))
	{
		if (HeapTupleSatisfiesVisibility(tuple, snapshot, buffer))
			return true;
		if (!HeapTupleHeaderIsHotUpdated(tuple->t_data))
			return false;
		tid = tuple->t_data->t_ctid;
	}
	return false;
}

bool
occ_heap_only_fetch(Relation rel, ItemPointer replaced, Snapshot snapshot,
					TupleTableSlot *slot)
{
	const WriteEntry *entry = occ_writes_find(rel, replaced, WRITE_REPLACED);
	HeapTuple		  tuple;
	Buffer			  buffer;
	bool			  found;

	if (entry == NULL || !entry->is_heap_only)
		return false;
	buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(&entry->other));
	ExecClearTuple(slot);
	tuple = &((BufferHeapTupleTableSlot *) slot)->base.tupdata;
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	found = find_visible(rel, buffer, entry->other, snapshot, tuple);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	if (found)
		ExecStorePinnedBufferHeapTuple(tuple, slot, buffer);
	else
		ReleaseBuffer(buffer);
	return found;
}
