/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * row_limits.h
 *	  How large a value and a row may be.
 */
#ifndef DSQL_DIALECT_ROW_LIMITS_H
#define DSQL_DIALECT_ROW_LIMITS_H

#include "executor/tuptable.h"

extern void row_limits_init(void);

/*
 * A version is written.  Raises if a value of it or the whole is too large.
 * size: of all values, uncompressed.
 */
extern void row_limits_check(TupleTableSlot *slot, Size size);

#endif /* DSQL_DIALECT_ROW_LIMITS_H */
