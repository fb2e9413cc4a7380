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

#endif /* DSQL_OCC_INDEX_H */
