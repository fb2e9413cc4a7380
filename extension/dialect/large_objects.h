/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * large_objects.h
 *	  Aurora DSQL has no large objects, so a client cannot make or write one.
 */
#ifndef DSQL_DIALECT_LARGE_OBJECTS_H
#define DSQL_DIALECT_LARGE_OBJECTS_H

/*
 * Raises for a function that makes or changes a large object.  The caller has
 * checked that the dialect applies.
 */
extern void dialect_large_objects_check_function(Oid function);

/* A function is about to be executed, by a query or by a function call
 * message. */
extern void dialect_large_objects_check_execution(Oid function);

#endif /* DSQL_DIALECT_LARGE_OBJECTS_H */
