/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp.c
 *	  COMMIT deletes the old versions: their pages get this transaction's id.
 *
 * heap_delete() does that for one version: it locks the page, writes a WAL
 * record, and unlocks the page.  If many versions of one page are deleted, the
 * page is locked once, and one generic WAL record has the bytes that change in
 * it.  What is on the page afterwards is the same.
 *
 * heap_delete() is still needed in all other cases: a bit in the
 * visibility map, toasted values, the remains of an xmax, and logical
 * decoding, which does not understand generic records.
 *
 * A non-key update leaves the marker of a row that moved to another partition
 * in the old version (commit.c).
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "occ/stamp.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

/*
 * A generic record compares the page before and after, which takes as long as
 * about 20 calls of heap_delete().
 */
#define MIN_TOGETHER 24

static bool
is_non_key(const Claim *write)
{
	return write->entry->mode != LockTupleExclusive;
}

static void
stamp_one(const Claim *write, CommandId cid)
{
	ItemPointerData tid = write->tid;
	TM_FailureData	failure;

	if (heap_delete(write->target->rel, &tid, cid, InvalidSnapshot, false,
					&failure, is_non_key(write)) != TM_Ok)
		elog(ERROR, "a validated row was changed");
}

/* Does heap_delete() nothing here but to write the header? */
static bool
is_ordinary(HeapTupleHeader header)
{
	return HeapTupleHeaderXminCommitted(header) &&
		   (header->t_infomask & (HEAP_XMAX_INVALID | HEAP_HASEXTERNAL |
								  HEAP_MOVED)) == HEAP_XMAX_INVALID;
}

/* As heap_delete() has it. */
static void
write_header(HeapTupleHeader header, const Claim *write, TransactionId xid,
			 CommandId cid)
{
	header->t_infomask &= ~(HEAP_XMAX_BITS | HEAP_MOVED);
	header->t_infomask2 |= HEAP_KEYS_UPDATED;
	HeapTupleHeaderClearHotUpdated(header);
	HeapTupleHeaderSetXmax(header, xid);
	HeapTupleHeaderSetCmax(header, cid, false);
	if (is_non_key(write))
		HeapTupleHeaderSetMovedPartitions(header);
	else
		header->t_ctid = write->tid;
}

static bool
stamp_on_page(Page page, const Claim *write, TransactionId xid, CommandId cid)
{
	ItemId item = PageGetItemId(page, ItemPointerGetOffsetNumber(&write->tid));
	HeapTupleHeader header;

	if (!ItemIdIsNormal(item))
		return false;
	header = (HeapTupleHeader) PageGetItem(page, item);
	if (!is_ordinary(header))
		return false;
	write_header(header, write, xid, cid);
	pgstat_count_heap_delete(write->target->rel);
	return true;
}

/* Sets stamped[i] for each one that it has stamped.  All are on one page. */
static void
stamp_together(const Claim *writes, int n, CommandId cid, bool *stamped)
{
	Relation		  rel = writes[0].target->rel;
	TransactionId	  xid = GetCurrentTransactionId();
	Buffer			  buffer;
	GenericXLogState *record;
	Page			  page;

	buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(&writes[0].tid));
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	record = GenericXLogStart(rel);
	page = GenericXLogRegisterBuffer(record, buffer, 0);
	if (PageIsAllVisible(page))
		elog(ERROR, "a page with a deleted row is all-visible");
	for (int i = 0; i < n; i++)
		stamped[i] = stamp_on_page(page, &writes[i], xid, cid);
	PageSetPrunable(page, xid);
	GenericXLogFinish(record);
	UnlockReleaseBuffer(buffer);
}

/* All are on one page. */
static void
stamp_page(const Claim *writes, int n, CommandId cid)
{
	bool stamped[MaxHeapTuplesPerPage] = {false};
	int	 first = 0;

	Assert(n <= MaxHeapTuplesPerPage);
	if (n >= MIN_TOGETHER && !RelationIsLogicallyLogged(writes[0].target->rel))
	{
		/* After this one the page is not all-visible. */
		stamp_one(&writes[0], cid);
		first = 1;
		stamp_together(writes + 1, n - 1, cid, stamped + 1);
	}
	for (int i = first; i < n; i++)
		if (!stamped[i])
			stamp_one(&writes[i], cid);
}

void
occ_stamp_old_versions(const CommitWork *work)
{
	CommandId cid;
	int		  n;

	if (work->nwrites == 0)
		return;
	cid = GetCurrentCommandId(true);
	for (int i = 0; i < work->nwrites; i += n)
	{
		n = occ_claims_on_one_page(&work->writes[i], work->nwrites - i);
		stamp_page(&work->writes[i], n, cid);
	}
}
