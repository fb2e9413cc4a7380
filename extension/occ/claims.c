/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * claims.c
 *	  What COMMIT has to validate: the log, sorted, with its relations open.
 *
 * Everything that may wait or read a catalog happens here or before, and the
 * commit lock is taken after it.  The relations have been locked already, in
 * the order of their oids (schema/touched.c), so two COMMITs cannot wait for
 * each other.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/subtrans.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "occ/claims.h"
#include "occ/heap.h"
#include "occ/identity.h"
#include "schema/conflict.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* ---- The lists ---- */

static int
compare_claims(const void *a, const void *b)
{
	const WriteEntry *x = ((const Claim *) a)->entry;
	const WriteEntry *y = ((const Claim *) b)->entry;

	if (x->relid != y->relid)
		return x->relid < y->relid ? -1 : 1;
	return ItemPointerCompare((ItemPointer) &x->tid, (ItemPointer) &y->tid);
}

/* By rival. */
static int
compare_keys(const void *a, const void *b)
{
	TransactionId x = ((const Claim *) a)->entry->xid;
	TransactionId y = ((const Claim *) b)->entry->xid;

	if (x != y)
		return x < y ? -1 : 1;
	return compare_claims(a, b);
}

static void
sort_claims(Claim *claims, int n, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(claims, n, sizeof(Claim), compare);
}

static Claim *
alloc_claims(int n)
{
	return n == 0 ? NULL
				  : MemoryContextAllocHuge(CurrentMemoryContext,
										   n * sizeof(Claim));
}

/* Of the size that they need: touching fresh memory takes long. */
static void
alloc_lists(CommitWork *work, const WriteEntry *entries, int n)
{
	int count[WRITE_SUCCESSOR + 1] = {0};

	for (int i = 0; i < n; i++)
		count[entries[i].kind]++;
	work->writes = alloc_claims(count[WRITE_REPLACED]);
	work->locks = alloc_claims(count[WRITE_LOCKED]);
	work->keys = alloc_claims(count[WRITE_KEY]);
}

static void
add_claim(Claim *claims, int *n, const WriteEntry *entry)
{
	claims[*n].entry = entry;
	claims[*n].tid = entry->tid;
	claims[*n].is_stamped = false;
	claims[*n].pinned = InvalidBuffer;
	ItemPointerSetInvalid(&claims[*n].former);
	(*n)++;
}

/* Each kind in a list of its own, sorted by relation and place. */
static void
sort_entries(CommitWork *work)
{
	int				  n;
	const WriteEntry *entries = occ_writes_entries(&n);

	alloc_lists(work, entries, n);
	for (int i = 0; i < n; i++)
	{
		const WriteEntry *entry = &entries[i];

		if (entry->kind == WRITE_REPLACED)
			add_claim(work->writes, &work->nwrites, entry);
		else if (entry->kind == WRITE_LOCKED)
			add_claim(work->locks, &work->nlocks, entry);
		else if (entry->kind == WRITE_KEY)
			add_claim(work->keys, &work->nkeys, entry);
	}
	sort_claims(work->writes, work->nwrites, compare_claims);
	sort_claims(work->locks, work->nlocks, compare_claims);
	sort_claims(work->keys, work->nkeys, compare_claims);
}

/* ---- Their relations ---- */

/*
 * heap_delete() will delete toasted values under the commit lock.  The
 * relation locks that this needs are taken now, so that it waits for none.
 */
static void
open_toast(Relation rel)
{
	Relation  toast;
	Relation *indexes;
	int		  nindexes;

	if (!OidIsValid(rel->rd_rel->reltoastrelid))
		return;
	toast = table_open(rel->rd_rel->reltoastrelid, RowExclusiveLock);
	toast_open_indexes(toast, RowExclusiveLock, &indexes, &nindexes);
	toast_close_indexes(indexes, nindexes, NoLock);
	table_close(toast, NoLock);
}

/* Opens the relation the first time.  OC001 if it was dropped. */
static Target *
target_of(CommitWork *work, Oid relid)
{
	Target *target;

	for (int i = work->ntargets - 1; i >= 0; i--)
		if (RelationGetRelid(work->targets[i].rel) == relid)
			return &work->targets[i];

	target = &work->targets[work->ntargets];
	target->rel = try_table_open(relid, RowExclusiveLock);
	if (target->rel == NULL)
		schema_conflict_raise(relid, InvalidTransactionId);
	target->identity_columns = occ_identity_columns(target->rel);
	work->ntargets++;
	return target;
}

