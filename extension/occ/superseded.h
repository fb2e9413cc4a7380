/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * superseded.h
 *	  Index entries of versions that nobody can see, although an old snapshot
 *	  is open.
 */
#ifndef DSQL_OCC_SUPERSEDED_H
#define DSQL_OCC_SUPERSEDED_H

#include "access/tableam.h"

/*
 * The scan has just found no visible version under this entry, and heap does
 * not call it dead.  May the index drop the entry?
 */
extern bool occ_superseded(IndexFetchTableData *scan, ItemPointer tid,
						   Snapshot snapshot);

#endif /* DSQL_OCC_SUPERSEDED_H */
