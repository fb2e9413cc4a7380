/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp_record.c
 *	  Old versions of a few pages that a transaction replaces or deletes, and
 *	  the WAL record of that.
 *
 * What is on a page afterwards is what heap would leave: a version that was
 * deleted, that moved to another partition (commit.c: a non-key update), or
 * that was updated HOT (heap_only.c).  But heap has no record that sets the
 * link from an old version to a new one which is on the page already, and none
 * for versions on several pages.  So this one has a resource manager of its
 * own (wal.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xloginsert.h"
#include "access/xlogutils.h"
#include "miscadmin.h"
#include "occ/stamp_record.h"
#include "occ/wal_records.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

/* ---- The page ---- */

static void
stamp_version(Page page, BlockNumber block, const Stamp *stamp,
			  TransactionId xid, CommandId cid)
{
	HeapTupleHeader header = (HeapTupleHeader) PageGetItem(
		page, PageGetItemId(page, stamp->old_version));

	header->t_infomask &= ~(HEAP_XMAX_BITS | HEAP_MOVED);
	header->t_infomask2 &= ~(HEAP_KEYS_UPDATED | HEAP_HOT_UPDATED);
	HeapTupleHeaderSetXmax(header, xid);
	HeapTupleHeaderSetCmax(header, cid, false);
	if (stamp->new_version == STAMP_DELETED)
		ItemPointerSet(&header->t_ctid, block, stamp->old_version);
	else if (stamp->new_version == STAMP_REPLACED)
		HeapTupleHeaderSetMovedPartitions(header);
	else
		ItemPointerSet(&header->t_ctid, block, stamp->new_version);
	if (stamp->new_version == STAMP_DELETED ||
		stamp->new_version == STAMP_REPLACED)
		header->t_infomask2 |= HEAP_KEYS_UPDATED;
	else
		HeapTupleHeaderSetHotUpdated(header);
}

static void
stamp_page(Buffer buffer, const Stamp *stamps, int n, TransactionId xid,
		   CommandId cid)
{
	Page page = BufferGetPage(buffer);

	for (int i = 0; i < n; i++)
		stamp_version(page, BufferGetBlockNumber(buffer), &stamps[i], xid,
					  cid);
	PageSetPrunable(page, xid);
	MarkBufferDirty(buffer);
}

static void
stamp_pages(const StampedPage *pages, int n, TransactionId xid, CommandId cid)
{
	for (int i = 0; i < n; i++)
		stamp_page(pages[i].buffer, pages[i].stamps, pages[i].nstamps, xid,
				   cid);
}

/* In the critical section of the change. */
static void
write_record(const StampedPage *pages, int n)
{
	XLogRecPtr lsn;

	XLogBeginInsert();
	for (int i = 0; i < n; i++)
	{
		XLogRegisterBuffer(i, pages[i].buffer, REGBUF_STANDARD);
		XLogRegisterBufData(i, (char *) pages[i].stamps,
							pages[i].nstamps * sizeof(Stamp));
	}
	lsn = XLogInsert(OCC_RMGR, OCC_WAL_STAMP);
	for (int i = 0; i < n; i++)
		PageSetLSN(BufferGetPage(pages[i].buffer), lsn);
}

void
occ_stamp_record_apply(Relation rel, const StampedPage *pages, int npages,
					   CommandId cid)
{
	TransactionId xid = GetTopTransactionId();

	/* Allocates, if that is more than before. */
	XLogEnsureRecordSpace(npages - 1, npages);
	START_CRIT_SECTION();
	stamp_pages(pages, npages, xid, cid);
	if (RelationNeedsWAL(rel))
		write_record(pages, npages);
	END_CRIT_SECTION();
}

/* ---- Recovery ---- */

static void
redo_page(XLogReaderState *record, uint8 id)
{
	Buffer buffer;

	if (XLogReadBufferForRedo(record, id, &buffer) == BLK_NEEDS_REDO)
	{
		Size		 size;
		const Stamp *stamps =
			(const Stamp *) XLogRecGetBlockData(record, id, &size);

		stamp_page(buffer, stamps, (int) (size / sizeof(Stamp)),
				   XLogRecGetXid(record), FirstCommandId);
		PageSetLSN(BufferGetPage(buffer), record->EndRecPtr);
	}
	if (BufferIsValid(buffer))
		UnlockReleaseBuffer(buffer);
}

/* One page after the other: nobody sees a stamp before its transaction ends.
 */
void
occ_stamp_record_redo(XLogReaderState *record)
{
	for (int id = 0; id <= XLogRecMaxBlockId(record); id++)
		redo_page(record, (uint8) id);
}

void
occ_stamp_record_describe(StringInfo text, XLogReaderState *record)
{
	Size nversions = 0;

	for (int id = 0; id <= XLogRecMaxBlockId(record); id++)
	{
		Size size = 0;

		(void) XLogRecGetBlockData(record, (uint8) id, &size);
		nversions += size / sizeof(Stamp);
	}
	appendStringInfo(text, "nversions %zu", nversions);
}
