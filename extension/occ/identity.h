/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h
 *	  Which row a version belongs to.
 */
#ifndef DSQL_OCC_IDENTITY_H
#define DSQL_OCC_IDENTITY_H

#include "access/htup.h"
#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "utils/relcache.h"

/* The columns of the primary key, or NULL.  Reads catalogs. */
extern Bitmapset *occ_identity_columns(Relation rel);

/*
 * Of a row with a primary key: the same for all versions that non-key updates
 * made.  May read the toast table.
 */
extern uint64 occ_identity_hash(Relation rel, Bitmapset *columns,
								HeapTuple tuple);

/* Of a version in a table without a primary key: its place. */
extern uint64 occ_identity_of_place(ItemPointer tid);

/* Does the new version differ in a column of a key? */
extern bool occ_identity_key_changes(Relation rel, HeapTuple old,
									 TupleTableSlot *slot);

/* Does the new version differ in a column that any index depends on? */
extern bool occ_identity_indexed_columns_change(Relation rel, HeapTuple old,
												TupleTableSlot *slot);

/*
 * Writes "(id)=(7)", or with every_key "(id)=(7), (code)=(a)"; "" if there is
 * no key or the user may not see it.  size: of text, in bytes.  Reads
 * catalogs.
 */
extern void occ_identity_describe(Relation rel, HeapTuple tuple,
								  bool every_key, char *text, Size size);

#endif /* DSQL_OCC_IDENTITY_H */
