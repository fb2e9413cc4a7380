/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_query.h
 *	  What a query may not have in it.
 */
#ifndef DSQL_DIALECT_QUERY_H
#define DSQL_DIALECT_QUERY_H

extern void query_init(void);

#endif /* DSQL_DIALECT_QUERY_H */