/* Adds to count; the claims are sorted by relation. */
static void
count_relations(const Claim *claims, int n, int *count)
{
	for (int i = 0; i < n; i++)
		if (i == 0 || claims[i].entry->relid != claims[i - 1].entry->relid)
			(*count)++;
}

static void
assign_targets(CommitWork *work, Claim *claims, int n)
{
	bool toast_open = false;

	for (int i = 0; i < n; i++)
	{
		if (i > 0 && claims[i].entry->relid == claims[i - 1].entry->relid)
			claims[i].target = claims[i - 1].target;
		else
		{
			claims[i].target = target_of(work, claims[i].entry->relid);
			toast_open = false;
		}
		if (claims[i].entry->kind == WRITE_REPLACED &&
			claims[i].entry->has_external && !toast_open)
		{
			open_toast(claims[i].target->rel);
			toast_open = true;
		}
	}
}

static void
open_targets(CommitWork *work)
{
	int max_targets = 0;

	count_relations(work->writes, work->nwrites, &max_targets);
	count_relations(work->locks, work->nlocks, &max_targets);
	count_relations(work->keys, work->nkeys, &max_targets);
	work->targets = palloc0(Max(max_targets, 1) * sizeof(Target));
	assign_targets(work, work->writes, work->nwrites);
	assign_targets(work, work->locks, work->nlocks);
	assign_targets(work, work->keys, work->nkeys);
}

/*
 * A lock is redundant if a stronger one followed, or a write of the same
 * version that is as strong.
 */
static void
drop_redundant_locks(CommitWork *work)
{
	int kept = 0;

	for (int i = 0; i < work->nlocks; i++)
	{
		const WriteEntry *lock = work->locks[i].entry;
		Relation		  rel = work->locks[i].target->rel;
		ItemPointer		  tid = (ItemPointer) &lock->tid;
		const WriteEntry *write = occ_writes_find(rel, tid, WRITE_REPLACED);

		if (occ_writes_find(rel, tid, WRITE_LOCKED) == lock &&
			(write == NULL || write->mode < lock->mode))
			work->locks[kept++] = work->locks[i];
	}
	work->nlocks = kept;
}

/* ---- Rivals ---- */

/* The decision on a rival is one for all the keys that it inserted. */
static void
gather_rivals(CommitWork *work)
{
	Rival *rival = NULL;

	if (work->nkeys == 0)
		return;
	sort_claims(work->keys, work->nkeys, compare_keys);
	work->rivals = palloc(work->nkeys * sizeof(Rival));
	for (int i = 0; i < work->nkeys; i++)
	{
		const Claim	 *key = &work->keys[i];
		TransactionId xid = key->entry->xid;

		if (rival == NULL || rival->xid != xid)
		{
			rival = &work->rivals[work->nrivals++];
			rival->xid = xid;
			rival->topxid = SubTransGetTopmostTransaction(xid);
			rival->claims = key;
			rival->nclaims = 0;
		}
		rival->nclaims++;
	}
}

/* ---- All ---- */

void
occ_claims_gather(CommitWork *work)
{
	sort_entries(work);
	open_targets(work);
	drop_redundant_locks(work);
	gather_rivals(work);
}

int
occ_claims_on_one_page(const Claim *claims, int n)
{
	BlockNumber block = ItemPointerGetBlockNumber(&claims[0].tid);
	int			count = 1;

	while (count < n && claims[count].target == claims[0].target &&
		   ItemPointerGetBlockNumber(&claims[count].tid) == block)
		count++;
	return count;
}

Buffer
occ_claims_take_page(Claim *claim)
{
	Buffer buffer = claim->pinned;

	claim->pinned = InvalidBuffer;
	return BufferIsValid(buffer)
			   ? buffer
			   : occ_heap_read_page(claim->target->rel,
									ItemPointerGetBlockNumber(&claim->tid),
									claim->entry->buffer);
}

void
occ_claims_release_page(Claim *claim)
{
	if (BufferIsValid(claim->pinned))
		ReleaseBuffer(claim->pinned);
	claim->pinned = InvalidBuffer;
}

void
occ_claims_prefetch(const Claim *claims, int n)
{
	const int page_ahead = 8;
	const int version_ahead = 4;

	if (n > page_ahead)
		occ_heap_prefetch_page(claims[page_ahead].entry->buffer);
	if (n > version_ahead)
		occ_heap_prefetch_version(claims[version_ahead].entry->buffer,
								  (ItemPointer) &claims[version_ahead].tid);
}

void
occ_claims_close(CommitWork *work)
{
	for (int i = 0; i < work->ntargets; i++)
		table_close(work->targets[i].rel, NoLock);
}
