/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index_fetch.h
 *	  The state of an index scan, as far as the table knows it.
 */
#ifndef DSQL_OCC_INDEX_FETCH_H
#define DSQL_OCC_INDEX_FETCH_H

#include "access/heapam.h"
#include "access/tableam.h"

typedef struct IndexFetch
{
	IndexFetchHeapData heap; /* must be first */
	bool			   is_scan;
	int				   nhidden; /* entries for versions that the snapshot
								 * does not see and another one may */
} IndexFetch;

/* Routines of the table access method. */
extern IndexFetchTableData *occ_index_fetch_begin(Relation rel);
extern void					occ_index_fetch_reset(IndexFetchTableData *scan);

#endif /* DSQL_OCC_INDEX_FETCH_H */
