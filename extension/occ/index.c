/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_index.c
 *	  heap builds our indexes, with its own face on.
 *
 * heap scans with heap_getnext(), which refuses a relation whose access method
 * is not heap's.  So while it builds, the relation's is.  An invalidation in
 * the middle (a GRANT elsewhere and an index expression that runs SQL) makes
 * the relation cache write it anew: then we do it again.
 *
 * Nothing of this transaction is to be hidden meanwhile: ddl.c refuses DDL
 * where rows have been written.
 */
#include "base/settings.h"

#include "occ/am.h"
#include "occ/index.h"
#include "utils/elog.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/rel.h"

static Relation heap_faced = NULL;

static void
at_relcache_invalidation(Datum arg, Oid relid)
{
	if (heap_faced != NULL &&
		(!OidIsValid(relid) || relid == RelationGetRelid(heap_faced)))
		heap_faced->rd_tableam = occ_heap;
}

void
occ_index_init(void)
{
	/* In the postmaster: every backend inherits it. */
	CacheRegisterRelcacheCallback(at_relcache_invalidation, (Datum) 0);
}

/*
 * Transactions whose rows are in progress do not see the index and will fail
 * for that (OC001): heap need not warn of them.
 */
typedef struct Face
{
	Relation			  outer;
	const TableAmRoutine *tableam;
	int					  client_min_messages;
	int					  log_min_messages;
} Face;

static Face
put_on(Relation rel)
{
	Face face = {heap_faced, rel->rd_tableam, client_min_messages,
				 log_min_messages};

	heap_faced = rel;
	rel->rd_tableam = occ_heap;
	client_min_messages = Max(client_min_messages, ERROR);
	log_min_messages = Max(log_min_messages, ERROR);
	return face;
}

static void
take_off(const Face *face)
{
	heap_faced->rd_tableam = face->tableam;
	heap_faced = face->outer;
	client_min_messages = face->client_min_messages;
	log_min_messages = face->log_min_messages;
}

double
occ_index_build_range_scan(Relation table_rel, Relation index_rel,
						   struct IndexInfo *index_info, bool allow_sync,
						   bool anyvisible, bool progress, BlockNumber start,
						   BlockNumber numblocks, IndexBuildCallback callback,
						   void *callback_state, TableScanDesc scan)
{
	double ntuples = 0;
	Face   face = put_on(table_rel);

	PG_TRY();
	{
		ntuples = occ_heap->index_build_range_scan(
			table_rel, index_rel, index_info, allow_sync, anyvisible, progress,
			start, numblocks, callback, callback_state, scan);
	}
	PG_FINALLY();
	{
		take_off(&face);
	}
	PG_END_TRY();
	return ntuples;
}

void
occ_index_validate_scan(Relation table_rel, Relation index_rel,
						struct IndexInfo *index_info, Snapshot snapshot,
						struct ValidateIndexState *state)
{
	Face face = put_on(table_rel);

	PG_TRY();
	{
		occ_heap->index_validate_scan(table_rel, index_rel, index_info,
									  snapshot, state);
	}
	PG_FINALLY();
	{
		take_off(&face);
	}
	PG_END_TRY();
}
