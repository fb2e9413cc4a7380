/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h
 *	  What a query may not contain, and functions that are replaced in it.
 */
#ifndef DSQL_DIALECT_QUERY_H
#define DSQL_DIALECT_QUERY_H

#include "nodes/parsenodes.h"

/*
 * A statement was analyzed: raise if the dialect applies and refuses it, else
 * change it in place where Aurora DSQL would understand it otherwise.
 */
extern void dialect_query_check(Query *query);

#endif /* DSQL_DIALECT_QUERY_H */
