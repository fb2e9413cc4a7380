/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h
 *	  What a query may not contain, and functions that are replaced in it.
 */
#ifndef DSQL_DIALECT_QUERY_H
#define DSQL_DIALECT_QUERY_H

#include "nodes/parsenodes.h"
#include "parser/parse_node.h"

/*
 * A statement was analyzed: raise if the dialect applies and refuses it, else
 * change it in place where Aurora DSQL would understand it otherwise.
 */
extern void dialect_query_check(ParseState *pstate, Query *query);

/*
 * Raises if an analyzed expression, or a list of some, contains what is
 * refused.  The caller has checked that the dialect applies.
 */
extern void dialect_query_check_expression(Node *node);

#endif /* DSQL_DIALECT_QUERY_H */
