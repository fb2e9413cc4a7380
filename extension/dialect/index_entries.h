/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index_entries.h
 *	  The index entries of a row: how large their keys may be, and what they
 *	  cost.
 */
#ifndef DSQL_DIALECT_INDEX_ENTRIES_H
#define DSQL_DIALECT_INDEX_ENTRIES_H

#include "executor/tuptable.h"
#include "utils/rel.h"

extern void index_entries_init(void);

/*
 * A version with these values gets an entry in each index of the table.
 * Raises if a key is too large.  The bytes by which the transaction grows.
 */
extern Size index_entries_check(Relation rel, TupleTableSlot *slot);

/*
 * Of an index that is being built, whose key has these values.  fits: are
 * they alone as large as a key may be?  check: raises if the key is too large,
 * with what it has of the row's primary key.
 */
extern bool index_entries_fit(Relation index, const Datum *values,
							  const bool *nulls);
extern void index_entries_check_built(Relation table, Relation index,
									  const Datum *values, const bool *nulls,
									  TupleTableSlot *row);

#endif /* DSQL_DIALECT_INDEX_ENTRIES_H */
