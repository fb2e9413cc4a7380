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
#include "access/visibilitymap.h"
#include "access/xact.h"
#include "access/xloginsert.h"
#include "access/xlogutils.h"
#include "base/compat.h"
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
	PageClearAllVisible(page);
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

/* ---- The visibility map ---- */

/* A bit for each page of the record that was all-visible. */
typedef uint8 ClearedPages;

StaticAssertDecl(STAMP_MAX_PAGES <= 8 * sizeof(ClearedPages),
				 "a page without a bit");

/* In the critical section, before the pages are changed. */
static ClearedPages
clear_visibility(Relation rel, const StampedPage *pages, int n,
				 Buffer visibility)
{
	ClearedPages cleared = 0;

	for (int i = 0; i < n; i++)
	{
		if (!PageIsAllVisible(BufferGetPage(pages[i].buffer)))
			continue;
		visibilitymap_clear(rel, BufferGetBlockNumber(pages[i].buffer),
							visibility, VISIBILITYMAP_VALID_BITS);
		cleared |= 1 << i;
	}
	return cleared;
}

/* ---- The record ---- */

/* In the critical section.  The map's bits are only there if some are set. */
static void
write_record(const StampedPage *pages, int n, ClearedPages cleared)
{
	XLogRecPtr lsn;

	XLogBeginInsert();
	if (cleared != 0)
		XLogRegisterData((char *) &cleared, sizeof(cleared));
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
					   Buffer visibility, CommandId cid)
{
	TransactionId xid = GetTopTransactionId();
	ClearedPages  cleared;

	/* Allocates, if that is more than before. */
	XLogEnsureRecordSpace(npages - 1, npages);
	START_CRIT_SECTION();
	cleared = clear_visibility(rel, pages, npages, visibility);
	stamp_pages(pages, npages, xid, cid);
	if (RelationNeedsWAL(rel))
		write_record(pages, npages, cleared);
	END_CRIT_SECTION();
}

/* ---- Recovery ---- */

static ClearedPages
cleared_pages(XLogReaderState *record)
{
	return XLogRecGetDataLen(record) == 0
			   ? 0
			   : *(const ClearedPages *) XLogRecGetData(record);
}

/* The map may have the bit although the page has been changed already. */
static void
redo_visibility(XLogReaderState *record, uint8 id)
{
	RelFileCompat file;
	BlockNumber	  block;
	Relation	  rel;
	Buffer		  visibility = InvalidBuffer;

	XLogRecGetBlockTag(record, id, &file, NULL, &block);
	rel = CreateFakeRelcacheEntry(file);
	visibilitymap_pin(rel, block, &visibility);
	visibilitymap_clear(rel, block, visibility, VISIBILITYMAP_VALID_BITS);
	ReleaseBuffer(visibility);
	FreeFakeRelcacheEntry(rel);
}

static void
redo_page(XLogReaderState *record, uint8 id)
{
	Buffer buffer;

	if ((cleared_pages(record) & (1 << id)) != 0)
		redo_visibility(record, id);
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
	if (cleared_pages(record) != 0)
		appendStringInfo(text, ", all-visible cleared 0x%02X",
						 cleared_pages(record));
}
