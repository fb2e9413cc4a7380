/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp_record.c
 *	  Old versions of one page that a transaction replaces or deletes, and the
 *	  WAL record of that.
 *
 * What is on the page afterwards is what heap would leave: a version that was
 * deleted, that moved to another partition (commit.c: a non-key update), or
 * that was updated HOT (heap_only.c).  But heap has no record that sets the
 * link from an old version to a new one which is on the page already, and none
 * for several versions at once.  So this one has a resource manager of its
 * own.  Its number is the one that PostgreSQL reserves for extensions that
 * have none.  Recovery needs this library, as does every use of the tables.
 */
#include "postgres.h"

#include "access/bufmask.h"
#include "access/heapam_xlog.h"
#include "access/htup_details.h"
#include "access/rmgr.h"
#include "access/xact.h"
#include "access/xlog_internal.h"
#include "access/xloginsert.h"
#include "access/xlogutils.h"
#include "miscadmin.h"
#include "occ/stamp_record.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#define STAMP_RMGR RM_EXPERIMENTAL_ID
#define STAMP_INFO 0x00

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

void
occ_stamp_record_apply(Relation rel, Buffer buffer, const Stamp *stamps, int n,
					   CommandId cid)
{
	TransactionId xid = GetTopTransactionId();
	XLogRecPtr	  lsn;

	START_CRIT_SECTION();
	stamp_page(buffer, stamps, n, xid, cid);
	if (RelationNeedsWAL(rel))
	{
		XLogBeginInsert();
		XLogRegisterBuffer(0, buffer, REGBUF_STANDARD);
		XLogRegisterBufData(0, (char *) stamps, n * sizeof(Stamp));
		lsn = XLogInsert(STAMP_RMGR, STAMP_INFO);
		PageSetLSN(BufferGetPage(buffer), lsn);
	}
	END_CRIT_SECTION();
}

/* ---- The resource manager ---- */

static void
redo(XLogReaderState *record)
{
	Buffer buffer;

	if (XLogReadBufferForRedo(record, 0, &buffer) == BLK_NEEDS_REDO)
	{
		Size		 size;
		const Stamp *stamps =
			(const Stamp *) XLogRecGetBlockData(record, 0, &size);

		stamp_page(buffer, stamps, (int) (size / sizeof(Stamp)),
				   XLogRecGetXid(record), FirstCommandId);
		PageSetLSN(BufferGetPage(buffer), record->EndRecPtr);
	}
	if (BufferIsValid(buffer))
		UnlockReleaseBuffer(buffer);
}

static void
describe(StringInfo text, XLogReaderState *record)
{
	Size size = 0;

	(void) XLogRecGetBlockData(record, 0, &size);
	appendStringInfo(text, "nversions %zu", size / sizeof(Stamp));
}

static const char *
identify(uint8 info)
{
	return (info & ~XLR_INFO_MASK) == STAMP_INFO ? "STAMP" : NULL;
}

void
occ_stamp_record_init(void)
{
	static RmgrData manager = {
		.rm_name = "dsql_local",
		.rm_redo = redo,
		.rm_desc = describe,
		.rm_identify = identify,
		.rm_mask = heap_mask,
	};

	RegisterCustomRmgr(STAMP_RMGR, &manager);
}
