/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_node.h
 *	  The nodes that EXPLAIN prints in place of a scan.
 */
#ifndef DSQL_DIALECT_EXPLAIN_NODE_H
#define DSQL_DIALECT_EXPLAIN_NODE_H

#include "nodes/execnodes.h"
#include "nodes/extensible.h"

/*
 * A node that can be printed, and ended with the scan, but not executed.  It
 * has children for what the storage does.  methods: of explain_header.h, for
 * the query.  In the current memory context.
 */
extern PlanState *explain_node_make(ScanState				*scan,
									const CustomScanMethods *methods);

#endif /* DSQL_DIALECT_EXPLAIN_NODE_H */
