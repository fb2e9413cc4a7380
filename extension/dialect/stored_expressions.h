/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stored_expressions.h
 *	  Expressions that are stored in a catalog: defaults, CHECKs, indexes.
 */
#ifndef DSQL_DIALECT_STORED_EXPRESSIONS_H
#define DSQL_DIALECT_STORED_EXPRESSIONS_H

/*
 * An object was created or altered.  Raises if the dialect applies and an
 * expression that is stored with it contains what is refused.
 */
extern void dialect_stored_expressions_check(Oid catalog, Oid object);

#endif /* DSQL_DIALECT_STORED_EXPRESSIONS_H */
