/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_scan.h
 *	  How Aurora DSQL reads a table: which conditions and columns belong to
 *	  which of its steps, and how many rows pass between them.
 */
#ifndef DSQL_DIALECT_EXPLAIN_SCAN_H
#define DSQL_DIALECT_EXPLAIN_SCAN_H

#include "nodes/execnodes.h"
#include "nodes/extensible.h"

/* Where a condition is evaluated, in the order in which a row gets there. */
typedef enum ExplainStep
{
	EXPLAIN_STORAGE_SCAN,	/* of the table or the index, before transfer */
	EXPLAIN_STORAGE_LOOKUP, /* of the table, for rows that an index found */
	EXPLAIN_PROCESSOR,		/* after transfer */
	EXPLAIN_STEPS,
} ExplainStep;

typedef struct ExplainScan
{
	ScanState				*state;	  /* PostgreSQL's */
	const CustomScanMethods *methods; /* of its nodes */
	Oid						 index;	  /* or InvalidOid */
	List					*filters[EXPLAIN_STEPS];
	List *columns;		 /* names that the storage returns, quoted */
	bool  knows_columns; /* or PostgreSQL reads whole rows */
	bool  is_index_only; /* nothing is looked up in the table */
	List *ancestors;	 /* of the node, once EXPLAIN has got there */
} ExplainScan;

extern ExplainScan *explain_scan_make(ScanState				  *state,
									  const CustomScanMethods *methods);

/*
 * Is the estimate of the rows that come to a step the one for the whole scan?
 * EXPLAIN_STEPS: that leave the last one.
 */
extern bool explain_scan_estimates_rows(const ExplainScan *scan,
										ExplainStep		   step);

/*
 * How many rows came to a step, and how many it removed, for each loop; -1 if
 * that is not known, because PostgreSQL counts all conditions together.
 */
extern double explain_scan_rows(const ExplainScan *scan, ExplainStep step);
extern double explain_scan_removed(const ExplainScan *scan, ExplainStep step);

#endif /* DSQL_DIALECT_EXPLAIN_SCAN_H */
