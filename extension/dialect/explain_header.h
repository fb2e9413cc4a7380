/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_header.h
 *	  What EXPLAIN has printed of a custom scan before it calls us.
 */
#ifndef DSQL_DIALECT_EXPLAIN_HEADER_H
#define DSQL_DIALECT_EXPLAIN_HEADER_H

#include "commands/explain.h"
#include "nodes/extensible.h"

/*
 * The methods of the custom scans of one query, with a name that no text in
 * it can have.  In the current memory context.
 */
extern const CustomScanMethods *explain_header_methods(void);

/*
 * Both are for a custom scan without a relation and conditions, whose header
 * has nothing that a user has named.
 *
 * replace: the node is called otherwise, and its output is not printed yet.
 * take_back: nothing was printed, and in the structured formats the first
 * property of a group is next.
 */
extern void explain_header_replace(ExplainState *es, const char *provider,
								   const char *name);
extern void explain_header_take_back(ExplainState *es, const char *provider);

#endif /* DSQL_DIALECT_EXPLAIN_HEADER_H */
