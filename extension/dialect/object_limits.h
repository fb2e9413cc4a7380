/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_limits.h
 *	  How many there may be of what.
 */
#ifndef DSQL_DIALECT_LIMITS_H
#define DSQL_DIALECT_LIMITS_H

#include "nodes/parsenodes.h"

/* May there be one more, or is it there already? */
extern void limits_check_schemas(const char *name);
extern void limits_check_tables(const RangeVar *name);
extern void limits_check_views(const RangeVar *name);
extern void limits_check_sequences(const RangeVar *name);
extern void limits_check_statistics(const CreateStatsStmt *create);

/* May a new table or key have so many? */
extern void limits_check_columns(int columns);
extern void limits_check_added_columns(int columns, Oid table);
extern void limits_check_indexes(int indexes);
extern void limits_check_key(int columns);

extern void limits_check_statistics_target(const AlterStatsStmt *alter);

#endif /* DSQL_DIALECT_LIMITS_H */
