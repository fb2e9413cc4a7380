/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * object_limits.h
 *	  How many schemas, tables, columns and so on there may be.
 */
#ifndef DSQL_DIALECT_OBJECT_LIMITS_H
#define DSQL_DIALECT_OBJECT_LIMITS_H

#include "nodes/parsenodes.h"

/*
 * May one more be created?  Always, if one with that name exists; but of
 * schemas the service counts first, even for IF NOT EXISTS.
 */
extern void object_limits_check_schemas(void);
extern void object_limits_check_tables(const RangeVar *name);
extern void object_limits_check_views(const RangeVar *name);
extern void object_limits_check_sequences(const RangeVar *name);

/* May a table, or a key, have that many? */
extern void object_limits_check_columns(int columns);
extern void object_limits_check_added_columns(int columns, Oid table);
extern void object_limits_check_indexes(int indexes);
extern void object_limits_check_key(int columns);

/* CREATE STATISTICS and ALTER STATISTICS. */
extern void object_limits_check_statistics(Node *statement);
extern void object_limits_check_statistics_target(Node *statement);

/* The definition of a view was stored, as the rule of that oid. */
extern void object_limits_check_view_definition(Oid rule);

#endif /* DSQL_DIALECT_OBJECT_LIMITS_H */
