/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * storage.h
 *	  STORAGE of a column, where the server's grammar is that of PostgreSQL 15.
 */
#ifndef DSQL_DIALECT_STORAGE_H
#define DSQL_DIALECT_STORAGE_H

#include "nodes/parsenodes.h"

/* Reads what the gateway has written for STORAGE in a list of columns. */
extern void storage_complete_columns(List *columns);

/* The same for ADD COLUMN and SET STORAGE DEFAULT. */
extern void storage_complete_alter(AlterTableStmt *alter);

#endif /* DSQL_DIALECT_STORAGE_H */
