/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * unique_index.h
 *	  A unique index is enforced before it is valid.
 */
#ifndef DSQL_JOBS_UNIQUE_INDEX_H
#define DSQL_JOBS_UNIQUE_INDEX_H

#include "postgres_ext.h"

/*
 * In the transaction that creates the index, which has not been built yet:
 * give it contents, so that from COMMIT on everybody can maintain it.
 */
extern void jobs_unique_index_start(Oid table, Oid index);

/*
 * At COMMIT, with the table locked: starts it again, if others may have
 * written since.
 */
extern void jobs_unique_index_before_commit(void);

/* The transaction is over. */
extern void jobs_unique_index_after_transaction(void);

/*
 * Raise an error if two rows that the transaction's snapshot shows have the
 * same key.  The index must have all of them.
 */
extern void jobs_unique_index_check(Oid table, Oid index);

#endif /* DSQL_JOBS_UNIQUE_INDEX_H */
