/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h
 *	  Building an index on a table of ours.
 */
#ifndef DSQL_OCC_INDEX_H
#define DSQL_OCC_INDEX_H

#include "access/tableam.h"

extern void occ_index_init(void);

extern void occ_index_install(TableAmRoutine *methods);

/*
 * Build an index that is still without any contents, from the first pages of
 * its table.
 */
extern void occ_index_build_first_pages(Relation table, Relation index,
										struct IndexInfo *info,
										BlockNumber		  pages);

/*
 * Add what the index lacks of the rows that the snapshot shows, without
 * looking for duplicates and so without waiting for anybody.
 */
extern void occ_index_add_missing(Oid table, Oid index, Snapshot snapshot);

#endif /* DSQL_OCC_INDEX_H */
