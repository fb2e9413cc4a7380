/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stored_columns.h
 *	  The columns of a table or an index, once they are in the catalog.
 */
#ifndef DSQL_DIALECT_STORED_COLUMNS_H
#define DSQL_DIALECT_STORED_COLUMNS_H

/*
 * A relation was created, or a column of it.  Raises for what its columns may
 * not be.  The caller has checked that the dialect applies.
 */
extern void dialect_stored_columns_check(Oid relation);

#endif /* DSQL_DIALECT_STORED_COLUMNS_H */
