/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * newer.h
 *	  What a later PostgreSQL has than 16, which Aurora DSQL is.
 */
#ifndef DSQL_DIALECT_NEWER_H
#define DSQL_DIALECT_NEWER_H

#include "nodes/parsenodes.h"

/* Is it a built-in function that version 16 does not have? */
extern bool newer_is_function(Oid function);

/* Raises the error of version 16, which does not know the function. */
extern _Noreturn void newer_refuse_function(Oid function);

/* Raises an error for an expression that version 16 does not have. */
extern void newer_check_expression(const Node *node);

/* Raises an error for a column of old or new in RETURNING. */
extern void newer_check_returning(const Node *node);

/* Of a column, or of a table. */
extern void newer_check_constraint(const Constraint *constraint,
								   bool				 is_of_column);

/* ... and for an option or a privilege, in the words of version 16. */
extern void newer_check_copy(const CopyStmt *copy);
extern void newer_check_explain(const ExplainStmt *explain);
extern void newer_adapt_explain(ExplainStmt *explain);
extern void newer_check_grant(const GrantStmt *grant);

#endif /* DSQL_DIALECT_NEWER_H */
