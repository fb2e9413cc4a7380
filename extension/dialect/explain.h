/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h
 *	  EXPLAIN shows scans as Aurora DSQL does.
 */
#ifndef DSQL_DIALECT_EXPLAIN_H
#define DSQL_DIALECT_EXPLAIN_H

#include "executor/execdesc.h"

/*
 * The executor has started a query, or has finished it: if it does so for
 * EXPLAIN and the dialect applies, the scans of users' tables are replaced in
 * what EXPLAIN is about to print.  Nothing is executed from then on.
 */
extern void dialect_explain_started(QueryDesc *query, int eflags);
extern void dialect_explain_finished(QueryDesc *query);

#endif /* DSQL_DIALECT_EXPLAIN_H */
