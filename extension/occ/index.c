/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index.c
 *	  Building an index on a table of ours with heap's own code.
 *
 * Heap scans with heap_getnext(), which refuses a relation whose access method
 * is not heap.  So during the build the relation cache entry claims that it is
 * heap.  An invalidation in the middle (a GRANT elsewhere, and an index
 * expression that runs SQL) makes the relation cache rewrite the entry; then a
 * callback sets it again.
 *
 * Nothing of this transaction has to be hidden meanwhile, because ddl.c
 * refuses DDL after writes.
 */
#include "postgres.h"

#include "access/amapi.h"
#include "access/heapam.h"
#include "access/tableam.h"
#include "base/compat.h"
#include "catalog/index.h"
#include "dialect/index_entries.h"
#include "nodes/execnodes.h"
#include "occ/heap.h"
#include "occ/index.h"
#include "storage/bufmgr.h"
#include "utils/elog.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* The relation that claims to be heap, or NULL. */
static Relation relation_as_heap = NULL;

/* How a build differs from PostgreSQL's. */
static BlockNumber max_pages = InvalidBlockNumber;
static bool		   ignores_duplicates = false;

static void
at_relcache_invalidation(Datum arg, Oid relid)
{
	if (relation_as_heap != NULL &&
		(!OidIsValid(relid) || relid == RelationGetRelid(relation_as_heap)))
		relation_as_heap->rd_tableam = occ_heap;
}

void
occ_index_init(void)
{
	/* In the postmaster: every backend inherits the registration. */
	CacheRegisterRelcacheCallback(at_relcache_invalidation, (Datum) 0);
}

/* What must be restored after a build. */
typedef struct HeapBuild
{
	Relation			  outer; /* relation_as_heap before */
	const TableAmRoutine *tableam;
	int					  client_min_messages;
	int					  log_min_messages;
} HeapBuild;

/*
 * Heap warns of rows whose transaction is in progress.  Here that is normal:
 * those transactions do not see the index and will fail with OC001.  So
 * warnings are suppressed.
 */
static HeapBuild
begin_heap_build(Relation rel)
{
	HeapBuild build = {relation_as_heap, rel->rd_tableam, client_min_messages,
					   log_min_messages};

	relation_as_heap = rel;
	rel->rd_tableam = occ_heap;
	client_min_messages = Max(client_min_messages, ERROR);
	log_min_messages = Max(log_min_messages, ERROR);
	return build;
}

static void
end_heap_build(const HeapBuild *build)
{
	relation_as_heap->rd_tableam = build->tableam;
	relation_as_heap = build->outer;
	client_min_messages = build->client_min_messages;
	log_min_messages = build->log_min_messages;
}

/*
 * A scan of the first pages only.  Its snapshot is newer than the
 * transaction's: a row may have been updated since by a transaction that did
 * not know the index.  If that was a HOT update, the index must have the new
 * values, because a later look for what is missing finds an entry for the row.
 */
static TableScanDesc
begin_scan_of_first_pages(Relation table_rel)
{
	Snapshot	  snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan =
		table_beginscan_strat(table_rel, snapshot, 0, NULL, true, false);

	heap_setscanlimits(scan, 0, max_pages);
	return scan;
}

/* Whom a build tells of a row. */
typedef struct Builder
{
	IndexBuildCallback callback;
	void			  *state;
} Builder;

/*
 * The statement that starts an index does not fail because of a row that has
 * been there before: the job will.
 */
static void
add_if_it_fits(Relation index, ItemPointer tid, Datum *values, bool *nulls,
			   bool is_alive, void *state)
{
	Builder *builder = state;

	if (index_entries_fit(index, values, nulls))
		builder->callback(index, tid, values, nulls, is_alive, builder->state);
}

/* Heap ends a scan that it is given. */
static double
scan_first_pages(Relation table_rel, Relation index_rel,
				 struct IndexInfo *index_info, IndexBuildCallback callback,
				 void *callback_state)
{
	TableScanDesc scan = begin_scan_of_first_pages(table_rel);
	Snapshot	  snapshot = scan->rs_snapshot;
	Builder		  builder = {callback, callback_state};
	double		  ntuples = occ_heap->index_build_range_scan(
			   table_rel, index_rel, index_info, true, false, false, 0,
			   InvalidBlockNumber, add_if_it_fits, &builder, scan);

	UnregisterSnapshot(snapshot);
	return ntuples;
}

/*
 * A build that reads more than a snapshot (REINDEX) meets heap-only versions
 * whose transaction has not ended, and which are not linked yet
 * (heap_only.c).  But not in a file that this transaction has written (VACUUM
 * FULL): in a new place no version is heap-only.
 */
static bool
may_meet_unlinked(Relation table_rel, const struct IndexInfo *index_info)
{
	return !index_info->ii_Concurrent &&
		   table_rel->rd_new_file_subid_compat == InvalidSubTransactionId;
}

/*
 * Heap reports a damaged table if it meets a heap-only version that is not
 * linked.  But for a unique index it waits until the transaction has ended,
 * and then looks again.  What it calls back knows by itself whether the index
 * is unique.
 */
static double
build_range_scan(Relation table_rel, Relation index_rel,
				 struct IndexInfo *index_info, bool allow_sync,
				 bool anyvisible, bool progress, BlockNumber start,
				 BlockNumber numblocks, IndexBuildCallback callback,
				 void *callback_state, TableScanDesc scan)
{
	double	  ntuples = 0;
	bool	  is_unique = index_info->ii_Unique;
	HeapBuild build = begin_heap_build(table_rel);

	if (may_meet_unlinked(table_rel, index_info))
		index_info->ii_Unique = true;
	PG_TRY();
	{
		if (max_pages != InvalidBlockNumber)
			ntuples = scan_first_pages(table_rel, index_rel, index_info,
									   callback, callback_state);
		else
			ntuples = occ_heap->index_build_range_scan(
				table_rel, index_rel, index_info, allow_sync, anyvisible,
				progress, start, numblocks, callback, callback_state, scan);
	}
	PG_FINALLY();
	{
		index_info->ii_Unique = is_unique;
		end_heap_build(&build);
	}
	PG_END_TRY();
	return ntuples;
}

static void
validate_scan(Relation table_rel, Relation index_rel,
			  struct IndexInfo *index_info, Snapshot snapshot,
			  struct ValidateIndexState *state)
{
	HeapBuild build = begin_heap_build(table_rel);

	if (ignores_duplicates)
		index_info->ii_Unique = false;
	PG_TRY();
	{
		occ_heap->index_validate_scan(table_rel, index_rel, index_info,
									  snapshot, state);
	}
	PG_FINALLY();
	{
		end_heap_build(&build);
	}
	PG_END_TRY();
}

void
occ_index_build_first_pages(Relation table, Relation index, IndexInfo *info,
							BlockNumber pages)
{
	BlockNumber table_pages = RelationGetNumberOfBlocks(table);

	max_pages = Min(pages, table_pages);
	PG_TRY();
	{
		pfree(index->rd_indam->ambuild(table, index, info));
	}
	PG_FINALLY();
	{
		max_pages = InvalidBlockNumber;
	}
	PG_END_TRY();
}

void
occ_index_add_missing(Oid table, Oid index, Snapshot snapshot)
{
	ignores_duplicates = true;
	PG_TRY();
	{
		validate_index(table, index, snapshot);
	}
	PG_FINALLY();
	{
		ignores_duplicates = false;
	}
	PG_END_TRY();
}

void
occ_index_install(TableAmRoutine *methods)
{
	methods->index_build_range_scan = build_range_scan;
	methods->index_validate_scan = validate_scan;
}
