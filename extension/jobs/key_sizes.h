/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * key_sizes.h
 *	  The keys of rows that were there before their index.
 */
#ifndef DSQL_JOBS_KEY_SIZES_H
#define DSQL_JOBS_KEY_SIZES_H

/*
 * Raises if a row that the active snapshot sees has a larger key in the index
 * than there may be.  The index is complete.
 */
extern void jobs_key_sizes_check(Oid table, Oid index);

#endif /* DSQL_JOBS_KEY_SIZES_H */
