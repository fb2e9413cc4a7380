/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * types.h
 *	  Which types a column may have, and which a key.
 */
#ifndef DSQL_DIALECT_TYPES_H
#define DSQL_DIALECT_TYPES_H

#include "nodes/parsenodes.h"

/* The type of a column.  Raises if it is not supported or does not exist. */
extern Oid dialect_types_check(TypeName *name, int32 *typmod);

/* The same for a type that is known to exist. */
extern void dialect_types_check_column(Oid type, int32 typmod);

/*
 * Raises if a function may not take or return the type: one that no column may
 * have.
 */
extern void dialect_types_check_of_function(Oid type);

/* Raises if a key column of that type and length is not supported. */
extern void dialect_types_check_key(Oid type, int32 typmod);

/* Raises if the collation sorts in another way than C. */
extern void dialect_types_check_collation(Oid collation);

/* Raises if an expression may not have the type: a geometric one. */
extern void dialect_types_check_value(Oid type);

/*
 * Gives a numeric that is declared without precision the one that it has in
 * Aurora DSQL.
 */
extern void dialect_types_complete_numeric(TypeName *name);

#endif /* DSQL_DIALECT_TYPES_H */
