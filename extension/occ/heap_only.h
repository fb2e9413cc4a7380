/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_only.h
 *	  Updates that need no index entry: the new version is on the page of the
 *	  old one.
 */
#ifndef DSQL_OCC_HEAP_ONLY_H
#define DSQL_OCC_HEAP_ONLY_H

#include "executor/tuptable.h"
#include "occ/heap.h"
#include "occ/writes.h"

/*
 * Inserts the new version of a committed one, if no index needs an entry for
 * it, and its page has room.  False: an ordinary insert is needed.
 */
extern bool occ_heap_only_insert(Relation rel, const PinnedTuple *old,
								 TupleTableSlot *slot, CommandId cid);

/*
 * An index scan has found a version that this transaction has replaced.  Its
 * heap-only successors are in no index yet.  Puts the one that the snapshot
 * sees into the slot, if there is one.
 */
extern bool occ_heap_only_fetch(Relation rel, ItemPointer replaced,
								Snapshot snapshot, TupleTableSlot *slot);

#endif /* DSQL_OCC_HEAP_ONLY_H */
