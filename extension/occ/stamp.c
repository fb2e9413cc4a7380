/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp.c
 *	  COMMIT deletes the old versions: their pages get this transaction's id.
 *
 * A page is locked once for all its old versions, and one WAL record has them
 * (stamp_record.c).
 *
 * heap_delete(), which does the same for one version, is needed for a page
 * that is all-visible, toasted values, the remains of an xmax, and logical
 * decoding, which does not understand our record.
 *
 * How a version was replaced, anybody can read from it (commit.c,
 * heap_only.c).
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "occ/heap.h"
#include "occ/stamp.h"
#include "occ/stamp_record.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

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

/*
 * With the page locked.  A version with a heap-only successor is never left to
 * heap_delete(), which cannot link them: it has no toasted values, and its
 * xmax, if there is one, is of a transaction that failed (validate.c).
 */
static bool
can_be_stamped(Page page, const Claim *write)
{
	ItemId item = PageGetItemId(page, ItemPointerGetOffsetNumber(&write->tid));

	return ItemIdIsNormal(item) &&
		   (write->entry->is_heap_only ||
			is_ordinary((HeapTupleHeader) PageGetItem(page, item)));
}

static Stamp
stamp_of(const Claim *write)
{
	Stamp stamp = {ItemPointerGetOffsetNumber(&write->tid), STAMP_DELETED};

	if (write->entry->is_heap_only)
		stamp.new_version = ItemPointerGetOffsetNumber(&write->entry->other);
	else if (is_non_key(write))
		stamp.new_version = STAMP_REPLACED;
	return stamp;
}

/* A HOT update has been counted when it was made. */
static void
count(const Claim *write)
{
	if (!write->entry->is_heap_only)
		pgstat_count_heap_delete(write->target->rel);
}

/*
 * All are on one page.  Sets stamped[i] for each one that it has stamped, and
 * leaves alone those that have been.
 */
static void
stamp_together(const Claim *writes, int n, CommandId cid, bool *stamped)
{
	Relation rel = writes[0].target->rel;
	Stamp	 stamps[MaxHeapTuplesPerPage];
	int		 nstamps = 0;
	Buffer	 buffer;
	Page	 page;

	buffer = occ_heap_read_page(rel, ItemPointerGetBlockNumber(&writes[0].tid),
								writes[0].entry->buffer);
	page = BufferGetPage(buffer);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	for (int i = 0; i < n && !PageIsAllVisible(page); i++)
	{
		if (stamped[i] || !can_be_stamped(page, &writes[i]))
			continue;
		stamped[i] = true;
		stamps[nstamps++] = stamp_of(&writes[i]);
		count(&writes[i]);
	}
	if (nstamps > 0)
		occ_stamp_record_apply(rel, buffer, stamps, nstamps, cid);
	UnlockReleaseBuffer(buffer);
}

/* The first one, from *i on, that is not stamped.  False: all are. */
static bool
find_unstamped(const bool *stamped, int n, int *i)
{
	while (*i < n && stamped[*i])
		(*i)++;
	return *i < n;
}

/* All are on one page. */
static void
stamp_page(const Claim *writes, int n, CommandId cid)
{
	bool stamped[MaxHeapTuplesPerPage] = {false};
	bool can_stamp = !RelationIsLogicallyLogged(writes[0].target->rel);
	int	 i = 0;

	Assert(n <= MaxHeapTuplesPerPage);
	if (can_stamp)
		stamp_together(writes, n, cid, stamped);
	while (find_unstamped(stamped, n, &i))
	{
		stamp_one(&writes[i], cid);
		stamped[i] = true;
		/* Now the page is not all-visible. */
		if (can_stamp && i == 0)
			stamp_together(writes, n, cid, stamped);
	}
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
