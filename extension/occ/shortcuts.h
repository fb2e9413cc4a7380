/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * shortcuts.h
 *	  Shortcuts of the planner and the executor that do not know the log.
 */
#ifndef DSQL_OCC_SHORTCUTS_H
#define DSQL_OCC_SHORTCUTS_H

#include "executor/execdesc.h"
#include "nodes/pathnodes.h"

/*
 * While a query is planned, for each of its relations: clears
 * enable_indexonlyscan if it is a table of ours.  The caller restores it.
 */
extern void occ_shortcuts_forbid_index_only_scan(Oid			   relid,
												 const RelOptInfo *rel);

/* Before ExecutorStart(), after it, and before ExecutorRun(). */
extern void occ_shortcuts_use_own_snapshot(QueryDesc *query);
extern void occ_shortcuts_fetch_every_page(QueryDesc *query);
extern void occ_shortcuts_run_without_workers(QueryDesc *query);

#endif /* DSQL_OCC_SHORTCUTS_H */
