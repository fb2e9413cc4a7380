/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_identity.h
 *	  Which row is it, whatever version.
 */
#ifndef OCC_IDENTITY_H
#define OCC_IDENTITY_H

#include "access/htup.h"
#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "utils/relcache.h"

/* The columns of the primary key; NULL: there is none.  Reads catalogs. */
extern Bitmapset *occ_identity_columns(Relation rel);

/*
 * Of a row with a primary key: the same for all versions that non-key updates
 * made.  May read the toast table.
 */
extern uint64 occ_identity(Relation rel, Bitmapset *columns, HeapTuple tuple);

/* Of a version, in a table without: its place. */
extern uint64 occ_place_identity(ItemPointer tid);

/* Does the new version differ in a column of a key? */
extern bool occ_key_changes(Relation rel, HeapTuple old, TupleTableSlot *slot);

/*
 * "(id)=(7)", or with every key "(id)=(7), (code)=(a)"; "" if there is nothing
 * to say or the user may not see it.  Reads catalogs.
 */
extern void occ_describe(Relation rel, HeapTuple tuple, bool every_key,
						 char *text, Size size);

#endif /* OCC_IDENTITY_H */
