/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.h
 *	  Functions of PostgreSQL that Aurora DSQL does not have.
 */
#ifndef DSQL_DIALECT_FUNCTIONS_H
#define DSQL_DIALECT_FUNCTIONS_H

/*
 * A query calls that function: raises if the service does not have it.  The
 * caller has checked that the dialect applies.
 */
extern void dialect_functions_check(Oid function);

/*
 * A function is about to be executed, wherever the call is written: in a
 * query, in a default, a CHECK or the body of a function, or in a message.
 */
extern void dialect_functions_check_execution(Oid function);

#endif /* DSQL_DIALECT_FUNCTIONS_H */
