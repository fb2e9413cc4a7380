/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_index.h
 *	  Building an index over a table of ours.
 */
#ifndef OCC_INDEX_H
#define OCC_INDEX_H

#include "access/tableam.h"

extern void occ_index_init(void);

/* Overrides of the table access method. */
extern double
			occ_index_build_range_scan(Relation table_rel, Relation index_rel,
									   struct IndexInfo *index_info, bool allow_sync,
									   bool anyvisible, bool progress, BlockNumber start,
									   BlockNumber numblocks, IndexBuildCallback callback,
									   void *callback_state, TableScanDesc scan);
extern void occ_index_validate_scan(Relation table_rel, Relation index_rel,
									struct IndexInfo		  *index_info,
									Snapshot				   snapshot,
									struct ValidateIndexState *state);

#endif /* OCC_INDEX_H */
