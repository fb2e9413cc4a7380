/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_types.h
 *	  Which types a column may have, and which a key.
 */
#ifndef DSQL_DIALECT_TYPES_H
#define DSQL_DIALECT_TYPES_H

#include "nodes/parsenodes.h"

/* Returns the type, or raises that it is not supported, or not there. */
extern Oid types_check(TypeName *name, int32 *typmod);

/* Raises if a key of that type and length is not supported. */
extern void types_check_key(Oid type, int32 typmod);

/* Is it one that only geometric functions return? */
extern bool types_is_geometric(Oid type);

/* Gives a numeric without precision the one that Aurora DSQL gives it. */
extern void types_complete_numeric(TypeName *name);

#endif /* DSQL_DIALECT_TYPES_H */
