/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_table.h
 *	  What CREATE and ALTER TABLE, and sequences, may not say.
 */
#ifndef DSQL_DIALECT_TABLE_H
#define DSQL_DIALECT_TABLE_H

#include "nodes/parsenodes.h"

extern bool table_is_temporary(const RangeVar *name);

extern void table_check_create(const CreateStmt *create);
extern void table_check_alter(const AlterTableStmt *alter);
extern void table_check_create_sequence(const CreateSeqStmt *create);
extern void table_check_alter_sequence(const AlterSeqStmt *alter);

#endif /* DSQL_DIALECT_TABLE_H */
