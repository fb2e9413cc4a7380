/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_unique.h
 *	  What an index asks before it takes a key.
 */
#ifndef OCC_UNIQUE_H
#define OCC_UNIQUE_H

#include "access/tableam.h"

/* Overrides of the table access method. */
extern IndexFetchTableData *occ_index_fetch_begin(Relation rel);
extern void					occ_index_fetch_reset(IndexFetchTableData *scan);

/*
 * index_fetch_tuple() under SnapshotDirty.  True: there is a version with this
 * key that this transaction can see, or has made.
 */
extern bool occ_unique_fetch(IndexFetchTableData *scan, ItemPointer tid,
							 Snapshot dirty, TupleTableSlot *slot,
							 bool *call_again, bool *all_dead);

#endif /* OCC_UNIQUE_H */
