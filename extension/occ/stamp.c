/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp.c
 *	  COMMIT deletes the old versions: their pages get this transaction's id.
 *
 * A page is locked once for all its old versions, and one WAL record has those
 * of many pages (stamp_record.c): writing a record takes longer than stamping.
 * These pages are locked together, in the order in which heap locks two.
 *
 * heap_delete(), which does the same for one version, is needed for toasted
 * values, the remains of an xmax, and logical decoding, which does not
 * understand our record.
 *
 * How a version was replaced, anybody can read from it (commit.c,
 * heap_only.c).
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/visibilitymap.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "occ/heap.h"
#include "occ/stamp.h"
#include "occ/stamp_record.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static bool
is_non_key(const Claim *write)
{
	return write->entry->mode != LockTupleExclusive;
}

static void
stamp_one(Claim *write, CommandId cid, Snapshot snapshot)
{
	ItemPointerData tid = write->tid;
	TM_FailureData	failure;

	occ_claims_release_page(write);
	PushActiveSnapshot(snapshot); /* for toasted values */
	if (heap_delete(write->target->rel, &tid, cid, InvalidSnapshot, false,
					&failure, is_non_key(write)) != TM_Ok)
		elog(ERROR, "a validated row was changed");
	PopActiveSnapshot();
	write->is_stamped = true;
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
 * xmax, if there is one, is of a transaction that failed (validate.c).  Nor is
 * its page all-visible, because nobody else sees the successor.
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

/* The claims on some pages that follow each other, and their stamps. */
typedef struct Batch
{
	Relation	rel;
	StampedPage pages[STAMP_MAX_PAGES];
	Claim	   *claims[STAMP_MAX_PAGES]; /* the first one of each page */
	int			nclaims[STAMP_MAX_PAGES];
	int			npages;
	Buffer		visibility; /* of the map, the page with the bits of these */
	Stamp		stamps[STAMP_MAX_PAGES * MaxHeapTuplesPerPage];
	int			nstamps;
} Batch;

/*
 * Pins the page, which may have to be read, and so is not locked yet; and its
 * bit of the visibility map if that will have to be cleared.
 */
static void
add_page(Batch *batch, Claim *claims, int n)
{
	int	   i = batch->npages++;
	Buffer buffer = occ_claims_take_page(&claims[0]);

	Assert(n <= MaxHeapTuplesPerPage);
	batch->claims[i] = claims;
	batch->nclaims[i] = n;
	batch->pages[i].buffer = buffer;
	if (PageIsAllVisible(BufferGetPage(buffer)))
		visibilitymap_pin(batch->rel, BufferGetBlockNumber(buffer),
						  &batch->visibility);
}

/* As many of the claims as fit.  How many those are. */
static int
fill_batch(Batch *batch, Claim *claims, int n)
{
	int done = 0;

	batch->rel = claims[0].target->rel;
	batch->npages = 0;
	batch->visibility = InvalidBuffer;
	batch->nstamps = 0;
	while (done < n && batch->npages < STAMP_MAX_PAGES &&
		   claims[done].target == claims[0].target)
	{
		int on_page = occ_claims_on_one_page(&claims[done], n - done);

		occ_claims_prefetch(&claims[done], n - done);
		add_page(batch, &claims[done], on_page);
		done += on_page;
	}
	return done;
}

/*
 * With the page locked.  It may have become all-visible only now, and the bits
 * of a batch may be on two pages of the map.
 */
static bool
can_clear_visibility(const Batch *batch, Buffer buffer)
{
	return !PageIsAllVisible(BufferGetPage(buffer)) ||
		   visibilitymap_pin_ok(BufferGetBlockNumber(buffer),
								batch->visibility);
}

/* Locks the page, and collects the stamps that it can have. */
static void
collect_stamps(Batch *batch, int i)
{
	StampedPage *stamped = &batch->pages[i];
	Page		 page = BufferGetPage(stamped->buffer);
	Claim		*claims = batch->claims[i];
	int			 first = batch->nstamps;
	int			 n;

	LockBuffer(stamped->buffer, BUFFER_LOCK_EXCLUSIVE);
	n = can_clear_visibility(batch, stamped->buffer) ? batch->nclaims[i] : 0;
	for (int k = 0; k < n; k++)
	{
		if (claims[k].is_stamped || !can_be_stamped(page, &claims[k]))
			continue;
		claims[k].is_stamped = true;
		batch->stamps[batch->nstamps++] = stamp_of(&claims[k]);
		count(&claims[k]);
	}
	stamped->stamps = &batch->stamps[first];
	stamped->nstamps = batch->nstamps - first;
}

static void
write_stamps(const Batch *batch, CommandId cid)
{
	StampedPage pages[STAMP_MAX_PAGES];
	int			npages = 0;

	for (int i = 0; i < batch->npages; i++)
		if (batch->pages[i].nstamps > 0)
			pages[npages++] = batch->pages[i];
	if (npages > 0)
		occ_stamp_record_apply(batch->rel, pages, npages, batch->visibility,
							   cid);
}

/*
 * Stamps the first claims, as many as fit into a record, but for those that
 * need heap_delete().  How many claims it has looked at.
 */
static int
stamp_together(Claim *claims, int n, CommandId cid)
{
	Batch batch;
	int	  done = fill_batch(&batch, claims, n);

	for (int i = 0; i < batch.npages; i++)
		collect_stamps(&batch, i);
	write_stamps(&batch, cid);
	for (int i = 0; i < batch.npages; i++)
		UnlockReleaseBuffer(batch.pages[i].buffer);
	if (BufferIsValid(batch.visibility))
		ReleaseBuffer(batch.visibility);
	return done;
}

/* What could not be stamped. */
static void
delete_rest(Claim *claims, int n, CommandId cid, Snapshot snapshot)
{
	for (int i = 0; i < n; i++)
		if (!claims[i].is_stamped)
			stamp_one(&claims[i], cid, snapshot);
}

void
occ_stamp_old_versions(CommitWork *work)
{
	CommandId cid;
	int		  n;

	if (work->nwrites == 0)
		return;
	cid = GetCurrentCommandId(true);
	for (int i = 0; i < work->nwrites; i += n)
	{
		Claim *claims = &work->writes[i];

		n = RelationIsLogicallyLogged(claims->target->rel)
				? 1
				: stamp_together(claims, work->nwrites - i, cid);
		delete_rest(claims, n, cid, work->snapshot);
	}
}
