/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * am.c
 *	  The table access method "dsql": heap, except where a transaction would
 *	  wait for another, or fail because of it.
 *
 * Storage, WAL, vacuum, toast and everything on disk is heap's.  What differs:
 *
 * - read.c: scans hide versions that this transaction has replaced or deleted.
 * - modify.c: committed versions are not changed before COMMIT.
 * - unique.c: the check for duplicates never names a transaction to wait for.
 * - index.c: index builds, where heap insists on heap.
 * - here: statements that give rows new places.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "base/compat.h"
#include "catalog/pg_am_d.h"
#include "fmgr.h"
#include "occ/am.h"
#include "occ/heap.h"
#include "occ/index.h"
#include "occ/modify.h"
#include "occ/read.h"
#include "schema/ddl.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(dsql_tableam_handler);

static TableAmRoutine methods;

bool
occ_am_is_ours(Relation rel)
{
	return rel->rd_tableam == &methods;
}

/* ---- Rows that move: other transactions' logs name their old places ---- */

/* TRUNCATE, among others. */
static void
relation_set_new_file(Relation rel, const RelFileCompat *file,
					  char persistence, TransactionId *freeze_xid,
					  MultiXactId *min_multi)
{
	schema_ddl_record_change(RelationGetRelid(rel));
	occ_heap->relation_set_new_file_compat(rel, file, persistence, freeze_xid,
										   min_multi);
}

/* VACUUM FULL and CLUSTER. */
static void
relation_copy_for_cluster(Relation old_rel, Relation new_rel,
						  Relation old_index, bool use_sort,
						  TransactionId oldest_xmin, TransactionId *xid_cutoff,
						  MultiXactId *multi_cutoff, double *num_tuples,
						  double *tups_vacuumed, double *tups_recently_dead)
{
	schema_ddl_record_change(RelationGetRelid(old_rel));
	occ_heap->relation_copy_for_cluster(
		old_rel, new_rel, old_index, use_sort, oldest_xmin, xid_cutoff,
		multi_cutoff, num_tuples, tups_vacuumed, tups_recently_dead);
}

/* Heap would answer with our access method, but toast tables need none. */
static Oid
relation_toast_am(Relation rel)
{
	return HEAP_TABLE_AM_OID;
}

void
occ_am_init(void)
{
	occ_heap_init();
	methods = *occ_heap;
	occ_read_install(&methods);
	occ_modify_install(&methods);
	occ_index_install(&methods);
	methods.relation_set_new_file_compat = relation_set_new_file;
	methods.relation_copy_for_cluster = relation_copy_for_cluster;
	methods.relation_toast_am = relation_toast_am;
}

Datum
dsql_tableam_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&methods);
}
