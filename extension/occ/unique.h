/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * unique.h
 *	  Uniqueness without waiting.
 */
#ifndef DSQL_OCC_UNIQUE_H
#define DSQL_OCC_UNIQUE_H

#include "access/tableam.h"

/*
 * index_fetch_tuple() under SnapshotDirty.  Returns true if there is a version
 * with this key that this transaction can see or has made.  Notes the key if a
 * concurrent transaction inserted it.
 */
extern bool occ_unique_fetch(IndexFetchTableData *scan, ItemPointer tid,
							 Snapshot dirty, TupleTableSlot *slot,
							 bool *call_again, bool *all_dead);

#endif /* DSQL_OCC_UNIQUE_H */
