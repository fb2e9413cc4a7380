/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index_fetch.c
 *	  The state of an index scan, as far as the table knows it.
 *
 * Heap's, and what unique.c and superseded.c need to know.
 */
#include "postgres.h"

#include "occ/heap.h"
#include "occ/index_fetch.h"
#include "storage/bufmgr.h"

IndexFetchTableData *
occ_index_fetch_begin(Relation rel)
{
	IndexFetch *fetch = palloc0(sizeof(IndexFetch));

	fetch->heap.xs_base.rel = rel;
	fetch->heap.xs_cbuf = InvalidBuffer;
	return &fetch->heap.xs_base;
}

/* A scan begins with a reset; nbtree's check of one entry does not. */
void
occ_index_fetch_reset(IndexFetchTableData *scan)
{
	IndexFetch *fetch = (IndexFetch *) scan;

	fetch->is_scan = true;
	fetch->nhidden = 0;
	occ_heap->index_fetch_reset(scan);
}
