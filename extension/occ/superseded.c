/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * superseded.c
 *	  Index entries of versions that nobody can see, although an old snapshot
 *	  is open.
 *
 * Each update of a committed row leaves a version and an entry in every index.
 * While an old snapshot is open, PostgreSQL removes none of those that came
 * after it.  So a row that is updated often would be found among more and more
 * entries.  Most of their versions nobody can see: they came too late for the
 * old snapshot, and were replaced before the others were taken (snapshots.c).
 * For such an entry the scan reports that it is dead.  The index then skips
 * it, and reuses its space.  The version itself stays in the table until
 * VACUUM removes it, which does not need the entry.
 *
 * An entry also tells a transaction that inserts the same key that a
 * concurrent transaction has written it (unique.c).  That must not be lost, so
 * only versions that a non-key update replaced count.  The version by which it
 * was replaced has the same keys, and a transaction that is concurrent to the
 * maker of the first is concurrent to the maker of the second.  So it still
 * meets the entry of a later version: the last version of a key is never one
 * of those that are dropped.  A key here is one of a unique index that is
 * neither partial nor over expressions; in a table that has another unique
 * index, or an exclusion constraint, nothing is dropped.
 *
 * An entry may lead to several versions, the HOT chain of its page.  It is
 * dropped if nobody can see any of them: the old snapshot has the maker of the
 * first one as running, and the others have whoever replaced the last one as
 * ended.
 *
 * Ordinary scans meet few such entries, and the check should cost them
 * nothing.  So the first few of a scan are not looked at, unless the scan
 * before met more in the same table.  (They must not be spared each time: in
 * nbtree one tuple stands for many entries, and goes when all of them may.)
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_index.h"
#include "occ/heap.h"
#include "occ/index_fetch.h"
#include "occ/snapshots.h"
#include "occ/superseded.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#define FEW 4

/* The table in which a scan of this backend last met more than a few. */
static Oid crowded = InvalidOid;

/* Is an update that changes a key of this index called a non-key update? */
static bool
has_other_keys(Oid index_oid)
{
	HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index_oid));
	Form_pg_index index;
	bool		  result;

	if (!HeapTupleIsValid(tuple))
		return true;
	index = (Form_pg_index) GETSTRUCT(tuple);
	result = index->indisexclusion ||
			 (index->indisunique &&
			  (!heap_attisnull(tuple, Anum_pg_index_indexprs, NULL) ||
			   !heap_attisnull(tuple, Anum_pg_index_indpred, NULL)));
	ReleaseSysCache(tuple);
	return result;
}

static bool
non_key_updates_keep_every_key(Relation rel)
{
	List	 *indexes = RelationGetIndexList(rel);
	ListCell *cell;
	bool	  result = true;

	foreach (cell, indexes)
		result = result && !has_other_keys(lfirst_oid(cell));
	list_free(indexes);
	return result;
}

/* Has a transaction that has committed replaced or deleted the version? */
static bool
has_committed_xmax(HeapTupleHeader header)
{
	return HeapTupleHeaderXminCommitted(header) &&
		   (header->t_infomask & (HEAP_XMAX_COMMITTED | HEAP_XMAX_IS_MULTI)) ==
			   HEAP_XMAX_COMMITTED;
}

/* An index entry points to a version, or to what took its place. */
static OffsetNumber
first_of_chain(Page page, ItemPointer tid)
{
	OffsetNumber offset = ItemPointerGetOffsetNumber(tid);

	if (offset <= PageGetMaxOffsetNumber(page) &&
		ItemIdIsRedirected(PageGetItemId(page, offset)))
		return ItemIdGetRedirect(PageGetItemId(page, offset));
	return offset;
}

/*
 * With the buffer locked.  An entry leads to the HOT chain that begins at tid.
 * Was the last version of the chain replaced by a non-key update that is not
 * HOT, and each one before by the next one?  All of them have committed.  Then
 * *maker made the first version, and *replacer replaced the last.
 */
static bool
chain_is_replaced(Relation rel, Buffer buffer, ItemPointerData tid,
				  TransactionId *maker, TransactionId *replacer)
{
	HeapTupleData tuple;

	*maker = *replacer = InvalidTransactionId;
	ItemPointerSetOffsetNumber(&tid,
							   first_of_chain(BufferGetPage(buffer), &tid));
	while (occ_heap_find_on_page(rel, buffer, &tid, &tuple) &&
		   has_committed_xmax(tuple.t_data))
	{
		TransactionId xmin = HeapTupleHeaderGetXmin(tuple.t_data);

		if (!TransactionIdIsValid(*maker))
			*maker = xmin;
		else if (xmin != *replacer)
			return false;
		*replacer = HeapTupleHeaderGetRawXmax(tuple.t_data);
		if (!HeapTupleHeaderIsHotUpdated(tuple.t_data))
			return HeapTupleHeaderIndicatesMovedPartitions(tuple.t_data) &&
				   *maker != *replacer;
		tid = tuple.t_data->t_ctid;
	}
	return false;
}

/* Heap has left the page pinned. */
static bool
find_replaced(IndexFetch *fetch, ItemPointer tid, TransactionId *maker,
			  TransactionId *replacer)
{
	Buffer buffer = fetch->heap.xs_cbuf;
	bool   found;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	found = chain_is_replaced(fetch->heap.xs_base.rel, buffer, *tid, maker,
							  replacer);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return found;
}

static bool
are_few(IndexFetch *fetch)
{
	Oid relid = RelationGetRelid(fetch->heap.xs_base.rel);

	if (++fetch->nhidden >= FEW)
		crowded = relid;
	return crowded != relid;
}

bool
occ_superseded(IndexFetchTableData *scan, ItemPointer tid, Snapshot snapshot)
{
	IndexFetch	 *fetch = (IndexFetch *) scan;
	TransactionId maker;
	TransactionId replacer;

	if (are_few(fetch) || snapshot->snapshot_type != SNAPSHOT_MVCC ||
		!BufferIsValid(fetch->heap.xs_cbuf) ||
		!find_replaced(fetch, tid, &maker, &replacer))
		return false;
	return occ_snapshots_miss(maker, replacer, snapshot) &&
		   non_key_updates_keep_every_key(scan->rel);
}
